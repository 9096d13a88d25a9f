-- What an update costs a board, by the time in which it did not sleep. The emulator is told to execute
-- one instruction in 8 ns (-icount shift=3), so milliseconds are instructions.
local fota = require "fota"
local port = require "fota.guest"

local INSTRUCTIONS = 125000 -- in a millisecond

local function read(path)
    local file = assert(io.open(path, "rb"))
    local data = file:read("*a")
    file:close()
    return data
end

local entered, at, order = {}, {}, {}
local function mark(stage)
    if not entered[stage] then
        entered[stage] = port.busy()
        order[#order + 1] = stage
    end
end

mark("start")
local result, message, code = 1, nil, nil
local co = coroutine.create(function()
    result, message, code = fota { root_cert = read("/ca.pem"), reset_disable = 1 }:httpDownload {
        url1 = read("/url.txt"):match("%S+"),
        callback = function()
            local s = fota.status()
            mark(s.stage)
            at = s
        end,
    }
end)
fota.onresume(coroutine.resume)
assert(coroutine.resume(co))
while fota.poll(100) do
    mark(fota.status().stage)
end
mark("end")
if result ~= 0 then
    print("failed: " .. tostring(message) .. " " .. tostring(code))
    port.exit(1)
end
for i = 2, #order do
    print(("stage %s %.0f"):format(order[i - 1], (entered[order[i]] - entered[order[i - 1]]) * INSTRUCTIONS))
end
print("bytes " .. at.total)
