--- LuatOS's `pack` on the emulated modem: values to bytes and back by a format.
---
---     A string (A10: of 10 bytes)   b byte   c char   h H 16 bits   i I 32 bits   l L 64 bits
---     f float   d n double   < little endian   > big endian   = the device's, little
---     z string that ends with a zero byte   p P string behind its length of 1 or 2 bytes
local numbers = require("fota.emulator.luatos.numbers")

local pack = {}

local integers = {
    c = { 1, true }, b = { 1 }, h = { 2, true }, H = { 2 }, i = { 4, true }, I = { 4 }, l = { 8, true },
    L = { 8 },
}
local floats = { f = 4, d = 8, n = 8 }
local lengths = { p = 1, P = 2 }

-- Calls each(code, count) for the codes of a format; `count` is nil where there is none.
local function each_code(format, each)
    for code, count in format:gmatch("([^%d%s,])(%d*)") do
        if each(code, tonumber(count)) == false then
            return
        end
    end
end

local function bad_code(code)
    error("bad code '" .. code .. "'", 3)
end

local function pack_one(code, value, big)
    local integer = integers[code]
    if integer then
        return numbers.from_integer(value, integer[1], big)
    elseif floats[code] then
        return numbers.from_float(value, floats[code], big)
    elseif lengths[code] then
        return numbers.from_integer(#value, lengths[code], big) .. value
    elseif code == "z" then
        return value .. "\0"
    elseif code == "A" then
        return value
    end
    bad_code(code)
end

--- Values as bytes.
---@param format string
---@return string
function pack.pack(format, ...)
    local values, parts, big, i = { ... }, {}, false, 0
    each_code(format, function(code, count)
        if code == "<" or code == ">" or code == "=" then
            big = code == ">"
            return
        end
        for _ = 1, count or 1 do
            i = i + 1
            if values[i] == nil then
                error("value " .. i .. " is missing", 3)
            end
            parts[#parts + 1] = pack_one(code, values[i], big)
        end
    end)
    return table.concat(parts)
end

-- A value at `at`, and where the next one is; nothing when the data is too short.
local function unpack_one(data, at, code, big)
    local function bytes(size)
        return at + size - 1 <= #data and data:sub(at, at + size - 1)
    end
    local integer = integers[code]
    local size = integer and integer[1] or floats[code] or lengths[code]
    if code == "z" then
        local stop = data:find("%z", at)
        return stop and data:sub(at, stop - 1), stop and stop + 1
    elseif not size then
        bad_code(code)
    end
    local text = bytes(size)
    if not text then
        return nil
    elseif integer then
        return numbers.to_integer(text, integer[2], big), at + size
    elseif floats[code] then
        return numbers.to_float(text, big), at + size
    end
    local length = numbers.to_integer(text, false, big)
    at = at + size
    return bytes(length) or nil, at + length
end

--- Reads values: where the next byte is, then the values, as far as the data goes.
---@param data string
---@param format string
---@param at integer|nil position of the first byte, 1 by default
---@return integer next
---@return any ...
function pack.unpack(data, format, at)
    local values, big = {}, false
    at = at or 1
    each_code(format, function(code, count)
        if code == "<" or code == ">" or code == "=" then
            big = code == ">"
            return true
        elseif code == "A" then
            local size = count or 1
            if at + size - 1 > #data then
                return false
            end
            values[#values + 1] = data:sub(at, at + size - 1)
            at = at + size
            return true
        end
        for _ = 1, count or 1 do
            local value, after = unpack_one(data, at, code, big)
            if value == nil or not after then
                return false
            end
            values[#values + 1], at = value, after
        end
    end)
    return at, (table.unpack or unpack)(values) -- luacheck: ignore (5.1)
end

return pack
