--- LuatOS's `rtos` on the emulated modem: what a scheduler is built on.
local environment = require("fota.environment")
local loop = require("fota.emulator.loop")
local port = require("fota.guest")

local rtos = {}

rtos.INF_TIMEOUT = -1
rtos.MSG_TIMER = loop.TIMER

local CORE = "V2010"          -- of the LuatOS firmware that is stood in for
local MEMORY = 4 * 1024 * 1024 -- bytes that scripts are told the Lua state has

--- Restarts the modem; never returns, wherever it is called from.
function rtos.reboot()
    port.reset()
end

--- Version of the firmware core, as LuatOS's: "V2010". Scripts have their own in VERSION.
---@param more boolean|nil also as a number, and the bits of an integer
---@return string
---@return integer|nil
---@return integer|nil
function rtos.version(more)
    if more == true then
        return CORE, 1, 32
    end
    return CORE
end

--- The modem's model.
---@return string
function rtos.bsp()
    return environment.model
end

---@return string
function rtos.firmware()
    return "LuatOS-SoC_" .. CORE .. "_" .. environment.model
end

---@return string
function rtos.buildDate()
    return "Jan 01 2025"
end

--- Memory of the Lua state in bytes: total (only told), used, the most that was used (not tracked).
---@return integer
---@return integer
---@return integer
function rtos.meminfo()
    local used = math.floor(collectgarbage("count") * 1024)
    return MEMORY, used, used
end

--- Starts a timer of the scheduler's.
---@param id integer
---@param ms integer at least 1
---@param again integer|nil how often more; -1 for ever
---@return integer started 1, or 0
function rtos.timer_start(id, ms, again)
    return loop.timer_start(id, ms, again) and 1 or 0
end

function rtos.timer_stop(id)
    loop.timer_stop(id)
end

--- Waits for the next message: rtos.MSG_TIMER, id, how often it goes off again; -1 for anything else.
---@param ms integer at most; rtos.INF_TIMEOUT: until the modem has nothing to do any more
---@return integer message
---@return integer|nil id
---@return integer|nil again
function rtos.receive(ms)
    return loop.receive(ms)
end

function rtos.nop()
end

--- Lua collects by itself here.
function rtos.autoCollectMem()
end

return rtos
