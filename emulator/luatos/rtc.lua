--- LuatOS's `rtc` on the emulated modem: the clock is right already.
local rtc = require("fota.emulator.luatos.inert").module("rtc", { set = true, timerStart = true }, {},
    { "timerStop", "setBaseYear" })

local quarters = 32 -- of an hour, east of Greenwich

--- The time by parts, as os.date has them.
---@return table
function rtc.get()
    local now = os.date("!*t")
    return { year = now.year, mon = now.month, day = now.day, hour = now.hour, min = now.min,
        sec = now.sec }
end

---@return integer
function rtc.timezone(new)
    quarters = new or quarters
    return quarters
end

return rtc
