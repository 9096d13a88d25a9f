--- LuatOS's `pm` on the emulated modem: it never sleeps, whatever it is asked.
local inert = require("fota.emulator.luatos.inert")
local port = require("fota.guest")
local rtos = require("fota.emulator.rtos")

local pm = inert.module("pm", {
    request = true, dtimerStart = true, dtimerWkId = -1, force = 0, power = true, ioVol = true,
    wakeupPin = true, keep = 0, chgcmd = false,
}, {
    NONE = 0, IDLE = 1, LIGHT = 2, DEEP = 3, HIB = 4, USB = 0, GPS = 1, GPS_ANT = 2, CAMERA = 3, DAC_EN = 4,
    LDO_CTL = 5, PWK_MODE = 6, WORK_MODE = 7, WIFI = 8, WIFI_STA_DTIM = 9, WIFI_AP_DTIM = 10,
    IOVOL_ALL_GPIO = 0, IOVOL_SDIO = 1, IOVOL_LCD = 2, IOVOL_CAMA = 3, IOVOL_CAMD = 4, ID_NATIVE = 0,
    ID_WIFI = 1,
}, { "dtimerStop", "chginfo" })

local note = inert.noter("pm")

--- Could it sleep? Never.
---@return boolean
---@return integer
function pm.check()
    return false, 1
end

--- No such timer runs.
---@return boolean
function pm.dtimerCheck()
    return false
end

---@return table
function pm.dtimerList()
    return {}
end

--- Why it started: always power.
function pm.lastReson()
    return 0, 0, 0, 0
end

--- Switches the modem off: its scripts end here.
function pm.shutdown()
    note("shutdown")
    port.finish()
end

pm.reboot = rtos.reboot

return pm
