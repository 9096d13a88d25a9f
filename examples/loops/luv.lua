-- An update in luv's loop: lua luv.lua URL
local fota = require "fota"
local uv = require "luv"

-- Lets fota work as long as an update runs; whoever awaits its job is resumed from here.
local function run_fota()
    local timer = uv.new_timer()
    timer:start(0, 1, function()
        if not fota.poll() then
            timer:close()
        end
    end)
end

local failure
local function update(url)
    local job, message = fota():download(url)
    if not job then
        failure = message
        return
    end
    run_fota()
    repeat
        print(job:next()) -- sleeps until there is something new
    until job:done()
    local _, why = job:wait()
    failure = why
end

coroutine.wrap(update)(arg[1])

-- The script's other work.
local turns = 0
local other = uv.new_timer()
other:start(0, 1, function()
    turns = turns + 1
end)
other:unref() -- the loop ends with the update

uv.run()
if failure then
    io.stderr:write(failure, "\n")
    os.exit(1)
end
print("ready to restart", turns > 0)
