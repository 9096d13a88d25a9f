--- Asks servers of the internet for the time (SNTP, RFC 4330): what stands behind socket.sntp().
local loop = require("fota.emulator.loop")
local network = require("fota.emulator.luatos.network")
local port = require("fota.guest")
local stream = require("fota.emulator.luatos.stream")

local sntp = { port = 123 }

-- As the firmware has them.
local SERVERS = { "ntp.aliyun.com", "ntp.ntsc.ac.cn", "time1.cloud.tencent.com" }
local ANSWER_MS = 2000 -- from one server, its name looked up and all
local LENGTH = 48      -- of a message, bytes

-- Version 4, a client that asks. What the server has to repeat is no time but chance, so that only who hears
-- us can answer.
local function question()
    local nonce = port.random(8)
    return "\35" .. ("\0"):rep(LENGTH - 9) .. nonce, nonce
end

-- The server's time, its seconds as they come; nil if it has none (RFC 4330, section 5).
local function time_of(answer)
    local mode, stratum = answer:byte(1, 2)
    local seconds = answer:sub(41, 44)
    local has_time = mode < 192 and mode % 8 == 4 and stratum >= 1 and stratum <= 15
    return has_time and seconds ~= "\0\0\0\0" and seconds or nil
end

local function await_time(way, nonce, limit)
    while limit - port.now() > 0 do
        local answer = way:receive()
        if not answer then
            return nil
        elseif #answer >= LENGTH and answer:sub(25, 32) == nonce then
            return time_of(answer)
        elseif answer == "" then
            coroutine.yield(limit - port.now())
        end
    end
end

local function await_way(way, limit)
    local ready
    repeat
        ready = way:ready()
        if ready == false then
            coroutine.yield(limit - port.now())
        end
    until ready ~= false or limit - port.now() <= 0
    return ready
end

-- What a server says, or nil.
local function ask_one(host)
    local limit = port.now() + ANSWER_MS
    local way = stream.open_udp(host, sntp.port)
    local text, nonce = question()
    local seconds = way and await_way(way, limit) and way:send(text) and await_time(way, nonce, limit)
    if way then
        way:close()
    end
    return seconds
end

local function ask_all(servers)
    for _, host in ipairs(servers) do
        local seconds = network.is_up() and ask_one(host)
        if seconds then
            port.set_ntp_time(seconds)
            return "NTP_UPDATE"
        end
    end
    return "NTP_ERROR"
end

--- Asks one after the other, the firmware's own by default; NTP_UPDATE or NTP_ERROR follows.
---@param servers string[]|nil
function sntp.ask(servers)
    loop.spawn(function()
        local topic = ask_all(servers or SERVERS)
        loop.post(function()
            if _G.sys_pub then
                _G.sys_pub(topic)
            end
        end)
    end)
end

return sntp
