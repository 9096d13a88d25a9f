--- LuatOS's `log` on the emulated modem: lines go to the host.
local port = require("fota.guest")

local log = {}

local levels = { debug = "D", info = "I", warn = "W", error = "E" }

for name, letter in pairs(levels) do
    log[name] = function(tag, ...)
        local parts = {}
        for i = 1, select("#", ...) do
            parts[i] = tostring((select(i, ...)))
        end
        port.emit("log", letter, string.format("%s/user.%s %s", letter, tostring(tag),
            table.concat(parts, " ")))
    end
end

return log
