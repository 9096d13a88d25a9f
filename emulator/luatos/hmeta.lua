--- LuatOS's `hmeta` on the emulated modem.
local environment = require("fota.environment")
local identity = require("fota.emulator.luatos.identity")
local native = require("fota.native")

local hmeta = {}

--- The modem's model, as fota's: "EC600U".
---@return string
function hmeta.model()
    return environment.model
end

---@return string
function hmeta.hwver()
    return "A10"
end

---@return string
function hmeta.chip()
    return native.model().chip
end

---@return string 32 characters
function hmeta.muid()
    return (identity.bytes(16):toHex())
end

---@return string
function hmeta.devid()
    return identity.imei()
end

return hmeta
