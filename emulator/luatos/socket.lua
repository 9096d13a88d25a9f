--- LuatOS's `socket` on the emulated modem: adapters, addresses, time, connections by TCP and UDP.
local connection = require("fota.emulator.luatos.connection")
local inert = require("fota.emulator.luatos.inert")
local loop = require("fota.emulator.loop")
local network = require("fota.emulator.luatos.network")
local port = require("fota.guest")
local sntp = require("fota.emulator.luatos.sntp")
local zbuff = require("fota.emulator.luatos.zbuff")

local socket = inert.module("socket", { setDNS = true, close_all = true, rx_cache = 24 }, {
    LWIP_GP = network.ADAPTER, LWIP_STA = 2, LWIP_AP = 3, LWIP_ETH = 4, LWIP_SPI = 5, LWIP_USER0 = 7,
    LWIP_USER1 = 8, LWIP_USER2 = 9, LWIP_USER3 = 10, LWIP_USER4 = 11, LWIP_USER5 = 12, LWIP_USER6 = 13,
    LWIP_USER7 = 14, LWIP_GP_GW = 15, LWIP_USB = 16, ETH0 = 17,
    LINK = connection.LINK, ON_LINE = connection.ON_LINE, TX_OK = connection.TX_OK,
    CLOSED = connection.CLOSED, EVENT = connection.EVENT,
}, { "sslLog", "debug" })

local default = network.ADAPTER

--- The adapter that is taken by default; sets it when given.
---@param adapter integer|nil
---@return integer
---@return integer last that was registered
function socket.dft(adapter)
    default = adapter or default
    return default, network.ADAPTER
end

--- Can it reach the network? And which one was looked at; without an argument the one that can.
---@param adapter integer|nil
---@return boolean
---@return integer
function socket.adapter(adapter)
    adapter = adapter or network.ADAPTER
    return adapter == network.ADAPTER and network.is_up(), adapter
end

--- Address, mask, gateway; nil before IP_READY.
---@param adapter integer|nil
---@return string|nil
---@return string|nil
---@return string|nil
function socket.localIP(adapter)
    if not socket.adapter(adapter or default) then
        return nil
    end
    return network.IP, network.MASK, network.GATEWAY
end

--- Asks servers of time, one after the other; NTP_UPDATE follows and the clock is right, or NTP_ERROR.
---@param servers string|string[]|nil names or addresses
function socket.sntp(servers)
    sntp.ask(type(servers) == "string" and { servers } or servers)
end

--- The port at which servers of time are asked; sets it when given.
---@param number integer|nil
---@return integer
function socket.sntp_port(number)
    sntp.port = number or sntp.port
    return sntp.port
end

--- The time in milliseconds since 1970, by parts.
---@return table
function socket.ntptm()
    local seconds = port.time()
    return { tsec = math.floor(seconds), tms = math.floor(loop.uptime()) % 1000, vaild = network.is_up() }
end

-- ---- connections ----------------------------------------------------------------------------------

--- Makes a connection that does not exist yet.
---@param adapter integer|nil
---@param target string|function name of a task that is sent events, or function(connection, event, result)
---@return fota.emulator.Connection
function socket.create(adapter, target) -- luacheck: ignore 212
    return connection.new(target)
end

--- TCP, with TLS where it is asked for, or UDP to one server: without the authority's certificate `ca` the
--- server is not verified. Texts are PEM.
---@return boolean
function socket.config(ctrl, local_port, udp, tls, _, _, _, ca, cert, key) -- luacheck: ignore 212
    if udp and tls then
        port.emit("log", "E", "E/socket config: TLS by UDP is not built")
        return false
    end
    ctrl.udp = udp
    ctrl.tls = tls and { ca_cert = ca, client_cert = cert, client_key = key } or nil
    return true
end

--- Is the network there? LINK follows where it is not.
---@return boolean ok
---@return boolean up
function socket.linkup(ctrl)
    if not network.is_up() then
        network.when_up(function()
            ctrl:tell_link()
        end)
    end
    return true, network.is_up()
end

--- Begins to connect; ON_LINE follows.
---@return boolean ok
---@return boolean online
function socket.connect(ctrl, host, number, ipv6)
    return ctrl:connect(host, number, ipv6)
end

---@return boolean ok
---@return boolean full
---@return boolean sent
function socket.tx(ctrl, data)
    return ctrl:send(zbuff.is(data) and data:toStr(0, data:used()) or data)
end

--- Puts what has arrived behind what is in the buffer.
---@return boolean ok
---@return integer length
function socket.rx(ctrl, buffer, _, most)
    local data = ctrl:receive(most)
    if not data then
        return false, 0
    end
    buffer:copy(nil, data)
    return true, #data
end

---@return boolean ok
---@return string|nil data
function socket.read(ctrl, most)
    local data = ctrl:receive(most)
    return data ~= nil, data
end

--- Has something arrived? EVENT follows where not.
---@return boolean ok
---@return boolean data
function socket.wait(ctrl)
    return ctrl.state == "online" or ctrl:has_data(), ctrl:has_data()
end

--- Ends a connection.
---@return boolean ok
---@return boolean closed
function socket.discon(ctrl)
    ctrl:close()
    return true, true
end

function socket.close(ctrl)
    ctrl:close()
end

socket.release = socket.close

local states = { new = 1, connecting = 3, online = 5, closed = 1 }

---@return integer
---@return string
function socket.state(ctrl)
    return states[ctrl.state], ctrl.state
end

--- Servers are not built.
---@return boolean
function socket.listen()
    port.emit("log", "E", "E/socket listen: servers are not built")
    return false
end

return socket
