--- What runs first in the Lua state of the emulated modem: makes the scripting world, then main.lua.
local guest = {}

local port = require("fota.guest")

-- Tells the host how far the update is, after each poll in which that changed.
local function watch(fota)
    local poll, last = fota.poll, ""
    fota.poll = function(ms)
        local busy = poll(ms)
        local s = fota.status()
        local now = s.stage .. s.percent
        if now ~= last then
            last = now
            port.emit("progress", s.stage, s.received, s.total, s.percent, s.rate)
        end
        return busy
    end
end

-- Until nothing can happen any more. A scheduler of the script's own is the script's to run.
local function run_on(sys, loop)
    if sys == package.loaded["fota.emulator.sys"] then
        while sys.pending() do
            sys.turn()
        end
    end
    while loop.pending() do
        loop.next()
    end
end

--- Runs main.lua; called by the modem with what the machine gave.
---@param environment table files, fs, model, version; lib, identity, run_ms: may be nil
function guest.main(environment)
    local native = require("fota")
    package.loaded["fota.environment"] = environment
    package.loaded["fota.native"] = native
    watch(native)
    local main = require("fota.emulator.world").make(native)
    local sys = _G.sys
    -- The scheduler is the script's own where it brings a `sys`.
    native.onresume(type(sys) == "table" and sys.coresume or coroutine.resume)
    -- In a coroutine, so that a call that blocks leaves the loop below running.
    local script = coroutine.create(main)
    local ok, message = coroutine.resume(script)
    if not ok then
        error(debug.traceback(script, tostring(message)), 0)
    end
    run_on(sys, require("fota.emulator.loop"))
    if coroutine.status(script) ~= "dead" then
        error("main.lua waits for something that never comes", 0)
    end
end

return guest
