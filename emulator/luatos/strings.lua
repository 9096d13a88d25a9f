--- What LuatOS adds to `string`.
local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local ALPHABET32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

--- Hexadecimal digits, with `separator` behind each byte, and how many digits.
---@param text string
---@param separator string|nil
---@return string
---@return integer
function string.toHex(text, separator)
    return (text:gsub(".", function(c)
        return string.format("%02X%s", c:byte(), separator or "")
    end)), #text * 2
end

--- Bytes of pairs of hexadecimal digits; anything between the pairs is passed over.
---@param text string
---@return string
function string.fromHex(text)
    local parts = {}
    for pair in text:gmatch("%x%x") do
        parts[#parts + 1] = string.char(tonumber(pair, 16))
    end
    return table.concat(parts)
end

---@param text string
---@param start string
---@return boolean
function string.startsWith(text, start)
    return text:sub(1, #start) == start
end

---@param text string
---@param ending string
---@return boolean
function string.endsWith(text, ending)
    return ending == "" or text:sub(-#ending) == ending
end

--- Without the blanks at both ends, or at one.
---@param text string
---@param left boolean|nil false: leave the left end
---@param right boolean|nil false: leave the right end
---@return string
function string.trim(text, left, right)
    if left ~= false then
        text = text:gsub("^%s+", "")
    end
    if right ~= false then
        text = text:gsub("%s+$", "")
    end
    return text
end

--- The parts between separators.
---@param text string
---@param separator string|nil "," by default
---@param keep boolean|nil the empty parts too
---@return string[]
function string.split(text, separator, keep)
    local parts, at = {}, 1
    separator = separator and separator ~= "" and separator or ","
    if text == "" then
        return parts
    end
    repeat
        local first, last = text:find(separator, at, true)
        local part = text:sub(at, (first or 0) - 1)
        if keep or part ~= "" then
            parts[#parts + 1] = part
        end
        at = last and last + 1
    until not first
    return parts
end

--- Each digit as the byte of its value, and how many.
---@param text string
---@return string
---@return integer
function string.toValue(text)
    return (text:gsub(".", function(c)
        local code = c:byte()
        return string.char((code > 57 and code + 9 or code) % 16)
    end)), #text
end

--- For a url: mode 0 as PHP does (a blank becomes +), 1 as RFC 3986, -1 as told by the last two.
---@param text string
---@param mode integer|nil
---@param space integer|nil 1: a blank becomes %20
---@param keep string|nil characters that stay
---@return string
function string.urlEncode(text, mode, space, keep)
    if mode == 1 then
        space, keep = 1, ".-_"
    elseif mode ~= -1 then
        space, keep = 0, ".-*_"
    end
    return (text:gsub("[^%w]", function(c)
        if keep:find(c, 1, true) then
            return c
        elseif c == " " and space == 0 then
            return "+"
        end
        return string.format("%%%02X", c:byte())
    end))
end

-- Digits of `bits` bits each for the bytes of a text, filled up to groups of `group` digits.
local function to_digits(text, alphabet, bits, group)
    local parts, value, count = {}, 0, 0
    local base = 2 ^ bits
    for i = 1, #text do
        value, count = value * 256 + text:byte(i), count + 8
        while count >= bits do
            count = count - bits
            local digit = math.floor(value / 2 ^ count)
            value = value % 2 ^ count
            parts[#parts + 1] = alphabet:sub(digit + 1, digit + 1)
        end
    end
    if count > 0 then
        local digit = math.floor(value * 2 ^ (bits - count)) % base
        parts[#parts + 1] = alphabet:sub(digit + 1, digit + 1)
    end
    return table.concat(parts) .. ("="):rep(-#parts % group)
end

local function from_digits(text, alphabet, bits)
    local parts, value, count = {}, 0, 0
    for c in text:gsub("[%s=]", ""):gmatch(".") do
        local digit = alphabet:find(c, 1, true)
        if not digit then
            return ""
        end
        value, count = value * 2 ^ bits + digit - 1, count + bits
        if count >= 8 then
            count = count - 8
            parts[#parts + 1] = string.char(math.floor(value / 2 ^ count))
            value = value % 2 ^ count
        end
    end
    return table.concat(parts)
end

---@param text string
---@return string
function string.toBase64(text)
    return to_digits(text, ALPHABET, 6, 4)
end

--- "" for what is not Base64.
---@param text string
---@return string
function string.fromBase64(text)
    return from_digits(text, ALPHABET, 6)
end

---@param text string
---@return string
function string.toBase32(text)
    return to_digits(text, ALPHABET32, 5, 8)
end

---@param text string
---@return string
function string.fromBase32(text)
    return from_digits(text, ALPHABET32, 5)
end

return string
