--- With record buffers of 4 KiB (test/tls_small.sh): an update from a server whose records have 16 KiB.
local sim = require("fota.sim")
local tls = require("spec.support.tls")

local IMAGE = ("firmware"):rep(4096) -- 32 KiB

describe("T6 https with small records", function()
    local pki, server, modem, fota

    setup(function()
        pki = tls.pki()
        pki:issue("server")
        server = tls.nginx(pki, { good = {}, closing = { extra = "keepalive_timeout 0;" },
            whole = { extra = "max_ranges 0;" } })
    end)

    teardown(function()
        server:stop()
        pki:remove()
    end)

    before_each(function()
        modem = assert(sim.modem({ model = "EC200A" }))
        fota = modem:fota()
        fota.limits({ attempts = 3, backoff_ms = 1 })
        server:serve("app.fota", modem:package({ image = IMAGE }))
    end)

    after_each(function()
        modem:close()
    end)

    local function download(name)
        return fota({ reset_disable = 1 }):httpDownload({ url1 = server:url(name, "app.fota"),
            ssl_params = { sec_level = 1, ca_cert = pki:text("authority.pem") } })
    end

    local function requests_of(name)
        local result, message = download(name)
        assert.equal(0, result, message)
        assert.equal("staged", fota.status().stage)
        local requests = server:requests(name)
        assert.equal(math.ceil(#modem:package({ image = IMAGE }) / 3072), #requests)
        assert.matches("206 .* range=bytes=0%-3071$", requests[1])
        return requests
    end

    it("asks for parts that fit, over one connection", function()
        local connections, requests = {}, requests_of("good")
        for _, request in ipairs(requests) do
            connections[request:match(" connection=(%d+) ")] = true
        end
        local first = next(connections)
        assert.is_string(first)
        assert.is_nil(next(connections, first))
    end)

    it("goes on with one session where the server closes each connection", function()
        local requests = requests_of("closing")
        for i = 2, #requests do
            assert.matches(" reused=r ", requests[i])
        end
    end)

    it("says so where the server sends all at once", function()
        local result, message = download("whole")
        assert.equal(-1, result)
        assert.matches("^TLS_RECORD", message)
    end)
end)
