--- A modem that starts, runs its scripts, resets and starts again, until there is nothing left to do.
local archive = require("fota.tool.archive")
local core = require("fota.sim.core")
local delta = require("fota.tool.delta")
local tool = require("fota.tool.core")

local machine = {}
machine.__index = machine

local START_FAILURES = 3 -- boot stages that fail one after another before the machine gives up

---@alias fota.Listener fun(kind: string, ...: any): boolean|nil
--- What a listener hears: "boot" (state of the journal), "start" (version, sequence), "cut", "reset",
--- "updating" (the resident updater starts), "updater" (message: it waits after a failure),
--- "fault" (message), "print" (line), "log" (level, line), "error" (message),
--- "progress" (stage, received, total, percent, rate).

---@class fota.sim.Machine
---@field modem userdata the modem itself, see fota.sim.core
---@field model string
---@field fs string|nil folder of the modem's file system
---@field lib string[]|nil folders of modules for its scripts
---@field identity string|nil what its IMEI and the like are made of
---@field counts table boots, resets, cuts
---@field version string of the image that ran last

---@class fota.sim.MachineOptions
---@field model string|nil "generic" by default
---@field path string|nil file of the flash; in memory when nil
---@field fs string|nil folder that scripts see as their file system
---@field seed integer|nil for what is random about a power cut
---@field net string|nil "posix": the host's sockets; "lwip": lwIP in libslirp's network; $FOTA_NET by default

-- Why there is no network of this name here, if there is none.
local function no_network(name)
    if name ~= "posix" and name ~= "lwip" then
        return "unknown network '" .. name .. "'; there are posix and lwip"
    elseif name == "lwip" and not core.use_lwip then
        return "this build has no lwIP; scripts/build --lwip makes one that has"
    end
end

--- Makes a machine.
---@param options fota.sim.MachineOptions
---@return fota.sim.Machine|nil
---@return string|nil message
---@return integer|nil code
function machine.new(options)
    local net = options.net or os.getenv("FOTA_NET") or "posix"
    local missing = no_network(net)
    if missing then
        return nil, missing
    end
    local modem, message, code = core.open({
        model = options.model, path = options.path, seed = options.seed,
    })
    if not modem then
        return nil, message, code
    end
    if net == "lwip" then
        core.use_lwip(modem)
    end
    return setmetatable({
        modem = modem,
        model = options.model or "generic",
        fs = options.fs,
        counts = { boots = 0, resets = 0, cuts = 0 },
        state = "idle",
        version = "",
    }, machine)
end

local function object_of(bytes)
    return { length = #bytes, digest = tool.digest(bytes) }
end

-- What is sent instead of the image: the difference to another one, where that is smaller.
local function shrink(manifest, image, fields)
    local made = delta.make(fields.from, image, {
        ram = delta.RAM, fast = false, undo = fields.undo, model = fields.geometry or manifest.models[1],
    })
    manifest.format = made.format
    manifest.payload = object_of(made.bytes)
    if made.format ~= delta.FULL then
        manifest.decoder_ram = delta.RAM
        manifest.segment_size = made.plan and made.plan.segment or 0
        manifest.spare_size = made.plan and made.plan.spare or 0
    end
    if made.format == delta.DELTA then
        manifest.precursor = object_of(fields.from)
    end
    return made.bytes
end

--- Makes a signed package.
---@param fields table model (or models), version, sequence, key (PEM), and files or image; from: the image
---that a differential one starts from
---@return string|nil bytes
---@return string|nil message
function machine.package(fields)
    local image = fields.image or assert(archive.pack(fields.files))
    local payload = image
    local manifest = {
        vendor = "quectel", component = 0, format = 1,
        models = fields.models or { fields.model },
        version = fields.version, sequence = fields.sequence,
        payload = object_of(image), result = object_of(image),
        confirm_after = fields.confirm_after,
        expiry = fields.expiry, requires = fields.requires, text = fields.text,
    }
    if fields.from then
        payload = shrink(manifest, image, fields)
    end
    for name, value in pairs(fields.override or {}) do
        manifest[name] = value
    end
    local header, message = tool.write(manifest)
    if header and fields.key then
        header = require("fota.tool.sign").header(header,
            { key = assert(tool.key(fields.key)), pem = fields.key })
    end
    if not header then
        return nil, message
    end
    return header .. payload
end

--- Writes a package's image into the slot as a factory does; the modem's past is forgotten.
---@param package string bytes, signed with a key that the modem trusts
---@return boolean|nil ok
---@return string|nil message
---@return integer|nil code
function machine:provision(package)
    return self.modem:provision(package)
end

--- Makes the modem accept packages signed with this key.
---@param pem string public or private key
---@return boolean|nil ok
---@return string|nil message
function machine:trust(pem)
    return self.modem:trust(pem)
end

-- The boot stage; "run", "updater", "nothing", "cut", or nil and a message.
local function boot(self, listener)
    self.counts.boots = self.counts.boots + 1
    return self.modem:boot(function(state)
        self.state = state
        listener("boot", state)
    end)
end

local function read_files(image)
    local list, message = archive.read(image)
    local files = {}
    for _, file in ipairs(list or {}) do
        files[file.name] = file.data
    end
    if list and not files["main.lua"] then
        message = "the image has no main.lua"
    end
    return files, message
end

-- Runs the slot's scripts; why they ended, and a value.
local function run(self, listener, run_ms)
    local image, version, sequence = self.modem:image()
    local files, message = read_files(image)
    self.version = version
    listener("start", version, sequence)
    if message then
        return "error", message
    end
    local environment = {
        files = files, fs = self.fs, lib = self.lib, model = self.model, version = version,
        identity = self.identity, run_ms = run_ms,
    }
    return self.modem:run("fota.emulator.guest", environment, listener)
end

local function power_returns(self, listener)
    self.counts.cuts = self.counts.cuts + 1
    listener("cut")
    self.modem:power_on()
end

-- The resident updater of a mini fota; it ends in a reset.
local function update(self, listener, run_ms)
    listener("updating")
    local why, message = self.modem:update(listener, run_ms)
    if why == "cut" then
        power_returns(self, listener)
    elseif why == "reset" then
        self.counts.resets = self.counts.resets + 1
        listener("reset")
    else
        return why or "error", message
    end
    return "again"
end

-- One start: why it ended ("again" when the modem starts anew by itself), and a value.
local function start_once(self, listener, failures, run_ms)
    local result, message = boot(self, listener)
    if result == "cut" then
        power_returns(self, listener)
        return "again"
    elseif result == "nothing" then
        return "nothing", "no image can be run"
    elseif result == "updater" then
        return update(self, listener, run_ms)
    elseif not result then
        listener("fault", message)
        return failures < START_FAILURES and "failed" or "nothing", message
    end
    local why, value = run(self, listener, run_ms)
    if why == "cut" then
        power_returns(self, listener)
        return "again"
    elseif why == "reset" then
        self.counts.resets = self.counts.resets + 1
        listener("reset")
        return "again"
    elseif why == "error" then
        listener("error", value)
        -- A script that dies makes the modem restart; while it is on trial that is how it is found out.
        return self.state == "trial" and "again" or "error", value
    end
    return why, value
end

---@class fota.sim.StartOptions
---@field starts integer|nil starts at most; 100 by default
---@field run_ms integer|nil a start ends after so many milliseconds of the modem's clock

--- Switches the modem on. Returns when its scripts have ended, with why: "end" (nothing left to do),
--- "exit" (value: status), "error" (value: message), "nothing" (no image can be run; value: message),
--- "starts" (it started too often), "stopped" (the listener returned true for something a script did).
---@param listener fota.Listener|nil
---@param options fota.sim.StartOptions|nil
---@return string why
---@return any value
function machine:start(listener, options)
    local most = options and options.starts or 100
    local failures = 0
    listener = listener or function() end
    for _ = 1, most do
        local why, value = start_once(self, listener, failures, options and options.run_ms)
        failures = why == "failed" and failures + 1 or 0
        if why ~= "again" and why ~= "failed" then
            return why, value
        end
    end
    return "starts", most
end

--- Releases the flash.
function machine:close()
    self.modem:close()
end

return machine
