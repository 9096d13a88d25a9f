--- Runs scripts on a simulated modem, for the specs of the modules they find there.
local sim = require("fota.sim")
local web = require("spec.support.web")

local guest = {}
guest.__index = guest

---@class fota.spec.Guest
---@field modem fota.sim.Modem
---@field fs string folder of its file system

--- Makes a modem with an empty file system; guest:close() removes both.
---@param options fota.sim.Options|nil
---@return fota.spec.Guest
function guest.open(options)
    options = options or {}
    options.fs = web.folder()
    options.model = options.model or "EC800G" -- its flash is small
    local self = setmetatable({ fs = options.fs, modem = assert(sim.modem(options)) }, guest)
    return self
end

--- Runs main.lua (or files) to its end: what it printed, and the whole run. An error of the script is one
--- of the spec.
---@param files string|table<string, string>
---@param options fota.sim.StartOptions|nil
---@return string[] output
---@return fota.sim.Run
function guest:run(files, options)
    self.modem:load(files)
    local run = self.modem:start(options)
    assert(#run.errors == 0, run.errors[1])
    return run.output, run
end

--- Runs the body of a task, in which waiting is possible.
---@param body string
---@param options fota.sim.StartOptions|nil
---@return string[] output
---@return fota.sim.Run
function guest:task(body, options)
    return self:run("sys.taskInit(function()\n" .. body .. "\nend)\nsys.run()", options)
end

--- Content of a file of the modem, or nil.
---@param path string
---@return string|nil
function guest:read(path)
    local file = io.open(self.fs .. path, "rb")
    local bytes = file and file:read("*a")
    if file then
        file:close()
    end
    return bytes
end

---@param path string
---@param bytes string
function guest:write(path, bytes)
    local file = assert(io.open(self.fs .. path, "wb"))
    assert(file:write(bytes))
    file:close()
end

function guest:close()
    self.modem:close()
    os.execute("rm -rf '" .. self.fs .. "'")
end

return guest
