--- The numbers by which the emulated modem is known: the same at every start, others on another modem.
local environment = require("fota.environment")
local port = require("fota.guest")

local identity = {}

local digest = port.digest("SHA256", environment.identity or environment.model)

--- So many bytes that are this modem's own, at most 32.
---@param count integer
---@return string
function identity.bytes(count)
    return digest:sub(1, count)
end

--- So many decimal digits, `start` first.
---@param start string
---@param count integer
---@return string
function identity.digits(start, count)
    local text = start
    for i = 1, count - #start do
        text = text .. string.format("%d", digest:byte(i) % 10)
    end
    return text
end

-- Digit that makes the sum of Luhn's formula a multiple of ten.
local function check_digit(digits)
    local sum = 0
    for i = 1, #digits do
        local digit = digits:byte(-i) - 48
        if i % 2 == 1 then
            digit = digit * 2 > 9 and digit * 2 - 9 or digit * 2
        end
        sum = sum + digit
    end
    return string.format("%d", -sum % 10)
end

--- A valid IMEI of the range for tests.
---@return string
function identity.imei()
    local digits = identity.digits("0044", 14)
    return digits .. check_digit(digits)
end

--- Six bytes, locally administered.
---@return string
function identity.mac()
    return "\2" .. digest:sub(1, 5)
end

return identity
