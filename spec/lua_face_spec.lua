--- The module `fota` as Lua sees it: arguments, results, what it tells.
local device = require("spec.support.device")
local face = require("spec.support.face")
local vm = require("spec.support.vm")

local finish, object, start, raises = face.finish, face.object, face.start_coroutine, face.raises
local ABSENT = face.ABSENT
local BUSY = -2
local STATE = -3

describe("the module fota", function()
    local server, modem, fota, url

    setup(function()
        server = face.start()
    end)

    teardown(face.stop)

    before_each(function()
        modem, fota, url = face.open("generic")
    end)

    after_each(face.close)

    describe("checks arguments", function()
        local f

        before_each(function()
            f = fota()
        end)

        it("of the constructor", function()
            assert.truthy(fota())
            assert.truthy(fota(1))
            assert.truthy(fota({}))
            assert.truthy(fota({ reset_disable = 0 }))
            raises("argument 'reset_disable' must be 0 or 1, got boolean", fota, { reset_disable = true })
            raises("argument 'reset_disable' must be 0 or 1, got string", fota, "1")
            raises("unknown argument 'disable_reset'; known are: reset_disable", fota, { disable_reset = 1 })
            raises("give arguments by their names, in one table; known are: reset_disable", fota, { 1 })
        end)

        it("of httpDownload", function()
            local function call(...)
                return f:httpDownload(...)
            end
            raises("a table of named arguments or a url expected, got no value", call)
            raises("a table of named arguments or a url expected, got number", call, 42)
            raises("argument 'url1' must be a string, got number", call, { url1 = 42 })
            raises("argument 'url2' must be a string, got table", call, { url1 = url, url2 = {} })
            raises("argument 'callback' must be a function, got string", call,
                { url1 = url, callback = "print" })
            raises("argument 'callback' must be a function, got table", call, { url1 = url, callback = {} })
            raises("argument 'ssl_params' must be a table, got string", call,
                { url1 = url, ssl_params = "pem" })
            raises("unknown argument 'url'; known are: url1, url2, callback, ssl_params", call, { url = url })
            raises("give arguments by their names, in one table; known are: url1", call, { url })
            raises("give further arguments by their names, in one table", call, url, print)
        end)

        it("of ssl_params", function()
            local function call(params)
                return f:httpDownload({ url1 = "https://127.0.0.1/a", ssl_params = params })
            end
            raises("unknown argument 'cert'; known are: ca_cert, client_cert, client_key, ssl_version, "
                .. "sec_level", call, { cert = "" })
            raises("argument 'ca_cert' must be a string, got table", call, { ca_cert = {} })
            raises("argument 'client_cert' must be a string, got number", call, { client_cert = 1 })
            raises("argument 'client_key' must be a string, got boolean", call, { client_key = true })
            raises("argument 'ssl_version' must be a number, got string", call, { ssl_version = "3" })
            raises("argument 'sec_level' must be a number, got string", call, { sec_level = "1" })
        end)

        it("of ftpDownload", function()
            raises("a table of named arguments or a url expected, got nil", f.ftpDownload, f, nil)
            raises("argument 'url' must be a string, got number", f.ftpDownload, f, { url = 1 })
            raises("argument 'callback' must be a function, got number", f.ftpDownload, f,
                { url = url, callback = 1 })
            raises("unknown argument 'url1'; known are: url, callback", f.ftpDownload, f, { url1 = url })
        end)

        it("of apn_set", function()
            raises("a table of named arguments expected, got string", f.apn_set, f, "CMNET")
            raises("argument 'fota_apn' must be a string, got number", f.apn_set, f, { fota_apn = 1 })
            raises("argument 'ip_type' must be a number, got string", f.apn_set, f, { ip_type = "0" })
            raises("argument 'fota_user' must be a string, got table", f.apn_set, f, { fota_user = {} })
            raises("argument 'fota_password' must be a string, got number", f.apn_set, f,
                { fota_password = 1 })
            raises("unknown argument 'apn'; known are: fota_apn, ip_type, fota_user, fota_password",
                f.apn_set, f, { apn = "CMNET" })
        end)

        it("of write", function()
            raises("argument 'bytesData' must be a string, got no value", f.write, f)
            raises("argument 'bytesData' must be a string, got number", f.write, f, 12)
            raises("argument 'file_size' must be a number, got string", f.write, f, "x", "10")
        end)

        it("of the functions", function()
            raises("argument 'ms' must be a whole number from 0 to 4294967295, got -1", fota.poll, -1)
            raises("argument 'ms' must be a number, got string", fota.poll, "1")
            raises("function expected, got string", fota.onresume, "sys.coresume")
            raises("table expected, got no value", fota.limits)
            raises("unknown argument 'retries'; known are: connect_ms, request_ms, stall_ms, "
                .. "slow_ms, slow_bytes, total_ms, backoff_ms, backoff_max_ms, attempts, max_bytes",
                fota.limits, { retries = 1 })
            raises("argument 'attempts' must be a number, got string", fota.limits, { attempts = "x" })
            raises("argument 'stall_ms' must be a whole number from 0 to 4294967295, got 0.5", fota.limits,
                { stall_ms = 0.5 })
            raises("number expected, got string", fota.error, "BUSY")
        end)

        it("and says what is wrong when a method is called with '.'", function()
            for _, name in ipairs({ "httpDownload", "ftpDownload", "apn_set", "download_cancel", "write",
                "flush", "verify" }) do
                raises("fota object expected; call the method with ':'", f[name], { url1 = url })
                raises("fota object expected; call the method with ':'", f[name], io.stdout)
                raises("fota object expected; call the method with ':'", f[name])
            end
        end)

        it("and takes no object of another modem for its own", function()
            face.needs_modem()
            local other = device.another()
            local theirs = other:fota()()
            raises("fota object expected", f.flush, theirs)
            other:close()
        end)
    end)

    describe("returns", function()
        it("0 for an update that is staged", function()
            assert.same({ 0 }, { object():httpDownload(url) })
            face.assert_resets(1)
        end)

        it("-1, a message and its number for one that failed", function()
            local result = vm.pack(fota():httpDownload(server:url("absent")))
            assert.same({ -1, ABSENT, -49, n = 3 }, result)
        end)

        it("-1 without a url", function()
            assert.same({ -1, "ARGUMENT: url1 is missing; give the package's url", -1 },
                { fota():httpDownload({}) })
            assert.same({ -1, "ARGUMENT: url is missing; give the package's url", -1 },
                { fota():ftpDownload({}) })
        end)

        it("-1 for a file_size, and nil for a reset_disable, that is a number but none of those", function()
            local before = fota.status().reason

            for _, size in ipairs({ -1, 1.5, 4294967296, math.huge, 0 / 0 }) do
                assert.same({ -1, "ARGUMENT: file_size must be a whole number from 0 to 4294967295, got "
                    .. tostring(size), -1 }, { fota():write("x", size) })
            end
            for _, number in ipairs({ 2, -1, 0.5 }) do
                local expected = { nil, "ARGUMENT: reset_disable must be 0 or 1, got " .. number, -1, n = 3 }
                assert.same(expected, vm.pack(fota(number)))
                assert.same(expected, vm.pack(fota({ reset_disable = number })))
            end
            assert.equal(before, fota.status().reason, "nothing was begun")
        end)

        it("-1 for a callback with mini fota, which has none", function()
            assert.same({ -1, "UNSUPPORTED: a callback is not supported with url2 (mini fota)", -4 },
                { fota():httpDownload({ url1 = url, url2 = url, callback = print }) })
        end)

        it("-1 for a url with a zero byte, which is not cut there", function()
            local before = fota.status().requests
            local result, message = fota():httpDownload(url .. "\0.old")
            assert.equal(-1, result)
            assert.equal("URL: the url is malformed near character " .. #url
                .. "; expected scheme://[user:password@]host[:port]/path, a blank as %20, an @ in a password "
                .. "as %40", message)
            assert.equal(before, fota.status().requests)
        end)

        it("-1 for flush and verify before anything was written, and for a cancel of nothing", function()
            for _, name in ipairs({ "flush", "verify", "download_cancel" }) do
                local f = fota()
                assert.same({ -1, "STATE: this call does not fit the state of the update: write the whole "
                    .. "package, flush, then verify; only what runs can be cancelled", STATE },
                    { f[name](f) })
            end
        end)

        it("a description of the model", function()
            local m = fota.model()
            assert.same({ "generic", "generic", false }, { m.name, m.family, m.asynchronous })
        end)
    end)

    describe("takes a package by write()", function()
        local package

        before_each(function()
            face.needs_modem() -- spec/device_spec.lua has what a board can
            package = modem:package({ files = { ["main.lua"] = "", data = ("d"):rep(5000) } })
        end)

        local function write_all(f, size, total)
            for at = 1, #package, size do
                assert.equal(0, (f:write(package:sub(at, at + size - 1), total)))
            end
        end

        for _, size in ipairs({ 1, 17, 1000, 4096, 100000 }) do
            it("in pieces of " .. size .. " bytes", function()
                local f = fota()
                write_all(f, size, #package)
                assert.equal(0, (f:flush()))
                assert.equal(0, (f:verify()))
                assert.equal("staged", fota.last_result().state)
                assert.equal(0, modem:stats().resets)
            end)
        end

        it("of a size that nobody told", function()
            local f = fota()
            write_all(f, 777)
            assert.equal(0, (f:flush()))
            assert.equal(0, (f:verify()))
        end)

        it("and says at flush() how much is missing", function()
            local f = fota()
            assert.equal(0, (f:write(package:sub(1, -101))))
            local result, message = f:flush()
            assert.equal(-1, result)
            assert.equal(string.format("INCOMPLETE: the package is not complete: expected %d bytes, got %d",
                #package, #package - 100), message)
            assert.equal(0, (f:write(package:sub(-100))))
            assert.equal(0, (f:flush()))
        end)

        it("and says at flush() why a write() failed that nobody looked at", function()
            local f = fota()
            local wrong = modem:package({ image = ("x"):rep(3000), model = "EC600N" })
            local _, first = f:write(wrong:sub(1, 1024), #wrong)
            for at = 1025, #wrong, 1024 do
                f:write(wrong:sub(at, at + 1023), #wrong)
            end
            local result, message, code = f:flush()
            assert.equal(-1, result)
            assert.matches("^WRONG_MODEL: .*EC600N", message)
            assert.equal(first, message)
            assert.equal(-86, code)
            assert.same({ -1, message, code }, { f:verify() })
        end)

        it("and begins again after a failure", function()
            local f = fota()
            assert.equal(-1, (f:write(("no package "):rep(10))))
            write_all(f, 1024, #package)
            assert.equal(0, (f:flush()))
            assert.equal(0, (f:verify()))
        end)

        it("but not while a download runs", function()
            modem, fota, url = face.open("EG912N")
            local f = fota()
            assert.equal(0, (f:httpDownload(url)))
            assert.equal(STATE, (select(3, f:flush())))
            assert.equal(STATE, (select(3, f:verify())))
            assert.equal(BUSY, (select(3, f:write("x"))))
            finish()
        end)
    end)

    it("answers BUSY to a second download, and the first goes on", function()
        local box = start(function()
            return object():httpDownload(url)
        end)
        local result, message, code = object():httpDownload(url)
        assert.equal(-1, result)
        assert.equal("BUSY: an update is running already; wait for its end or cancel it", message)
        assert.equal(BUSY, code)
        finish()
        assert.same({ 0, n = 1 }, box.result)
    end)

    it("keeps two modems in one state apart", function()
        face.needs_modem()
        local other = device.another("EC800M")
        local theirs = other:fota()
        modem, fota, url = face.open("EC600N")
        local their_url = server:serve("other.fota", other:package({ image = ("o"):rep(30000) }))
        local seen, their_seen = {}, {}
        local function into(list)
            return function(...)
                list[#list + 1] = { ... }
            end
        end

        assert.equal(0, (fota():httpDownload({ url1 = url, callback = into(seen) })))
        assert.equal(0, (theirs():httpDownload({ url1 = their_url, callback = into(their_seen) })))
        while fota.status().busy or theirs.status().busy do
            fota.poll()
            theirs.poll()
        end
        assert.same({ 2, 100 }, seen[#seen])
        assert.same({ 2, 100 }, their_seen[#their_seen])
        assert.equal(1, modem:stats().resets)
        assert.equal(1, other:stats().resets)
        -- The other modem's key is not trusted here.
        fota():httpDownload({ url1 = their_url, callback = into(seen) })
        finish()
        assert.same({ -1, 1009 }, seen[#seen])
        other:close()
    end)

    it("answers with an error after its modem was closed", function()
        face.needs_modem()
        local other = device.another()
        local module = other:fota()
        local package = other:package({ image = ("o"):rep(30000) })
        local f = module()
        other:close()
        assert.equal("JOURNAL", (select(2, f:write(package)):match("^%u+")))
        assert.equal("", module.last_result().version)
        assert.is_false(module.poll())
    end)

    describe("tells", function()
        it("every error's name, text, stage, class and whether it may pass", function()
            assert.same({
                code = -49, name = "HTTP_NOT_FOUND", stage = "download", class = 7, retryable = false,
                text = "the server has no such file (HTTP {got}); check the url",
            }, fota.error(-49))
            assert.is_true(fota.error(-31).retryable)
            for _, row in ipairs(face.modem and require("fota.tool.core").errors() or {}) do
                assert.equal(row.name, fota.error(row.code).name)
            end
            for _, number in ipairs({ 0, 1, -999, -1.5, 1e300, -math.huge, 0 / 0 }) do
                assert.same({ n = 2, nil, "there is no error of this number" },
                    vm.pack(fota.error(number)))
            end
        end)

        it("how far it is", function()
            face.needs_modem()
            assert.same({ busy = false, stage = "idle", received = 0, total = 0, percent = 0, fetched = 0,
                requests = 0 }, fota.status())
            local stages, order = {}, {}
            fota():httpDownload({
                url1 = url,
                callback = function()
                    local s = fota.status()
                    assert.truthy(s.received <= s.total and s.percent <= 100)
                    if not stages[s.stage] then
                        stages[s.stage] = true
                        order[#order + 1] = s.stage
                    end
                end,
            })
            assert.same({ "download", "verify", "staged" }, order)
            local s = fota.status()
            local size = #vm.read(server.dir .. "/www/app.fota")
            assert.same({ false, "staged", size, size, 100, size, 1 },
                { s.busy, s.stage, s.received, s.total, s.percent, s.fetched, s.requests })
        end)

        it("the rate of the download, which does not sink after its end", function()
            face.needs_modem()
            fota():httpDownload(server:serve("app.fota",
                modem:package({ image = ("r"):rep(3000000) })))
            local rate = fota.status().rate
            assert.truthy(rate > 100000)
            fota.poll(30)
            assert.equal(rate, fota.status().rate)
        end)

        it("why the last update failed, until the next begins", function()
            local function reason()
                local s = fota.status()
                return s.code, s.error, s.reason, s.stage
            end
            assert.same({}, { (reason()) })
            fota():httpDownload(server:url("absent"))
            assert.same({ -49, "HTTP_NOT_FOUND", ABSENT, "connect" }, { reason() })
            fota():httpDownload("no url") -- it is not begun
            assert.equal(ABSENT, fota.status().reason)
            local job = assert(object():download(url))
            assert.is_nil(fota.status().reason)
            job:wait()
            assert.is_nil(fota.status().reason)
            fota():write(("no package "):rep(10))
            assert.equal("NOT_A_PACKAGE", fota.status().error)
        end)

        it("why it failed in the callback, and after an update that has none", function()
            face.needs_modem()
            modem, fota, url = face.open("EC600N")
            local told
            fota():httpDownload({ url1 = server:url("absent"), callback = function(status)
                told = status == -1 and fota.status().reason
            end })
            finish()
            assert.equal(ABSENT, told)
            assert.equal(0, (fota():httpDownload(url)))
            finish()
            assert.is_nil(fota.status().reason)
            assert.equal(0, (fota():httpDownload({ url1 = server:url("absent"), url2 = url })))
            finish()
            assert.equal(ABSENT, fota.status().reason)
        end)

        it("which version runs while an update is written, too", function()
            face.needs_modem()
            local seen, package = {}, modem:package({ image = ("i"):rep(9000) })
            local function look()
                local r = fota.last_result()
                seen[r.version .. " " .. r.sequence] = true
            end
            object():httpDownload({ url1 = url, callback = look })
            for at = 1, #package, 3000 do
                fota():write(package:sub(at, at + 2999), #package)
                look()
            end
            assert.same({ ["1.0.0 1"] = true }, seen)
        end)

        it("the memory that it needs", function()
            local m = fota.memory()
            for _, part in ipairs({ "http", "header", "page", "boot" }) do
                assert.truthy(m[part] > 0)
            end
            assert.truthy(m.engine > m.http + m.header + m.page)
            assert.truthy(m.engine < 16384)
        end)
    end)

    it("heeds its limits", function()
        face.needs_modem()
        local broken = server:url("broken")
        for _, attempts in ipairs({ 1, 3 }) do
            local before = modem:stats().connections
            fota.limits({ attempts = attempts, backoff_ms = 1 })
            assert.equal(-51, (select(3, fota():httpDownload(broken))))
            assert.equal(attempts, modem:stats().connections - before)
        end
    end)

    describe("after the reset", function()
        before_each(face.needs_modem)

        local function restart()
            assert.equal("run", modem:boot())
            fota = modem:fota()
        end

        local function install()
            assert.equal(0, (fota():httpDownload(url)))
            restart()
        end

        it("knows nothing of an update when there was none", function()
            local r = fota.last_result()
            assert.same({ "none", "idle", "1.0.0", 1 }, { r.outcome, r.state, r.version, r.sequence })
            assert.is_nil(r.error)
        end)

        it("tells that a package waits", function()
            fota():httpDownload(url)
            local r = fota.last_result()
            assert.same({ "staged", 1, 2 }, { r.state, r.from, r.to })
        end)

        it("is on trial until it confirms, which may be said again", function()
            install()
            local r = fota.last_result()
            assert.same({ "trial", "2.0.0", 2, 1, 2, true },
                { r.state, r.version, r.sequence, r.from, r.to, r.reversible })
            assert.truthy(r.tries >= 1)
            for _ = 1, 2 do
                assert.same({ true }, { fota.confirm() })
            end
            r = fota.last_result()
            assert.same({ "idle", "success", "2.0.0", 2, false },
                { r.state, r.outcome, r.version, r.counter, r.reversible })
            assert.is_nil(r.reason)
        end)

        it("takes no update while it is on trial", function()
            install()
            local result, message = fota():httpDownload(url)
            assert.equal(-1, result)
            assert.equal("UNCONFIRMED: the running version is still on trial; call fota.confirm() before "
                .. "another update", message)
            assert.equal(-7, (select(3, fota():write("x"))))
        end)

        it("goes back when it asks to, which may be said again", function()
            install()
            for _ = 1, 2 do
                assert.same({ true }, { fota.rollback() })
            end
            restart()
            local r = fota.last_result()
            assert.same({ "idle", "reverted", "1.0.0", 1, "ROLLBACK", "trial", -132 },
                { r.state, r.outcome, r.version, r.sequence, r.error, r.stage, r.code })
            assert.equal("ROLLBACK: the new version asked to go back", r.reason)
        end)

        it("goes back when it never confirms, and says so", function()
            install()
            local tries = fota.last_result().tries
            for _ = 1, tries do
                restart()
                assert.equal("2.0.0", fota.last_result().version)
            end
            restart()
            local r = fota.last_result()
            assert.same({ "reverted", "1.0.0", "NOT_CONFIRMED" }, { r.outcome, r.version, r.error })
            assert.matches("^NOT_CONFIRMED: the new version did not confirm within %d starts$", r.reason)
        end)

        it("refuses to go back once it is confirmed, and when there was no update", function()
            local function refused()
                local message = "NOTHING_TO_REVERT: the running version is confirmed; there is nothing to "
                    .. "go back to"
                assert.same({ nil, message, -8, n = 3 }, vm.pack(fota.rollback()))
            end
            assert.same({ true }, { fota.confirm() })
            refused()
            install()
            fota.confirm()
            refused()
        end)

        it("says why a download failed whose bytes were wrong", function()
            local package = modem:package({ image = ("i"):rep(5000) })
            fota():httpDownload(server:serve("app.fota", package:sub(1, -2) .. "!"))
            local r = fota.last_result()
            assert.same({ "failed", "INTEGRITY", "verify", "idle" }, { r.outcome, r.error, r.stage, r.state })
            assert.matches("^INTEGRITY: the payload's digest is wrong", r.reason)
        end)
    end)
end)
