--- Where the body of a response goes: memory, a file, a buffer, the update.
---
--- begin() may be called again, when a body begins anew; write(bytes), finish() at its end, drop() when it
--- does not come to its end. All but drop() answer a code of http, or nil; finish() answers the code and
--- the body.
local native = require("fota.native")
local port = require("fota.guest")

local sink = {}

local DOWNLOAD, FOTA = -7, -9

-- ---- memory ---------------------------------------------------------------------------------------

local memory = {}
memory.__index = memory

function memory:begin()
    self.parts = {}
end

function memory:write(data)
    self.parts[#self.parts + 1] = data
end

function memory:finish()
    return self.request.code, table.concat(self.parts)
end

function memory:drop()
    self.parts = {}
end

-- ---- a buffer -------------------------------------------------------------------------------------

local buffer = {}
buffer.__index = buffer

function buffer:begin()
    self.request.buffer:used(0)
end

function buffer:write(data)
    self.request.buffer:copy(nil, data)
end

function buffer:finish()
    return self.request.code, self.request.received
end

function buffer:drop() -- luacheck: ignore 212
end

-- ---- a file ---------------------------------------------------------------------------------------

local file = {}
file.__index = file

function file:begin()
    if self.handle then
        self.handle:close()
    end
    self.handle = io.open(self.request.options.dst, "wb")
    if not self.handle then
        port.emit("log", "E", "E/http the file cannot be written: " .. self.request.options.dst)
        return DOWNLOAD
    end
end

function file:write(data)
    if not self.handle:write(data) then
        return DOWNLOAD
    end
end

function file:finish()
    self.handle:close()
    if self.request.code > 299 then
        os.remove(self.request.options.dst)
    end
    return self.request.code, self.request.received
end

function file:drop()
    if self.handle then
        self.handle:close()
        os.remove(self.request.options.dst)
    end
end

-- ---- the update -----------------------------------------------------------------------------------

local update = {}
update.__index = update

local owner -- the update that runs: scripts ask for the next one by a timer

-- The code tells nobody why.
local function refused(why)
    port.emit("log", "W", "W/http " .. (why or native.status().reason or "the update was refused"))
    return FOTA
end

function update:begin()
    if not (native.init and native.run and native.finish) then
        error("http.request: this build of fota has no init, run, finish for the option fota")
    end
    if owner and owner ~= self then
        return refused("an update runs already")
    elseif self.begun then
        native.finish(false)
    end
    local where = self.request.options.fota
    where = type(where) == "table" and where or {}
    if not native.init(where.address, where.length, where.param1) then
        return refused("an update runs already")
    end
    self.begun, owner = true, self
end

function update:write(data) -- luacheck: ignore 212
    if not native.run(data) then
        return refused()
    end
end

function update:finish()
    self.begun, owner = false, nil
    if not native.finish(true) then
        return refused(), ""
    end
    return 200, self.request.received -- 206 is of no interest to scripts
end

function update:drop()
    if self.begun then
        self.begun, owner = false, nil
        native.finish(false)
    end
end

--- Chooses by the options of a request; only what a server has found goes into an update.
---@param request table
---@return table
function sink.choose(request)
    local kind = memory
    if request.options.fota and (request.code == 200 or request.code == 206) then
        kind = update
    elseif request.options.dst then
        kind = file
    elseif request.buffer then
        kind = buffer
    end
    return setmetatable({ request = request }, kind)
end

return sink
