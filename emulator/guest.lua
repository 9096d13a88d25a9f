--- What runs first in the Lua state of the emulated modem: makes the scripting world, then main.lua.
local guest = {}

local port = require("fota.guest")

local TURN_MS = 100 -- longest sleep while main.lua has ended or waits

local function text_of(...)
    local parts = {}
    for i = 1, select("#", ...) do
        parts[i] = tostring((select(i, ...)))
    end
    return table.concat(parts, "\t")
end

-- Files of the image are modules, and win over everything else of the same name.
local function use_files(files)
    local searchers = package.searchers or package.loaders -- luacheck: ignore (5.1)
    local compile = loadstring or load -- luacheck: ignore (5.1)
    table.insert(searchers, 1, function(name)
        local path = name:gsub("%.", "/") .. ".lua"
        if files[path] then
            return assert(compile(files[path], "@" .. path))
        end
        return "\n\tno file '" .. path .. "' in the image"
    end)
    return function(path)
        return assert(compile(files[path], "@" .. path))
    end
end

-- Paths of scripts are inside the modem's own file system.
local function use_file_system(root)
    local function inside(path)
        if not root then
            return path
        end
        for part in path:gmatch("[^/]+") do
            if part == ".." then
                return nil
            end
        end
        return root .. "/" .. path:gsub("^/+", "")
    end
    local open, remove, rename = io.open, os.remove, os.rename
    io.open = function(path, mode)
        local full = inside(path)
        if not full then
            return nil, path .. ": leads out of the file system"
        end
        return open(full, mode)
    end
    os.remove = function(path)
        return remove(inside(path) or "")
    end
    os.rename = function(from, to)
        return rename(inside(from) or "", inside(to) or "")
    end
end

-- Tells the host how far the update is, after each poll in which that changed.
local function watch(fota)
    local poll, last = fota.poll, ""
    fota.poll = function(ms)
        local busy = poll(ms)
        local s = fota.status()
        local now = s.stage .. s.percent
        if now ~= last then
            last = now
            port.emit("progress", s.stage, s.received, s.total, s.percent, s.rate)
        end
        return busy
    end
end

local function make_world(environment)
    print = function(...) -- luacheck: ignore
        port.emit("print", text_of(...))
    end
    os.exit = function(status)
        port.exit(status == true and 0 or status == false and 1 or status)
    end
    local load_file = use_files(environment.files)
    use_file_system(environment.fs)
    for _, name in ipairs({ "log", "rtos", "sys" }) do
        package.preload[name] = function()
            return require("fota.emulator." .. name)
        end
        _G[name] = require(name)
    end
    if environment.files["fota.lua"] then
        package.loaded.fota = nil -- the script's own, see use_files()
    end
    _G.fota = require("fota")
    return load_file
end

--- Runs main.lua; called by the modem with what the machine gave.
---@param environment table files, fs, model, version
function guest.main(environment)
    package.preload["fota.environment"] = function()
        return environment
    end
    local native = require("fota")
    watch(native)
    local load_file = make_world(environment)
    local sys = require("sys")
    native.onresume(sys.coresume)
    -- In a coroutine, so that a call that blocks leaves the loop below running.
    local script = coroutine.create(load_file("main.lua"))
    local ok, message = coroutine.resume(script)
    if not ok then
        error(debug.traceback(script, tostring(message)), 0)
    end
    while native.poll(0) or sys.pending() do
        sys.turn(TURN_MS)
    end
    if coroutine.status(script) ~= "dead" then
        error("main.lua waits for something that never comes", 0)
    end
end

return guest
