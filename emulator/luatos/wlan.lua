--- LuatOS's `wlan` on the emulated modem: it has an address and no radio.
local identity = require("fota.emulator.luatos.identity")
local inert = require("fota.emulator.luatos.inert")

local wlan = inert.module("wlan", {
    init = true, mode = false, setMode = false, ready = false, connect = false, smartconfig = false,
    createAP = false, stopAP = false, setMac = true, staIp = false, powerSave = 0,
}, {
    NONE = 0, STATION = 1, AP = 2, STATIONAP = 3, STOP = 0, ESPTOUCH = 1, AIRKISS = 2, ESPTOUCH_AIRKISS = 3,
    ESPTOUCH_V2 = 4, PS_NONE = 0, PS_MIN_MODEM = 1, PS_MAX_MODEM = 2,
}, { "disconnect", "scan", "getIP" })

---@return string
function wlan.getMac(_, hexadecimal)
    return hexadecimal == false and identity.mac() or (identity.mac():toHex())
end

---@return string
function wlan.hostname(_, name)
    return name or "LUATOS"
end

---@return table
function wlan.getInfo()
    return {}
end

---@return table
function wlan.scanResult()
    return {}
end

return wlan
