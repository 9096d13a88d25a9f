--- LuatOS's `timer` on the emulated modem: waits in which nothing else runs.
local port = require("fota.guest")

local timer = {}

--- The modem's clock moves on; nobody has to wait for it.
---@param ms integer
function timer.mdelay(ms)
    port.skip(math.max(0, ms))
end

--- Less than a millisecond is no time here.
---@param us integer
function timer.udelay(us)
    port.skip(math.max(0, math.floor(us / 1000)))
end

return timer
