--- Jobs: who waits for them, and who resumes it.
local face = require("spec.support.face")
local vm = require("spec.support.vm")

local download, finish, poll_until, start = face.download, face.finish, face.poll_until, face.start_coroutine
local waits, printed = face.waits, face.printed
local ABSENT = face.ABSENT
local BUSY_MESSAGE = "BUSY: another coroutine waits for this job; let one wait"

describe("a job", function()
    local server, fota

    setup(function()
        server = face.start()
    end)

    teardown(face.stop)

    before_each(function()
        fota = select(2, face.open())
    end)

    after_each(face.close)

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
end)
