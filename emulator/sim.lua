--- `require "fota.sim"`: simulated modems for specs.
---
---     local sim = require "fota.sim"
---     local modem = sim.modem { model = "EC600U" }
---     modem:load { ["main.lua"] = 'print("version 1 runs")' }
---     local run = modem:start()
---     assert.equal("version 1 runs", run.output[1])
local machine = require("fota.emulator.machine")
local tool = require("fota.tool.core")

local sim = {}

---@class fota.sim.Modem
---@field machine fota.sim.Machine
---@field key string PEM of the key that signs what load() and package() make, and that is trusted
local Modem = {}
Modem.__index = Modem

---@class fota.sim.Options
---@field model string|nil "generic" by default
---@field path string|nil file of the flash; in memory by default
---@field fs string|nil folder that scripts see as their file system
---@field seed integer|nil
---@field fast boolean|nil false: the host's clock; otherwise a virtual one, which moves while the modem waits
---@field lib string[]|nil folders of modules for its scripts
---@field identity string|nil what its IMEI and the like are made of; its model by default
---@field net string|nil "posix": the host's sockets; "lwip": lwIP in libslirp's network; $FOTA_NET by default

--- Makes a modem with a new key.
---@param options fota.sim.Options|nil
---@return fota.sim.Modem|nil
---@return string|nil message
---@return integer|nil code
function sim.modem(options)
    local mine, message, code = machine.new(options or {})
    if not mine then
        return nil, message, code
    end
    mine.modem:fast(not options or options.fast ~= false)
    mine.lib, mine.identity = options and options.lib, options and options.identity
    local key = assert(tool.keygen())
    assert(mine:trust(key))
    return setmetatable({ machine = mine, model = mine.model, key = key }, Modem)
end

local function file_list(files)
    local list = {}
    for name, data in pairs(files) do
        list[#list + 1] = { name = name, data = data }
    end
    return list
end

---@class fota.sim.Package
---@field files table<string, string>|nil name to content; has a main.lua
---@field image string|nil bytes, instead of files
---@field version string|nil "2.0.0" by default
---@field sequence integer|nil 2 by default
---@field model string|nil the modem's own by default
---@field confirm_after integer|nil seconds of running after which it is confirmed by itself
---@field key string|false|nil PEM of another key; false: not signed
---@field from string|nil a differential package, from this image
---@field geometry string|nil for whose flash; the model's by default
---@field undo boolean|nil with a reverse patch, where the old image is not kept
---@field override table|nil fields of the manifest to replace, see fota.tool.core

--- Makes a package for this modem.
---@param fields fota.sim.Package
---@return string bytes
function Modem:package(fields)
    local key = fields.key
    if key == nil then
        key = self.key
    end
    return assert(machine.package({
        files = fields.files and file_list(fields.files),
        image = fields.image,
        version = fields.version or "2.0.0",
        sequence = fields.sequence or 2,
        model = fields.model or self.model,
        confirm_after = fields.confirm_after,
        override = fields.override,
        from = fields.from, geometry = fields.geometry, undo = fields.undo,
        key = key or nil,
    }))
end

--- Loads scripts into the slot, as a factory does: version 1.0.0, sequence 1 unless told otherwise.
---@param files table<string, string>|string name to content, or main.lua's content
---@param fields fota.sim.Package|nil
function Modem:load(files, fields)
    fields = fields or {}
    if type(files) == "string" then
        files = { ["main.lua"] = files }
    end
    local package = self:package({
        files = files, version = fields.version or "1.0.0", sequence = fields.sequence or 1,
        key = fields.key, model = fields.model,
    })
    assert(self.machine:provision(package))
end

--- The module `fota` of this modem in the state of the spec itself: calls can be made and looked at one
--- by one. A reset is counted and does nothing else; boot() is the start after it.
---@return table fota
function Modem:fota()
    return assert(self.machine.modem:api())
end

--- The image that the modem runs, or that it was loaded with.
---@return string bytes
function Modem:image()
    self:boot()
    return (self.machine.modem:image())
end

--- Runs the boot stage: "run", "updater", "nothing", "cut", or nil and a message.
---@return string|nil result
---@return string|nil message
function Modem:boot()
    return self.machine.modem:boot()
end

--- Runs the resident updater, after boot() gave "updater": "reset", "cut", or "stopped" when `run_ms` of the
--- modem's clock were over.
---@param run_ms integer|nil
---@return string result
function Modem:update(run_ms)
    return self.machine.modem:update(nil, run_ms)
end

---@class fota.sim.Run
---@field why string why it ended, see fota.sim.Machine.start
---@field value any
---@field output string[] lines that were printed
---@field logs string[] lines of the log
---@field errors string[] errors of scripts
---@field versions string[] versions in the order in which they started
---@field events table[] everything in order, as {kind, ...}

---@class fota.sim.RunOptions: fota.sim.StartOptions
---@field until_event nil|fun(kind: string, ...: any): boolean|nil true ends the run, why "stopped"

--- Switches the modem on and lets it run to its end, or to a condition: what a script prints, logs, or how
--- far its download is.
---@param options fota.sim.RunOptions|nil
---@return fota.sim.Run
function Modem:start(options)
    local run = { output = {}, logs = {}, errors = {}, versions = {}, events = {} }
    local stop = options and options.until_event
    local lists = { print = run.output, error = run.errors, start = run.versions }
    run.why, run.value = self.machine:start(function(kind, first, second, ...)
        run.events[#run.events + 1] = { kind, first, second, ... }
        if kind == "log" then
            run.logs[#run.logs + 1] = second
        elseif lists[kind] then
            table.insert(lists[kind], first)
        end
        return stop and stop(kind, first, second, ...)
    end, options)
    return run
end

--- Lets the power fail at the `operation`-th flash operation from now; 0 takes it back.
---@param operation integer
---@param mode string|nil "before" (default), "first half", "second half", "random", "after"
function Modem:cut(operation, mode)
    self.machine.modem:cut(operation, mode or "before")
end

function Modem:power_on()
    self.machine.modem:power_on()
end

--- Lets the network receive at most so many bytes a second; 0: no limit.
---@param bytes integer
function Modem:rate(bytes)
    self.machine.modem:rate(bytes)
end

--- Serves bytes from memory, on a web server inside the simulated network; nil removes the file.
---@param name string
---@param bytes string|nil
---@return string url
function Modem:serve(name, bytes)
    return assert(self.machine.modem:serve(name, bytes))
end

--- Makes the network take one access point only, as a private one does.
---@param demanded { apn: string, user: string|nil, password: string|nil } an empty table takes it back
function Modem:network(demanded)
    self.machine.modem:network(demanded)
end

--- Milliseconds of its clock, from any start.
---@return number
function Modem:now()
    return self.machine.modem:now()
end

--- Lets time pass at once.
---@param ms integer
function Modem:skip(ms)
    self.machine.modem:skip(ms)
end

--- Breaks the connection once, after so many more bytes.
---@param bytes integer
function Modem:drop(bytes)
    self.machine.modem:drop(bytes)
end

--- Counters: programs, erases, bytes_read, bytes_programmed, most_erased, violations, violation, resets,
--- bytes_fetched, connections; spare_blocks where the flash is a NAND, those that are left.
---@return table
function Modem:stats()
    return self.machine.modem:stats()
end

--- Erases of the unit that holds flash address `address`.
---@return integer
function Modem:wear(address)
    return self.machine.modem:wear(address)
end

--- The partition map: slot, staging, journal, other (a second slot, where there is one) with offset, size,
--- erase_unit; program_unit, flash_size.
---@return table
function Modem:map()
    return self.machine.modem:map()
end

--- The cells from `offset`, `length` bytes; all of them without arguments.
---@return string
function Modem:cells(offset, length)
    if offset then
        return self.machine.modem:cells(offset, length)
    end
    return self.machine.modem:cells()
end

--- Puts bytes into the cells, as damage does: no rule of flash is kept.
function Modem:poke(offset, bytes)
    self.machine.modem:poke(offset, bytes)
end

function Modem:close()
    self.machine:close()
end

return sim
