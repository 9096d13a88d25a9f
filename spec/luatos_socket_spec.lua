--- TCP connections of LuatOS scripts on the emulated modem.
local Guest = require("spec.support.guest")
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
