--- The module `fota` as Lua sees it: waiting, callbacks, the collector.
local device = require("spec.support.device")
local face = require("spec.support.face")
local vm = require("spec.support.vm")

local finish, object, start, printed = face.finish, face.object, face.start_coroutine, face.printed
local ABSENT = face.ABSENT

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

    describe("waits", function()
        it("in a coroutine by yielding, while others run on", function()
            local turns = 0
            local other = coroutine.wrap(function()
                while true do
                    turns = turns + 1
                    coroutine.yield()
                end
            end)
            local box = start(function()
                return object():httpDownload(url)
            end)
            assert.equal("suspended", coroutine.status(box.thread))
            assert.is_nil(box.result)
            while fota.poll(10) do
                other()
            end
            assert.same({ 0, n = 1 }, box.result)
            assert.truthy(turns > 3)
        end)

        it("in a coroutine for a failure too", function()
            local box = start(function()
                return object():httpDownload(server:url("absent"))
            end)
            finish()
            assert.same({ -1, ABSENT, -49, n = 3 }, box.result)
        end)

        it("on the main thread by doing the work", function()
            if coroutine.isyieldable then
                assert.is_false(coroutine.isyieldable())
            end
            assert.equal(0, (object():httpDownload(url)))
            assert.is_false(fota.status().busy)
        end)

        it("on, when a stranger resumes the coroutine", function()
            local box = start(function()
                return object():httpDownload(url)
            end)
            for _ = 1, 3 do
                assert.is_true(coroutine.resume(box.thread, "stranger"))
                assert.is_nil(box.result)
                fota.poll()
            end
            finish()
            assert.same({ 0, n = 1 }, box.result)
        end)

        it("no longer for a coroutine that was closed meanwhile", function()
            if not coroutine.close then
                return pending("this Lua closes no coroutines")
            end
            local box = start(function()
                return object():httpDownload(url)
            end)
            assert.is_true(coroutine.close(box.thread))
            collectgarbage()
            assert.same({}, printed(finish))
            assert.is_nil(box.result)
            assert.equal("staged", fota.status().stage)
        end)

        it("and leaves a coroutine that returns dead", function()
            local thread = coroutine.create(function()
                return object():httpDownload(url), "more", "values"
            end)
            coroutine.resume(thread)
            finish()
            assert.equal("dead", coroutine.status(thread))
        end)

        it("and leaves a coroutine that yields again as it is", function()
            local thread = coroutine.create(function()
                object():httpDownload(url)
                return coroutine.yield(1, 2, 3)
            end)
            coroutine.resume(thread)
            finish()
            assert.equal("suspended", coroutine.status(thread))
            assert.same({ true, "go", "on" }, { coroutine.resume(thread, "go", "on") })
        end)

        it("and reports the error of a coroutine that it resumed", function()
            local box = start(function()
                object():httpDownload(url)
                error("after the download")
            end)
            local lines = printed(finish)
            assert.equal(1, #lines)
            assert.matches("^fota: error in coroutine: .*after the download", lines[1])
            assert.equal("dead", coroutine.status(box.thread))
        end)

        it("and lets a scheduler resume", function()
            local seen = {}
            fota.onresume(function(thread, ...)
                seen[#seen + 1] = thread
                assert(coroutine.resume(thread, ...))
            end)
            local box = start(function()
                return object():httpDownload(url)
            end)
            finish()
            assert.same({ box.thread }, seen)
            assert.same({ 0, n = 1 }, box.result)
            fota.onresume(nil)
            box = start(function()
                return object():httpDownload(url)
            end)
            finish()
            assert.equal(1, #seen)
            assert.same({ 0, n = 1 }, box.result)
        end)

        it("and lets a scheduler resume later, after another download", function()
            local queue = {}
            fota.onresume(function(thread)
                queue[#queue + 1] = thread
            end)
            local first = start(function()
                return object():httpDownload(server:url("absent"))
            end)
            finish()
            local second = start(function()
                return object():httpDownload(url)
            end)
            finish()
            assert.is_nil(first.result)
            for _, thread in ipairs(queue) do
                assert(coroutine.resume(thread))
            end
            assert.equal(-49, first.result[3])
            assert.same({ 0, n = 1 }, second.result)
        end)

        it("and reports an error of the scheduler", function()
            fota.onresume(function()
                error("no scheduler here")
            end)
            start(function()
                return object():httpDownload(url)
            end)
            assert.matches("^fota: error in onresume: .*no scheduler here", printed(finish)[1])
        end)
    end)

    describe("calls back", function()
        it("and goes on when the callback raises, saying so each time", function()
            local calls = 0
            local lines = printed(function()
                assert.equal(0, (object():httpDownload({
                    url1 = url,
                    callback = function()
                        calls = calls + 1
                        error("wrong in call " .. calls)
                    end,
                })))
            end)
            assert.truthy(calls >= 3)
            assert.equal(calls, #lines)
            assert.matches("^fota: error in callback: .*wrong in call 1\nstack traceback:", lines[1])
            assert.equal("staged", fota.status().stage)
        end)

        it("and goes on when the error is no string, or print raises too", function()
            local original = print
            _G.print = function()
                error("no paper")
            end
            local ok, result = pcall(function()
                return object():httpDownload({
                    url1 = url,
                    callback = function()
                        error({})
                    end,
                })
            end)
            _G.print = original
            assert.is_true(ok)
            assert.equal(0, result)
        end)

        it("and goes on when the callback yields, which it cannot", function()
            local box
            local lines = printed(function()
                box = start(function()
                    return object():httpDownload({ url1 = url, callback = coroutine.yield })
                end)
                finish()
            end)
            assert.matches("^fota: error in callback, which cannot wait; let it start a coroutine that does: "
                .. "attempt to yield", lines[1])
            assert.same({ 0, n = 1 }, box.result)
        end)

        it("a callable table as well as a function", function()
            local last
            object():httpDownload({
                url1 = url,
                callback = setmetatable({}, {
                    __call = function(_, status)
                        last = status
                    end,
                }),
            })
            assert.equal(2, last)
        end)

        it("with poll() doing nothing there, in a coroutine and on the main thread", function()
            local depth, deepest, said = 0, 0, {}
            local function callback(status)
                depth = depth + 1
                deepest = math.max(deepest, depth)
                local before = fota.status()
                said[#said + 1] = fota.poll(0)
                assert.same(before, fota.status())
                assert.equal(status ~= 2, said[#said])
                depth = depth - 1
            end
            assert.same({}, printed(function()
                object():httpDownload({ url1 = url, callback = callback })
            end))
            assert.truthy(#said > 3)
            start(function()
                object():httpDownload({ url1 = url, callback = callback })
            end)
            assert.same({}, printed(finish))
            assert.equal(1, deepest)
        end)

        it("with the next download allowed at the end of one", function()
            local second
            local first = vm.pack(object():httpDownload({
                url1 = server:url("absent"),
                callback = function()
                    second = vm.pack(object():httpDownload(url))
                end,
            }))
            assert.equal(-49, first[3])
            assert.same({ 0, n = 1 }, second)
        end)

        it("with the results kept apart when that happens under a waiting coroutine", function()
            local second
            local first = start(function()
                return object():httpDownload({
                    url1 = server:url("absent"),
                    callback = function()
                        second = start(function()
                            return object():httpDownload(url)
                        end)
                    end,
                })
            end)
            while not second do
                fota.poll(100)
            end
            assert.equal(-49, first.result[3])
            assert.is_nil(second.result)
            finish()
            assert.same({ 0, n = 1 }, second.result)
        end)

        it("on an asynchronous model with a download begun in the callback", function()
            face.needs_modem()
            modem, fota, url = face.open("EC600N")
            local seen = {}
            object():httpDownload({
                url1 = server:url("absent"),
                callback = function(...)
                    seen[#seen + 1] = { ... }
                    assert.equal(0, (object():httpDownload({
                        url1 = url,
                        callback = function(...)
                            seen[#seen + 1] = { ... }
                        end,
                    })))
                end,
            })
            finish()
            assert.same({ -1, 1006 }, seen[1])
            assert.same({ 2, 100 }, seen[#seen])
            assert.equal(1, modem:stats().resets)
        end)

        it("nobody for a call that was refused", function()
            local called = false
            assert.equal(-1, (object():httpDownload({
                url1 = "gopher://127.0.0.1/",
                callback = function()
                    called = true
                end,
            })))
            assert.is_false(called)
        end)
    end)

    describe("cancels", function()
        it("a download that another coroutine waits for", function()
            local seen = {}
            local box = start(function()
                return object():httpDownload({
                    url1 = url,
                    callback = function(...)
                        seen[#seen + 1] = { ... }
                    end,
                })
            end)
            fota.poll(100)
            assert.equal(0, (object():download_cancel()))
            finish()
            assert.same({ -1, "CANCELLED: the update was cancelled", -6, n = 3 }, box.result)
            assert.equal(-6, seen[#seen][1])
            face.assert_resets(0)
        end)

        -- On the model that has the call. `when` tells what to do and when: it is called before each poll.
        local function cancelled_on_bg95(when, callback)
            face.needs_modem()
            modem, fota, url = face.open("BG95")
            modem:rate(20000)
            local seen = {}
            local box = start(function()
                return object():httpDownload({
                    url1 = url,
                    callback = function(...)
                        seen[#seen + 1] = { ... }
                        if callback then
                            callback(...)
                        end
                    end,
                })
            end)
            repeat
                when()
            until not fota.poll(10)
            assert.same({ -1, "CANCELLED: the update was cancelled", -6, n = 3 }, box.result)
            for i = 1, #seen - 1 do
                assert.truthy(seen[i][1] == 0 or seen[i][1] == 1, "one event ends it")
            end
            assert.truthy(seen[#seen][1] ~= 0 and seen[#seen][1] ~= 1 and seen[#seen][1] ~= 2)
            assert.equal(0, modem:stats().resets)
            modem:rate(0)
            assert.equal(0, (object():httpDownload(url)))
            assert.equal(1, modem:stats().resets)
        end

        local function nothing() end

        for _, stage in ipairs({ "connect", "header", "download" }) do
            it("from another coroutine in the stage " .. stage, function()
                local done
                cancelled_on_bg95(function()
                    if not done and fota.status().stage == stage then
                        done = start(function()
                            return object():download_cancel()
                        end).result
                    end
                end)
                assert.same({ 0, n = 1 }, done)
            end)
        end

        it("from a callback, at the first progress, in the middle, and when all is there", function()
            for _, at in ipairs({ { 1, 0 }, { 1, 50 }, { 0, 100 } }) do
                local done
                cancelled_on_bg95(nothing, function(status, progress)
                    if not done and status == at[1] and progress >= at[2] then
                        done = vm.pack(object():download_cancel())
                    end
                end)
                assert.same({ 0, n = 1 }, done)
            end
        end)

        it("in a callback, with one final event", function()
            local ends = 0
            local result, _, code = object():httpDownload({
                url1 = url,
                callback = function(status)
                    if status == 1 then
                        object():download_cancel()
                    else
                        ends = ends + 1
                    end
                end,
            })
            assert.equal(-1, result)
            assert.equal(-6, code)
            assert.equal(1, ends)
        end)
    end)

    describe("survives the collector", function()
        -- A whole update with fn() called every few instructions of the script.
        local function update_under(fn)
            local seen, done = {}, nil
            debug.sethook(fn, "", 25)
            local ok, message = pcall(function()
                local thread = coroutine.create(function()
                    done = vm.pack(object():httpDownload({
                        url1 = url,
                        callback = function(status)
                            seen[#seen + 1] = status .. ("x"):rep(10)
                        end,
                    }))
                end)
                debug.sethook(thread, fn, "", 25)
                coroutine.resume(thread)
                thread = nil -- luacheck: ignore 311
                finish()
            end)
            debug.sethook()
            assert(ok, message)
            assert.same({ 0, n = 1 }, done)
            assert.equal("2xxxxxxxxxx", seen[#seen])
        end

        it("when it runs at every step", function()
            update_under(function()
                collectgarbage("step")
            end)
        end)

        it("when it makes full cycles", function()
            face.needs_modem() -- it takes a board minutes
            update_under(collectgarbage)
        end)

        it("in generational mode", function()
            if _VERSION ~= "Lua 5.4" then
                return pending("this Lua has one mode")
            end
            local mode = collectgarbage("generational")
            local ok, message = pcall(update_under, function()
                collectgarbage("step")
            end)
            collectgarbage(mode)
            assert(ok, message)
        end)

        it("while nobody but the engine holds callback and coroutine", function()
            local weak = setmetatable({}, { __mode = "v" })
            local count = 0
            do
                weak.thread = coroutine.create(function()
                    local own = function()
                        count = count + 1
                    end
                    weak.callback = own
                    object():httpDownload({ url1 = url, callback = own })
                end)
                coroutine.resume(weak.thread)
            end
            collectgarbage()
            assert.truthy(weak.thread)
            finish()
            collectgarbage()
            collectgarbage()
            assert.truthy(count > 3)
            assert.is_nil(weak.thread)
            assert.is_nil(weak.callback)
        end)

        it("which takes a module and its modem when nobody holds them, in mid-download too", function()
            face.needs_modem()
            local weak = setmetatable({}, { __mode = "k" })
            do
                local other = device.another("EC600N")
                local module = other:fota()
                local package = other:package({ image = ("o"):rep(30000) })
                module():httpDownload(server:serve("other.fota", package))
                module.poll(10)
                weak[module], weak[other] = true, true
            end
            for _ = 1, 3 do
                collectgarbage()
            end
            assert.is_nil(next(weak))
        end)

        it("which keeps the modem while an object of the module is held", function()
            face.needs_modem()
            local f
            do
                f = device.another()
                f = f:fota()()
            end
            for _ = 1, 3 do
                collectgarbage()
            end
            assert.equal(-1, (f:write(("no package "):rep(10))))
        end)
    end)
end)
