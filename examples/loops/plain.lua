-- An update from a loop of one's own, without coroutines: lua plain.lua URL
local fota = require "fota"

local function stop(message)
    io.stderr:write(message, "\n")
    os.exit(1)
end

local job, message = fota():download {
    url = arg[1],
    callback = function(status, progress)
        print(status, progress)
    end,
}
if not job then
    stop(message)
end

-- poll() does a piece of work and calls back; it sleeps at most 10 ms when there is nothing to do.
local turns = 0
while fota.poll(10) do
    turns = turns + 1 -- the script's other work
end

local ok, why = job:result()
if not ok then
    stop(why)
end
print("ready to restart", turns > 0)
