--- LuatOS's `fskv` on the emulated modem: values by name that outlive a restart, in the file /.fskv of
--- the modem's file system. A modem without a folder for its files keeps them until it restarts.
local environment = require("fota.environment")
local json = require("fota.emulator.luatos.json")
local port = require("fota.guest")

local fskv = {}

local PATH = "/.fskv"
local VALUE_MAX = 4095 -- bytes
local SPACE = 65536    -- bytes that scripts are told there are

local values -- nil until they were read

local function load()
    if not values then
        values = environment.fs and json.decode(io.readFile(PATH) or "") or {}
    end
    return values
end

-- The new file takes the old one's place at once: the power may fail at any time.
local function save()
    if not environment.fs then
        return true
    end
    return io.writeFile(PATH .. ".new", json.encode(values, "14g"))
        and os.rename(PATH .. ".new", PATH) == true
end

local function refuse(key, why)
    port.emit("log", "W", string.format("W/fskv %s: %s", tostring(key), why))
    return false
end

--- Makes it ready.
---@return boolean
function fskv.init()
    load()
    return true
end

--- Stores a string, number, boolean or table.
---@param key string
---@param value any
---@return boolean
function fskv.set(key, value)
    if type(key) ~= "string" or key == "" then
        return refuse(key, "a key is a string")
    end
    local text = value ~= nil and json.encode(value, "14g")
    if not text then
        return refuse(key, "a " .. type(value) .. " cannot be stored")
    elseif #text > VALUE_MAX then
        return refuse(key, "the value is longer than " .. VALUE_MAX .. " bytes")
    end
    load()[key] = json.decode(text) -- a copy
    return save()
end

--- Stores a field of the table `key`; nil deletes it.
---@return boolean
function fskv.sett(key, field, value)
    local old = load()[key]
    local copy = {}
    for name, each in pairs(type(old) == "table" and old or {}) do
        copy[name] = each
    end
    copy[field] = value
    return fskv.set(key, copy)
end

--- What was stored, or nil; of a table one field if it is named.
---@param key string
---@param field string|nil
function fskv.get(key, field)
    local value = load()[key]
    if field ~= nil then
        return type(value) == "table" and value[field] or nil
    end
    return type(value) == "table" and json.decode(json.encode(value, "14g")) or value
end

---@return boolean
function fskv.del(key)
    load()[key] = nil
    return save()
end

--- Forgets everything.
---@return boolean
function fskv.clear()
    values = {}
    return save()
end
fskv.clr = fskv.clear

--- For fskv.next(): all keys.
---@return table
function fskv.iter()
    local keys = { at = 0 }
    for key in pairs(load()) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

--- The next key, or nil.
---@return string|nil
function fskv.next(iterator)
    iterator.at = iterator.at + 1
    return iterator[iterator.at]
end

--- Bytes used, bytes there are, number of keys.
---@return integer
---@return integer
---@return integer
function fskv.status()
    return #json.encode(load(), "14g"), SPACE, #fskv.iter()
end

return fskv
