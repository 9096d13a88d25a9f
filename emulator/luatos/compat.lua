--- What LuatOS's Lua 5.3 keeps of 5.1 and 5.2, and newer versions of Lua have dropped; and what 5.1 does
--- not have yet.
-- luacheck: ignore 122 142 143
local compat = {}

local function missing(where, name, value)
    if where[name] == nil then
        where[name] = value
    end
end

missing(_G, "unpack", table.unpack)
missing(table, "unpack", unpack)
missing(table, "pack", function(...)
    return { n = select("#", ...), ... }
end)
missing(_G, "loadstring", load)

missing(table, "maxn", function(list)
    local most = 0
    for key in pairs(list) do
        if type(key) == "number" and key > most then
            most = key
        end
    end
    return most
end)

missing(math, "pow", function(base, exponent)
    return base ^ exponent
end)
missing(math, "log10", function(value)
    return math.log(value) / math.log(10)
end)
missing(math, "ldexp", function(mantissa, exponent)
    return mantissa * 2 ^ exponent
end)

--- A module in the manner of Lua 5.1: makes the global table `name` and lets the chunk that calls it
--- write its globals there.
function compat.module(name, ...)
    local made = package.loaded[name]
    if type(made) ~= "table" then
        made = _G[name] or {}
        _G[name], package.loaded[name] = made, made
    end
    made._M, made._NAME, made._PACKAGE = made, name, name:match("^(.*%.)[^.]*$") or ""
    for _, option in ipairs({ ... }) do
        option(made)
    end
    if setfenv then
        setfenv(2, made)
    else
        local caller = debug.getinfo(2, "f").func
        local i = 1
        while debug.getupvalue(caller, i) and debug.getupvalue(caller, i) ~= "_ENV" do
            i = i + 1
        end
        if debug.getupvalue(caller, i) then
            -- Joined to a new upvalue: the other chunks keep their globals.
            debug.upvaluejoin(caller, i, function()
                return made
            end, 1)
        end
    end
end

missing(_G, "module", compat.module)
missing(package, "seeall", function(made)
    setmetatable(made, { __index = _G })
end)

return compat
