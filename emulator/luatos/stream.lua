--- A connection of the emulated modem by TCP, with TLS or without, or by UDP: what http and socket are built
--- on.
local port = require("fota.guest")

---@class fota.emulator.Stream
local stream = {}
stream.__index = stream

---@class fota.emulator.Tls Texts in PEM; without ca_cert the server is not verified, as on the device.
---@field ca_cert string|nil
---@field client_cert string|nil
---@field client_key string|nil

--- Begins to connect.
---@param host string
---@param number integer the server's port
---@param ipv6 boolean|nil
---@param tls fota.emulator.Tls|nil
---@return fota.emulator.Stream|nil
---@return string|nil error its name
function stream.open(host, number, ipv6, tls)
    local opened, why = port.tcp_open(host, number, ipv6)
    if not opened then
        return nil, why
    end
    return setmetatable({ number = opened, host = host, tls = tls, kind = tls and "tls" or "tcp" }, stream)
end

--- The same by UDP: every send is a datagram, and every receive gives one.
---@param host string
---@param number integer
---@param ipv6 boolean|nil
---@return fota.emulator.Stream|nil
---@return string|nil error
function stream.open_udp(host, number, ipv6)
    local opened, why = port.udp_open(host, number, ipv6)
    if not opened then
        return nil, why
    end
    return setmetatable({ number = opened, host = host, kind = "udp" }, stream)
end

--- Is it connected? nil and the error's name when that has failed.
---@return boolean|nil
---@return string|nil error
function stream:ready()
    if self.kind == "udp" then
        return port.udp_ready(self.number)
    elseif not self.handshake then
        local ready, why = port.tcp_ready(self.number)
        if not ready or not self.tls then
            return ready, why
        end
        self.handshake, why = port.tls_start(self.number, self.host, self.tls)
        if not self.handshake then
            return nil, why
        end
    end
    return port.tls_ready(self.number) -- which also sends the handshake's next words
end

--- Sends what of `data` lies from position `from` on: how many bytes were taken, or nil and the error's name.
---@param data string
---@param from integer|nil
---@return integer|nil
---@return string|nil error
function stream:send(data, from)
    return port[self.kind .. "_send"](self.number, data, from)
end

--- What has arrived, "" being nothing yet; nil and the error's name, "CLOSED" at the end.
---@return string|nil
---@return string|nil error
function stream:receive()
    return port[self.kind .. "_recv"](self.number)
end

--- Ends it, once.
function stream:close()
    if self.handshake then
        port.tls_stop(self.number)
    end
    port[self.kind == "udp" and "udp_close" or "tcp_close"](self.number)
end

return stream
