--- Modules of hardware that the emulated modem does not have: their functions only log what they were
--- asked.
local port = require("fota.guest")

local inert = {}

local function text_of(value)
    if type(value) == "string" then
        return string.format("%q", value)
    end
    return tostring(value)
end

--- Logs a call of a module, unless the same was the last one of this module: loops that feed a watchdog
--- would fill the log.
---@param name string of the module
---@return fun(call: string, ...) note
function inert.noter(name)
    local last
    return function(call, ...)
        local parts = {}
        for i = 1, select("#", ...) do
            parts[i] = text_of((select(i, ...)))
        end
        local line = string.format("D/%s %s(%s)", name, call, table.concat(parts, ", "))
        if line ~= last then
            port.emit("log", "D", line)
        end
        last = line
    end
end

--- Makes a module.
---@param name string
---@param results table<string, any> what each function returns
---@param constants table<string, any>|nil
---@param silent string[]|nil functions that return nothing
---@return table
function inert.module(name, results, constants, silent)
    local note = inert.noter(name)
    local module = {}
    for call, result in pairs(results) do
        module[call] = function(...)
            note(call, ...)
            return result
        end
    end
    for _, call in ipairs(silent or {}) do
        module[call] = function(...)
            note(call, ...)
        end
    end
    for constant, value in pairs(constants or {}) do
        module[constant] = value
    end
    return module
end

return inert
