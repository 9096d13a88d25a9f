--- Connections of LuatOS scripts, by TCP, with TLS or without, or by UDP: what stands behind socket.create().
local loop = require("fota.emulator.loop")
local port = require("fota.guest")
local stream = require("fota.emulator.luatos.stream")

---@class fota.emulator.Connection
---@field state string "new", "connecting", "online", "closed"
---@field udp boolean|nil
local connection = {}
connection.__index = connection

--- Numbers of the events, and what comes with one that is bad news.
connection.LINK, connection.ON_LINE, connection.TX_OK, connection.CLOSED, connection.EVENT = 1, 2, 3, 4, 5
local BAD = -1

local CONNECT_MS = 30000

--- Makes one.
---@param target string|function name of a task, or function(connection, event, result)
---@return fota.emulator.Connection
function connection.new(target)
    return setmetatable({ target = target, state = "new", inbox = {}, outbox = {} }, connection)
end

-- Tells the script, from the loop; what it has let go hears nothing any more.
local function tell(self, event, result)
    local target, number = self.target, self.number
    loop.post(function()
        if self.number ~= number then
            return
        elseif type(target) == "function" then
            target(self, event, result)
        elseif _G.sys_send then
            _G.sys_send(target, event, result)
        end
    end)
end

local function hang_up(self)
    if self.stream then
        self.stream:close()
        self.stream = nil
    end
    self.state = "closed"
end

-- The other side is gone: whoever waits hears of it in each way there is.
local function lost(self)
    hang_up(self)
    tell(self, connection.EVENT, BAD)
    tell(self, connection.CLOSED, 0)
end

-- Connects; false when that fails, and when the script has let it go meanwhile.
local function open(self, mine, host, number, ipv6)
    local limit = port.now() + CONNECT_MS
    if self.number ~= mine then
        return false
    end
    if self.udp then
        self.stream = stream.open_udp(host, number, ipv6)
    else
        self.stream = stream.open(host, number, ipv6, self.tls)
    end
    while self.number == mine and self.stream do
        local ready = self.stream:ready()
        if ready then
            return true
        elseif ready == nil or limit - port.now() <= 0 then
            return false
        end
        coroutine.yield(limit - port.now())
    end
    return false
end

-- What has to be sent goes piece by piece: by UDP each is a datagram.
local function flush(self)
    while self.outbox[1] do
        local sent = self.stream:send(self.outbox[1])
        if not sent then
            return false
        elseif sent < #self.outbox[1] then
            self.outbox[1] = self.outbox[1]:sub(sent + 1)
            return true
        end
        table.remove(self.outbox, 1)
        if not self.outbox[1] then
            tell(self, connection.TX_OK, 0)
        end
    end
    return true
end

-- Takes what has arrived; false when the connection is over.
local function fill(self)
    while true do
        local data = self.stream:receive()
        if not data then
            return false
        elseif data == "" then
            return true
        end
        self.inbox[#self.inbox + 1] = data
        tell(self, connection.EVENT, 0)
    end
end

-- The life of one connection; `mine` tells it from a later one of the same object.
local function live(self, mine, host, number, ipv6)
    if not open(self, mine, host, number, ipv6) then
        if self.number == mine then
            hang_up(self)
            tell(self, connection.ON_LINE, BAD)
            tell(self, connection.CLOSED, 0)
        end
        return
    end
    self.state = "online"
    tell(self, connection.ON_LINE, 0)
    while self.number == mine and self.stream do
        if not (flush(self) and fill(self)) then
            lost(self)
            return
        end
        coroutine.yield()
    end
end

--- Begins to connect; ON_LINE follows.
---@return boolean ok
---@return boolean online
function connection:connect(host, number, ipv6)
    if self.state == "connecting" or self.state == "online" then
        return false, false
    end
    self.number = (self.number or 0) + 1
    self.state, self.inbox, self.outbox = "connecting", {}, {}
    loop.spawn(live, self, self.number, host, number, ipv6)
    return true, false
end

--- Sends; TX_OK follows when all of it is on its way.
---@return boolean ok
---@return boolean full
---@return boolean sent
function connection:send(data)
    if self.state ~= "online" then
        return false, false, false
    end
    self.outbox[#self.outbox + 1] = data
    return flush(self), false, false
end

--- What has arrived, `most` bytes of it at most; nil when the connection is over and everything was read. By
--- UDP that is one datagram, and what lies behind `most` is lost.
---@param most integer|nil
---@return string|nil
function connection:receive(most)
    if self.udp and self.inbox[1] then
        return table.remove(self.inbox, 1):sub(1, most or -1)
    end
    local data = table.concat(self.inbox)
    if data == "" and self.state ~= "online" then
        return nil
    end
    most = most or #data
    self.inbox = { data:sub(most + 1) }
    return data:sub(1, most)
end

--- Has something arrived?
---@return boolean
function connection:has_data()
    return table.concat(self.inbox) ~= ""
end

--- Tells that the network is there.
function connection:tell_link()
    tell(self, connection.LINK, 0)
end

--- Ends it; nothing is told any more.
function connection:close()
    hang_up(self)
    self.number = (self.number or 0) + 1
end

return connection
