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

-- Where a path of a script lies on the host; nil and a message when it is not in the modem.
local function locate(root, path)
    if not root then
        return nil, path .. ": this modem has no file system"
    end
    for part in path:gmatch("[^/]+") do
        if part == ".." then
            return nil, path .. ": leads out of the file system"
        end
    end
    return root .. "/" .. path:gsub("^/+", "")
end

-- Paths of scripts are inside the modem's own file system, and nothing runs on the host.
local function use_file_system(root)
    -- Wraps a function of one path; raise: it raises instead of returning an error.
    local function inside(fn, raise)
        return function(path, ...)
            if type(path) ~= "string" then
                return fn(path, ...)
            end
            local full, message = locate(root, path)
            if full then
                return fn(full, ...)
            elseif raise then
                error(message, 2)
            end
            return nil, message
        end
    end
    local rename = os.rename
    io.open, os.remove = inside(io.open), inside(os.remove)
    io.lines, io.input, io.output = inside(io.lines, true), inside(io.input, true), inside(io.output, true)
    loadfile, dofile = inside(loadfile), inside(dofile, true)
    os.rename = function(from, to)
        return inside(function(full)
            return inside(function(target)
                return rename(full, target)
            end)(to)
        end)(from)
    end
    io.popen, io.tmpfile, os.execute, os.tmpname = nil, nil, nil, nil
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
    print = function(...)
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
    local sys = require("fota.emulator.sys") -- an image may bring a `sys` of its own
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
