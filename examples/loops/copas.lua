-- An update beside copas's threads and servers: lua copas.lua URL
-- With any copas; where it has copas.sleep() a thread can await a job as cqueues.lua does.
local copas = require "copas"
local fota = require "fota"

-- copas.loop() as long as the job runs: copas serves its sockets in between.
local function await(job)
    repeat
        fota.poll()
        copas.step(0.001)
    until job:done()
    return job:wait()
end

local function update(url)
    local job, message = fota():download {
        url = url,
        callback = function(status, progress)
            print(status, progress)
        end,
    }
    if not job then
        return nil, message
    end
    return await(job)
end

-- The script's other work: a thread that talks to itself over a socket.
local turns = 0
local socket = require "socket"
local datagrams = assert(socket.udp())
assert(datagrams:setsockname("127.0.0.1", 0))
local address, port = datagrams:getsockname()
copas.addthread(function()
    while true do
        copas.sendto(datagrams, "ping", address, port)
        copas.receivefrom(datagrams)
        turns = turns + 1
    end
end)

local ok, why = update(arg[1])
if not ok then
    io.stderr:write(why, "\n")
    os.exit(1)
end
print("ready to restart", turns > 0)
