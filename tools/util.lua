--- What the commands share: failures, files, hexadecimal, numbers and dates.
local core = require("fota.tool.core")

local util = {}

util.EXIT_OK = 0
util.EXIT_FAILURE = 1
util.EXIT_USAGE = 2

--- The largest number of 32 bits; where Lua itself has only 32, the largest that it can hold exactly.
util.U32_MAX = math.maxinteger == 2147483647 and math.maxinteger or 4294967295

---@class fota.tool.Failure What a command raises; the top level prints it and exits.
---@field status integer exit status
---@field message string|nil one line; nil when the command has printed already

--- Ends the command: something was refused or went wrong.
---@param message string|nil one line
function util.fail(message)
    error({ status = util.EXIT_FAILURE, message = message }, 0)
end

--- Ends the command: its arguments are wrong.
---@param message string one line
function util.usage(message)
    error({ status = util.EXIT_USAGE, message = message }, 0)
end

--- Is there a file that can be read?
---@param path string
---@return boolean
function util.exists(path)
    local file = io.open(path, "rb")
    if file then
        file:close()
    end
    return file ~= nil
end

local function collect(folder, prefix, files)
    for _, entry in ipairs(assert(core.list(folder))) do
        local path = folder .. "/" .. entry.name
        if entry.type == "folder" then
            collect(path, prefix .. entry.name .. "/", files)
        elseif entry.type == "file" then
            files[#files + 1] = { name = prefix .. entry.name, data = util.read(path) }
        else
            util.fail(path .. " is neither a file nor a folder; links are not packed")
        end
    end
    return files
end

--- The files of a folder and its subfolders; ends the command if one cannot be read or is a link.
---@param folder string
---@return fota.tool.File[] files named relative to the folder
function util.files(folder)
    return collect((folder:gsub("(.)/+$", "%1")), "", {})
end

--- Formats an integer, in every Lua without a fraction or an exponent.
---@param number number
---@return string
function util.decimal(number)
    local integer = math.type and math.type(number) == "integer"
    return (string.format(integer and "%d" or "%.0f", number))
end

---@param bytes string
---@return string hexadecimal two lower-case digits a byte
function util.hex(bytes)
    return (bytes:gsub(".", function(c)
        return string.format("%02x", c:byte())
    end))
end

---@param text string digits; white space is left out
---@return string|nil bytes nil when it is not hexadecimal
function util.unhex(text)
    local digits = text:gsub("%s", "")
    if #digits % 2 ~= 0 or digits:find("%X") then
        return nil
    end
    return (digits:gsub("%x%x", function(pair)
        return string.char(tonumber(pair, 16))
    end))
end

---@param path string "-" is standard input
---@return string bytes fails when the file cannot be read
function util.read(path)
    local file, why = io.stdin, nil
    if path ~= "-" then
        file, why = io.open(path, "rb")
    end
    if not file then
        util.fail("cannot read " .. why)
    end
    local bytes
    bytes, why = file:read("*a")
    file:close()
    if not bytes then
        util.fail("cannot read " .. path .. ": " .. tostring(why))
    end
    return bytes
end

local out, say = io.stdout, io.stdout
local printed = true

--- Prints to standard output, or where that takes a file, to standard error.
---@param ... string
function util.print(...)
    printed = say:write(...) and printed
end

--- What is printed from now on is not to be mixed with a file that standard output takes.
function util.print_aside()
    say = io.stderr
end

--- Ends the command if what went to standard output did not arrive: the disk is full, say.
function util.flush()
    local done, why = out:flush()
    if not done or not printed then
        util.fail("cannot write to standard output" .. (why and ": " .. why or ""))
    end
end

--- Writes a whole file or none of it.
---@param path string "-" is standard output
---@param bytes string
---@param options { private: boolean|nil, replace: boolean|nil }|nil replaces by default
function util.save(path, bytes, options)
    if path == "-" then
        printed = out:write(bytes) and printed
        return
    end
    local done, why = core.save(path, bytes, options or { replace = true })
    if not done then
        util.fail("cannot write " .. why)
    end
end

local shown = 0

--- Shows how long work goes on: a line on a terminal that the next one replaces; nothing in a pipe.
---@param text string|nil nil: done, the line goes away
function util.progress(text)
    if not core.terminal() or not text and shown == 0 then
        return
    end
    local line = text or ""
    io.stderr:write("\r", line, (" "):rep(math.max(0, shown - #line)), text and "" or "\r")
    shown = #line
end

--- Reads a decimal number of an option.
---@param text string
---@param min integer
---@param max integer
---@return integer|nil value nil when it is not a number from min to max
function util.number(text, min, max)
    if not text:find("^%d+$") or #text > 15 then
        return nil
    end
    local value = tonumber(text)
    return value >= min and value <= max and value or nil
end

--- Like `number`, but a wrong value ends the command.
---@param name string the option's name without dashes
---@param text string
---@param min integer
---@param max integer
---@return integer
function util.number_option(name, text, min, max)
    local value = util.number(text, min, max)
    if not value then
        util.usage(string.format("--%s: '%s' is not a number from %s to %s", name, text,
            util.decimal(min), util.decimal(max)))
    end
    return value
end

-- Days from 1970-01-01 in the Gregorian calendar. os.time() would take the local time zone.
local function days(year, month, day)
    if month <= 2 then
        year = year - 1
        month = month + 12
    end
    local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    return 365 * year + leaps + math.floor((153 * month - 457) / 5) + day - 719469
end

local function days_of_month(year, month)
    if month == 12 then
        return 31
    end
    return days(year, month + 1, 1) - days(year, month, 1)
end

-- The last second of the year 9999, or where Lua has 32 bits, the last that it can hold.
local LAST_MOMENT = math.maxinteger == 2147483647 and math.maxinteger or 253402300799

--- Reads a moment: seconds since 1970, or a date, which lasts to its end in UTC.
---@param text string
---@return integer|nil seconds nil when it is neither
function util.moment(text)
    local year, month, day = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
    if not year then
        return util.number(text, 0, LAST_MOMENT)
    end
    year, month, day = tonumber(year), tonumber(month), tonumber(day)
    if year < 1970 or month < 1 or month > 12 or day < 1 or day > days_of_month(year, month) then
        return nil
    end
    local day_number = days(year, month, day)
    return day_number <= (LAST_MOMENT - 86399) / 86400 and day_number * 86400 + 86399 or nil
end

--- Shows seconds since 1970 in UTC.
---@param seconds number
---@return string
function util.show_moment(seconds)
    -- Past the year 9999 the C library may refuse.
    if seconds > LAST_MOMENT then
        return util.decimal(seconds) .. " seconds since 1970"
    end
    return (os.date("!%Y-%m-%d %H:%M:%S UTC", seconds))
end

---@param text string
---@return string[]
function util.split(text)
    local parts = {}
    for part in (text .. ","):gmatch("([^,]*),") do
        parts[#parts + 1] = part
    end
    return parts
end

local names
--- The name of an error of the engine, "UNKNOWN" if it has none.
---@param code integer
---@return string
function util.error_name(code)
    if not names then
        names = {}
        for _, row in ipairs(core.errors()) do
            names[row.code] = row.name
        end
    end
    return names[code] or "UNKNOWN"
end

--- Loads a key file.
---@param path string
---@return { point: string, id: string, private: boolean, public_pem: string } key
---@return string pem
function util.key(path)
    local pem = util.read(path)
    local key, why = core.key(pem)
    if not key and pem:find("ENCRYPTED", 1, true) then
        util.fail(path .. ": the key is encrypted; let a program sign that asks for the passphrase: "
            .. "see --command of 'fota sign --help'")
    elseif not key then
        util.fail(path .. ": " .. why)
    end
    return key, pem
end

--- What packages call a key.
---@param point string 64 bytes: its public half
---@return string id 8 bytes
function util.key_id(point)
    return core.digest(point):sub(1, 8)
end

return util
