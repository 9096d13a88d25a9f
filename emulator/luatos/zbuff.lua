--- LuatOS's `zbuff` on the emulated modem: bytes that can be changed in place.
---
--- A buffer has a length and one position, which is at the same time what used() says: how much of it is
--- filled. Offsets count from 0.
local numbers = require("fota.emulator.luatos.numbers")
local pack = require("fota.emulator.luatos.pack")

local zbuff = { SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2, HEAP_AUTO = 0, HEAP_SRAM = 1, HEAP_PSRAM = 2 }

local PIECE = 4096 -- bytes that go through the stack at once

---@class fota.emulator.Zbuff
local methods = {}
local meta = { __name = "zbuff" }

local unpack = table.unpack or unpack -- luacheck: ignore (5.1)

local function put(self, offset, text)
    local bytes = rawget(self, "bytes")
    for first = 1, #text, PIECE do
        local piece = { text:byte(first, first + PIECE - 1) }
        for i = 1, #piece do
            bytes[offset + first - 1 + i] = piece[i]
        end
    end
end

local function get(self, offset, length)
    local bytes, parts = rawget(self, "bytes"), {}
    for first = offset + 1, offset + length, PIECE do
        local last = math.min(first + PIECE - 1, offset + length)
        parts[#parts + 1] = string.char(unpack(bytes, first, last))
    end
    return table.concat(parts)
end

local function resize(self, length)
    local bytes = rawget(self, "bytes")
    for i = self.length + 1, length do
        bytes[i] = 0
    end
    for i = self.length, length + 1, -1 do
        bytes[i] = nil
    end
    self.length = length
    self.position = math.min(self.position, length)
end

-- What was given as data: a string, numbers of bytes, or a buffer with offset and length.
local function text_of(first, ...)
    if zbuff.is(first) then
        local offset, length = ...
        return get(first, offset or 0, length or first.position - (offset or 0))
    elseif type(first) == "number" then
        local bytes = { first, ... }
        for i, byte in ipairs(bytes) do
            bytes[i] = byte % 256
        end
        return string.char(unpack(bytes))
    end
    return first
end

--- Is it a buffer?
---@return boolean
function zbuff.is(value)
    return getmetatable(value) == meta
end

--- Makes a buffer.
---@param length integer bytes
---@param content integer|string|nil what it is filled with
---@return fota.emulator.Zbuff|nil
function zbuff.create(length, content)
    if type(length) == "table" then -- a frame buffer: width, height, bits
        length = math.ceil(length[1] * length[2] * length[3] / 8)
    end
    if length <= 0 then
        return nil
    end
    local self = setmetatable({ bytes = {}, length = 0, position = 0 }, meta)
    resize(self, length)
    if type(content) == "number" then
        self:clear(content)
    elseif type(content) == "string" then
        self:write(content)
    end
    return self
end

--- Writes a string, or numbers as bytes, at the position; how many bytes there was room for.
---@return integer
function methods:write(...)
    local text = text_of(...):sub(1, self.length - self.position)
    put(self, self.position, text)
    self.position = self.position + #text
    return #text
end

--- Reads from the position on; one byte by default.
---@param length integer|nil
---@return string
function methods:read(length)
    length = math.max(0, math.min(length or 1, self.length - self.position))
    local text = get(self, self.position, length)
    self.position = self.position + length
    return text
end

--- Moves the position.
---@param offset integer
---@param base integer|nil zbuff.SEEK_SET by default
---@return integer position
function methods:seek(offset, base)
    if base == zbuff.SEEK_CUR then
        offset = self.position + offset
    elseif base == zbuff.SEEK_END then
        offset = self.length + offset
    end
    self.position = math.max(0, math.min(offset, self.length))
    return self.position
end

--- Fills all of it.
---@param byte integer|nil 0 by default
function methods:clear(byte)
    self:set(0, byte)
end

--- Fills a part of it.
function methods:set(offset, byte, length)
    offset = offset or 0
    local bytes = rawget(self, "bytes")
    for i = offset + 1, math.min(self.length, offset + (length or self.length)) do
        bytes[i] = (byte or 0) % 256
    end
end

--- The bytes from `offset`, all of them by default.
---@return string
function methods:toStr(offset, length)
    offset = math.min(offset or 0, self.length)
    return get(self, offset, math.max(0, math.min(length or self.length, self.length - offset)))
end

---@return integer
function methods:len()
    return self.length
end

--- How much is filled; sets it when given.
---@param length integer|nil
---@return integer
function methods:used(length)
    if length then
        self.position = math.min(length, self.length)
    end
    return self.position
end

--- Changes the length; new bytes are 0.
---@param length integer
function methods:resize(length)
    resize(self, length)
end
methods.reSize = methods.resize

--- Puts data at `offset` (nil: behind what is filled; negative: before its end); it grows as needed.
---@return integer length
function methods:copy(offset, ...)
    offset = offset or self.position
    if offset < 0 then
        offset = self.position + offset
    end
    if offset < 0 then
        return 0
    end
    local text = text_of(...)
    if offset + #text > self.length then
        resize(self, offset + #text)
    end
    put(self, offset, text)
    self.position = math.max(self.position, offset + #text)
    return #text
end

--- Takes bytes out of what is filled; the rest moves up.
function methods:del(offset, length)
    offset = offset or 0
    if offset < 0 then
        offset = self.position + offset
    end
    if offset < 0 or offset >= self.position then
        return
    end
    length = math.min(length or self.position, self.position - offset)
    put(self, offset, get(self, offset + length, self.position - offset - length))
    self.position = self.position - length
end

--- What is filled, or a part of it; as a number if an endianness is given and it has 1, 2, 4, 8 bytes.
---@return string|number|nil
function methods:query(offset, length, big, signed, float)
    offset = offset or 0
    if offset < 0 then
        offset = math.max(0, self.position + offset)
    end
    offset = math.min(offset, self.position)
    length = math.min(length or self.position, self.position - offset)
    if length <= 0 then
        return nil
    end
    local text = get(self, offset, length)
    if big == nil or length > 8 or length % 2 == 1 and length > 1 or length == 6 then
        return text
    elseif float and length >= 4 then
        return numbers.to_float(text, big)
    end
    return numbers.to_integer(text, signed, big)
end

--- Are `length` bytes the same? If not, the second value is where they differ first.
---@return boolean
---@return integer
function methods:isEqual(offset, other, other_offset, length)
    for i = 0, (length or 1) - 1 do
        if self[(offset or 0) + i] ~= other[(other_offset or 0) + i] then
            return false, i
        end
    end
    return true, 0
end

--- Writes values by a format, see the module pack; how many bytes there was room for.
---@return integer
function methods:pack(format, ...)
    return self:write(pack.pack(format, ...))
end

--- Reads values by a format: how many bytes were read, then the values.
---@return integer
---@return any ...
function methods:unpack(format)
    local result = { pack.unpack(self:toStr(self.position), format) }
    result[1] = result[1] - 1
    self.position = self.position + result[1]
    return unpack(result)
end

--- Puts the Base64 text of what is filled into another buffer.
---@return integer length
function methods:toBase64(other)
    local text = get(self, 0, self.position):toBase64()
    other:seek(0)
    return other:write(text)
end

function methods:get(offset)
    return self[offset]
end

function methods:free()
    resize(self, 0)
end

local kinds = {
    I8 = { 1, true }, U8 = { 1 }, I16 = { 2, true }, U16 = { 2 }, I32 = { 4, true }, U32 = { 4 },
    I64 = { 8, true }, U64 = { 8 }, F32 = { 4, float = true }, F64 = { 8, float = true },
}
for name, kind in pairs(kinds) do
    local size = kind[1]
    methods["read" .. name] = function(self)
        if self.length - self.position < size then
            return nil
        end
        local text = self:read(size)
        return kind.float and numbers.to_float(text) or numbers.to_integer(text, kind[2])
    end
    methods["write" .. name] = function(self, value)
        if self.length - self.position < size then
            return 0
        end
        return self:write((kind.float and numbers.from_float or numbers.from_integer)(value, size))
    end
end

function meta.__index(self, key)
    if type(key) == "number" then
        return rawget(self, "bytes")[key + 1]
    end
    return methods[key]
end

function meta.__newindex(self, key, value)
    if type(key) == "number" and key >= 0 and key < self.length then
        rawget(self, "bytes")[key + 1] = value % 256
    end
end

function meta.__len(self)
    return self.length
end

return zbuff
