--- Updates over FTP, from three real servers; each is pending where it cannot be had.
local ftp = require("spec.support.ftp")
local sim = require("fota.sim")

local IMAGE = ("firmware"):rep(16384) -- 128 KiB
local MODEL = "EC200U"                -- calls that block, ftpDownload, reset can be disabled

local UPDATES = [[
    if fota.last_result().outcome ~= "none" then
        print(fota.last_result().outcome)
        return
    end
    sys.taskInit(function()
        print(fota():ftpDownload(io.open("/url"):read("*l")))
    end)
]]

local function save(path, bytes)
    local file = assert(io.open(path, "wb"))
    file:write(bytes)
    file:close()
end

describe("an update over FTP", function()
    local modem, fota

    local function open(model)
        if modem then
            modem:close()
        end
        modem = assert(sim.modem({ model = model or MODEL }))
        fota = modem:fota()
        fota.limits({ attempts = 3, backoff_ms = 1 })
    end

    after_each(function()
        if modem then
            modem:close()
        end
        modem = nil
    end)

    local function staged()
        return fota.status().stage == "staged"
    end

    for _, kind in ipairs({ "vsftpd", "pure-ftpd", "proftpd" }) do
        describe("from " .. kind, function()
            local server, missing

            setup(function()
                server, missing = ftp.start(kind)
            end)

            teardown(function()
                if server then
                    server:stop()
                end
            end)

            -- A test that needs the server.
            local function with(name, test)
                it(name, function()
                    if not server then
                        return pending(missing)
                    end
                    open()
                    test()
                end)
            end

            with("comes by ftpDownload, which says 0 while it goes well", function()
                local url = server:serve("app.fota", modem:package({ image = IMAGE }))
                local seen = {}
                assert.equal(0, (fota({ reset_disable = 1 }):ftpDownload({
                    url = url,
                    callback = function(status, progress)
                        seen[#seen + 1] = progress
                        assert.equal(0, status)
                    end,
                })))
                assert.is_true(staged())
                assert.truthy(#seen > 4)
                assert.equal(100, seen[#seen])
                for i = 2, #seen do
                    assert.truthy(seen[i] >= seen[i - 1])
                end
            end)

            with("comes by httpDownload, which calls back as for http", function()
                local url = server:serve("app.fota", modem:package({ image = IMAGE }))
                local statuses = {}
                assert.equal(0, (fota({ reset_disable = 1 }):httpDownload({
                    url1 = url,
                    callback = function(status)
                        statuses[#statuses + 1] = status
                    end,
                })))
                assert.is_true(staged())
                assert.same({ 1, 0, 2 }, { statuses[1], statuses[#statuses - 1], statuses[#statuses] })
                assert.equal(2, modem:stats().connections)
            end)

            with("goes on where the link dropped", function()
                local package = modem:package({ image = IMAGE })
                modem:drop(math.floor(#package / 2))
                assert.equal(0, (fota({ reset_disable = 1 }):ftpDownload(server:serve("app.fota", package))))
                assert.is_true(staged())
                local stats = modem:stats()
                assert.equal(4, stats.connections)
                assert.truthy(stats.bytes_fetched < #package + 4096, stats.bytes_fetched .. " bytes")
            end)

            with("goes on after a power cut", function()
                local fs = os.tmpname()
                os.remove(fs)
                os.execute("mkdir " .. fs)
                modem:close()
                modem = assert(sim.modem({ model = MODEL, fs = fs }))
                modem.machine.modem:fast(true)
                modem:load({ ["main.lua"] = UPDATES })
                local package = modem:package({ files = { ["main.lua"] = "print('version 2', fota.confirm())",
                    ballast = ("ballast "):rep(25000) } })
                save(fs .. "/url", server:serve("app.fota", package) .. "\n")
                modem:cut(math.floor(#package / modem:map().program_unit / 2), "random")
                local result = modem:start()

                assert.same({ "1.0.0", "1.0.0", "2.0.0" }, result.versions)
                assert.same({ "version 2\ttrue" }, result.output)
                local stats = modem:stats()
                assert.equal(4, stats.connections)
                assert.truthy(stats.bytes_fetched < #package + modem:map().staging.erase_unit + 8192)
                os.execute("rm -r " .. fs)
            end)

            with("is not tried again with a wrong login", function()
                server:serve("app.fota", modem:package({ image = IMAGE }))
                local statuses = {}
                local result, message, code = fota():ftpDownload({
                    url = server:url("app.fota", "eve:opensesame@"),
                    callback = function(status)
                        statuses[#statuses + 1] = status
                    end,
                })
                assert.equal(-1, result)
                assert.equal("FTP_LOGIN: the server refused the login (FTP 530); correct user and password "
                    .. "in the url", message)
                assert.equal(-54, code)
                assert.same({ 502 }, statuses)
                assert.equal(1, modem:stats().connections)
            end)

            with("says that the file is missing", function()
                local result, message, code = fota():ftpDownload(server:url("absent.fota"))
                assert.equal(-1, result)
                assert.matches("^FTP_NOT_FOUND: .*%(FTP 550%)", message)
                assert.equal(-55, code)
                assert.equal(2, modem:stats().connections)
            end)

            with("starts anew when the file was replaced", function()
                local first = modem:package({ image = IMAGE })
                local url = server:serve("app.fota", first)
                fota.limits({ attempts = 1 })
                modem:drop(math.floor(#first / 2))
                assert.equal(-1, (fota({ reset_disable = 1 }):ftpDownload(url)))
                -- As long as the first one, but younger.
                server:serve("app.fota", modem:package({ image = IMAGE:reverse() }))
                local result, message = fota({ reset_disable = 1 }):ftpDownload(url)
                assert.equal(0, result, message)
                assert.is_true(staged())
                assert.truthy(modem:stats().bytes_fetched > #first * 1.4)
            end)

            with("comes from a folder and a name with odd characters", function()
                os.execute("mkdir -p '" .. server.dir .. "/www/a b'")
                server:serve("a b/x;y#1%.fota", modem:package({ image = IMAGE }))
                assert.equal(0, (fota({ reset_disable = 1 }):ftpDownload(
                    server:url("a%20b/x;y%231%25.fota"))))
                assert.is_true(staged())
            end)
        end)
    end

    local function with_vsftpd(options, test)
        local server, missing = ftp.start("vsftpd", options)
        if not server then
            return pending(missing)
        end
        open()
        local ok, problem = pcall(test, server)
        server:stop()
        assert(ok, problem)
    end

    it("comes over IPv6", function()
        with_vsftpd({ ipv6 = true }, function(server)
            local url = server:serve("app.fota", modem:package({ image = IMAGE }))
            assert.truthy(url:find("ftp://[::1]:", 1, true))
            assert.equal(0, (fota({ reset_disable = 1 }):ftpDownload(url)))
            assert.is_true(staged())
        end)
    end)

    it("comes from a server that names another address for the data", function()
        with_vsftpd({ extra = "pasv_address=192.0.2.1\ncmds_denied=EPSV" }, function(server)
            local url = server:serve("app.fota", modem:package({ image = IMAGE }))
            assert.equal(0, (fota({ reset_disable = 1 }):ftpDownload(url)))
            assert.is_true(staged())
        end)
    end)

    it("comes from a server that cannot resume", function()
        with_vsftpd({ extra = "cmds_denied=REST" }, function(server)
            local package = modem:package({ image = IMAGE })
            modem:drop(math.floor(#package / 2))
            assert.equal(0, (fota({ reset_disable = 1 }):ftpDownload(server:serve("app.fota", package))))
            assert.is_true(staged())
        end)
    end)

    it("comes from a server that knows neither sizes nor times", function()
        with_vsftpd({ extra = "cmds_denied=SIZE,MDTM" }, function(server)
            local package = modem:package({ image = IMAGE })
            modem:drop(math.floor(#package / 2))
            assert.equal(0, (fota({ reset_disable = 1 }):ftpDownload(server:serve("app.fota", package))))
            assert.is_true(staged())
            assert.truthy(modem:stats().bytes_fetched < #package + 4096)
        end)
    end)

    describe("is refused", function()
        it("by ftpDownload for other schemes", function()
            open()
            for _, url in ipairs({ "http://127.0.0.1/a", "https://127.0.0.1/a" }) do
                local result, message, code = fota():ftpDownload(url)
                assert.equal(-1, result)
                assert.equal("UNSUPPORTED: ftpDownload fetches ftp:// and ftps:// urls; use httpDownload for "
                    .. "this one", message)
                assert.equal(-4, code)
            end
            local result, message = fota():ftpDownload({ url = "gopher://127.0.0.1/a" })
            assert.equal(-1, result)
            assert.matches("^URL_SCHEME: ", message)
            assert.equal(0, modem:stats().connections)
        end)

        it("with a command in the url", function()
            open()
            for _, url in ipairs({ "ftp://127.0.0.1/a%0d%0aDELE%20b", "ftp://u%0a:p@127.0.0.1/a",
                "ftp://u:p%00@127.0.0.1/a", "ftp://127.0.0.1/a\r\nDELE b" }) do
                local result, message = fota():ftpDownload(url)
                assert.equal(-1, result)
                assert.matches("^URL: ", message)
            end
            assert.equal(0, modem:stats().connections)
        end)

        it("with ssl_params, as its password would not be protected", function()
            open("EC200A")
            local result, message = fota():httpDownload({ url1 = "ftp://u:p@127.0.0.1/a",
                ssl_params = { sec_level = 0 } })
            assert.equal(-1, result)
            assert.equal("UNSUPPORTED: ssl_params are for https:// and ftps:// urls, not for ftp://", message)
            assert.equal(0, modem:stats().connections)
        end)
    end)
end)
