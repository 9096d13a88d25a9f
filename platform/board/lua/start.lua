--- What runs first on a board: makes the scripting world, then main.lua of the image.
local native = require("fota")
local port = require("fota.guest")

local TURN_MS = 100 -- longest sleep while main.lua has ended or waits

package.loaded["fota.environment"] = { model = native.model().name }
package.loaded["fota.native"] = native

local loop = require("fota.emulator.loop")
for _, name in ipairs({ "rtos", "log", "sys" }) do
    _G[name] = require("fota.emulator." .. name)
    package.loaded[name] = _G[name]
end
_G.fota = native
native.onresume(sys.coresume) -- luacheck: ignore

-- In a coroutine, so that a call that blocks leaves the loop below running.
local script = coroutine.create(assert(loadfile("/main.lua")))
local ok, message = coroutine.resume(script)
if not ok then
    error(debug.traceback(script, tostring(message)), 0)
end
while sys.pending() do -- luacheck: ignore
    sys.turn(TURN_MS) -- luacheck: ignore
end
while loop.pending() do
    loop.receive(TURN_MS)
end
port.exit(coroutine.status(script) == "dead" and 0 or 1)
