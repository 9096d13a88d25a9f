--- Jobs: their callbacks, and how they are cancelled.
local face = require("spec.support.face")
local vm = require("spec.support.vm")

local download, finish, poll_until, start, waits
    = face.download, face.finish, face.poll_until, face.start_coroutine, face.waits
local into, printed, assert_complete = face.into, face.printed, face.assert_complete
local CANCELLED = "CANCELLED: the update was cancelled"

describe("a job", function()
    local server, modem, fota, url

    setup(function()
        server = face.start()
    end)

    teardown(face.stop)

    before_each(function()
        modem, fota, url = face.open()
    end)

    after_each(face.close)

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
            face.assert_resets(0)
            if modem then
                modem:rate(0)
            end
            assert.is_true(download():wait())
            face.assert_resets(1)
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
                face.needs_modem()
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
            face.needs_modem()
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
            face.needs_modem()
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

        it("one that begins again after each failure needs no more stack each time", function()
            face.needs_modem()
            local absent = server:url("absent")
            local calls, depth, deepest = 0, 0, 0
            face.close()
            modem, fota = face.open("EC600U") -- whose calls block
            local object = fota(1)
            local function again()
                calls = calls + 1
                depth = depth + 1
                deepest = math.max(depth, deepest)
                if calls < 300 then
                    assert.equal(0, object:httpDownload({ url1 = absent, callback = again }))
                end
                depth = depth - 1
            end
            assert.equal(-1, (object:httpDownload({ url1 = absent, callback = again })))
            assert.equal(300, calls)
            assert.equal(1, deepest)
            assert.is_false(fota.status().busy)
        end)

        it("no reset after a failure, or with reset_disable", function()
            face.needs_modem()
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
            face.assert_resets(1)
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
                local job = face.object():download({
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
end)
