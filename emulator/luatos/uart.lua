--- LuatOS's `uart` on the emulated modem: nothing is connected.
local inert = require("fota.emulator.luatos.inert")

local uart = inert.module("uart", {
    setup = 0, read = "", rxSize = 0, rx_size = 0, rx = 0, exist = true, createSoft = 0, patch = true,
}, {
    Odd = 1, Even = 2, None = 0, ODD = 1, EVEN = 2, NONE = 0, LSB = 0, MSB = 1, VUART_0 = 0x20,
    VUART_1 = 0x21, VUART_2 = 0x22, ERROR_DROP = 0x5A, DEBUG = 0x5B,
}, { "on", "close", "wait485", "rxClear" })

local note = inert.noter("uart")

--- Everything is taken.
---@return integer
function uart.write(id, data, length)
    note("write", id, #data .. " bytes")
    return length or #data
end

---@return integer
function uart.tx(id, buffer, offset, length)
    note("tx", id, buffer:used() .. " bytes")
    return length or buffer:used() - (offset or 0)
end

---@return table
function uart.list()
    return {}
end

return uart
