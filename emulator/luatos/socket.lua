--- LuatOS's `socket` on the emulated modem: adapters, addresses, time. Connections of a script's own are
--- not built yet; create() says so.
local inert = require("fota.emulator.luatos.inert")
local loop = require("fota.emulator.loop")
local network = require("fota.emulator.luatos.network")
local port = require("fota.guest")

local socket = inert.module("socket", { setDNS = true, close_all = true, rx_cache = 24 }, {
    LWIP_GP = network.ADAPTER, LWIP_STA = 2, LWIP_AP = 3, LWIP_ETH = 4, LWIP_SPI = 5, LWIP_USER0 = 7,
    LWIP_USER1 = 8, LWIP_USER2 = 9, LWIP_USER3 = 10, LWIP_USER4 = 11, LWIP_USER5 = 12, LWIP_USER6 = 13,
    LWIP_USER7 = 14, LWIP_GP_GW = 15, LWIP_USB = 16, ETH0 = 17,
    LINK = 1, ON_LINE = 2, TX_OK = 3, CLOSED = 4, EVENT = 5,
}, { "sslLog", "sntp_port", "debug" })

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

--- Asks for the time; NTP_UPDATE is published.
function socket.sntp()
    network.ask_time()
end

--- The time in milliseconds since 1970, by parts.
---@return table
function socket.ntptm()
    local seconds = port.time()
    return { tsec = math.floor(seconds), tms = math.floor(loop.uptime()) % 1000, vaild = network.is_up() }
end

--- Not built yet.
function socket.create()
    port.emit("log", "E",
        "E/socket create: connections of a script's own are not built yet; use http.request")
    return nil
end

return socket
