-- An update in cqueues's loop: lua cqueues.lua URL
local cqueues = require "cqueues"
local fota = require "fota"

local loop = cqueues.new()

-- Waits for the end of a job while the loop's other threads run on. Only cqueues may put its threads to
-- sleep: in them job:wait() is called when the job has ended.
local function await(job)
    repeat
        fota.poll()
        cqueues.sleep(0.001)
    until job:done()
    return job:wait()
end

local ended, failure = false, nil
local function update(url)
    local job, message = fota():download {
        url = url,
        callback = function(status, progress)
            print(status, progress)
        end,
    }
    if job then
        local _, why = await(job)
        message = why
    end
    ended, failure = true, message
end

loop:wrap(function()
    update(arg[1])
end)

-- The script's other work.
local turns = 0
loop:wrap(function()
    while not ended do
        turns = turns + 1
        cqueues.sleep(0.001)
    end
end)

assert(loop:loop())
if failure then
    io.stderr:write(failure, "\n")
    os.exit(1)
end
print("ready to restart", turns > 0)
