--- The scripting world of the emulated modem: where modules come from, and what is global.
---
--- `require "NAME"` looks in this order: files of the image, files of the folders given by --lib, the
--- modules below. A script that brings a module of its own gets it; the global stays the modem's.
local files = require("fota.emulator.files")
local environment = require("fota.environment")
local port = require("fota.guest")

local world = {}

local modules = {
    "json", "pack", "zbuff", "crypto", "fskv", "mcu", "hmeta", "mobile", "socket", "netdrv", "wlan", "pm",
    "wdt", "gpio", "uart", "timer", "http", "airlink", "adc", "i2c", "spi", "pwm", "rtc", "errDump", "fs",
    "fatfs",
}

-- LuatOS puts the files of all folders into one.
local function by_base_name()
    local list = {}
    for path in pairs(environment.files) do
        list[path:match("[^/]+$")] = path
    end
    return list
end

local function compile(data, path)
    local chunk, message = (loadstring or load)(data, "@" .. path) -- luacheck: ignore (5.1)
    if not chunk then
        error(message, 0)
    end
    return chunk
end

-- The module's file in the image: its path, or nil.
local function in_image(name, flat)
    local path = name:gsub("%.", "/") .. ".lua"
    return environment.files[path] and path or flat[path]
end

-- The module's file in a folder of --lib: its content and path, or nil.
local function in_library(name)
    local file = name:gsub("%.", "/") .. ".lua"
    for _, folder in ipairs(environment.lib or {}) do
        local data = files.read_host(folder .. "/" .. file)
        if data then
            return data, file
        end
    end
end

--- Is there a file of this module that the script brought?
local function is_brought(name, flat)
    return in_image(name, flat) ~= nil or in_library(name) ~= nil
end

local function use_files()
    local flat = by_base_name()
    local searchers = package.searchers or package.loaders -- luacheck: ignore (5.1)
    table.insert(searchers, 1, function(name)
        local path = in_image(name, flat)
        if path then
            return compile(environment.files[path], path)
        end
        local data, file = in_library(name)
        if data then
            return compile(data, file)
        end
        return "\n\tno file '" .. name:gsub("%.", "/") .. ".lua' in the image or in a folder of --lib"
    end)
    return flat
end

local function use_clock()
    local time, date = os.time, os.date
    os.time = function(fields)
        return fields and time(fields) or port.time()
    end
    os.date = function(format, at)
        return date(format, at or port.time())
    end
    local begun = port.now()
    os.clock = function()
        return (port.now() - begun) / 1000
    end
end

local function text_of(...)
    local parts = {}
    for i = 1, select("#", ...) do
        parts[i] = tostring((select(i, ...)))
    end
    return table.concat(parts, "\t")
end

local function use_port()
    print = function(...) -- luacheck: ignore
        port.emit("print", text_of(...))
    end
    os.exit = function(status)
        port.exit(status == true and 0 or status == false and 1 or status)
    end
end

-- A global, and a module unless the script has one of its own.
local function offer(name, value, flat)
    _G[name] = value
    package.loaded[name] = not is_brought(name, flat) and value or nil
end

--- Makes the world; afterwards scripts find everything.
---@param native table the module fota
---@return function main main.lua, compiled
function world.make(native)
    use_port()
    use_clock()
    files.install()
    for _, name in ipairs({ "strings", "compat", "io" }) do
        require("fota.emulator.luatos." .. name)
    end
    local flat = use_files()
    offer("fota", native, flat)
    offer("rtos", require("fota.emulator.rtos"), flat)
    offer("log", require("fota.emulator.log"), flat)
    package.preload.sys = function()
        return require("fota.emulator.sys")
    end
    _G.sys = require("sys")
    offer("sysplus", _G.sys, flat)
    for _, name in ipairs(modules) do
        offer(name, require("fota.emulator.luatos." .. name), flat)
    end
    require("fota.emulator.luatos.network")
    return compile(environment.files["main.lua"], "main.lua")
end

return world
