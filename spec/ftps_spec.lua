--- Updates over FTP with TLS (RFC 4217), from three real servers that take nothing else; each is pending
--- where it cannot be had.
local ftp = require("spec.support.ftp")
local sim = require("fota.sim")
local tls = require("spec.support.tls")

local IMAGE = ("firmware"):rep(16384) -- 128 KiB
local MODEL = "EC200A"                -- ssl_params, ftpDownload, calls that block, reset can be disabled

describe("an update over FTPS", function()
    local pki, modem, fota, server

    -- Certificate and key in one file: what all three servers read.
    local function issue(name, fields)
        pki:issue(name, fields)
        local path = pki:path(name .. ".both")
        local file = assert(io.open(path, "wb"))
        file:write(pki:text(name .. ".key"), pki:text(name .. ".pem"))
        file:close()
        os.execute("chmod 600 " .. path)
        return path
    end

    setup(function()
        pki = tls.pki()
        issue("server")
        issue("elsewhere", { names = "DNS:elsewhere.example" })
    end)

    teardown(function()
        pki:remove()
    end)

    before_each(function()
        modem = assert(sim.modem({ model = MODEL }))
        fota = modem:fota()
        fota.limits({ attempts = 2, backoff_ms = 1 })
    end)

    after_each(function()
        if server then
            server:stop()
        end
        modem:close()
        server = nil
    end)

    local function start(kind, options)
        local missing
        options = options or {}
        options.certificate = pki:path((options.name or "server") .. ".both")
        server, missing = ftp.start(kind, options)
        if not server then
            pending(missing)
        end
        return server ~= nil
    end

    local function download(url, params)
        params = params or { sec_level = 1, ca_cert = pki:text("authority.pem") }
        return fota({ reset_disable = 1 }):httpDownload({ url1 = url, ssl_params = params })
    end

    for _, kind in ipairs({ "vsftpd", "pure-ftpd", "proftpd" }) do
        describe("from " .. kind, function()
            it("comes, and goes on where the link dropped", function()
                if not start(kind) then return end
                local package = modem:package({ image = IMAGE })
                local url = server:serve("app.fota", package)
                assert.equal("ftps:", url:match("^%a+:"))
                modem:drop(math.floor(#package / 2))
                local result, message = download(url)
                assert.equal(0, result, message)
                assert.equal("staged", fota.status().stage)
                assert.equal(4, modem:stats().connections)
            end)

            it("comes by ftpDownload of an object with root_cert", function()
                if not start(kind) then return end
                local url = server:serve("app.fota", modem:package({ image = IMAGE }))
                local result, message = fota({ reset_disable = 1, root_cert = pki:text("authority.pem") })
                    :ftpDownload(url)
                assert.equal(0, result, message)
                assert.equal("staged", fota.status().stage)
            end)

            it("takes no login in the open", function()
                if not start(kind) then return end
                local url = server:serve("app.fota", modem:package({ image = IMAGE })):gsub("^ftps", "ftp")
                local result, message = fota({ reset_disable = 1 }):ftpDownload(url)
                assert.equal(-1, result)
                assert.matches("^FTP_", message)
            end)

            it("is refused with the certificate of another host", function()
                if not start(kind, { name = "elsewhere" }) then return end
                local result, message = download(server:serve("app.fota", modem:package({ image = IMAGE })))
                assert.equal(-1, result)
                assert.matches("^TLS_HOST", message)
                assert.equal(1, modem:stats().connections)
            end)

            it("is refused from an authority that is not trusted", function()
                if not start(kind) then return end
                local result, message = download(server:serve("app.fota", modem:package({ image = IMAGE })), {
                    sec_level = 1, ca_cert = pki:text("elsewhere.pem") })
                assert.equal(-1, result)
                assert.matches("^TLS_UNTRUSTED", message)
            end)
        end)
    end

    it("goes on with the control connection's session where the server demands it", function()
        if not start("vsftpd", { extra = "require_ssl_reuse=YES" }) then return end
        local result, message = download(server:serve("app.fota", modem:package({ image = IMAGE })), {
            sec_level = 1, ca_cert = pki:text("authority.pem"), ssl_version = 3 })
        assert.equal(0, result, message)
        assert.equal(2, modem:stats().connections) -- at once
    end)

    it("says that a server has no TLS, and sends it no login", function()
        local missing
        server, missing = ftp.start("vsftpd")
        if not server then return pending(missing) end
        local url = server:serve("app.fota", modem:package({ image = IMAGE }))
        local result, message = download((url:gsub("^ftp:", "ftps:")))
        assert.equal(-1, result)
        assert.matches("^FTP_TLS: .*%(FTP 530%)", message)
        assert.equal(0, server:count("USER"))
    end)
end)
