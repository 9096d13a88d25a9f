--- A server by UDP that the spec scripts, on a free port of loopback.
local web = require("spec.support.web")

local host = web.host

local udp = {}
udp.__index = udp

-- Answers each datagram with what the script's function makes of it and of its number; nil is silence.
local SERVER = [[
local answer = dofile(dir .. "/answer.lua")
local server = assert(socket.udp())
assert(server:setsockname("127.0.0.1", 0))
tell_port(server)
local number = 0
while true do
    local data, from, at = server:receivefrom()
    if data then
        number = number + 1
        local reply = answer(data, number)
        if reply then
            server:sendto(reply, from, at)
        end
    end
end
]]

---@class fota.spec.Udp
---@field port integer

--- Starts one; server:stop() ends it.
---@param answer string Lua that returns function(data, number) -> reply or nil
---@return fota.spec.Udp
function udp.start(answer)
    local self = setmetatable({ dir = web.folder() }, udp)
    host.save(self.dir .. "/answer.lua", answer)
    host.launch(self, SERVER)
    return self
end

function udp:stop()
    host.shell("kill " .. self.pid .. " 2>/dev/null; rm -rf '" .. self.dir .. "'")
end

return udp
