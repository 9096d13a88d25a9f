--- LuatOS's `mcu` on the emulated modem.
local identity = require("fota.emulator.luatos.identity")
local inert = require("fota.emulator.luatos.inert")
local loop = require("fota.emulator.loop")
local numbers = require("fota.emulator.luatos.numbers")

local mcu = inert.module("mcu", { setClk = true, reg32 = 0 },
    { UART = 0, I2C = 1, SPI = 2, PWM = 3, GPIO = 4 },
    { "hardfault", "setXTAL", "iomux", "altfun", "XTALRefOutput" })

local TICKS_PER_US = 1

--- Twelve bytes that are this modem's own.
---@return string
function mcu.unique_id()
    return identity.bytes(12)
end

--- Milliseconds since the modem started.
---@return integer
function mcu.ticks()
    return math.floor(loop.uptime()) % 2147483648
end

---@return integer ticks of a second
function mcu.hz()
    return 1000
end

--- Microseconds since the modem started as 8 bytes, and how many of them are a microsecond.
---@return string
---@return integer
function mcu.tick64()
    return numbers.from_integer(math.floor(loop.uptime() * 1000), 8), TICKS_PER_US
end

--- Is tick1 - tick2 at least `check`? And the difference.
---@return boolean
---@return integer
function mcu.dtick64(tick1, tick2, check)
    local difference = numbers.to_integer(tick1:sub(1, 8)) - numbers.to_integer(tick2:sub(1, 8))
    return difference >= (check or 0), difference
end

local modes = { [0] = { 1000, 1000000 }, [1] = { 1, 1000 }, [2] = { 1 / 1000, 1000000 } }

--- Time since the start in two numbers: mode 0 seconds and microseconds, 1 thousands of milliseconds and
--- milliseconds, 2 millions of seconds and seconds.
---@return integer
---@return integer
function mcu.ticks2(mode)
    local unit, part = (table.unpack or unpack)(modes[mode or 0]) -- luacheck: ignore (5.1)
    local ticks = math.floor(loop.uptime() * unit)
    return math.floor(ticks / part), ticks % part
end

---@return integer MHz
function mcu.getClk()
    return 204
end

--- A number in hexadecimal.
---@return string
function mcu.x32(value)
    return string.format("0x%08x", value % 4294967296)
end

return mcu
