--- Updates from an FTP server that does what servers do wrong: docs/network-faults.md, row by row.
local ftp_script = require("spec.support.ftp_script")
local sim = require("fota.sim")

local IMAGE = ("firmware"):rep(4096) -- 32 KiB

describe("FTP", function()
    local modem, fota, server

    before_each(function()
        modem = assert(sim.modem({ model = "EC200U" }))
        fota = modem:fota()
        fota.limits({ attempts = 3, backoff_ms = 1 })
    end)

    after_each(function()
        modem:close()
        if server then
            server:stop()
        end
        server = nil
    end)

    -- The result of an update from a server with this script, and what it says.
    local function update(script)
        server = ftp_script.start(modem:package({ image = IMAGE }), script)
        return fota({ reset_disable = 1 }):ftpDownload({ url = server.url })
    end

    local function succeeds(script)
        local result, message = update(script)
        assert.equal(0, result, message)
        assert.equal("staged", fota.status().stage)
    end

    local function fails(name, script)
        local result, message = update(script)
        assert.equal(-1, result)
        assert.equal(name, message:match("^[%u_]+"), message)
        assert.not_equal("staged", fota.status().stage)
    end

    -- Commands of one kind, with their sessions.
    local function said(command)
        local lines = {}
        for _, line in ipairs(server:commands()) do
            if line:match("^%d+ (%u+)") == command then
                lines[#lines + 1] = line
            end
        end
        return lines
    end

    -- Half of what is left, then a data connection that ends, and this reply; only in the first session.
    local function half(reply)
        return string.format([[
            function on.RETR(s, argument, good)
                if s.number > 1 then return good.RETR(s) end
                s:half()
                s.data:close()
                s:say(%q)
            end
        ]], reply)
    end

    it("F1 asks for the size in binary, which servers refuse in text", function()
        succeeds("")
        local commands = table.concat(server:commands(), "\n")
        assert.matches("1 TYPE I\n1 SIZE app.fota\n", commands, 1, true)
    end)

    it("F2 notices a server that stays in text", function()
        fails("FTP_SIZE", [[
            function on.RETR(s)
                s:say("150 here")
                local head, rest = s:rest():sub(1, 4096), s:rest():sub(4097)
                s:open():send(head .. rest:gsub("e", "\r\n"))
                s.data:close()
                s:say("226 done")
            end
        ]])
    end)

    it("F3 starts again where REST is refused", function()
        succeeds(half("426 broken") .. 'function on.REST(s) s:say("501 what?") end')
        assert.equal(1, #said("REST"))
        assert.equal(2, #said("RETR"))
    end)

    it("F3 appends nothing where REST is taken and forgotten", function()
        fails("FTP_SIZE", half("426 broken") .. 'function on.REST(s) s:say("350 go on") end')
        assert.equal(1, #said("REST"))
    end)

    it("F4 F7 asks for nothing more when all is here, whatever the reply says", function()
        succeeds([[
            function on.RETR(s)
                s:say("150 here")
                s:open():send(s:rest())
                s.data:close()
                s:say("426 broken")
            end
        ]])
        assert.equal(1, #said("RETR"))
    end)

    it("F5 starts again where the file has become shorter than what is held", function()
        succeeds(half("426 broken") .. [[
            function on.SIZE(s, argument, good)
                if s.number == 2 then s:say("213 10") else good.SIZE(s) end
            end
        ]])
        assert.same({}, said("REST"))
        assert.equal(2, #said("RETR"))
    end)

    it("F6 does not believe a size in the text of 150", function()
        succeeds([[
            function on.SIZE(s) s:say("502 unknown") end
            function on.RETR(s)
                s:say("150 here (5 bytes)")
                s:open():send(s:rest())
                s.data:close()
                s:say("226 done")
            end
        ]])
    end)

    it("F7 goes on where 226 came after half of it", function()
        succeeds(half("226 done"))
        assert.equal(1, #said("REST"))
        assert.matches("^2 REST %d%d%d%d+$", said("REST")[1])
    end)

    it("F7 does without a 226", function()
        succeeds([[
            function on.RETR(s)
                s:say("150 here")
                s:open():send(s:rest())
                s.data:close()
                s:await_end()
            end
        ]])
    end)

    it("F8 drains the data behind an early 226", function()
        succeeds([[
            function on.RETR(s)
                s:say("150 here\r\n226 done")
                s:open():send(s:rest())
            end
        ]])
        assert.equal(1, #said("RETR"))
    end)

    it("F8 asks a busy server again", function()
        succeeds([[
            function on.GREETING(s, argument)
                if s.number == 1 then s:say("421 too many") s.control:close() else s:say("220 ready") end
            end
        ]])
        assert.same({ "2 RETR app.fota" }, said("RETR"))
    end)

    it("F9 V23 takes PASV, but not its address", function()
        succeeds([[
            function on.EPSV(s) s:say("500 unknown") end
            function on.PASV(s)
                local port = s:listen()
                s:say(string.format("227 come (192,0,2,1,%d,%d)", math.floor(port / 256), port % 256))
            end
        ]])
    end)

    it("F10 starts again where another file lies there", function()
        succeeds(half("426 broken") .. [[
            function on.MDTM(s) s:say("213 2024010112000" .. (s.number == 1 and 1 or 2)) end
        ]])
        assert.matches("^2 REST", said("REST")[1])
        assert.equal(1, #said("REST"))
        assert.equal("3 RETR app.fota", said("RETR")[#said("RETR")])
    end)

    it("F11 understands replies of several lines", function()
        succeeds([[
            function on.GREETING(s) s:say("220-hello\r\n 220 not yet\r\n220-nor\r\n220 ready") end
            function on.PASS(s) s:say("230-\r\n\r\n230 welcome") end
        ]])
    end)

    it("F11 does not listen to an endless reply", function()
        fails("FTP_REPLY", [[
            function on.GREETING(s)
                while s.control:send("220-and another thing\r\n") do end
            end
        ]])
    end)

    it("F12 asks once with a login that is refused, and does not tell it", function()
        local result, message = update('function on.PASS(s) s:say("530 no") end')
        assert.equal(-1, result)
        assert.matches("^FTP_LOGIN", message)
        assert.is_nil(message:find("secret", 1, true))
        assert.same({ "1 PASS secret" }, said("PASS"))
    end)

    it("F13 needs no control connection while the data comes", function()
        succeeds([[
            function on.RETR(s)
                local rest = s:rest()
                s:half()
                s.control:close()
                s.data:send(rest:sub(math.floor(#rest / 2) + 1))
                s.data:close()
            end
        ]])
        assert.equal(1, #said("RETR"))
    end)

    it("F14 hangs up when it is cancelled", function()
        server = ftp_script.start(modem:package({ image = IMAGE }), [[
            function on.RETR(s)
                s:half()
                s.data:receive("*a")
                s:await_end()
                os.rename(arg[1] .. "/commands", arg[1] .. "/over")
            end
        ]])
        local job = fota({ reset_disable = 1 }):download(server.url)
        repeat
            local _, progress = job:next()
        until progress > 0
        assert.is_true(job:cancel())
        local result, message = job:wait()
        assert.is_nil(result)
        assert.matches("^CANCELLED", message)
        local over
        for _ = 1, 400 do
            over = io.open(server.dir .. "/over")
            if over then
                over:close()
                break
            end
            require("socket").sleep(0.01)
        end
        assert.is_truthy(over)
    end)

    it("F15 tries the other way where the data connection is refused", function()
        succeeds('function on.EPSV(s) s:say("229 come (|||1|)") end')
        assert.equal(1, #said("PASV"))
    end)

    it("F15 gives up where both are", function()
        fails("CONNECT", [[
            function on.EPSV(s) s:say("229 come (|||1|)") end
            function on.PASV(s) s:say("227 come (127,0,0,1,0,1)") end
        ]])
        assert.equal(3, #said("PASV"))
    end)
end)
