--- Jobs: what `download` gives to await an update with, its events, its end, its fields.
local face = require("spec.support.face")
local device = require("spec.support.device")
local vm = require("spec.support.vm")

local download, finish, poll_until, start, waits
    = face.download, face.finish, face.poll_until, face.start_coroutine, face.waits
local into, printed, raises, assert_complete = face.into, face.printed, face.raises, face.assert_complete
local ABSENT = face.ABSENT

describe("a job", function()
    local server, modem, fota, url, size

    setup(function()
        server = face.start()
    end)

    teardown(face.stop)

    before_each(function()
        modem, fota, url, size = face.open()
    end)

    after_each(face.close)

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
            face.needs_modem()
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
            face.needs_modem()
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
            face.needs_modem()
            local weak = setmetatable({}, { __mode = "k" })
            do
                local other = device.another()
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
            face.needs_modem()
            local other = device.another()
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
            face.needs_modem()
            local other = device.another()
            local module = other:fota()
            local job = assert(module():download(server:url("absent")))
            assert.equal(-49, (select(3, job:wait())))
            other:close()
            assert.same({ nil, ABSENT, -49, n = 3 }, vm.pack(job:result()))
            assert.same({ -1, -49 }, { job:next() })
        end)
    end)

    it("raises in finalizers that run after its own, at the end of the state", function()
        face.needs_modem()
        if not vm.continuations then
            return pending("this Lua has unloaded C libraries by then")
        end
        local script = os.tmpname()
        local file = assert(io.open(script, "w"))
        assert(file:write([[
            local fota
            local calls, object, job = 0
            local function try(call, ...)
                assert(not pcall(call, ...))
                calls = calls + 1
            end
            local function check()
                for _, name in ipairs({ "poll", "status", "last_result", "confirm", "rollback", "init" }) do
                    try(fota[name])
                end
                try(fota)
                try(object.write, object, "x")
                try(job.cancel, job)
                try(job.wait, job)
                io.stderr:write(calls, " ", tostring(job:done()), "\n")
            end
            guard = setmetatable({}, { __gc = check })
            fota = require("fota")
            object = fota()
            job = object:download("http://127.0.0.1:1/none")
        ]]))
        file:close()
        local pipe = assert(io.popen(("LUA_PATH='%s' LUA_CPATH='%s' '%s' '%s' 2>&1"):format(package.path,
            package.cpath, vm.interpreter, script)))
        assert.equal("10 false\n", pipe:read("*a"))
        pipe:close()
        os.remove(script)
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
