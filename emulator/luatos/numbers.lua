--- Numbers as bytes, on every Lua: string.pack is not everywhere.
local numbers = {}

local unpack = table.unpack or unpack -- luacheck: ignore (5.1)

-- Where there are integers they must stay integers: 64 bits of them do not fit a float.
local whole_division = (loadstring or load)("return function(a, b) return a // b end") -- luacheck: ignore (5.1)
local divide = whole_division and whole_division() or function(a, b)
    return math.floor(a / b)
end

local function whole(value)
    return math.tointeger and math.tointeger(value) or value
end

local function ordered(bytes, big)
    if big then
        for i = 1, math.floor(#bytes / 2) do
            bytes[i], bytes[#bytes + 1 - i] = bytes[#bytes + 1 - i], bytes[i]
        end
    end
    return bytes
end

--- A whole number as `size` bytes, cut to that size; two's complement.
---@param value number
---@param size integer 1, 2, 4 or 8
---@param big boolean|nil big endian
---@return string
function numbers.from_integer(value, size, big)
    local bytes = {}
    value = whole(value)
    for i = 1, size do
        bytes[i] = whole(value % 256)
        value = divide(value, 256)
    end
    return string.char(unpack(ordered(bytes, big)))
end

--- The whole number in all bytes of `text`.
---@param text string at most 8 bytes
---@param signed boolean|nil
---@param big boolean|nil
---@return integer
function numbers.to_integer(text, signed, big)
    local bytes = ordered({ text:byte(1, -1) }, not big)
    local value, limit = 0, 1
    for _, byte in ipairs(bytes) do
        value = value * 256 + byte
        limit = limit * 256
    end
    -- Integers of 64 bits have their sign already.
    if signed and bytes[1] >= 128 and (#bytes < 8 or not math.tointeger) then
        value = value - limit
    end
    return value
end

-- IEEE 754 by size: bits of the exponent, bits of the mantissa.
local formats = { [4] = { 8, 23 }, [8] = { 11, 52 } }

-- Mantissa in [1, 2) and exponent of a positive number.
local function split(value)
    local exponent = 0
    while value >= 2 do
        value, exponent = value / 2, exponent + 1
    end
    while value < 1 do
        value, exponent = value * 2, exponent - 1
    end
    return value, exponent
end

local function rounded(value)
    local down = math.floor(value)
    local rest = value - down
    if rest > 0.5 or rest == 0.5 and down % 2 == 1 then
        return down + 1
    end
    return down
end

-- Biased exponent and mantissa bits.
local function encode(value, exponent_bits, mantissa_bits)
    local bias = 2 ^ (exponent_bits - 1) - 1
    local top = 2 ^ exponent_bits - 1
    if value ~= value then
        return top, 2 ^ (mantissa_bits - 1)
    elseif value == 0 then
        return 0, 0
    elseif value == math.huge then
        return top, 0
    end
    local mantissa, exponent = split(value)
    if exponent < 1 - bias then -- too small to be normal
        return 0, rounded(value * 2 ^ (bias - 1) * 2 ^ mantissa_bits)
    end
    mantissa = rounded((mantissa - 1) * 2 ^ mantissa_bits)
    if mantissa == 2 ^ mantissa_bits then
        mantissa, exponent = 0, exponent + 1
    end
    if exponent > bias then
        return top, 0
    end
    return exponent + bias, mantissa
end

--- A float of 4 or 8 bytes.
---@param value number
---@param size integer
---@param big boolean|nil
---@return string
function numbers.from_float(value, size, big)
    local exponent_bits, mantissa_bits = unpack(formats[size])
    local negative = value < 0 or value == 0 and 1 / value < 0
    local exponent, mantissa = encode(math.abs(value), exponent_bits, mantissa_bits)
    local bytes = {}
    -- The mantissa fills whole bytes but the last, which it shares with the exponent.
    for i = 1, size - 2 do
        bytes[i] = whole(mantissa % 256)
        mantissa = math.floor(mantissa / 256)
    end
    local shared = 2 ^ (mantissa_bits - 8 * (size - 2))
    local rest = (negative and 2 ^ exponent_bits or 0) + exponent
    rest = rest * shared + mantissa
    bytes[size - 1] = whole(rest % 256)
    bytes[size] = whole(math.floor(rest / 256))
    return string.char(unpack(ordered(bytes, big)))
end

--- The float in `text`, 4 or 8 bytes.
---@param text string
---@param big boolean|nil
---@return number
function numbers.to_float(text, big)
    local size = #text
    local exponent_bits, mantissa_bits = unpack(formats[size])
    local bytes = ordered({ text:byte(1, -1) }, big)
    local shared = 2 ^ (mantissa_bits - 8 * (size - 2))
    local rest = bytes[size] * 256 + bytes[size - 1]
    local mantissa = rest % shared
    for i = size - 2, 1, -1 do
        mantissa = mantissa * 256 + bytes[i]
    end
    rest = math.floor(rest / shared)
    local sign = rest >= 2 ^ exponent_bits and -1 or 1
    local exponent = rest % 2 ^ exponent_bits
    local bias = 2 ^ (exponent_bits - 1) - 1
    if exponent == 2 ^ exponent_bits - 1 then
        return mantissa == 0 and sign * math.huge or 0 / 0
    elseif exponent == 0 then
        return sign * mantissa / 2 ^ mantissa_bits * 2 ^ (1 - bias)
    end
    return sign * (1 + mantissa / 2 ^ mantissa_bits) * 2 ^ (exponent - bias)
end

return numbers
