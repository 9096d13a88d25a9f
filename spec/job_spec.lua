--- Jobs: what `download` gives to await an update with, from coroutines, callbacks and the main thread.
local sim = require("fota.sim")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local ABSENT = "HTTP_NOT_FOUND: the server has no such file (HTTP 404); check the url"
local CANCELLED = "CANCELLED: the update was cancelled"
local BUSY_MESSAGE = "BUSY: another coroutine waits for this job; let one wait"

describe("a job", function()
    local server, modem, fota, url, size

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    before_each(function()
        modem = assert(sim.modem())
        modem:load("print('version 1')")
        assert.equal("run", modem:boot())
        fota = modem:fota()
        fota.limits({ attempts = 1, backoff_ms = 1 })
        local package = modem:package({ files = { ["main.lua"] = "", data = ("d"):rep(20000) } })
        size = #package
        url = server:serve("app.fota", package)
    end)

    after_each(function()
        local busy = fota.status().busy
        modem:close()
        assert.is_false(busy, "no test leaves an update behind")
    end)

    local function download(arguments)
        return assert(fota():download(arguments or url))
    end

    -- Drives the engine until no update runs.
    local function finish()
        while fota.poll(100) do end -- luacheck: ignore
    end

    -- Drives the engine until condition() holds.
    local function poll_until(condition)
        while not condition() do
            assert.truthy(fota.poll(100) or condition(), "it has ended before")
        end
    end

    -- Starts fn in a coroutine; the box says what it returned, once it did.
    local function start(fn, ...)
        local box = {}
        box.thread = coroutine.create(function(...)
            box.result = vm.pack(fn(...))
        end)
        assert(coroutine.resume(box.thread, ...))
        return box
    end

    local function waits(box)
        return box.result == nil and coroutine.status(box.thread) == "suspended"
    end

    local function into(list)
        return function(...)
            list[#list + 1] = { ... }
        end
    end

    -- What is printed while fn runs.
    local function printed(fn)
        local lines, original = {}, print
        _G.print = function(line)
            lines[#lines + 1] = tostring(line)
        end
        local ok, message = pcall(fn)
        _G.print = original
        assert(ok, message)
        return lines
    end

    local function raises(message, fn, ...)
        local ok, got = pcall(fn, ...)
        assert.is_false(ok)
        assert.equal("string", type(got))
        assert.truthy(got:find(message, 1, true), got)
    end

    -- The events of a whole download that went well.
    local function assert_complete(events)
        local last = -1
        for i = 1, #events - 2 do
            assert.equal(1, events[i][1])
            assert.truthy(events[i][2] > last and events[i][2] <= 100)
            last = events[i][2]
        end
        assert.same({ { 0, 100 }, { 2, 100 } }, { events[#events - 1], events[#events] })
        assert.truthy(#events > 3)
    end

    describe("gives its events", function()
        it("one by one to next(), on the main thread", function()
            local job, events = download(), {}
            repeat
                events[#events + 1] = { job:next() }
            until job:done()
            assert_complete(events)
        end)

        it("one by one to next(), in a coroutine that yields meanwhile", function()
            local job, events = download(), {}
            local box = start(function()
                repeat
                    events[#events + 1] = { job:next() }
                until job:done()
            end)
            assert.is_true(waits(box))
            assert.same({}, events)
            finish()
            assert_complete(events)
        end)

        it("to a loop over events(), on the main thread", function()
            local events = {}
            for status, progress in download():events() do
                events[#events + 1] = { status, progress }
            end
            assert_complete(events)
        end)

        it("to a loop over events(), in a coroutine", function()
            local job, events = download(), {}
            local box = start(function()
                for status, progress in job:events() do
                    events[#events + 1] = { status, progress }
                end
                return "ended"
            end)
            -- PUC Lua 5.1 cannot yield out of a for loop's function: there it does the work at once.
            assert.equal(vm.iterators_yield, waits(box))
            finish()
            assert_complete(events)
            assert.same({ "ended", n = 1 }, box.result)
        end)

        it("to the callback, the same ones", function()
            local called, awaited = {}, {}
            local job = download({ url = url, callback = into(called) })
            for status, progress in job:events() do
                awaited[#awaited + 1] = { status, progress }
            end
            assert.same(called, awaited)
        end)

        it("of a failure: -1 and our own number, to all of them", function()
            local called, awaited = {}, {}
            local job = download({ url = server:url("absent"), callback = into(called) })
            for status, progress in job:events() do
                awaited[#awaited + 1] = { status, progress }
            end
            assert.same({ { -1, -49 } }, awaited)
            assert.same({ { -1, -49 } }, called)
            assert.same({ -1, -49, n = 2 }, vm.pack(job:next()))
        end)

        it("to a loop that goes on where another was left", function()
            local job, events = download(), {}
            for status, progress in job:events() do
                events[#events + 1] = { status, progress }
                if #events == 2 then
                    break
                end
            end
            for status, progress in job:events() do
                events[#events + 1] = { status, progress }
            end
            assert_complete(events)
        end)

        it("coalesced: who comes late gets the newest, and then the end", function()
            local seen = {}
            local job = download({ url = url, callback = into(seen) })
            poll_until(function()
                return #seen >= 3
            end)
            local count = #seen
            assert.same({ result = seen[3] }, { result = { job:next() } })
            assert.equal(count, #seen, "what is there is given without a step")
            finish()
            local late = {}
            for status, progress in job:events() do
                late[#late + 1] = { status, progress }
            end
            assert.same({ { 2, 100 } }, late)
        end)

        it("with no queue that grows while nobody awaits it", function()
            local function kilobytes()
                collectgarbage()
                collectgarbage()
                return collectgarbage("count")
            end
            local big = server:serve("big.fota", modem:package({ image = ("b"):rep(300000) }))
            assert.is_true(assert(fota(1):download(big)):wait())
            local job = assert(fota(1):download(big))
            poll_until(function()
                return job.bytes > 0
            end)
            local before = kilobytes()
            finish()
            assert.is_true(kilobytes() - before < 2)
            assert.is_true(job:result())
        end)
    end)

    describe("keeps its end", function()
        it("for whoever asks again, however often", function()
            local job = download()
            finish()
            for _ = 1, 3 do
                assert.same({ 2, 100, n = 2 }, vm.pack(job:next()))
                assert.same({ true, n = 1 }, vm.pack(job:wait()))
                assert.same({ true, n = 1 }, vm.pack(job:result()))
                assert.is_true(job:done())
            end
        end)

        it("of a failure too, in a coroutine without yielding", function()
            local job = download(server:url("absent"))
            finish()
            local box = start(function()
                job:next()
                return job:wait()
            end)
            assert.same({ nil, ABSENT, -49, n = 3 }, box.result)
            assert.same({ nil, ABSENT, -49, n = 3 }, vm.pack(job:result()))
        end)

        it("for each loop over events() once, whoever took it before", function()
            local job = download()
            assert.is_true(job:wait())
            for _ = 1, 2 do
                local events = {}
                for status, progress in job:events() do
                    events[#events + 1] = { status, progress }
                end
                assert.same({ { 2, 100 } }, events)
            end
        end)

        it("for a loop whose last event another one took", function()
            local job, events = download(), {}
            local next_event = job:events()
            events[1] = { next_event() }
            finish()
            job:next()
            events[2] = { next_event() }
            assert.same({ 2, 100 }, events[2])
            assert.same({ n = 0 }, vm.pack(next_event()))
        end)

        it("while the next download runs", function()
            local first = download(server:url("absent"))
            finish()
            local second = download()
            assert.same({ nil, ABSENT, -49, n = 3 }, vm.pack(first:wait()))
            assert.same({ -1, -49 }, { first:next() })
            assert.equal(0, first.total)
            assert.is_true(second:wait())
            assert.equal(size, second.total)
        end)
    end)

    describe("tells", function()
        it("false as its result while it runs", function()
            local job = download()
            assert.same({ false, n = 1 }, vm.pack(job:result()))
            assert.is_false(job:done())
            finish()
        end)

        it("how far it is in its fields", function()
            local order = {}
            local job
            local function callback()
                assert.truthy(job.bytes <= job.total or job.total == 0)
                assert.truthy(job.percent >= 0 and job.percent <= 100)
                if order[#order] ~= job.stage then
                    order[#order + 1] = job.stage
                end
            end
            job = download({ url = url, callback = callback })
            assert.same({ 0, 0, 0, "connect" }, { job.bytes, job.total, job.percent, job.stage })
            assert.is_nil(job.rate)
            assert.same({}, printed(finish))
            assert.same({ "download", "verify", "staged" }, order)
            assert.same({ size, size, 100, "staged" }, { job.bytes, job.total, job.percent, job.stage })
        end)

        it("its rate in bytes per second, which stays after the end", function()
            modem:rate(60000)
            local job = download()
            finish()
            assert.truthy(job.rate > 30000 and job.rate < 120000, tostring(job.rate))
            local rate = job.rate
            fota.poll(20)
            assert.equal(rate, job.rate)
        end)

        it("nothing in other fields, which cannot be set", function()
            local job = download()
            finish()
            for _, key in ipairs({ "url", "callback", 1, true, 0.5 }) do
                assert.is_nil(job[key])
            end
            assert.is_false(pcall(function()
                job.bytes = 1
            end))
        end)
    end)

    describe("lets one wait", function()
        it("and answers BUSY to the second, by next, wait and events", function()
            local job = download()
            local first = start(function()
                return job:wait()
            end)
            for _, method in ipairs({ "next", "wait" }) do
                local second = start(function()
                    return job[method](job)
                end)
                assert.same({ nil, BUSY_MESSAGE, -2, n = 3 }, second.result)
                assert.same({ nil, BUSY_MESSAGE, -2, n = 3 }, vm.pack(job[method](job)))
            end
            assert.same({ nil, BUSY_MESSAGE, -2, n = 3 }, vm.pack(job:events()()))
            assert.is_true(waits(first))
            finish()
            assert.same({ true, n = 1 }, first.result)
        end)

        it("and another after it", function()
            local job = download()
            local first = start(function()
                return job:next()
            end)
            poll_until(function()
                return first.result
            end)
            local second = start(function()
                return job:wait()
            end)
            finish()
            assert.equal(1, first.result[1])
            assert.same({ true, n = 1 }, second.result)
        end)

        it("which need not be told of progress when it waits for the end", function()
            local job = download()
            local resumed = 0
            fota.onresume(function(thread, ...)
                resumed = resumed + 1
                assert(coroutine.resume(thread, ...))
            end)
            local box = start(function()
                return job:wait()
            end)
            finish()
            assert.equal(1, resumed)
            assert.same({ true, n = 1 }, box.result)
        end)

        it("on, when a stranger resumes it", function()
            local job = download()
            for _, method in ipairs({ "next", "wait" }) do
                local box = start(function()
                    return job[method](job)
                end)
                for _ = 1, 3 do
                    assert.is_true(coroutine.resume(box.thread, "stranger", 42))
                    assert.is_true(waits(box))
                end
                poll_until(function()
                    return box.result
                end)
                assert.is_true(box.result[1] == 1 or box.result[1] == true)
            end
        end)

        it("and frees the place of a coroutine that was closed", function()
            if not coroutine.close then
                return pending("this Lua closes no coroutines")
            end
            local job = download()
            local first = start(function()
                return job:wait()
            end)
            assert.is_true(coroutine.close(first.thread))
            local second = start(function()
                return job:wait()
            end)
            assert.is_true(waits(second))
            finish()
            assert.is_nil(first.result)
            assert.same({ true, n = 1 }, second.result)
        end)

        it("and frees the place of a coroutine that died of an error", function()
            if not vm.puc51 then
                return pending("in this Lua nothing of the script runs in which it could die")
            end
            local job = download()
            local first = start(function()
                return job:wait()
            end)
            debug.sethook(first.thread, function()
                error("killed")
            end, "", 1)
            assert.is_false(coroutine.resume(first.thread))
            local second = start(function()
                return job:wait()
            end)
            assert.is_true(waits(second))
            assert.same({}, printed(finish))
            assert.same({ true, n = 1 }, second.result)
        end)

        it("in a place from which no coroutine can yield: it does the work there", function()
            local job = download()
            local box = start(function()
                local result
                local ok, message = pcall(string.gsub, "x", "x", function()
                    result = vm.pack(job:wait())
                end)
                if not vm.continuations then
                    -- These Luas cannot ask beforehand whether they may yield.
                    assert.is_false(ok)
                    assert.matches("attempt to yield across", message)
                    return job:wait()
                end
                assert(ok, message)
                return vm.unpack(result)
            end)
            assert.equal(not vm.continuations, waits(box))
            finish()
            assert.same({ true, n = 1 }, box.result)
        end)

        it("under pcall", function()
            local job = download()
            local box = start(function()
                local ok, result = pcall(job.wait, job)
                if not ok then
                    assert.is_true(vm.puc51)
                    assert.matches("attempt to yield across", result)
                    result = job:wait()
                end
                return result
            end)
            assert.is_true(waits(box))
            finish()
            assert.same({ true, n = 1 }, box.result)
        end)

        it("on the main thread while coroutines do other things", function()
            local job = download()
            local turns = 0
            local box = start(function()
                while not job:done() do
                    turns = turns + 1
                    coroutine.yield()
                end
            end)
            while not job:done() do
                job:next()
                coroutine.resume(box.thread)
            end
            assert.truthy(turns > 3)
            assert.is_true(job:result())
        end)
    end)

    describe("resumes who waits", function()
        it("by onresume's function, with what the call returns", function()
            local seen = {}
            fota.onresume(function(thread, ...)
                seen[#seen + 1] = vm.pack(thread, ...)
                assert(coroutine.resume(thread, ...))
            end)
            local job = download(server:url("absent"))
            local box = start(function()
                return job:wait()
            end)
            finish()
            assert.same({ { box.thread, nil, ABSENT, -49, n = 4 } }, seen)
            assert.same({ nil, ABSENT, -49, n = 3 }, box.result)
        end)

        it("later, when onresume's function only makes a note of it", function()
            local queue = {}
            fota.onresume(function(thread)
                queue[#queue + 1] = thread
            end)
            local job = download()
            local box = start(function()
                return job:wait()
            end)
            finish()
            assert.is_true(waits(box))
            collectgarbage()
            assert.same({ box.thread }, queue)
            assert.is_true(coroutine.resume(queue[1])) -- without the values: the call knows them
            assert.same({ true, n = 1 }, box.result)
        end)

        it("and takes no other function once it is told nil", function()
            fota.onresume(error)
            fota.onresume(nil)
            local job = download()
            local box = start(function()
                return job:wait()
            end)
            assert.same({}, printed(finish))
            assert.same({ true, n = 1 }, box.result)
        end)

        it("and reports an error of onresume's function, and goes on", function()
            fota.onresume(function()
                error("no scheduler here")
            end)
            local job = download()
            start(function()
                return job:wait()
            end)
            local lines = printed(finish)
            assert.equal(1, #lines)
            assert.matches("^fota: error in onresume: .*no scheduler here", lines[1])
            assert.is_true(job:result())
        end)
    end)

    describe("is cancelled", function()
        -- The job ends as cancelled, once; the next download of the file works.
        local function assert_cancelled(job, seen)
            finish()
            assert.same({ nil, CANCELLED, -6, n = 3 }, vm.pack(job:wait()))
            assert.same({ -1, -6 }, { job:next() })
            assert.same({ -1, -6 }, seen[#seen])
            for i = 1, #seen - 1 do
                assert.truthy(seen[i][1] == 0 or seen[i][1] == 1)
            end
            assert.equal(0, modem:stats().resets)
            modem:rate(0)
            assert.is_true(download():wait())
            assert.equal(1, modem:stats().resets)
        end

        it("before the first step", function()
            local seen = {}
            local job = download({ url = url, callback = into(seen) })
            assert.same({ true, n = 1 }, vm.pack(job:cancel()))
            assert.is_false(job:done(), "the end comes by poll(), as every event")
            assert_cancelled(job, seen)
        end)

        for _, stage in ipairs({ "connect", "header", "download" }) do
            it("in the stage " .. stage, function()
                local seen = {}
                -- Slowly, so that no stage is over in one call.
                modem:rate(2000)
                local job = download({ url = url, callback = into(seen) })
                fota.poll()
                poll_until(function()
                    return job.stage == stage
                end)
                assert.is_true(job:cancel())
                assert_cancelled(job, seen)
            end)
        end

        it("in the stage verify", function()
            local seen = {}
            local job
            job = download({
                url = url,
                callback = function(status, progress)
                    seen[#seen + 1] = { status, progress }
                    if status == 0 then
                        assert.equal("verify", job.stage)
                        assert.is_true(job:cancel())
                    end
                end,
            })
            finish()
            assert.same({ 0, 100 }, seen[#seen - 1])
            assert_cancelled(job, seen)
        end)

        it("in the pause before another attempt", function()
            local seen = {}
            fota.limits({ attempts = 2, backoff_ms = 3600000, backoff_max_ms = 3600000 })
            modem:drop(3000)
            local job = download({ url = url, callback = into(seen) })
            -- When the link has broken there is nothing to wait for but the pause.
            local bytes
            repeat
                bytes = job.bytes
                assert.is_true(fota.poll(20))
            until bytes > 0 and job.bytes == bytes
            assert.equal(1, modem:stats().connections)
            assert.is_true(job:cancel())
            assert_cancelled(job, seen)
        end)

        it("from its callback, with one final event", function()
            local seen = {}
            local job
            job = download({
                url = url,
                callback = function(status, progress)
                    seen[#seen + 1] = { status, progress }
                    if status == 1 then
                        job:cancel()
                    end
                end,
            })
            finish()
            assert.equal(2, #seen)
            assert_cancelled(job, seen)
        end)

        it("from another coroutine than the one that waits", function()
            local seen = {}
            local job = download({ url = url, callback = into(seen) })
            local box = start(function()
                return job:wait()
            end)
            poll_until(function()
                return #seen > 0
            end)
            assert.same({ true, n = 1 }, start(function()
                return job:cancel()
            end).result)
            assert.is_true(waits(box), "the end comes by poll()")
            finish()
            assert.same({ nil, CANCELLED, -6, n = 3 }, box.result)
            assert_cancelled(job, seen)
        end)

        it("once: after that and after its end there is nothing to cancel", function()
            local job = download()
            assert.is_true(job:cancel())
            assert.equal(-3, (select(3, job:cancel())))
            finish()
            assert.same({ nil, "STATE: the update has ended; there is nothing to cancel", -3, n = 3 },
                vm.pack(job:cancel()))
            -- An ended job does not cancel the one that runs.
            local second = download()
            assert.is_nil((job:cancel()))
            assert.is_true(second:wait())
        end)
    end)

    describe("and its callback:", function()
        it("a job started inside a callback counts", function()
            local second
            local seen = {}
            download({
                url = server:url("absent"),
                callback = function()
                    second = download({ url = url, callback = into(seen) })
                end,
            })
            poll_until(function()
                return second
            end)
            assert.is_true(fota.status().busy)
            assert.is_false(second:done())
            finish()
            assert.is_true(second:result())
            assert_complete(seen)
        end)

        it("poll() re-entered from a callback does nothing", function()
            local depth, deepest, calls = 0, 0, 0
            local job
            local function callback()
                depth = depth + 1
                deepest = math.max(deepest, depth)
                calls = calls + 1
                local before = fota.status()
                fota.poll(100)
                assert.same(before, fota.status())
                depth = depth - 1
            end
            assert.same({}, printed(function()
                job = download({ url = url, callback = callback })
                finish()
            end))
            assert.equal(1, deepest)
            assert.truthy(calls > 3)
            assert.is_true(job:result())
        end)

        it("wait() in a callback does the work there, on the main thread and in a coroutine", function()
            local function drive(run)
                local seen = {}
                local job, result
                job = download({
                    url = url,
                    callback = function(status, progress)
                        seen[#seen + 1] = { status, progress }
                        if #seen == 1 then
                            result = vm.pack(job:wait())
                            collectgarbage()
                        end
                    end,
                })
                assert.same({}, printed(run))
                assert.same({ true, n = 1 }, result)
                assert_complete(seen)
            end
            drive(finish)
            drive(function()
                start(finish)
            end)
        end)

        it("next() in a callback gives the event after this one", function()
            local seen = {}
            local job
            job = download({
                url = url,
                callback = function(status, progress)
                    seen[#seen + 1] = { status, progress }
                    if #seen == 1 then
                        local ours = { job:next() } -- takes the one that was just told
                        assert.same(seen[1], ours)
                        ours = { job:next() }
                        assert.same(seen[2], ours)
                    end
                end,
            })
            assert.same({}, printed(finish))
            assert_complete(seen)
        end)

        it("reset comes after the terminal callback, and before who waits goes on", function()
            local resets = {}
            local job = download({
                url = url,
                callback = function(status)
                    resets[#resets + 1] = status .. ":" .. modem:stats().resets
                end,
            })
            start(function()
                job:wait()
                resets[#resets + 1] = "waited:" .. modem:stats().resets
            end)
            finish()
            assert.equal("0:0", resets[#resets - 2])
            assert.equal("2:0", resets[#resets - 1])
            assert.equal("waited:1", resets[#resets])
        end)

        it("no reset after a failure, or with reset_disable", function()
            assert.is_nil((download(server:url("absent")):wait()))
            assert.equal(0, modem:stats().resets)
            assert.is_true(assert(fota(1):download(url)):wait())
            assert.equal(0, modem:stats().resets)
        end)

        it("every callback runs protected: its error is reported and does not stop the engine", function()
            local calls = 0
            local job
            local lines = printed(function()
                job = download({
                    url = url,
                    callback = function()
                        calls = calls + 1
                        error("wrong in call " .. calls)
                    end,
                })
                assert.is_true(job:wait())
            end)
            assert.truthy(calls > 3)
            assert.equal(calls, #lines)
            for i, line in ipairs(lines) do
                assert.matches("^fota: error in callback: .*wrong in call " .. i .. "\nstack traceback:",
                    line)
            end
            assert.equal(1, modem:stats().resets)
        end)

        it("an error is survived in a world without print, and with strict globals", function()
            local original, meta = print, getmetatable(_G)
            _G.print = nil
            setmetatable(_G, {
                __index = function(_, name)
                    error("no global " .. tostring(name))
                end,
            })
            local ok, message = pcall(function()
                local job = fota():download({
                    url = url,
                    callback = function()
                        error("unheard")
                    end,
                })
                return job:wait()
            end)
            setmetatable(_G, meta)
            _G.print = original
            assert.same({ true, true }, { ok, message })
            assert.is_false(fota.poll())
        end)

        it("it is called on the thread that polls, never on one that is stored", function()
            local threads = {}
            local job
            start(function()
                job = download({
                    url = url,
                    callback = function()
                        threads[#threads + 1] = tostring(coroutine.running())
                    end,
                })
            end)
            collectgarbage()
            local polled = {}
            while not job:done() do
                local before = #threads
                local thread = coroutine.create(function(ms)
                    return fota.poll(ms)
                end)
                assert(coroutine.resume(thread, 100))
                for _ = before + 1, #threads do
                    polled[#polled + 1] = tostring(thread)
                end
                collectgarbage()
            end
            assert.truthy(#threads > 3)
            assert.same(polled, threads)
        end)
    end)

    describe("that nobody holds", function()
        it("runs to its end, pinned until its terminal callback has returned", function()
            local weak = setmetatable({}, { __mode = "v" })
            local count, last = 0, nil
            do
                local callback = function(status)
                    collectgarbage()
                    count = count + 1
                    last = status
                    assert.truthy(weak.job)
                end
                weak.callback = callback
                weak.job = download({ url = url, callback = callback })
            end
            assert.same({}, printed(function()
                repeat
                    collectgarbage()
                until not fota.poll(100)
            end))
            assert.equal(2, last)
            assert.truthy(count > 3)
            collectgarbage()
            collectgarbage()
            assert.is_nil(weak.job)
            assert.is_nil(weak.callback)
        end)

        it("outlives the wait for its end in its callback", function()
            local weak = setmetatable({}, { __mode = "v" })
            local there
            weak.job = download({
                url = url,
                callback = function(status)
                    if status == 1 and there == nil then
                        weak.job:wait()
                        collectgarbage()
                        collectgarbage()
                        there = weak.job ~= nil
                    end
                end,
            })
            assert.same({}, printed(finish))
            assert.is_true(there)
        end)

        it("keeps the coroutine that waits for it, and lets go of it at its end", function()
            local weak = setmetatable({}, { __mode = "v" })
            local result
            do
                weak.thread = coroutine.create(function()
                    result = vm.pack(download():wait())
                end)
                assert(coroutine.resume(weak.thread))
            end
            collectgarbage()
            assert.truthy(weak.thread)
            finish()
            assert.same({ true, n = 1 }, result)
            collectgarbage()
            collectgarbage()
            assert.is_nil(weak.thread)
        end)

        it("is collected with its module, in the middle of a download", function()
            local weak = setmetatable({}, { __mode = "k" })
            do
                local other = assert(sim.modem())
                local module = other:fota()
                local job = module():download(url)
                module.poll(10)
                weak[module], weak[job] = true, true
            end
            for _ = 1, 3 do
                collectgarbage()
            end
            assert.is_nil(next(weak))
        end)
    end)

    describe("does not begin", function()
        it("while another runs, which goes on", function()
            local job = download()
            local busy = "BUSY: an update is running already; wait for its end or cancel it"
            assert.same({ nil, busy, -2, n = 3 }, vm.pack(fota():download(url)))
            assert.is_true(job:wait())
        end)

        it("without a url, or with one that is none", function()
            assert.same({ nil, "ARGUMENT: url is missing; give the package's url", -1, n = 3 },
                vm.pack(fota():download({})))
            local job, message, code = fota():download("gopher://127.0.0.1/")
            assert.is_nil(job)
            assert.matches("^URL_SCHEME: ", message)
            assert.equal("number", type(code))
            assert.is_nil((fota():download(url .. "\0.old")))
        end)

        it("and calls nobody back when it was refused", function()
            local seen = {}
            assert.is_nil((fota():download({ url = "gopher://127.0.0.1/", callback = into(seen) })))
            assert.is_false(fota.poll())
            assert.same({}, seen)
        end)

        it("with arguments that are wrong", function()
            local f = fota()
            raises("a table of named arguments or a url expected, got no value", f.download, f)
            raises("argument 'url' must be a string, got number", f.download, f, { url = 1 })
            raises("argument 'callback' must be a function, got string", f.download, f,
                { url = url, callback = "print" })
            raises("unknown argument 'url1'; known are: url, callback", f.download, f, { url1 = url })
            raises("fota object expected; call the method with ':'", f.download, { url = url })
        end)
    end)

    describe("has methods that", function()
        local METHODS = { "next", "events", "wait", "cancel", "result", "done" }

        it("say what is wrong when they are called with '.'", function()
            local job = download()
            for _, name in ipairs(METHODS) do
                for _, wrong in ipairs({ {}, 1, "job", io.stdout, fota(), print }) do
                    raises("job expected; call the method with ':'", job[name], wrong)
                end
                raises("job expected; call the method with ':'", job[name])
            end
            finish()
        end)

        it("take no job of another module", function()
            local other = assert(sim.modem())
            local module = other:fota()
            local theirs = assert(module():download(url))
            local ours = download()
            for _, name in ipairs(METHODS) do
                raises("job expected", ours[name], theirs)
            end
            assert.is_true(ours:wait())
            assert.is_true(theirs:cancel())
            while module.poll(10) do end -- luacheck: ignore
            other:close()
        end)

        it("cannot be tricked into reading what is no job", function()
            local job = download()
            local index = debug.getmetatable(job).__index
            for _, wrong in ipairs({ {}, 1, "job", io.stdout, fota(), print }) do
                raises("job expected", index, wrong, "bytes")
            end
            raises("job expected", index)
            finish()
        end)

        it("outlive the modem: the job stays as it was", function()
            local other = assert(sim.modem())
            local module = other:fota()
            local job = assert(module():download(server:url("absent")))
            assert.equal(-49, (select(3, job:wait())))
            other:close()
            assert.same({ nil, ABSENT, -49, n = 3 }, vm.pack(job:result()))
            assert.same({ -1, -49 }, { job:next() })
        end)
    end)

    it("survives a finalizer that polls", function()
        local polls = 0
        local running = true
        local function litter()
            local mark = newproxy and newproxy(true) or setmetatable({}, {}) -- luacheck: ignore 113
            getmetatable(mark).__gc = function()
                polls = polls + 1
                fota.poll()
                if running then
                    litter()
                end
            end
            if not newproxy then -- luacheck: ignore 113
                setmetatable(mark, getmetatable(mark))
            end
        end
        litter()
        local ended = 0
        for _ = 1, 20 do
            local job = download({
                url = server:url("absent"),
                callback = function()
                    ended = ended + 1
                end,
            })
            while not job:done() do
                collectgarbage()
                fota.poll(10)
            end
        end
        running = false
        collectgarbage()
        assert.equal(20, ended)
        assert.truthy(polls > 0)
    end)
end)
