--- LuatOS's `netdrv` on the emulated modem: the cellular adapter is there, no other can be set up.
local inert = require("fota.emulator.luatos.inert")
local identity = require("fota.emulator.luatos.identity")
local network = require("fota.emulator.luatos.network")

local netdrv = inert.module("netdrv", {
    setup = false, dhcp = true, napt = true, ctrl = true, debug = true, mreport = true, ping = true,
}, {
    CH390 = 1, UART = 16, WHALE = 64, WG = 32, OPENVPN = 65, CTRL_RESET = 4, CTRL_UPDOWN = 8,
    RESET_HARD = 0x101, RESET_SOFT = 0x102, EVT_SOCKET = 1, EVT_PKG = 2, CH_HW = 0, CH_LWIP = 1, CH_NAPT = 2,
}, { "on", "send_raw" })

local function of(adapter)
    return adapter == network.ADAPTER
end

---@return boolean|nil nil: there is no such adapter
function netdrv.ready(adapter)
    if not of(adapter) then
        return nil
    end
    return network.is_up()
end

netdrv.link = netdrv.ready

---@return string|nil
---@return string|nil
---@return string|nil
function netdrv.ipv4(adapter)
    if of(adapter) and network.is_up() then
        return network.IP, network.MASK, network.GATEWAY
    end
end

---@return string
function netdrv.mac(_, _, raw)
    return raw and identity.mac() or (identity.mac():toHex())
end

return netdrv
