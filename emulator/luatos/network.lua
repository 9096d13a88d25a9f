--- The emulated modem registers a moment after it started and publishes what a LuatOS modem does:
--- SIM_IND, IP_READY, NTP_UPDATE; IP_LOSE when it leaves the network.
local loop = require("fota.emulator.loop")

local network = {}

network.ADAPTER = 1 -- socket.LWIP_GP: the cellular one
network.IP = "10.0.2.15"
network.MASK = "255.255.255.0"
network.GATEWAY = "10.0.2.2"

local REGISTER_MS = 1000
local LOOK_MS = 100
local TIME_MS = 200 -- from then until the network has told the time

local up = false
local attempt = 0 -- number of the latest up() or down(): older ones are off

local function publish(...)
    if _G.sys_pub then
        _G.sys_pub(...)
    end
end

--- Is there an address?
---@return boolean
function network.is_up()
    return up
end

-- Calls fn() later, unless the modem has been told something else by then.
local function later(ms, topic, fn)
    local mine = attempt
    loop.after(ms, topic, function()
        if mine == attempt then
            fn()
        end
    end)
end

--- Begins to register.
function network.up()
    attempt = attempt + 1
    later(REGISTER_MS / 2, "SIM_IND", function()
        publish("SIM_IND", "RDY")
    end)
    later(REGISTER_MS, "IP_READY", function()
        up = true
        publish("IP_READY", network.IP, network.ADAPTER)
    end)
    later(REGISTER_MS + TIME_MS, "NTP_UPDATE", function()
        publish("NTP_UPDATE")
    end)
end

--- Calls fn() once, when there is an address; the modem stays awake for that.
function network.when_up(fn)
    loop.spawn(function()
        while not up do
            coroutine.yield(LOOK_MS)
        end
        fn()
    end)
end

--- Leaves the network.
function network.down()
    attempt = attempt + 1
    if up then
        up = false
        publish("IP_LOSE", network.ADAPTER)
    end
end

network.up()

return network
