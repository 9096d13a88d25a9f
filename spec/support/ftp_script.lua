--- A scripted FTP server on loopback, byte for byte as the script wants it: what real ones do wrong.
local web = require("spec.support.web")
local host = web.host

local ftp_script = {}
ftp_script.__index = ftp_script

-- One session after the other. A good server, but for the commands that script.lua has functions for:
-- COMMAND(session, argument), and GREETING(session).
local SERVER = [[
local script = dofile(dir .. "/script.lua")
local input = assert(io.open(dir .. "/file", "rb"))
local content = input:read("*a")
input:close()

local Session = {}
Session.__index = Session

-- A reply; lines end as the script writes them, the last one with CRLF.
function Session:say(text)
    self.control:send(text .. "\r\n")
end

function Session:listen()
    self.listener = assert(socket.bind("127.0.0.1", 0))
    self.listener:settimeout(10)
    local _, port = self.listener:getsockname()
    return math.floor(port)
end

-- The data connection, with the file from REST's offset on; the script may send something else.
function Session:open()
    self.data = assert(self.listener:accept())
    self.data:settimeout(10)
    self.listener:close()
    return self.data
end

function Session:rest()
    return self.file:sub(self.offset + 1)
end

-- Half of what is left, and then nothing more.
function Session:half()
    local rest = self:rest()
    self:say("150 here")
    self:open():send(rest:sub(1, math.floor(#rest / 2)))
end

-- Says nothing until the client has hung up.
function Session:await_end()
    self.control:settimeout(20)
    self.control:receive("*a")
end

local good = {}
function good.GREETING(s) s:say("220 ready") end
function good.USER(s) s:say("331 password?") end
function good.PASS(s) s:say("230 welcome") end
function good.QUIT(s) s:say("221 bye") end
function good.TYPE(s, argument)
    s.binary = argument == "I"
    s:say("200 done")
end
function good.SIZE(s)
    s:say(s.binary and "213 " .. #s.file or "550 not in text")
end
function good.MDTM(s) s:say("213 20240101120000") end
function good.EPSV(s) s:say("229 come (|||" .. s:listen() .. "|)") end
function good.PASV(s)
    local port = s:listen()
    s:say(string.format("227 come (127,0,0,1,%d,%d)", math.floor(port / 256), port % 256))
end
function good.REST(s, argument)
    s.offset = tonumber(argument)
    s:say("350 go on")
end
function good.RETR(s)
    s:say("150 here")
    s:open():send(s:rest())
    s.data:close()
    s:say("226 that is all")
end

local listener = assert(socket.bind("127.0.0.1", 0))
tell_port(listener)
local log = assert(io.open(dir .. "/commands", "a"))
log:setvbuf("no")
local number = 0
while true do
    number = number + 1
    local s = setmetatable({ control = listener:accept(), number = number, offset = 0, file = content,
        binary = false }, Session)
    s.control:settimeout(20)
    -- A session that the client breaks off is no matter of the next one.
    pcall(function()
        (script.GREETING or good.GREETING)(s)
        while true do
            local line = s.control:receive("*l")
            if not line then return end
            log:write(number, " ", line, "\n")
            local command, argument = line:match("^(%u+) ?(.*)$")
            local answer = script[command] or good[command]
            if answer then answer(s, argument, good) else s:say("502 unknown") end
        end
    end)
    if s.data then s.data:close() end
    s.control:close()
end
]]

---@class fota.spec.FtpScript
---@field url string of the file

--- Starts one that serves `bytes`. `script` is Lua: functions of commands in a table `on`, see above.
---@param bytes string
---@param script string
---@return fota.spec.FtpScript
function ftp_script.start(bytes, script)
    local self = setmetatable({ dir = web.folder() }, ftp_script)
    host.save(self.dir .. "/file", bytes)
    host.save(self.dir .. "/script.lua", "local on = {}\n" .. script .. "\nreturn on\n")
    host.launch(self, SERVER)
    self.url = string.format("ftp://joe:secret@127.0.0.1:%d/app.fota", self.port)
    return self
end

--- What was said to it: lines of the session's number and the command.
---@return string[]
function ftp_script:commands()
    local lines = {}
    for line in io.lines(self.dir .. "/commands") do
        lines[#lines + 1] = line
    end
    return lines
end

function ftp_script:stop()
    host.shell("kill " .. self.pid .. " 2>/dev/null; rm -rf '" .. self.dir .. "'")
end

return ftp_script
