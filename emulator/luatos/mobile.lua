--- LuatOS's `mobile` on the emulated modem: registered at home, with a good signal.
local identity = require("fota.emulator.luatos.identity")
local inert = require("fota.emulator.luatos.inert")
local loop = require("fota.emulator.loop")
local network = require("fota.emulator.luatos.network")

local mobile = inert.module("mobile", {
    config = true, lockCell = true, getBand = true, setBand = true, simPin = true, muidSet = 0,
    rfTestParam = 0,
}, {
    UNREGISTER = 0, REGISTERED = 1, SEARCH = 2, DENIED = 3, UNKNOW = 4, REGISTERED_ROAMING = 5,
    SMS_ONLY_REGISTERED = 6, SMS_ONLY_REGISTERED_ROAMING = 7, EMERGENCY_REGISTERED = 8,
    CSFB_NOT_PREFERRED_REGISTERED = 9, CSFB_NOT_PREFERRED_REGISTERED_ROAMING = 10,
    CONF_RESELTOWEAKNCELL = 1, CONF_STATICCONFIG = 2, CONF_QUALITYFIRST = 3, CONF_USERDRXCYCLE = 4,
    CONF_T3324MAXVALUE = 5, CONF_PSM_MODE = 6, CONF_CE_MODE = 7, CONF_SIM_WC_MODE = 8,
    CONF_FAKE_CELL_BARTIME = 9, CONF_RESET_TO_FACTORY = 10, CONF_USB_ETHERNET = 11,
    CONF_DISABLE_NCELL_MEAS = 12, CONF_MAX_TX_POWER = 13,
    PIN_VERIFY = 0, PIN_CHANGE = 1, PIN_ENABLE = 2, PIN_DISABLE = 3, PIN_UNBLOCK = 4,
}, {
    "rtime", "setAuto", "reset", "vsimInit", "vsimOnOff", "apnTableInit", "apnTableAdd", "apnTablePrint",
    "rfTestMode", "rfTestInput",
})

local CELL = { mcc = 460, mnc = 0, tac = 8212, cid = 124045360, pci = 115, earfcn = 1850, band = 3,
    rsrp = -85, rsrq = -8, snr = 18, bandwidth = 5 }
local CELL_MS = 500 -- a look at the cells around takes

local flying = false

---@return string
function mobile.imei()
    return identity.imei()
end

---@return string
function mobile.imsi()
    return identity.digits("00101", 15)
end

---@return string
function mobile.iccid()
    return identity.digits("8988", 20)
end

---@return string
function mobile.number()
    return identity.digits("1", 11)
end

---@return string
function mobile.sn()
    return identity.digits("FE", 16)
end

---@return string
function mobile.muid()
    return (identity.bytes(16):toHex())
end

--- Slot of the SIM card.
---@return integer
function mobile.simid()
    return 0
end

---@return integer 0 to 31
function mobile.csq()
    return flying and 0 or 27
end

---@return integer
function mobile.rssi()
    return flying and 0 or -59
end

---@return integer
function mobile.rsrp()
    return flying and 0 or CELL.rsrp
end

---@return integer
function mobile.rsrq()
    return flying and 0 or CELL.rsrq
end

---@return integer
function mobile.snr()
    return flying and 0 or CELL.snr
end

---@return integer
function mobile.eci()
    return CELL.cid
end

---@return integer
function mobile.tac()
    return CELL.tac
end

---@return integer
function mobile.enbid()
    return math.floor(CELL.cid / 256)
end

local function copy_of_cell()
    local copy = {}
    for name, value in pairs(CELL) do
        copy[name] = value
    end
    return copy
end

---@return table
function mobile.scell()
    return copy_of_cell()
end

---@return table[]
function mobile.getCellInfo()
    return { copy_of_cell() }
end

--- Publishes CELL_INFO_UPDATE when it is done.
function mobile.reqCellInfo()
    loop.after(CELL_MS, "CELL_INFO_UPDATE", function()
        _G.sys_pub("CELL_INFO_UPDATE")
    end)
end

--- mobile.REGISTERED, or mobile.UNREGISTER before that and in flight mode.
---@return integer
function mobile.status()
    return network.is_up() and mobile.REGISTERED or mobile.UNREGISTER
end

--- Takes the modem off the air, or back on; IP_LOSE and IP_READY are published.
---@param index integer|nil
---@param on boolean|nil
---@return boolean before
function mobile.flymode(index, on) -- luacheck: ignore 212
    local before = flying
    if on ~= nil then
        flying = on
        if on then
            network.down()
        else
            network.up()
        end
    end
    return before
end

---@return string|nil
function mobile.apn()
    return network.is_up() and "internet" or nil
end

---@return boolean
function mobile.ipv6()
    return false
end

---@return boolean
function mobile.syncTime()
    return true
end

--- Not counted.
function mobile.dataTraffic()
    return 0, 0, 0, 0
end

return mobile
