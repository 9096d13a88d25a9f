--- The emulated modem as somebody meets it who writes scripts for it: `fota.sim`, and the command `fota emu`.
local command = require("spec.support.command")
local sim = require("fota.sim")
local tool = require("fota.tool.core")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local MODEL = "EC800G" -- its flash is small
local U32_MAX = vm.narrow and "2147483647" or "4294967295"
local MODES = "before, first half, second half, random, after, unstable, marginal, one unstable, unreadable"

local quote, read, write = command.quote, vm.read, vm.write

local function exists(path)
    local file = io.open(path)
    if file then
        file:close()
    end
    return file ~= nil
end

-- Version 1 of most tests: updates itself once, from the url in its file system.
local UPDATES = [[
    local last = fota.last_result()
    if last.outcome ~= "none" then
        print(last.outcome, last.reason)
        return
    end
    sys.taskInit(function()
        print(fota():httpDownload(io.open("/url"):read("*l")))
    end)
]]

local CONFIRMS = [[
    print("version 2", fota.confirm())
]]

describe("the emulated modem", function()
    local server, fs, modem

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    before_each(function()
        fs = web.folder()
    end)

    local function close()
        if modem then
            modem:close()
        end
        modem = nil
    end

    after_each(function()
        close()
        os.execute("rm -rf '" .. fs .. "'")
    end)

    local function open(files, model)
        close()
        modem = assert(sim.modem({ model = model or MODEL, fs = fs }))
        modem.machine.modem:fast(true) -- sleeping takes no time
        if files then
            modem:load(files)
        end
    end

    -- Serves version 2 and tells version 1 where.
    local function offer(files, more)
        if type(files) == "string" then
            files = { ["main.lua"] = files }
        end
        files.ballast = more
        local package = modem:package({ files = files })
        write(fs .. "/url", server:serve("app.fota", package) .. "\n")
        return package
    end

    -- Runs this main.lua to its end; what it printed.
    local function run(script, options)
        open(script)
        local result = modem:start(options)
        assert.same({}, result.errors)
        return result.output, result
    end

    it("is of a known model", function()
        assert.same({ nil, "unknown model 'EC900'; 'fota models' lists the known ones", -1, n = 3 },
            table.pack(sim.modem({ model = "EC900" })))
    end)

    describe("runs main.lua", function()
        it("to its end", function()
            local output, result = run("print('version', rtos.version(), rtos.bsp())")
            assert.same({ "version\tV2010\tEC800G" }, output)
            assert.same({ "end", "1.0.0" }, { result.why, result.versions[1] })
        end)

        it("with the other files of the image as its modules", function()
            open({
                ["main.lua"] = "print(require('one').name, require('folder.two').name)",
                ["one.lua"] = "return { name = ... }",
                ["folder/two.lua"] = "return { name = ... }",
            })
            assert.same({ "one\tfolder.two" }, modem:start().output)
        end)

        it("until it exits", function()
            for script, status in pairs({ ["os.exit(7)"] = 7, ["os.exit()"] = 0, ["os.exit(true)"] = 0,
                ["pcall(os.exit, false)"] = 1 }) do
                local output, result = run(script .. " print('never')")
                assert.same({ "exit", status }, { result.why, result.value })
                assert.same({}, output)
            end
        end)

        it("until it raises", function()
            open("local function inner() error('the display is broken') end\ninner()")
            local result = modem:start()
            assert.equal("error", result.why)
            assert.matches("^main%.lua:1: the display is broken\nstack traceback:.*in %a+ 'inner'",
                result.value)
            assert.same({ result.value }, result.errors)
        end)

        it("and says where it is no Lua", function()
            open("print('one')\nprint('two'")
            local result = modem:start()
            assert.equal("error", result.why)
            assert.matches("^main%.lua:2: '%)' expected near '?<eof>'?", result.value)
            assert.same({}, result.output)
        end)

        it("unless the image has none", function()
            open({ ["other.lua"] = "" })
            local result = modem:start()
            assert.same({ "error", "the image has no main.lua" }, { result.why, result.value })
        end)

        it("unless nothing is in the slot", function()
            open()
            local result = modem:start()
            assert.same({ "nothing", "no image can be run" }, { result.why, result.value })
        end)

        it("and says when it waits for ever", function()
            open("coroutine.yield()")
            local result = modem:start()
            assert.equal("error", result.why)
            assert.matches("^main%.lua waits for something that never comes", result.value)
        end)

        it("as often as it is told to start, not for ever", function()
            local _, result = run("rtos.reboot()", { starts = 5 })
            assert.same({ "starts", 5 }, { result.why, result.value })
            assert.equal(5, #result.versions)
            assert.equal(5, modem.machine.counts.resets)
        end)
    end)

    describe("that loses power", function()
        local function fetched(package, start)
            local stats = modem:stats()
            local more = stats.bytes_fetched - (start or 0) - #package
            return more, stats.connections
        end

        it("in the middle of the download goes on where it was", function()
            open(UPDATES)
            local package = offer(CONFIRMS, ("ballast "):rep(25000))
            local unit = modem:map().staging.erase_unit
            local pages = math.floor(#package / modem:map().program_unit)
            for _, mode in ipairs({ "before", "first half", "second half", "random", "after" }) do
                open(UPDATES)
                package = offer(CONFIRMS, ("ballast "):rep(25000))
                modem:cut(math.floor(pages / 2), mode)
                local result = modem:start()

                assert.same({ "1.0.0", "1.0.0", "2.0.0" }, result.versions)
                assert.equal("end", result.why)
                assert.same({ "version 2\ttrue" }, result.output)
                assert.equal(1, modem.machine.counts.cuts)
                local more, connections = fetched(package)
                assert.equal(2, connections)
                -- A header an answer, and what had been read but not been programmed.
                assert.truthy(more <= unit + connections * 512 + 2048, mode .. ": " .. more .. " bytes more")
                assert.equal(0, modem:stats().violations)
            end
        end)

        it("while its connection breaks too goes on where it was", function()
            open(UPDATES)
            local package = offer(CONFIRMS, ("ballast "):rep(25000))
            modem:drop(math.floor(#package / 2))
            local result = modem:start()

            assert.same({ "1.0.0", "2.0.0" }, result.versions)
            local more, connections = fetched(package)
            assert.equal(2, connections)
            assert.truthy(more <= 2 * 1024, more .. " bytes more")
        end)

        it("at every seventh operation of an update ends with version 2, or with version 1", function()
            local modes = { "before", "first half", "second half", "random", "after" }
            local scripts = { ["main.lua"] = UPDATES, ballast = ("old "):rep(3000) }
            local function operations()
                local stats = modem:stats()
                return stats.programs + stats.erases
            end

            open(scripts)
            offer(CONFIRMS, ("ballast "):rep(2000))
            local before = operations()
            assert.same({ "1.0.0", "2.0.0" }, modem:start().versions)
            local total = operations() - before
            assert.truthy(total > 100)
            for operation = 1, total, 7 do
                open(scripts)
                offer(CONFIRMS, ("ballast "):rep(2000))
                local mode = modes[operation % #modes + 1]
                local what = "operation " .. operation .. ", " .. mode
                modem:cut(operation, mode)
                local result = modem:start()

                assert.equal("end", result.why, what)
                assert.same({}, result.errors, what)
                assert.equal(1, modem.machine.counts.cuts, what)
                local last = modem:fota().last_result()
                local good = last.version == "2.0.0" and last.state == "idle" and last.outcome == "success"
                    or last.version == "1.0.0" and last.state == "idle"
                assert.truthy(good, what .. ": " .. last.version .. " " .. last.state)
                assert.equal("", modem:stats().violation, what)
                assert.same({ last.version }, modem:start().versions, what)
            end
        end)
    end)

    describe("goes back to version 1, which reads why, when version 2", function()
        local function reverted(script, starts, reason)
            open(UPDATES)
            offer(script)
            local result = modem:start()
            assert.equal("end", result.why)
            assert.equal("reverted\t" .. reason, result.output[#result.output])
            assert.equal(starts + 2, #result.versions)
            assert.equal("1.0.0", result.versions[#result.versions])
            assert.equal(0, modem:stats().violations)
            return result
        end

        local NOT_CONFIRMED = "NOT_CONFIRMED: the new version did not confirm within 3 starts"

        it("raises", function()
            local result = reverted("error('broken')", 3, NOT_CONFIRMED)
            assert.equal(3, #result.errors)
            assert.matches("broken", result.errors[1])
        end)

        it("raises in a task", function()
            reverted("sys.taskInit(function() sys.wait(10) error('broken') end) sys.run()", 3, NOT_CONFIRMED)
        end)

        it("restarts without an end", function()
            reverted("rtos.reboot()", 3, NOT_CONFIRMED)
        end)

        it("has no main.lua that can be read", function()
            reverted("this is no Lua", 3, NOT_CONFIRMED)
        end)

        it("asks for it", function()
            reverted("assert(fota.rollback()) rtos.reboot()", 1,
                "ROLLBACK: the new version asked to go back")
        end)
    end)

    describe("restarts", function()
        -- Prints only in its first start; ends in its second.
        local function once(script)
            return "if io.open('/started') then print('second start') return end\n"
                .. "io.open('/started', 'w'):close()\n" .. script
        end

        it("500 ms after an error in a task", function()
            open(once([[
                sys.timerLoopStart(function() print("still here") end, 100)
                sys.taskInit(function() error("broken task") end)
                sys.run()
            ]]))
            local result = modem:start()
            assert.same({ "end", 2 }, { result.why, #result.versions })
            assert.equal(1, #result.errors)
            assert.matches("main%.lua:%d+: broken task\nstack traceback:", result.errors[1])
            assert.equal("second start", table.remove(result.output))
            -- At 100 to 400 ms for certain, at 500 ms if the timer comes first.
            assert.truthy(#result.output == 4 or #result.output == 5, #result.output .. " times")
        end)

        for where, script in pairs({
            ["main.lua"] = "rtos.reboot()",
            ["pcall"] = "pcall(rtos.reboot)",
            ["pcall in a coroutine"] = "coroutine.wrap(function() pcall(rtos.reboot) print('never') end)()",
            ["a task"] = "sys.taskInit(function() sys.wait(5) rtos.reboot() print('never') end) sys.run()",
            ["a timer"] = "sys.timerStart(rtos.reboot, 5) sys.run()",
            ["a subscriber"] = "sys.subscribe('now', rtos.reboot) sys.publish('now') sys.run()",
            ["a finaliser"] = "setmetatable({}, { __gc = rtos.reboot }) collectgarbage()",
            ["a callback"] = [[
                fota():httpDownload { url1 = io.open("/url"):read("*l"), callback = function()
                    pcall(rtos.reboot)
                    print("never")
                end }
            ]],
        }) do
            it("from " .. where .. ", and nothing runs after it", function()
                if where == "a finaliser" and _VERSION == "Lua 5.1" then
                    return pending("tables of this Lua have no finalisers")
                end
                open(once(script .. "\nprint('never')"))
                offer(CONFIRMS)
                local result = modem:start()
                assert.same({ "second start" }, result.output)
                assert.same({ "end", 1 }, { result.why, modem.machine.counts.resets })
            end)
        end
    end)

    describe("has a file system", function()
        it("of its own, under any way to a file", function()
            write(fs .. "/data.lua", "return 42, ...")
            local output = run([[
                print(io.open("/data.lua"):read("*l"), io.open("data.lua"):read("*l"))
                for line in io.lines("/data.lua") do print(line) end
                print(loadfile("/data.lua")("x"))
                print((dofile("/data.lua")))
                local file = assert(io.open("/new", "w"))
                file:write("hello")
                file:close()
                print(os.rename("/new", "/renamed"), io.open("/new"))
                print(os.remove("/absent"))
            ]])
            assert.same({ "return 42, ...\treturn 42, ...", "return 42, ...", "42\tx", "42" },
                { output[1], output[2], output[3], output[4] })
            assert.matches("^true\tnil\t", output[5])
            assert.matches("^nil\t.*absent", output[6])
            assert.equal("hello", read(fs .. "/renamed"))
        end)

        it("that no path leads out of", function()
            local outside = web.folder()
            write(outside .. "/secret", "secret")
            local output = run(string.format([[
                local up = "/../%s/secret"
                print(io.open(up))
                print(io.open("a/../../x", "w"))
                print(os.remove(up))
                print(os.rename(up, "/mine"))
                print(os.rename("/mine", up))
                print(pcall(io.lines, up))
                print(pcall(dofile, up))
                print(loadfile(up))
                print(io.open("%s/secret") == nil)
                print(io.popen, os.execute, io.tmpfile, os.tmpname)
            ]], outside:match("[^/]+$"), outside))
            for i = 1, 8 do
                assert.matches(": leads out of the file system$", output[i])
            end
            assert.equal("true", output[9])
            assert.equal("nil\tnil\tnil\tnil", output[10])
            assert.equal("secret", read(outside .. "/secret"))
            os.execute("rm -rf '" .. outside .. "'")
        end)

        it("only when it was given one", function()
            modem = assert(sim.modem({ model = MODEL }))
            modem:load("print(io.open('/url', 'w'))")
            assert.same({ "nil\t/url: this modem has no file system" }, modem:start().output)
        end)
    end)

    describe("lets the image's own file win:", function()
        it("fota.lua", function()
            open({
                ["main.lua"] = "print(fota.name, require('fota').name, fota.model().name)",
                ["fota.lua"] = "return { name = 'mine' }",
            })
            -- Not before it is required: it may want what main.lua sets first.
            assert.same({ "nil\tmine\t" .. MODEL }, modem:start().output)
        end)

        it("sys.lua", function()
            open({
                ["main.lua"] = "print(sys.name, sys.wait, require('log').info)",
                ["sys.lua"] = "return { name = 'mine' }",
            })
            local result = modem:start()
            assert.equal("end", result.why)
            assert.matches("^mine\tnil\tfunction", result.output[1])
        end)
    end)

    it("logs by level and tag", function()
        local _, result = run("log.info('main', 'a', 1, nil, true) log.warn('x') log.error('y', {} ~= nil) "
            .. "log.debug('z', 2)")
        assert.same({ "I/user.main a 1 nil true", "W/user.x ", "E/user.y true", "D/user.z 2" }, result.logs)
    end)

    describe("has sys:", function()
        it("tasks that wait run beside each other", function()
            assert.same({ "a 1", "b 1", "b 2", "a 2", "end" }, (run([[
                local function task(name, ms)
                    print(name .. " 1")
                    sys.wait(ms)
                    print(name .. " 2")
                end
                sys.taskInit(task, "a", 60)
                sys.taskInit(task, "b", 20)
                sys.run()
                print("end")
            ]])))
        end)

        it("main.lua may wait like a task", function()
            assert.same({ "before", "after" }, (run("print('before') sys.wait(2000) print('after')")))
        end)

        it("a message reaches who waits, with its values, and nobody else", function()
            assert.same({ "true\t1\tnil\tthree", "false" }, (run([[
                sys.taskInit(function() print(sys.waitUntil("here", 100)) end)
                sys.taskInit(function() print(sys.waitUntil("there", 100)) end)
                sys.publish("here", 1, nil, "three")
                sys.run()
            ]])))
        end)

        it("a message that nobody waits for is lost", function()
            assert.same({ "false" }, (run([[
                sys.publish("early")
                sys.taskInit(function() sys.wait(10) print(sys.waitUntil("early", 50)) end)
                sys.run()
            ]])))
        end)

        it("a message wakes everybody who waits for it once", function()
            assert.same({ "a\ttrue", "b\ttrue", "a\tfalse", "b\tfalse" }, (run([[
                for _, name in ipairs { "a", "b" } do
                    sys.taskInit(function()
                        print(name, sys.waitUntil("go"))
                        print(name, sys.waitUntil("go", 50))
                    end)
                end
                sys.publish("go")
                sys.run()
            ]])))
        end)

        it("subscribers hear until they unsubscribe", function()
            assert.same({ "1", "2" }, (run([[
                local function hear(n)
                    print(n)
                    if n == 2 then sys.unsubscribe("topic", hear) end
                end
                sys.subscribe("topic", hear)
                for i = 1, 3 do sys.publish("topic", i) end
                sys.run()
            ]])))
        end)

        it("timers fire in their order, with their values, and stop", function()
            assert.same({ "once\t1\tnil\t3", "loop", "loop", "false" }, (run([[
                local loop, count
                count = 0
                sys.timerStart(print, 10, "once", 1, nil, 3)
                local never = sys.timerStart(print, 15, "never")
                sys.timerStop(never)
                loop = sys.timerLoopStart(function()
                    print("loop")
                    count = count + 1
                    if count == 2 then sys.timerStop(loop) end
                end, 20)
                assert(sys.timerIsActive(loop))
                sys.run()
                print(sys.timerIsActive(loop))
            ]])))
        end)

        it("others run on while a task waits for its download", function()
            open([[
                local turns = 0
                sys.timerLoopStart(function() turns = turns + 1 end, 1)
                sys.taskInit(function()
                    local f = fota { reset_disable = 1 }
                    print(f:httpDownload(io.open("/url"):read("*l")))
                    print(turns > 2)
                    os.exit(0)
                end)
                sys.run()
            ]])
            offer(CONFIRMS, ("ballast "):rep(25000))
            modem:rate(2000000)
            assert.same({ "0", "true" }, modem:start().output)
        end)
    end)

    describe("under the command fota emu", function()
        local home, script

        -- Runs `fota emu` with these words: standard output, standard error, exit status.
        local function emu(...)
            return command.fota("emu", ...)
        end

        local function ok(...)
            local out, err, status = emu(...)
            assert.equal("", err)
            assert.equal(0, status)
            return out
        end

        local function refused(expected, message, ...)
            local _, err, status = emu(...)
            assert.equal(expected, status)
            assert.equal(message, err)
        end

        before_each(function()
            home, script = fs .. "/home", fs .. "/main.lua"
            write(script, "print('hello')")
        end)

        it("prints what the script prints", function()
            local out = ok(script, "--home", home)
            assert.matches("main%.lua is loaded into the slot of the generic\n", out)
            assert.matches("boot: starting version 1%.0%.0\nhello\n$", out)
        end)

        it("exits as the script does", function()
            for text, status in pairs({ [""] = 0, ["os.exit(7)"] = 7, ["os.exit(false)"] = 1,
                ["error('x')"] = 1, ["return +"] = 1 }) do
                write(script, text)
                local _, err, got = emu(script, "--home", home)
                assert.equal("", err, text)
                assert.equal(status, got, text)
            end
        end)

        it("explains an error with where it was", function()
            write(script, "print('one')\nerror('broken')")
            local out, _, status = emu(script, "--home", home)
            assert.equal(1, status)
            assert.matches("\none\nerror: main%.lua:2: broken\nstack traceback:", out)
        end)

        it("does not start without an image", function()
            refused(1, "fota: " .. home .. " holds no modem yet; give a SCRIPT to load into a new one\n",
                "--home", home)
            assert.is_false(exists(home .. "/flash.bin"))
        end)

        it("stops after so many starts", function()
            write(script, "rtos.reboot()")
            refused(1, "fota: the modem started 3 times without an end\n", script, "--home", home,
                "--starts", "3")
        end)

        it("keeps the modem in its home", function()
            ok(script, "--home", home, "--model", MODEL)
            assert.equal(MODEL, read(home .. "/model"):match("%S+"))
            write(home .. "/fs/note", "kept")
            write(script, "print(rtos.bsp(), io.open('/note'):read('*a'))")
            assert.matches("\nEC800G\tkept\n$", ok(script, "--home", home))
            -- Without a script it starts what it has.
            assert.matches("\nEC800G\tkept\n$", ok("--home", home))
        end)

        it("loads a script again only when it changed", function()
            assert.matches("is loaded", ok(script, "--home", home))
            assert.not_matches("is loaded", ok(script, "--home", home))
            write(script, "VERSION = '3.1'\nprint('changed')")
            assert.matches("is loaded.*starting version 3%.1\nchanged\n$", ok(script, "--home", home))
        end)

        it("loads a folder of scripts", function()
            assert(os.execute("mkdir -p " .. quote(fs .. "/app/lib")))
            write(fs .. "/app/main.lua", "print((require('lib.part')))")
            write(fs .. "/app/lib/part.lua", "return 'a part'")
            assert.matches("\na part\n$", ok(fs .. "/app", "--home", home))
        end)

        it("updates the modem, which stays updated", function()
            ok(script, "--home", home, "--model", MODEL)
            modem = assert(sim.modem({ model = MODEL }))
            modem.key = read(home .. "/key.pem")
            write(home .. "/fs/url", server:serve("app.fota", modem:package({
                files = { ["main.lua"] = CONFIRMS },
            })) .. "\n")
            write(script, UPDATES)
            local out = ok(script, "--home", home, "--report", fs .. "/report.json")

            assert.matches("starting version 1%.0%.0\n.*%-%- the modem resets %-%-\n.*boot: installing\n"
                .. ".*boot: the new image runs on trial\n.*starting version 2%.0%.0\nversion 2\ttrue\n$", out)
            local report = read(fs .. "/report.json")
            for _, field in ipairs({ '"ended": "end"', '"version": "2.0.0"', '"model": "EC800G"',
                '"boots": 2', '"resets": 1', '"power_cuts": 0', '"connections": 1', '"violations": 0',
                '"outcome": "success"' }) do
                assert.truthy(report:find(field, 1, true), field .. " in " .. report)
            end
            -- The same version 1 is not loaded over what the modem has become.
            assert.matches("starting version 2%.0%.0\n", ok(script, "--home", home))
        end)

        it("cuts the power when it is told to", function()
            ok(script, "--home", home, "--model", MODEL)
            modem = assert(sim.modem({ model = MODEL }))
            modem.key = read(home .. "/key.pem")
            write(home .. "/fs/url", server:serve("app.fota", modem:package({
                files = { ["main.lua"] = CONFIRMS, ballast = ("b"):rep(20000) },
            })) .. "\n")
            write(script, UPDATES)
            local out = ok(script, "--home", home, "--power-cut-at", "50", "--report", fs .. "/report.json",
                "--log", fs .. "/log")
            assert.matches("%-%- the power fails, and comes back %-%-", out)
            assert.matches("\nversion 2\ttrue\n$", out)
            assert.matches('"power_cuts": 1', read(fs .. "/report.json"))
            local log = read(fs .. "/log")
            assert.matches("%-%- the power fails, and comes back %-%-", log)
            assert.not_matches("[", log, 1, true)
        end)

        it("ends with the script's own status though its update failed, and reports why", function()
            ok(script, "--home", home, "--model", MODEL)
            modem = assert(sim.modem({ model = MODEL }))
            modem.key = read(home .. "/key.pem")
            local package = modem:package({ files = { ["main.lua"] = CONFIRMS } })
            write(home .. "/fs/url", server:serve("app.fota", package:sub(1, -2) .. "x") .. "\n")
            write(script, UPDATES)
            ok(script, "--home", home, "--report", fs .. "/report.json")
            local report = read(fs .. "/report.json")
            assert.matches('"ended": "end"', report, 1, true)
            assert.matches('"outcome": "failed"', report, 1, true)
            assert.matches('"error": "INTEGRITY"', report, 1, true)
        end)

        it("draws no bar when it shall be quiet", function()
            ok(script, "--home", home, "--model", MODEL)
            modem = assert(sim.modem({ model = MODEL }))
            modem.key = read(home .. "/key.pem")
            write(home .. "/fs/url", server:serve("app.fota", modem:package({
                files = { ["main.lua"] = CONFIRMS },
            })) .. "\n")
            write(script, UPDATES)
            local quiet = ok(script, "--home", home, "--quiet")
            assert.not_matches("%d %%", quiet)
            write(script, UPDATES .. "-- changed")
            assert.matches("%[#+%.*%] +%d+ %%  .- of ", ok(script, "--home", home))
        end)

        it("trusts the keys that it was given, from then on", function()
            ok(script, "--home", home, "--model", MODEL)
            local key = assert(tool.keygen())
            local public = assert(tool.key(key)).public_pem
            write(fs .. "/other.pem", public)
            modem = assert(sim.modem({ model = MODEL }))
            write(home .. "/fs/url", server:serve("app.fota", modem:package({
                files = { ["main.lua"] = CONFIRMS }, key = key,
            })) .. "\n")
            write(script, UPDATES)
            assert.matches("UNKNOWN_KEY: the package is signed with a key that this modem does not trust",
                ok(script, "--home", home))
            ok("--home", home, "--key", fs .. "/other.pem")
            assert.matches("starting version 2%.0%.0\n", ok("--home", home))
        end)

        it("refuses another model than the one that lives there", function()
            ok(script, "--home", home, "--model", MODEL)
            refused(1, string.format("fota: %s holds a EC800G, not a EC600U; take another --home\n", home),
                script, "--home", home, "--model", "EC600U")
        end)

        it("refuses what it cannot use", function()
            refused(2, "fota: --home is missing; see 'fota emu --help'\n", script)
            local _, err, status = emu(script, "--home", home, "--model", "EC900")
            assert.equal(2, status)
            assert.matches("^fota: unknown model 'EC900'; known: EC600N, ", err)
            assert.is_false(exists(home .. "/flash.bin"))
            local modes = " is not N or N:MODE; modes: " .. MODES .. "\n"
            for i, cut in ipairs({ "soon", "5:never", "0", "-1" }) do
                refused(2, "fota: --power-cut: '" .. cut .. "'" .. modes, script, "--home", fs .. "/" .. i,
                    "--power-cut", cut)
            end
            local function out_of_range(option, value, least)
                refused(2, string.format("fota: --%s: '%s' is not a number from %d to %s\n", option, value,
                    least, U32_MAX), script, "--home", home, "--" .. option, value)
            end
            out_of_range("starts", "0", 1)
            out_of_range("sequence", "-1", 1)
            out_of_range("seed", "x", 0)
        end)

        it("leaves nothing behind of a modem that cannot be made", function()
            emu(script, "--home", home, "--model", "EC900")
            assert.is_false(exists(home .. "/model"))
            assert.matches("hello", ok(script, "--home", home, "--model", MODEL))
        end)

        it("names the file that it cannot read", function()
            refused(1, "fota: cannot read " .. fs .. "/absent.lua: No such file or directory\n",
                fs .. "/absent.lua", "--home", home)
            assert(os.execute("mkdir " .. quote(fs .. "/empty")))
            refused(1, "fota: " .. fs .. "/empty: the folder has no main.lua\n", fs .. "/empty", "--home",
                home)
        end)
    end)
end)
