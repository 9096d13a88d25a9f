--- LuatOS's `crypto` on the emulated modem: digests, sums, Base64, random bytes. Ciphers and public keys
--- are not there.
local port = require("fota.guest")
local zbuff = require("fota.emulator.luatos.zbuff")

local crypto = {}

local names = { MD5 = "MD5", SHA1 = "SHA1", SHA256 = "SHA256", SHA512 = "SHA512" }

local function bytes_of(data)
    return zbuff.is(data) and data:toStr(0, data:used()) or data
end

--- Digest, or with a key the HMAC, in hexadecimal; nothing for an unknown name.
---@param name string "MD5", "SHA1", "SHA256", "SHA512"
---@param data string|table
---@param key string|nil
---@return string|nil
function crypto.md(name, data, key)
    local known = names[name:upper()]
    if not known then
        return nil
    end
    return (assert(port.digest(known, bytes_of(data), key)):toHex())
end

for name in pairs(names) do
    crypto[name:lower()] = function(data)
        return crypto.md(name, data)
    end
    crypto["hmac_" .. name:lower()] = function(data, key)
        return crypto.md(name, data, key)
    end
end

--- The same of a file; nothing if there is none.
---@param name string
---@param path string
---@param key string|nil
---@return string|nil
function crypto.md_file(name, path, key)
    local data = io.readFile(path)
    return data and crypto.md(name, data, key)
end

--- A digest that is fed piece by piece.
---@param name string
---@param key string|nil
---@return table|nil stream
function crypto.hash_init(name, key)
    return names[name:upper()] and { name = name, key = key, parts = {} } or nil
end

function crypto.hash_update(stream, data)
    stream.parts[#stream.parts + 1] = bytes_of(data)
end

---@return string|nil
function crypto.hash_finish(stream)
    return crypto.md(stream.name, table.concat(stream.parts), stream.key)
end

-- ---- sums -----------------------------------------------------------------------------------------

-- polynomial, initial, final, reflected
local crc16_modes = {
    IBM = { 0x8005, 0, 0, true }, MAXIM = { 0x8005, 0, 0xFFFF, true },
    USB = { 0x8005, 0xFFFF, 0xFFFF, true }, MODBUS = { 0x8005, 0xFFFF, 0, true },
    CCITT = { 0x1021, 0, 0, true }, ["CCITT-FALSE"] = { 0x1021, 0xFFFF, 0, false },
    X25 = { 0x1021, 0xFFFF, 0xFFFF, true }, XMODEM = { 0x1021, 0, 0, false },
    DNP = { 0x3D65, 0, 0xFFFF, true },
}

--- CRC-16 by name, or "USER-DEFINED" with everything that makes it.
---@return integer
function crypto.crc16(mode, data, polynomial, initial, final, reverse_in, reverse_out)
    local m = crc16_modes[mode]
    if m then
        return port.crc(bytes_of(data), 16, m[1], m[2], m[3], m[4], m[4])
    end
    return port.crc(bytes_of(data), 16, polynomial or 0, initial or 0, final or 0, reverse_in == 1,
        reverse_out == 1)
end

local function reversed16(value)
    local result = 0
    for _ = 1, 16 do
        result = result * 2 + value % 2
        value = math.floor(value / 2)
    end
    return result
end

---@param initial integer|nil 0xFFFF by default; the sum of what came before goes on
---@return integer
function crypto.crc16_modbus(data, initial)
    return port.crc(bytes_of(data), 16, 0x8005, reversed16(initial or 0xFFFF), 0, true, true)
end

--- CRC-32 as ZIP has it.
---@return integer
function crypto.crc32(data, initial, polynomial, final)
    return port.crc(bytes_of(data), 32, polynomial or 0x04C11DB7, initial or 0xFFFFFFFF,
        final or 0xFFFFFFFF, true, true)
end

---@return integer
function crypto.crc8(data, polynomial, initial, reverse)
    return port.crc(bytes_of(data), 8, polynomial or 0x07, initial or 0, 0, reverse, reverse)
end

--- A sum of a file: "crc32", "crc8", "crc16_modbus", or a name of crc16(); nothing if there is none.
---@return integer|nil
function crypto.crc_file(mode, path, ...)
    local data = io.readFile(path)
    if not data then
        return nil
    elseif mode == "crc32" or mode == "crc8" or mode == "crc16_modbus" then
        return crypto[mode](data, ...)
    end
    return crypto.crc16(mode, data, ...)
end

-- Each bit on its own: not every Lua has an operator for it.
local function exclusive_or(a, b)
    local result, bit = 0, 1
    while a > 0 or b > 0 do
        if a % 2 ~= b % 2 then
            result = result + bit
        end
        a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
    end
    return result
end

--- All bytes exclusive-ored, or with mode 1 added up, as a byte.
---@return integer
function crypto.checksum(data, mode)
    local sum = 0
    for i = 1, #data do
        sum = mode == 1 and (sum + data:byte(i)) % 256 or exclusive_or(sum, data:byte(i))
    end
    return sum
end

-- ---- the rest -------------------------------------------------------------------------------------

--- Random bytes.
---@param count integer
---@return string
function crypto.trng(count)
    return port.random(count)
end

crypto.base64_encode = string.toBase64
crypto.base64_decode = string.fromBase64

--- None.
---@return string[]
function crypto.cipher_list()
    return {}
end

return crypto
