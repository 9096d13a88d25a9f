--- The simulated modem's virtual clock: it stands while code runs, and jumps over what is waited for.
local command = require("spec.support.command")
local Guest = require("spec.support.guest")
local web = require("spec.support.web")

describe("the clock of a simulated modem", function()
    local guest

    after_each(function()
        if guest then
            guest:close()
        end
        guest = nil
    end)

    it("skips what a script waits for", function()
        guest = Guest.open()
        local before = os.time()
        local output = guest:task([[
            local ticks, time, clock = mcu.ticks(), os.time(), os.clock()
            sys.wait(10 * 60 * 1000)
            print(mcu.ticks() - ticks, string.format("%.1f", os.clock() - clock), os.time() - time)
        ]])
        assert.equal("600000\t600.0\t600", output[1])
        assert.is_true(os.time() - before < 60)
    end)

    it("stands still while a script works", function()
        guest = Guest.open()
        assert.same({ "0\t250\t250" }, (guest:task([[
            local ticks = mcu.ticks()
            for i = 1, 3000000 do local _ = i * i end
            local worked = mcu.ticks() - ticks
            sys.wait(250)
            print(worked, mcu.ticks() - ticks, math.floor(os.clock() * 1000 + 0.5) - ticks)
        ]])))
    end)

    it("gives the same times in every run", function()
        local script = [[
            local ticks = mcu.ticks()
            sys.taskInit(function() sys.wait(7) print("task", mcu.ticks() - ticks) end)
            sys.timerLoopStart(function() print("loop", mcu.ticks() - ticks) end, 333)
            sys.timerStart(function() print("timer", mcu.ticks() - ticks) end, 334)
            sys.run()
        ]]
        for _ = 1, 3 do
            guest = Guest.open()
            assert.same({ "task\t7", "loop\t333", "timer\t334", "loop\t666", "loop\t999" },
                (guest:run(script, { run_ms = 1200 })))
            guest:close()
        end
        guest = nil
    end)

    it("goes on for a script that only looks at it", function()
        guest = Guest.open()
        assert.same({ "true", "true" }, (guest:task([[
            local ticks = mcu.ticks()
            repeat until mcu.ticks() - ticks >= 1000
            print(mcu.ticks() - ticks < 1100)
            local time = os.time()
            repeat until os.time() > time
            print(os.time() == time + 1)
        ]])))
    end)

    it("goes on for a script that polls instead of waiting", function()
        guest = Guest.open()
        assert.same({ "nil\tCONNECT" }, (guest:run(string.format([[
            fota.limits({ attempts = 2, backoff_ms = 1000, backoff_max_ms = 1000 })
            local job = fota():download("http://127.0.0.1:%d/x")
            repeat fota.poll() until job:done()
            local ok, message = job:result()
            print(ok, message:match("^%%u+"))
        ]], web.free_port()))))
    end)

    it("times what comes from the real network by the host's", function()
        local server = web.start()
        guest = Guest.open()
        -- nginx lets 100 KB/s through: one second at least, of which a loaded host makes more.
        local output = guest:task(string.format([[
            local ticks = mcu.ticks()
            local code, _, body = http.request("GET", %q).wait()
            local ms = mcu.ticks() - ticks
            print(code, #body, ms > 100 and ms < 60000)
        ]], server:serve("body", ("x"):rep(200000)):gsub("body", "slow/body")))
        server:stop()
        assert.same({ "200\t200000\ttrue" }, output)
    end)

    it("keeps the order of timers, however far they are apart", function()
        guest = Guest.open()
        local output = guest:run([[
            sys.timerStart(print, 86400000, "a day")
            sys.timerStart(print, 60000, "a minute")
            sys.timerStart(print, 3600000, "an hour")
            sys.run()
        ]])
        assert.same({ "a minute", "an hour", "a day" }, output)
    end)

    it("goes on from start to start", function()
        guest = Guest.open()
        local output = guest:run([[
            local first = io.readFile("/time")
            if not first then
                io.writeFile("/time", tostring(os.time()))
                sys.timerStart(rtos.reboot, 3600000)
                return
            end
            print(os.time() - tonumber(first) >= 3600, mcu.ticks() < 60000)
        ]])
        assert.same({ "true\ttrue" }, output)
    end)

    it("takes its time when it is told to", function()
        guest = Guest.open({ fast = false })
        local before = guest.modem:now()
        guest:task("sys.wait(50)")
        local after = guest.modem:now()
        assert.is_true(after - before >= 50 and after - before < 20000)
    end)

    it("can be moved by a spec", function()
        guest = Guest.open({ fast = false })
        local before = guest.modem:now()
        guest.modem:skip(1000000)
        assert.is_true(guest.modem:now() - before >= 1000000)
    end)

    it("moves on in timer.mdelay while nothing else runs", function()
        guest = Guest.open()
        assert.same({ "5000", "timer" }, (guest:task([[
            local ticks = mcu.ticks()
            sys.timerStart(print, 1000, "timer")
            timer.mdelay(5000)
            print(mcu.ticks() - ticks)
            sys.wait(1)
        ]])))
    end)

    it("lets the pauses between attempts of a download pass", function()
        guest = Guest.open()
        local before = os.time()
        local output = guest:task(string.format([[
            fota.limits({ attempts = 4, backoff_ms = 30000, backoff_max_ms = 30000 })
            local ticks = mcu.ticks()
            print(fota():httpDownload("http://127.0.0.1:%d/x"))
            print(mcu.ticks() - ticks >= 60000)
        ]], web.free_port()))
        assert.matches("^%-1\tCONNECT: ", output[1])
        assert.equal("true", output[2])
        assert.is_true(os.time() - before < 60)
    end)

    it("paces a slow link without taking the time", function()
        local server = web.start()
        guest = Guest.open()
        guest.modem:rate(1000)
        local before = os.time()
        local output = guest:task(string.format([[
            local ticks = mcu.ticks()
            local code, _, body = http.request("GET", %q, nil, nil, { timeout = 600000 }).wait()
            print(code, #body, mcu.ticks() - ticks >= 80000)
        ]], server:serve("body", ("x"):rep(100000))))
        server:stop()
        assert.same({ "200\t100000\ttrue" }, output)
        assert.is_true(os.time() - before < 60)
    end)

    it("ends a script that would never end by itself after the time it is given", function()
        guest = Guest.open()
        local output, run = guest:run("sys.timerLoopStart(print, 1000, 'again') sys.run()",
            { run_ms = 4500 })
        assert.same({ "again", "again", "again", "again" }, output)
        assert.equal("end", run.why)
    end)

    it("is skipped by fota emu --fast", function()
        local folder = web.folder()
        local file = assert(io.open(folder .. "/main.lua", "w"))
        file:write("sys.timerStart(function() print('ten hours later') end, 36000000)\nsys.run()\n")
        file:close()
        local before = os.time()
        local output = command.fota("emu", folder .. "/main.lua", "--home", folder .. "/home", "--fast",
            "--quiet")
        os.execute("rm -rf '" .. folder .. "'")
        assert.matches("ten hours later\n", output, 1, true)
        assert.is_true(os.time() - before < 60)
    end)
end)
