--- Writes JSON (RFC 8259): the same value always gives the same text.
local util = require("fota.tool.util")

local json = {}

local array = {}

--- Marks a table as a list, so that an empty one is written as [].
---@generic T: table
---@param list T
---@return T
function json.array(list)
    return setmetatable(list, array)
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(text)
    -- Every byte is written as the character of its number: bytes need not be UTF-8.
    return '"' .. text:gsub('[%c"\\\127-\255]', function(c)
        return escapes[c] or string.format("\\u%04x", c:byte())
    end) .. '"'
end

local encode

local function encode_list(list, indent)
    local inner = indent .. "  "
    local lines = {}
    for i, value in ipairs(list) do
        lines[i] = inner .. encode(value, inner)
    end
    if #lines == 0 then
        return "[]"
    end
    return "[\n" .. table.concat(lines, ",\n") .. "\n" .. indent .. "]"
end

local function encode_object(object, indent)
    local inner = indent .. "  "
    local names, lines = {}, {}
    for name in pairs(object) do
        names[#names + 1] = name
    end
    table.sort(names)
    for i, name in ipairs(names) do
        lines[i] = inner .. quote(name) .. ": " .. encode(object[name], inner)
    end
    if #lines == 0 then
        return "{}"
    end
    return "{\n" .. table.concat(lines, ",\n") .. "\n" .. indent .. "}"
end

function encode(value, indent)
    local kind = type(value)
    if kind == "string" then
        return quote(value)
    elseif kind == "number" then
        assert(value % 1 == 0, "only whole numbers")
        return util.decimal(value)
    elseif kind == "boolean" then
        return tostring(value)
    elseif getmetatable(value) == array or value[1] ~= nil then
        return encode_list(value, indent)
    end
    return encode_object(value, indent)
end

--- Writes a value of tables, strings, whole numbers and booleans.
---@param value any
---@return string text without a final newline
function json.encode(value)
    return encode(value, "")
end

return json
