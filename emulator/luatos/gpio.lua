--- LuatOS's `gpio` on the emulated modem: a pin reads what was written to it last.
local inert = require("fota.emulator.luatos.inert")

local gpio = inert.module("gpio", { pulse = true, caplevel = true, count = 0, setDefaultPull = true }, {
    NONE = 0xFF, LOW = 0, HIGH = 1, OUTPUT = 0, INPUT = 1, PULLUP = 1, PULLDOWN = 2, RISING = 0, FALLING = 1,
    BOTH = 2, HIGH_IRQ = 3, LOW_IRQ = 4, WAKEUP0 = 32, WAKEUP1 = 33, VBUS = 33, WAKEUP2 = 34, USIM_DET = 34,
    WAKEUP3 = 35, WAKEUP4 = 36, WAKEUP5 = 37, WAKEUP6 = 38, CHG_DET = 38, PWR_KEY = 46, AUDIOPA_EN = 22,
}, { "debounce", "close" })

local note = inert.noter("gpio")
local levels = {}

--- Sets a pin up; returns the function that sets an output, or reads an input.
---@return fun(level: integer|nil): integer|nil
function gpio.setup(pin, mode, ...)
    note("setup", pin, mode, ...)
    if type(mode) == "number" then
        levels[pin] = mode
    end
    return function(level)
        if level == nil then
            return levels[pin] or 0
        end
        gpio.set(pin, level)
    end
end

function gpio.set(pin, level)
    note("set", pin, level)
    levels[pin] = level
end

---@return integer
function gpio.get(pin)
    return levels[pin] or 0
end

function gpio.toggle(pin)
    gpio.set(pin, 1 - (levels[pin] or 0))
end

return gpio
