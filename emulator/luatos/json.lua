--- LuatOS's `json` on the emulated modem (RFC 8259).
local port = require("fota.guest")

local json = {}

--- What null becomes.
json.null = port.null

local DEPTH = 256 -- of nesting

local escapes = {
    ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
    ["\t"] = "\\t",
}
local unescapes = {
    ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}

-- ---- writing --------------------------------------------------------------------------------------

local function quote(text)
    return '"' .. text:gsub('[%c"\\\127]', function(c)
        return escapes[c] or string.format("\\u%04x", c:byte())
    end) .. '"'
end

local function is_whole(number)
    if math.type then
        return math.type(number) == "integer"
    end
    return number % 1 == 0
end

local function write_number(number, format)
    if number ~= number or number == math.huge or number == -math.huge then
        error("Cannot serialise number: must not be NaN or Inf", 0)
    elseif is_whole(number) then
        return string.format("%d", number)
    end
    return (string.format(format, number))
end

-- The highest index of a list; 0 for an object and for an empty table.
local function list_length(value)
    local most = 0
    for key in pairs(value) do
        if type(key) ~= "number" or key < 1 or key % 1 ~= 0 then
            return 0
        end
        most = math.max(most, key)
    end
    return most
end

local write

local function write_list(list, length, format, depth)
    local parts = {}
    for i = 1, length do
        parts[i] = write(list[i], format, depth)
    end
    return "[" .. table.concat(parts, ",") .. "]"
end

local function write_object(object, format, depth)
    local parts = {}
    for key, value in pairs(object) do
        if type(key) ~= "string" and type(key) ~= "number" then
            error("Cannot serialise table: table key must be a number or string", 0)
        end
        parts[#parts + 1] = quote(tostring(key)) .. ":" .. write(value, format, depth)
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

function write(value, format, depth)
    local kind = type(value)
    if value == nil or value == json.null then
        return "null"
    elseif kind == "string" then
        return quote(value)
    elseif kind == "number" then
        return write_number(value, format)
    elseif kind == "boolean" then
        return tostring(value)
    elseif kind ~= "table" then
        error("Cannot serialise " .. kind .. ": type not supported", 0)
    elseif depth >= DEPTH then
        error("Cannot serialise, excessive depth", 0)
    end
    local length = list_length(value)
    if length > 0 then
        return write_list(value, length, format, depth + 1)
    end
    return write_object(value, format, depth + 1)
end

--- Writes a value. An empty table is {}, as LuatOS writes it.
---@param value any
---@param format string|nil of fractions: digits and "f" or "g", "7f" by default
---@return string|nil text "" for nil
---@return string|nil message
function json.encode(value, format)
    if value == nil then
        return ""
    end
    local digits = format and format:match("^%%?%.?(%d%d?[fg])$")
    if format and not digits then
        return nil, "invalid float format"
    end
    local ok, text = pcall(write, value, "%." .. (digits or "7f"), 0)
    if not ok then
        return nil, text
    end
    return text
end

-- ---- reading --------------------------------------------------------------------------------------

local function fail(what, at)
    error(string.format("Expected %s at character %d", what, at), 0)
end

local function utf8_of(code)
    if code < 0x80 then
        return string.char(code)
    elseif code < 0x800 then
        return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40)
    elseif code < 0x10000 then
        return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40,
            0x80 + code % 0x40)
    end
    return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
        0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

-- \uXXXX at `at`, a pair of them outside the basic plane: the character, and what comes after it.
local function read_code(text, at)
    local high = tonumber(text:match("^\\u(%x%x%x%x)", at) or fail("unicode escape", at), 16)
    if high < 0xD800 or high > 0xDFFF then
        return utf8_of(high), at + 6
    end
    local low = tonumber(text:match("^\\u(%x%x%x%x)", at + 6) or "0", 16)
    if high > 0xDBFF or low < 0xDC00 or low > 0xDFFF then
        fail("unicode escape", at)
    end
    return utf8_of(0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00), at + 12
end

-- The string whose first character is at `at`.
local function read_string(text, at)
    local parts = {}
    while true do
        local stop = text:find('[%c"\\]', at) or fail("string end", #text + 1)
        parts[#parts + 1] = text:sub(at, stop - 1)
        local c = text:sub(stop, stop)
        if c == '"' then
            return table.concat(parts), stop + 1
        elseif c == "\127" then
            parts[#parts + 1], at = c, stop + 1
        elseif c ~= "\\" then
            fail("no control character in a string", stop)
        elseif text:sub(stop + 1, stop + 1) == "u" then
            parts[#parts + 1], at = read_code(text, stop)
        else
            parts[#parts + 1] = unescapes[text:sub(stop + 1, stop + 1)] or fail("escape", stop)
            at = stop + 2
        end
    end
end

local function read_number(text, at)
    local digits = text:match("^-?%d+", at) or fail("value", at)
    if digits:find("^-?0%d") then
        fail("number without leading zeros", at)
    end
    local stop = at + #digits
    local fraction = text:match("^%.%d+", stop) or ""
    local exponent = text:match("^[eE][+-]?%d+", stop + #fraction) or ""
    local number = tonumber(digits .. fraction .. exponent)
    if math.maxinteger == 2147483647 and #fraction + #exponent == 0 then
        -- With integers of 32 bits a larger one becomes the largest, as on the device.
        number = math.tointeger(number) or number < 0 and math.mininteger or math.maxinteger
    end
    return number, stop + #fraction + #exponent
end

local function skip(text, at)
    return text:find("[^ \t\r\n]", at) or #text + 1
end

local read

local function read_list(text, at, depth)
    local list = {}
    at = skip(text, at)
    if text:sub(at, at) == "]" then
        return list, at + 1
    end
    local count = 0
    while true do
        count = count + 1
        list[count], at = read(text, at, depth)
        at = skip(text, at)
        local c = text:sub(at, at)
        if c == "]" then
            return list, at + 1
        elseif c ~= "," then
            fail("comma or array end", at)
        end
        at = at + 1
    end
end

local function read_object(text, at, depth)
    local object = {}
    at = skip(text, at)
    if text:sub(at, at) == "}" then
        return object, at + 1
    end
    while true do
        at = skip(text, at)
        local key
        if text:sub(at, at) ~= '"' then
            fail("object key string", at)
        end
        key, at = read_string(text, at + 1)
        at = skip(text, at)
        if text:sub(at, at) ~= ":" then
            fail("colon", at)
        end
        object[key], at = read(text, at + 1, depth)
        at = skip(text, at)
        local c = text:sub(at, at)
        if c == "}" then
            return object, at + 1
        elseif c ~= "," then
            fail("comma or object end", at)
        end
        at = at + 1
    end
end

local words = { { "true", true }, { "false", false }, { "null", json.null } }

-- The value at `at`, and where it ends.
function read(text, at, depth)
    at = skip(text, at)
    local c = text:sub(at, at)
    if c == '"' then
        return read_string(text, at + 1)
    elseif c == "{" or c == "[" then
        if depth >= DEPTH then
            fail("less nesting", at)
        end
        return (c == "{" and read_object or read_list)(text, at + 1, depth + 1)
    end
    for _, word in ipairs(words) do
        if text:sub(at, at + #word[1] - 1) == word[1] then
            return word[2], at + #word[1]
        end
    end
    return read_number(text, at)
end

local function read_all(text)
    if type(text) ~= "string" then
        error("string expected, got " .. type(text), 0)
    end
    local value, at = read(text, 1, 0)
    at = skip(text, at)
    if at <= #text then
        fail("the end", at)
    end
    return value
end

--- Reads a text: its value and 1, or nil, 0 and a message.
---@param text string
---@return any value
---@return integer ok
---@return string|nil message
function json.decode(text)
    local ok, value = pcall(read_all, text)
    if not ok then
        return nil, 0, value
    end
    return value, 1
end

return json
