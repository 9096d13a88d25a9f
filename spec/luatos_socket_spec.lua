--- Connections of LuatOS scripts on the emulated modem, by TCP and UDP, and how they ask for the time.
local Guest = require("spec.support.guest")
local udp = require("spec.support.udp")
local web = require("spec.support.web")

describe("socket", function()
    local guest, server

    before_each(function()
        guest = Guest.open()
        server = web.scripted({ "HTTP/1.1 200 OK\r\n\r\nbody" })
    end)

    after_each(function()
        guest:close()
        server:stop()
    end)

    local NAMES = [[
        local names = { [socket.LINK] = "LINK", [socket.ON_LINE] = "ON_LINE", [socket.TX_OK] = "TX_OK",
            [socket.CLOSED] = "CLOSED", [socket.EVENT] = "EVENT" }
    ]]

    it("tells a function what happens to a connection", function()
        local output = guest:run(NAMES .. string.format([[
            local buffer, got = zbuff.create(1), ""
            local ctrl = socket.create(nil, function(ctrl, event, result)
                if event == socket.EVENT then
                    local ok, length = socket.rx(ctrl, buffer)
                    if ok then
                        got = buffer:query()
                    end
                    return
                end
                print(names[event], result)
                if event == socket.ON_LINE then
                    print(socket.tx(ctrl, "GET / HTTP/1.1\r\n\r\n"))
                elseif event == socket.CLOSED then
                    print(got:match("[^\n]*$"), socket.rx(ctrl, buffer))
                    socket.close(ctrl)
                    socket.release(ctrl)
                end
            end)
            print(socket.config(ctrl), socket.connect(ctrl, "127.0.0.1", %d))
            sys.run()
        ]], server.port))
        assert.same({ "true\ttrue\tfalse", "ON_LINE\t0", "true\tfalse\tfalse", "TX_OK\t0", "CLOSED\t0",
            "body\tfalse\t0" }, output)
    end)

    it("sends a named task what happens, as libnet wants it", function()
        local output = guest:run(string.format([[
            sys.taskInitEx(function()
                local ctrl = socket.create(nil, "client")
                socket.config(ctrl)
                local ok, up = socket.linkup(ctrl)
                print(ok, up, sys.waitMsg("client", socket.LINK)[2]) -- without a timer
                socket.connect(ctrl, "127.0.0.1", %d)
                print(sys.waitMsg("client", socket.ON_LINE, 5000)[2])
                socket.tx(ctrl, "GET / HTTP/1.1\r\n\r\n")
                print(sys.waitMsg("client", socket.TX_OK, 5000)[2])
                local text = ""
                repeat
                    local message = sys.waitMsg("client", socket.EVENT, 5000)
                    local more, data = socket.read(ctrl)
                    text = text .. (data or "")
                until not more or message[2] ~= 0
                print(text:match("[^\n]*$"), socket.wait(ctrl))
                socket.discon(ctrl)
            end, "client")
            sys.run()
        ]], server.port))
        assert.same({ "true\tfalse\t0", "0", "0", "body\tfalse\tfalse" }, output)
    end)

    it("tells that nobody listens, and can be tried again", function()
        local output = guest:run(NAMES .. string.format([[
            local tries = 0
            socket.connect(socket.create(nil, function(ctrl, event, result)
                print(names[event], result)
                tries = tries + 1
                if event == socket.CLOSED and tries < 4 then
                    socket.close(ctrl)
                    print(socket.connect(ctrl, "127.0.0.1", %d))
                end
            end), "127.0.0.1", %d)
            sys.run()
        ]], web.free_port(), web.free_port()))
        assert.same({ "ON_LINE\t-1", "CLOSED\t0", "true\tfalse", "ON_LINE\t-1", "CLOSED\t0" }, output)
    end)

    it("tells nothing any more of what was closed", function()
        local output = guest:run(string.format([[
            local ctrl = socket.create(nil, print)
            print(socket.connect(ctrl, "127.0.0.1", %d))
            socket.close(ctrl)
            print(socket.state(ctrl))
            print(socket.tx(ctrl, "x"))
            sys.run()
        ]], server.port))
        assert.same({ "true\tfalse", "1\tclosed", "false\tfalse\tfalse" }, output)
    end)
end)

describe("socket by UDP", function()
    local guest, server

    before_each(function()
        guest = Guest.open()
    end)

    after_each(function()
        guest:close()
        if server then
            server:stop()
        end
        server = nil
    end)

    local CLIENT = [[
        local ctrl = socket.create(nil, "client")
        print(socket.config(ctrl, nil, true), socket.connect(ctrl, "127.0.0.1", %d))
        print(sys.waitMsg("client", socket.ON_LINE, 5000)[2])
    ]]

    -- Runs the body of the task "client".
    local function client(body, ...)
        return (guest:run("sys.taskInitEx(function()\n" .. string.format(CLIENT .. body, ...)
            .. '\nsocket.close(ctrl)\nend, "client")\nsys.run()'))
    end

    it("keeps datagrams apart, each way", function()
        server = udp.start("return function(data) return #data .. ':' .. data end")
        assert.same({ "true\ttrue\tfalse", "0", "true\ttrue", "3:one", "5:three", "true\t0" }, client([[
            print(socket.tx(ctrl, "one"), (socket.tx(ctrl, "three")))
            local answers = {}
            repeat
                sys.waitMsg("client", socket.EVENT, 5000)
                answers[#answers + 1] = select(2, socket.read(ctrl))
            until #answers == 2
            table.sort(answers) -- one may overtake the other
            print(answers[1]) print(answers[2])
            local buffer = zbuff.create(8)
            print(socket.rx(ctrl, buffer))
        ]], server.port))
    end)

    it("tells when one has arrived, and gives as much of it as is asked for", function()
        server = udp.start("return function(data) return data:rep(100) end")
        assert.same({ "true\ttrue\tfalse", "0", "0", "0", "true\ttrue", "true\t30", "false" }, client([[
            socket.tx(ctrl, "0123456789")
            print(sys.waitMsg("client", socket.TX_OK, 5000)[2])
            print(sys.waitMsg("client", socket.EVENT, 5000)[2])
            print(socket.wait(ctrl))
            local buffer = zbuff.create(2000)
            print(socket.rx(ctrl, buffer, nil, 30))
            print((select(2, socket.wait(ctrl))))
        ]], server.port))
    end)

    it("hears nothing where nobody listens", function()
        assert.same({ "true\ttrue\tfalse", "0", "true", "nil", "true\ttrue" }, client([[
            print((socket.tx(ctrl, "anybody?")))
            print((sys.waitMsg("client", socket.EVENT, 300)))
            print((socket.tx(ctrl, "and now?")), (socket.wait(ctrl)))
        ]], web.free_port()))
    end)

    it("is not spoken with TLS", function()
        local output, run = guest:run("print(socket.config(socket.create(nil, print), nil, true, true))")
        assert.same({ "false" }, output)
        assert.same({ "E/socket config: TLS by UDP is not built" }, run.logs)
    end)
end)

describe("socket.sntp", function()
    local guest, server

    before_each(function()
        guest = Guest.open()
    end)

    after_each(function()
        guest:close()
        if server then
            server:stop()
        end
        server = nil
    end)

    -- A server of time: what it answers is changed by `lie` before it goes. It says that it is
    -- 2030-01-01 00:00:00 UTC, which is 1893456000 in seconds since 1970.
    local function serve(lie)
        server = udp.start([[
            return function(data, number)
                if #data ~= 48 or data:byte(1) ~= 35 then return nil end
                local now = string.char(0xF4, 0x86, 0x57, 0x00)
                local answer = { head = "\36\1\6\236", rest = ("\0"):rep(20), origin = data:sub(41, 48),
                    received = now .. "\0\0\0\0", sent = now .. "\0\0\0\0" }
                ]] .. (lie or "") .. [[
                return answer.head .. answer.rest .. answer.origin .. answer.received .. answer.sent
            end]])
    end

    -- What is published, and what the clock says of 2030 then.
    local function ask(servers, number)
        return (guest:task(string.format([[
            sys.waitUntil("IP_READY")
            sys.wait(1000) -- the network has told the time
            sys.subscribe("NTP_UPDATE", function() print("NTP_UPDATE") sys.publish("OVER") end)
            sys.subscribe("NTP_ERROR", function() print("NTP_ERROR") sys.publish("OVER") end)
            socket.sntp_port(%d)
            socket.sntp(%s)
            print((sys.waitUntil("OVER", 60000)))
            local past = os.time() - 1893456000
            print(past >= 0 and past < 30, socket.ntptm().tsec - os.time() < 2, os.date("!%%Y") == "2030")
        ]], number or server.port, servers)))
    end

    local RIGHT = { "NTP_UPDATE", "true", "true\ttrue\ttrue" }
    local WRONG = { "NTP_ERROR", "true", "false\ttrue\tfalse" }

    it("asks a server, and sets the clock", function()
        serve()
        assert.same(RIGHT, ask('"127.0.0.1"'))
    end)

    it("asks the next one where a name is none", function()
        serve()
        assert.same(RIGHT, ask('{ "no..name", "127.0.0.1" }'))
    end)

    for lie, change in pairs({
        ["is no answer to what was asked"] = "answer.origin = ('x'):rep(8)",
        ["is too short"] = "answer.sent = ''",
        ["asks itself"] = "answer.head = '\\35\\1\\6\\236'",
        ["says that the server has no time"] = "answer.head = '\\228\\1\\6\\236'",
        ["says to go away"] = "answer.head = '\\36\\0\\6\\236'",
        ["says nothing"] = "answer.sent = ('\\0'):rep(8)",
    }) do
        it("does not believe what " .. lie, function()
            serve(change)
            assert.same(WRONG, ask('"127.0.0.1"'))
        end)
    end

    it("gives up where nobody answers, and says so", function()
        assert.same(WRONG, ask('"127.0.0.1"', web.free_port()))
    end)

    it("says at once that there is no network", function()
        assert.same({ "true" }, (guest:task([[
            mobile.flymode(0, true)
            socket.sntp("127.0.0.1")
            print((sys.waitUntil("NTP_ERROR", 1000)))
        ]])))
    end)
end)
