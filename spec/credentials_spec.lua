--- What a script hears of a download never holds a password, in whatever form, nor a key: not in a message,
--- an error, an event, a progress line, a log, nor in flash.
local ftp = require("spec.support.ftp")
local sim = require("fota.sim")
local web = require("spec.support.web")

local USER, PASSWORD = "josephine", "open~sesame"
local LOGIN = USER .. ":" .. PASSWORD .. "@"
local KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIsecretsecret\n-----END EC PRIVATE KEY-----\n"
local BASE64 = "am9zZXBoaW5lOm9wZW5+c2VzYW1l" -- of both, as HTTP sends it
local SECRETS = { PASSWORD, BASE64, "MHcCAQEEIIsecretsecret", "open%7Esesame" }

describe("V33 credentials", function()
    local modem, fota, heard, scripted
    local real_print = print

    local function hear(value, depth)
        depth = depth or 0
        if type(value) == "table" and depth < 5 then
            for key, inner in pairs(value) do
                hear(key, depth + 1)
                hear(inner, depth + 1)
            end
        else
            heard[#heard + 1] = tostring(value)
        end
    end

    local function hear_all(...)
        for i = 1, select("#", ...) do
            hear((select(i, ...)))
        end
    end

    -- Everything that was heard, and what is in flash.
    local function assert_silent()
        local text = table.concat(heard, "\n")
        assert.truthy(#text > 0)
        for _, secret in ipairs(SECRETS) do
            assert.is_nil(text:find(secret, 1, true), secret)
            assert.is_nil(modem:cells():find(secret, 1, true), secret .. " in flash")
        end
    end

    local function open(model)
        if modem then
            modem:close()
        end
        modem = assert(sim.modem({ model = model or "EC200A" }))
        fota = modem:fota()
        fota.limits({ attempts = 2, backoff_ms = 1, connect_ms = 2000, stall_ms = 2000 })
    end

    before_each(function()
        heard = {}
        _G.print = hear_all -- luacheck: ignore 122
        open()
    end)

    after_each(function()
        _G.print = real_print -- luacheck: ignore 122
        if scripted then
            scripted:stop()
        end
        scripted = nil
        modem:close()
        modem = nil
    end)

    -- By the documented call, and as a job, with all that it says meanwhile.
    local function download(url, params)
        local object = fota({ reset_disable = 1 })
        hear_all(object:httpDownload({ url1 = url, ssl_params = params, callback = hear_all }))
        hear_all(fota.status(), fota.last_result())
        local job, message, code = fota():download({ url = url, ssl_params = params, callback = hear_all })
        hear_all(message, code)
        while job and not job:done() do
            fota.poll(10)
        end
        if job then
            hear_all(tostring(job), job:result())
        end
        hear_all(fota.status(), fota.last_result())
    end

    local function answers(...)
        scripted = web.scripted({ ... })
        return scripted:url("app.fota"):gsub("://", "://" .. LOGIN, 1)
    end

    it("stay out of what is said of urls that are refused", function()
        for _, rest in ipairs({ "", "h:99999/a", "h/a b", "h/a%00", ("h"):rep(300) }) do
            download("http://" .. LOGIN .. rest)
        end
        for _, url in ipairs({ "htp://" .. LOGIN .. "h/a", "ftp://" .. LOGIN .. "h" }) do
            download(url)
        end
        assert_silent()
    end)

    it("stay out of what is said of servers that refuse", function()
        local statuses = { "401 X", "403 X", "404 X", "418 X", "503 X", "302 X\r\nLocation: ://", "200 X" }
        for _, status in ipairs(statuses) do
            download((answers("HTTP/1.1 " .. status .. "\r\nContent-Length: 0\r\n\r\n")))
            assert.truthy(scripted:requests()[1]:find(BASE64, 1, true)) -- it was sent
            scripted:stop()
            scripted = nil
        end
        download((answers("not HTTP at all\r\n\r\n")))
        download("http://" .. LOGIN .. "127.0.0.1:" .. web.free_port() .. "/a")
        assert_silent()
    end)

    it("stay out of what is said of FTP servers", function()
        local server, missing = ftp.start("vsftpd")
        if not server then
            return pending(missing)
        end
        open("EC200U")
        download(server:url("app.fota", LOGIN))
        download("ftp://" .. LOGIN .. "127.0.0.1:" .. web.free_port() .. "/a")
        server:stop()
        assert.truthy(table.concat(heard, "\n"):find("FTP_LOGIN", 1, true))
        assert_silent()
    end)

    it("stay out of what is said of keys", function()
        download("https://127.0.0.1:1/a", { ca_cert = KEY, sec_level = 1 })
        download("https://127.0.0.1:1/a", { sec_level = 2, ca_cert = KEY, client_cert = KEY,
            client_key = KEY })
        assert.truthy(table.concat(heard, "\n"):find("TLS_PARAMS", 1, true))
        assert_silent()
    end)

    it("stay out of what the emulated modem prints", function()
        local fs = web.folder()
        local url = answers("HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n")
        web.host.save(fs .. "/url", url .. "\n")
        modem:close()
        modem = assert(sim.modem({ model = "EC600U", fs = fs }))
        modem:load([[
            sys.taskInit(function()
                local url = io.open("/url"):read("*l")
                print(fota():httpDownload { url1 = url, callback = function(...) log.info("fota", ...) end })
                print(fota.last_result())
            end)
        ]])
        local result = modem:start()
        hear(result.output)
        hear(result)
        assert.truthy(table.concat(heard, "\n"):find("HTTP_UNAUTHORIZED", 1, true))
        assert_silent()
        web.host.shell("rm -rf " .. fs)
    end)
end)
