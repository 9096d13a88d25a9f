local sim = require("fota.sim")
local web = require("spec.support.web")

describe("apn_set", function()
    local server

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    local function modem_on(path)
        local modem = assert(sim.modem({ model = "BG95", path = path }))
        modem:load("print 'version 1'")
        return modem
    end

    local function download(modem, fota)
        local files = { ["main.lua"] = "print 'version 2'" }
        local url = server:serve("apn.fota", modem:package({ files = files }))
        return fota({ reset_disable = 1 }):httpDownload({ url1 = url })
    end

    it("is what a network that demands an access point looks at", function()
        local modem = modem_on()
        local fota = modem:fota()
        modem:network({ apn = "CMNET", user = "abc", password = "123" })
        fota.limits({ attempts = 1 })
        local status, message = download(modem, fota)
        assert.equal(-1, status)
        assert.matches("^APN: .*correct apn_set", message)
        assert.equal(0, fota():apn_set({ fota_apn = "CMNET", ip_type = 0, fota_user = "abc",
            fota_password = "wrong" }))
        assert.equal(-1, (download(modem, fota)))
        assert.equal(0, fota():apn_set({ fota_apn = "CMNET", ip_type = 0, fota_user = "abc",
            fota_password = "123" }))
        assert.equal(0, download(modem, fota))
        modem:close()
    end)

    it("survives a restart", function()
        local folder = web.folder()
        local modem = modem_on(folder .. "/flash")
        assert.equal(0, modem:fota()():apn_set({ fota_apn = "iot.example", fota_user = "u" }))
        modem:close()
        modem = modem_on(folder .. "/flash")
        modem:network({ apn = "iot.example", user = "u" })
        assert.equal(0, download(modem, modem:fota()))
        modem:close()
        os.execute("rm -rf " .. folder)
    end)

    it("decides the address family", function()
        local modem = modem_on()
        local fota = modem:fota()
        fota.limits({ attempts = 1, connect_ms = 2000 })
        assert.equal(0, fota():apn_set({ ip_type = 1 }))
        local status, message = download(modem, fota) -- the url's host is an IPv4 address
        assert.equal(-1, status)
        assert.matches("^DNS: ", message)
        assert.equal(0, fota():apn_set({ ip_type = 0 }))
        assert.equal(0, download(modem, fota))
        modem:close()
    end)

    it("V28 refuses what could end a modem's command, and keeps what was set before", function()
        local modem = modem_on()
        local fota = modem:fota()
        modem:network({ apn = "good" })
        assert.equal(0, fota():apn_set({ fota_apn = "good" }))
        for _, text in ipairs({ 'a"b', "a\rb", "a\nb", "a;b", "$(reboot)", "a b", "a`b", "a\\b", "a\0b",
            "\127", "\200", ("x"):rep(101) }) do
            for _, name in ipairs({ "fota_apn", "fota_user", "fota_password" }) do
                local status, message = fota():apn_set({ [name] = text })
                assert.equal(-1, status)
                assert.matches("^APN_TEXT: " .. name, message)
                assert.is_nil(message:find("reboot", 1, true))
            end
        end
        assert.equal(0, download(modem, fota))
        modem:close()
    end)

    it("takes 0 and 1 as ip_type, and nothing else", function()
        local modem = modem_on()
        local object = modem:fota()()
        for _, value in ipairs({ -1, 2, 0.5, 1e10 }) do
            local status, message = object:apn_set({ ip_type = value })
            assert.equal(-1, status)
            assert.matches("ip_type must be 0 %(IPv4%) or 1 %(IPv6%)", message)
        end
        modem:close()
    end)

    it("is refused by every other model, naming BG95", function()
        local modem = assert(sim.modem({ model = "EC600N" }))
        local status, message = modem:fota()():apn_set({ fota_apn = "CMNET" })
        assert.equal(-1, status)
        assert.matches("apn_set is not supported on EC600N %(supported on: BG95%)", message)
        modem:close()
    end)
end)
