--- LuatOS's http and socket with TLS on the emulated modem, against a real nginx.
local Guest = require("spec.support.guest")
local tls = require("spec.support.tls")

describe("TLS of a LuatOS script", function()
    local pki, server, guest

    setup(function()
        pki = tls.pki()
        pki:authority("stranger")
        pki:issue("server")
        pki:issue("elsewhere", { names = "DNS:elsewhere.example" })
        pki:issue("modem", { names = "DNS:modem" })
        server = tls.nginx(pki, {
            good = {},
            elsewhere = { certificate = "elsewhere" },
            mutual = { extra = "ssl_verify_client on; ssl_client_certificate @pki@/authority.pem;" },
            plain = { plain = true },
        })
        server:serve("file", "hello")
    end)

    teardown(function()
        server:stop()
        pki:remove()
    end)

    before_each(function()
        guest = Guest.open()
        for _, name in ipairs({ "authority.pem", "stranger.pem", "modem.pem", "modem.key" }) do
            guest:write("/" .. name, pki:text(name))
        end
    end)

    after_each(function()
        guest:close()
    end)

    -- What a GET says; `files` are those with the certificates of http.request.
    local function get(url, files)
        local arguments = {}
        for i, name in ipairs(files or {}) do
            arguments[i] = name and string.format("io.readFile(%q)", "/" .. name) or "nil"
        end
        local output, run = guest:task(string.format([[
            local code, _, body = http.request("GET", %q, nil, nil, {}%s).wait()
            print(code, body)
        ]], url, #arguments > 0 and ", " .. table.concat(arguments, ", ") or ""))
        return output[1], run.logs[1]
    end

    it("verifies nobody unless it is given an authority", function()
        assert.equal("200\thello", (get(server:url("good", "file"))))
        assert.equal("200\thello", (get(server:url("elsewhere", "file"))))
    end)

    it("verifies the server with the authority that it is given", function()
        assert.equal("200\thello", (get(server:url("good", "file"), { "authority.pem" })))
    end)

    it("answers -4 to who cannot be verified, and logs why", function()
        local output, log = get(server:url("good", "file"), { "stranger.pem" })
        assert.equal("-4\tnil", output)
        assert.matches("^E/http cannot connect to localhost:%d+: TLS_UNTRUSTED$", log)
        output, log = get(server:url("elsewhere", "file"), { "authority.pem" })
        assert.equal("-4\tnil", output)
        assert.matches(": TLS_HOST$", log)
    end)

    it("answers -4 where there is no TLS", function()
        local url = server:url("plain", "file"):gsub("^http:", "https:")
        assert.equal("-4\tnil", (get(url)))
    end)

    it("shows its own certificate", function()
        assert.matches("^400\t", (get(server:url("mutual", "file"), { "authority.pem" })))
        assert.equal("200\thello", (get(server:url("mutual", "file"),
            { "authority.pem", "modem.pem", "modem.key" })))
    end)

    it("answers -4 for a certificate that cannot be read", function()
        local output, log = get(server:url("good", "file"), { "modem.key" })
        assert.equal("-4\tnil", output)
        assert.matches(": TLS_PARAMS$", log)
    end)

    it("goes on where a connection broke", function()
        local content = ("0123456789"):rep(20000)
        server:serve("large", content)
        guest.modem:drop(100000)
        local output = guest:task(string.format([[
            local code, _, body = http.request("GET", %q, nil, nil, { dst = "/large" }).wait()
            print(code, body)
        ]], server:url("good", "large")))
        assert.same({ "200\t200000" }, output)
        assert.equal(content, guest:read("/large"))
    end)

    it("brings an update", function()
        local package = guest.modem:package({
            files = { ["main.lua"] = "print('version 2', fota.confirm())" },
        })
        server:serve("app.fota", package)
        assert.same({ "200\t" .. #package, "version 2\ttrue" }, (guest:run(string.format([[
            if fota.last_result().outcome ~= "none" then return end
            sys.taskInit(function()
                local code, _, body = http.request("GET", %q, nil, nil, { fota = true },
                    io.readFile("/authority.pem")).wait()
                print(code, body)
                if code == 200 then rtos.reboot() end
            end)
            sys.run()
        ]], server:url("good", "app.fota")))))
    end)

    it("protects a connection of socket", function()
        local script = [[
            sys.taskInitEx(function()
                local ctrl = socket.create(nil, "client")
                socket.config(ctrl, nil, nil, true, nil, nil, nil, io.readFile(%q))
                socket.connect(ctrl, "localhost", %d)
                local online = sys.waitMsg("client", socket.ON_LINE, 60000)[2]
                print(online)
                if online ~= 0 then return end
                socket.tx(ctrl, "GET /file HTTP/1.0\r\n\r\n")
                local text = ""
                repeat
                    sys.waitMsg("client", socket.EVENT, 60000)
                    local more, data = socket.read(ctrl)
                    text = text .. (data or "")
                until not more or text:find("hello$")
                print(text:match("[^\n]*$"))
                socket.close(ctrl)
            end, "client")
            sys.run()
        ]]
        local port = server.ports.good
        assert.same({ "0", "hello" }, (guest:run(script:format("/authority.pem", port))))
        assert.same({ "-1" }, (guest:run(script:format("/stranger.pem", port))))
    end)
end)
