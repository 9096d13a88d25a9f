--- LuatOS's `mcu` on the emulated modem.
--- Its counters have the sizes that LuatOS's have, which matters where Lua has 32-bit numbers.
local identity = require("fota.emulator.luatos.identity")
local inert = require("fota.emulator.luatos.inert")
local port = require("fota.guest")

local mcu = inert.module("mcu", { setClk = true, reg32 = 0 },
    { UART = 0, I2C = 1, SPI = 2, PWM = 3, GPIO = 4 },
    { "hardfault", "setXTAL", "iomux", "altfun", "XTALRefOutput" })

local TICKS_PER_US = 1

--- Twelve bytes that are this modem's own.
---@return string
function mcu.unique_id()
    return identity.bytes(12)
end

--- Milliseconds since the modem started; after 2147483647 comes -2147483648.
---@return integer
function mcu.ticks()
    return port.ticks()
end

---@return integer ticks of a second
function mcu.hz()
    return 1000
end

--- Microseconds since the modem started as 8 bytes, and how many of them are a microsecond.
---@return string
---@return integer
function mcu.tick64()
    return port.tick64(), TICKS_PER_US
end

--- Is tick1 - tick2 at least `check`? And the difference.
---@return boolean
---@return integer
function mcu.dtick64(tick1, tick2, check)
    return port.dtick64(tick1, tick2, check)
end

--- Time since the start in two numbers: mode 0 seconds and microseconds, 1 thousands of seconds and
--- milliseconds, 2 millions of seconds and seconds.
---@return integer
---@return integer
function mcu.ticks2(mode)
    return port.ticks2(mode)
end

---@return integer MHz
function mcu.getClk()
    return 204
end

--- A number in hexadecimal.
---@return string
function mcu.x32(value)
    -- An integer of 32 bits is shown as it is: it has no 2^32.
    return string.format("0x%08x", math.maxinteger == 2147483647 and value or value % 4294967296)
end

return mcu
