--- LuatOS's `rtos` on the emulated modem, as far as scripts that update themselves need it.
local port = require("fota.guest")
local environment = require("fota.environment")

local rtos = {}

--- Restarts the modem; never returns, wherever it is called from.
function rtos.reboot()
    port.reset()
end

--- Version of the image that runs.
function rtos.version()
    return environment.version
end

--- The modem's model.
function rtos.bsp()
    return environment.model
end

function rtos.firmware()
    return environment.model .. "_" .. environment.version
end

--- Memory of the Lua state, bytes: total (not limited here), used, peak (not tracked apart).
function rtos.meminfo()
    local used = math.floor(collectgarbage("count") * 1024)
    return used, used, used
end

return rtos
