--- A helper for busted, `--helper=spec/support/collect.lua`: the collector never rests. Each allocation
--- makes a piece of the next cycle, and a whole cycle is made again and again after a few instructions,
--- seldom enough for the run to end. FOTA_SEED repeats a run.
local busted = require("busted")

local seed = tonumber(os.getenv("FOTA_SEED")) or os.time() % 1000000
local MEAN = 600 -- instructions between two whole cycles

print("the collector runs with seed " .. seed)
collectgarbage("setpause", 0)
collectgarbage("setstepmul", 1000)

local state = seed
local function random(most)
    state = (state * 16807 + 11) % 2147483647
    return state % most + 1
end

local install

local function collect()
    collectgarbage()
    install(coroutine.running())
end

function install(thread)
    local interval = random(2 * MEAN)
    if thread then
        debug.sethook(thread, collect, "", interval)
    else
        debug.sethook(collect, "", interval)
    end
end

-- A hook is its thread's own.
local create = coroutine.create
coroutine.create = function(fn) -- luacheck: ignore 122
    local thread = create(fn)
    install(thread)
    return thread
end

-- A test may have set a hook of its own.
busted.subscribe({ "test", "start" }, function()
    install(coroutine.running())
    return nil, true
end)
