--- The scheduler of LuatOS scripts: ours, and one that the script brings, on the primitives of rtos.
local Guest = require("spec.support.guest")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local function stock(name)
    return vm.read("spec/support/stock_" .. name .. ".lua")
end

describe("a scheduler on the emulated modem", function()
    local guest, server

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    before_each(function()
        guest = Guest.open()
    end)

    after_each(function()
        guest:close()
    end)

    -- What both must do.
    for _, name in ipairs({ "ours", "one in the image", "one of --lib" }) do
        describe(name, function()
            local folder

            before_each(function()
                folder = web.folder()
                if name == "one of --lib" then
                    local file = assert(io.open(folder .. "/sys.lua", "w"))
                    file:write(stock("sys"))
                    file:close()
                    guest.modem.machine.lib = { folder }
                end
            end)

            after_each(function()
                os.execute("rm -rf '" .. folder .. "'")
            end)

            local function run(main, options)
                local files = {
                    ["main.lua"] = 'sys = require "sys"\n' .. main .. "\nsys.run()",
                    ["update.lua"] = stock("update"),
                }
                if name == "one in the image" then
                    files["sys.lua"] = stock("sys")
                end
                return guest:run(files, options)
            end

            it("is the one that was asked for", function()
                assert.same({ tostring(name ~= "ours" or nil) }, (run("print(sys.stock)")))
            end)

            it("runs tasks beside each other", function()
                assert.same({ "a 1", "b 1", "b 2", "a 2" }, (run([[
                    local function task(letter, ms)
                        print(letter .. " 1")
                        sys.wait(ms)
                        print(letter .. " 2")
                    end
                    sys.taskInit(task, "a", 2000)
                    sys.taskInit(task, "b", 1000)
                ]])))
            end)

            it("goes off once, and again and again", function()
                local output = run([[
                    local count = 0
                    local id
                    id = sys.timerLoopStart(function()
                        count = count + 1
                        print(count, math.floor(mcu.ticks() / 1000))
                        if count == 3 then sys.timerStop(id) end
                    end, 1000)
                    sys.timerStart(print, 1500, "once", 1)
                ]])
                assert.same({ "1\t1", "once\t1", "2\t2", "3\t3" }, output)
            end)

            it("gives messages to those who wait, and not to those who come later", function()
                assert.same({ "heard\t1\t2", "waited\ttrue\t1\t2", "late\tfalse" }, (run([[
                    sys.subscribe("TOPIC", function(...) print("heard", ...) end)
                    sys.taskInit(function() print("waited", sys.waitUntil("TOPIC")) end)
                    sys.publish("TOPIC", 1, 2)
                    sys.taskInit(function()
                        sys.wait(10)
                        print("late", sys.waitUntil("TOPIC", 100))
                    end)
                ]])))
            end)

            it("hears what the firmware publishes", function()
                local output = run([[
                    sys.subscribe("IP_READY", function(ip, adapter)
                        print("IP_READY", ip, adapter == socket.LWIP_GP, socket.adapter(socket.dft()))
                    end)
                    sys.subscribe("NTP_UPDATE", function() print("NTP_UPDATE") end)
                    print(socket.adapter())
                ]])
                assert.same({ "false\t1", "IP_READY\t10.0.2.15\ttrue\ttrue\t1", "NTP_UPDATE" }, output)
            end)

            it("waits for the result of a request, and takes it in a callback", function()
                local url = server:serve("file", "content")
                local output = run(string.format([[
                    sys.taskInit(function()
                        local code, headers, body = http.request("GET", %q).wait()
                        print(code, headers["Content-Length"], body)
                    end)
                    http.request("GET", %q).cb(function(code, _, body) print("cb", code, body) end)
                    http.request("GET", "no url").cb(function(code) print("cb", code) end)
                ]], url, url))
                table.sort(output)
                assert.same({ "200\t7\tcontent", "cb\t-4", "cb\t200\tcontent" }, output)
            end)

            it("waits for an update that blocks its task", function()
                local package = guest.modem:package({ files = { ["main.lua"] = "print('two')" } })
                guest.modem:rate(10000)
                local output, result = run(string.format([[
                    if fota.last_result().outcome ~= "none" then return end
                    sys.taskInit(function()
                        sys.taskInit(function() sys.wait(1) print("beside") end)
                        print(fota{ reset_disable = 1 }:httpDownload(%q))
                        rtos.reboot()
                    end)
                ]], server:serve("app.fota", package)), { starts = 2 })
                assert.same({ "beside", "0", "two" }, { output[1], output[2], output[3] })
                assert.equal(2, #result.versions)
            end)

            it("lets a library of the script's own ask for an update again and again", function()
                guest.modem:rate(4000) -- the download takes 18 seconds
                guest.modem:serve("app.fota", guest.modem:package({
                    files = { ["main.lua"] = "print('two', fota.confirm())", ballast = ("b"):rep(70000) },
                }))
                -- The second request comes within the first one's download: it is refused, that goes on.
                local output = run([[
                    PROJECT, VERSION, PRODUCT_KEY = "demo", "1.0.0", "key"
                    local update = require "update"
                    local function result(code)
                        print(code)
                        sys.wait(100) -- it runs in a task
                        if code == 0 then rtos.reboot() end
                    end
                    sys.timerLoopStart(function()
                        update.request(result, { url = "http://fota.test/app.fota" })
                    end, 10000)
                ]], { run_ms = 60000, starts = 2 })
                assert.same({ "4", "0", "two\ttrue" }, output)
            end)

            it("ends when nothing can happen any more", function()
                local _, result = run("sys.taskInit(function() sys.waitUntil('NEVER') end)")
                assert.equal("end", result.why)
            end)

            it("restarts the modem from a task and from a timer", function()
                for _, how in ipairs({ "sys.taskInit(rtos.reboot)", "sys.timerStart(rtos.reboot, 100)" }) do
                    os.remove(guest.fs .. "/seen")
                    local output, result = run([[
                        if io.exists("/seen") then print("again") return end
                        io.writeFile("/seen", "")
                    ]] .. how)
                    assert.same({ "again" }, output)
                    assert.equal(2, #result.versions)
                end
            end)
        end)
    end
end)

describe("our sys", function()
    local guest

    before_each(function()
        guest = Guest.open()
    end)

    after_each(function()
        guest:close()
    end)

    it("keeps the order of messages, those sent meanwhile included", function()
        assert.same({ "1", "2", "3" }, (guest:run([[
            sys.subscribe("A", function(n)
                print(n)
                if n == 1 then sys.publish("A", 3) end
            end)
            sys.publish("A", 1)
            sys.publish("A", 2)
            sys.run()
        ]])))
    end)

    it("has a subscriber once, and can forget it", function()
        assert.same({ "f" }, (guest:run([[
            local function f() print("f") end
            sys.subscribe("A", f)
            sys.subscribe("A", f)
            sys.publish("A")
            sys.timerStart(function()
                sys.unsubscribe("A", f)
                sys.publish("A")
            end, 10)
            sys.run()
        ]])))
    end)

    it("stops timers by their id, their function and arguments, or all of a function", function()
        assert.same({ "g\t2" }, (guest:run([[
            local function f(...) print("f", ...) end
            local function g(...) print("g", ...) end
            sys.timerStop(sys.timerStart(print, 100, "by id"))
            sys.timerStart(g, 100, 1)
            sys.timerStart(g, 100, 2)
            sys.timerStop(g, 1)
            sys.timerStart(f, 100, 1)
            sys.timerLoopStart(f, 100, 2)
            sys.timerStopAll(f)
            sys.run()
        ]])))
    end)

    it("has one timer for a function and its arguments", function()
        assert.same({ "true", "x", "10", "false" }, (guest:run([[
            local function f(x) print(x) print(math.floor(mcu.ticks() / 100)) end
            sys.timerStart(f, 500, "x")
            sys.timerStart(f, 1000, "x")
            print(sys.timerIsActive(f, "x"))
            sys.run()
            print(sys.timerIsActive(f, "x"))
        ]])))
    end)

    it("refuses a timer of no time, as the device does", function()
        assert.same({ "nil", "0" }, (guest:run([[
            print(sys.timerStart(print, 0))
            print(rtos.timer_start(1, 0))
        ]])))
    end)

    it("sends messages to a named task", function()
        assert.same({ "stray\tother", "got\twanted\t7", "nil", "any\tlast", "false", "false" }, (guest:run([[
            sys.taskInitEx(function()
                local message = sys.waitMsg("worker", "wanted")
                print("got", message[1], message[2])
                print(sys.waitMsg("worker", "never", 1000))
                sys.sendMsg("worker", "thrown away")
                sys.cleanMsg("worker")
                sys.sendMsg("worker", "last")
                print("any", sys.waitMsg("worker")[1])
                sys.taskDel("worker")
                print(sys.sendMsg("worker", 1))
                print(sys.waitMsg("worker"))
            end, "worker", function(message) print("stray", message[1]) end)
            sys.sendMsg("worker", "other")
            sys.sendMsg("worker", "wanted", 7)
            sys.run()
        ]])))
    end)

    it("waits for one of several messages", function()
        assert.same({ "B\t1", "false" }, (guest:run([[
            sys.taskInit(function()
                print(sys.waitMult({ "A", "B" }, 1000))
                print(sys.waitMult({ "A", "B" }, 1000))
            end)
            sys.publish("B", 1)
            sys.run()
        ]])))
    end)

    it("reports an error in a task and restarts the modem half a second later", function()
        guest.modem:load([[
            if io.exists("/seen") then print("again") return end
            io.writeFile("/seen", "")
            sys.taskInit(function() sys.wait(10) error("broken") end)
            sys.timerStart(print, 400, "still there")
            sys.timerStart(print, 600, "gone by then")
            sys.run()
        ]])
        local run = guest.modem:start()
        assert.same({ "still there", "again" }, run.output)
        assert.matches("main.lua:3: broken", run.errors[1], 1, true)
        assert.equal(2, #run.versions)
    end)

    it("does not restart it where the script forbids that", function()
        guest.modem:load([[
            COROUTINE_ERROR_ROLL_BACK, COROUTINE_ERROR_RESTART = false, false
            sys.taskInit(function() error("broken") end)
            sys.timerStart(print, 600, "still there")
            sys.run()
        ]])
        local run = guest.modem:start()
        assert.same({ "still there" }, run.output)
        assert.equal(1, #run.errors)
    end)

    it("raises for what waits outside of a task", function()
        guest.modem:load("sys.timerStart(function() sys.wait(1) end, 1) sys.run()")
        local run = guest.modem:start()
        assert.equal("error", run.why)
        assert.matches("outside a coroutine", run.value, 1, true)
    end)

    it("is there as sysplus too, and for the firmware", function()
        assert.same({ "true\ttrue\ttrue\ttrue" }, (guest:run([[
            print(sysplus == sys, require("sysplus") == sys, sys_pub == sys.publish, sys_send == sys.sendMsg)
        ]])))
    end)

    it("receives by itself: a timer, or nothing", function()
        assert.same({ "true\t7\t0", "-1", "3" }, (guest:run([[
            rtos.timer_start(7, 100)
            local kind, id, again = rtos.receive(rtos.INF_TIMEOUT)
            print(kind == rtos.MSG_TIMER, id, again)
            rtos.timer_start(8, 100)
            rtos.timer_stop(8)
            print(rtos.receive(200))
            print(math.floor(mcu.ticks() / 100))
        ]])))
    end)
end)
