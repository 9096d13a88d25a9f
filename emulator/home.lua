--- The folder in which an emulated modem lives: its flash, its keys, its file system.
---
---     flash.bin   cells, wear and counters
---     model       name of the model
---     key.pem     the modem's own development key, which signs what `fota emu` loads
---     keys/       public keys that it trusts besides
---     loaded      digest of the scripts that were loaded last
---     fs/         what scripts see as their file system
local archive = require("fota.tool.archive")
local machine = require("fota.emulator.machine")
local tool = require("fota.tool.core")
local util = require("fota.tool.util")

local home = {}

local function make_folder(path)
    local quoted = "'" .. path:gsub("'", "'\\''") .. "'"
    local _, status = tool.run("mkdir -p " .. quoted .. " 2>&1", "")
    if status ~= 0 then
        util.fail(path .. ": the folder cannot be made")
    end
end

-- The model that lives there, or that shall; and whether it does already.
local function settle_model(dir, wanted)
    local path = dir .. "/model"
    local known = util.exists(path) and util.read(path):match("%S+")
    if known and wanted and known ~= wanted then
        util.fail(string.format("%s holds a %s, not a %s; take another --home", dir, known, wanted))
    end
    return known or wanted or "generic", known and true or false
end

local function own_key(dir)
    local path = dir .. "/key.pem"
    if not util.exists(path) then
        util.save(path, assert(tool.keygen()), { private = true })
    end
    return util.read(path)
end

local function trust_all(mine, dir, keys)
    for _, path in ipairs(keys or {}) do
        local key = util.key(path)
        util.save(dir .. "/keys/" .. util.hex(key.id) .. ".pem", key.public_pem, { replace = true })
    end
    for _, entry in ipairs(assert(tool.list(dir .. "/keys"))) do
        assert(mine:trust(util.read(dir .. "/keys/" .. entry.name)))
    end
end

--- Opens the modem that lives in `dir`, or makes one there.
---@param dir string
---@param options table model, seed, keys (paths of public keys to trust from now on)
---@return fota.sim.Machine
---@return string key PEM of the modem's own key
function home.open(dir, options)
    make_folder(dir .. "/fs")
    make_folder(dir .. "/keys")
    local model, known = settle_model(dir, options.model)
    local mine, message = machine.new({
        model = model, path = dir .. "/flash.bin", fs = dir .. "/fs", seed = options.seed,
        net = options.net,
    })
    if not mine then
        util.fail(message)
    end
    if not known then
        -- Not before: a name that no model has must not stay.
        util.save(dir .. "/model", model .. "\n", { replace = true })
    end
    local key = own_key(dir)
    assert(mine:trust(key))
    mine.identity = key
    trust_all(mine, dir, options.keys)
    return mine, key
end

--- Is there a modem in this folder?
---@param dir string
---@return boolean
function home.exists(dir)
    return util.exists(dir .. "/flash.bin")
end

--- Reads the scripts to load; ends the command if there is no main.lua.
---@param path string main.lua, or a folder that has one
---@return fota.tool.File[]
function home.read_scripts(path)
    if not tool.list(path) then
        return { { name = "main.lua", data = util.read(path) } }
    end
    local files = util.files(path)
    for _, file in ipairs(files) do
        if file.name == "main.lua" then
            return files
        end
    end
    util.fail(path .. ": the folder has no main.lua")
end

local function version_of(files)
    for _, file in ipairs(files) do
        if file.name == "main.lua" then
            return file.data:match("VERSION%s*=%s*[\"']([^%c\"']+)[\"']") or "1.0.0"
        end
    end
end

--- Loads scripts into the slot as a flashing tool does, unless the same were loaded before: then the
--- modem goes on with what it has become.
---@param mine fota.sim.Machine
---@param dir string the modem's home
---@param files fota.tool.File[] of home.read_scripts()
---@param key string the modem's own key
---@param sequence integer
---@return boolean loaded
function home.load(mine, dir, files, key, sequence)
    local image, message = archive.pack(files)
    if not image then
        util.fail("the scripts cannot be loaded: " .. message)
    end
    local digest = util.hex(tool.digest(image))
    local note = dir .. "/loaded"
    if util.exists(note) and util.read(note):match("%S+") == digest then
        return false
    end
    local package = assert(machine.package({
        model = mine.model, version = version_of(files), sequence = sequence, image = image, key = key,
    }))
    local ok
    ok, message = mine:provision(package)
    if not ok then
        util.fail("the scripts cannot be loaded: " .. message)
    end
    util.save(note, digest .. "\n", { replace = true })
    return true
end

return home
