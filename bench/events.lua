--- What one event of progress costs by callback, next() and events(), beside a plain call of a Lua function
--- in the same run; and the memory that an object and a running job hold. Prints Markdown; run by
--- scripts/bench.
local sim = require("fota.sim")
local web = require("spec.support.web")

local RUNS = 60
local CALLS = 1000000

-- What the machine does besides only ever adds.
local function least(list)
    return math.min((table.unpack or unpack)(list)) -- luacheck: ignore 113
end

local function kilobytes()
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
end

-- Runs fn without the collector: nanoseconds of the processor, and bytes it allocated.
local function measure(fn)
    kilobytes()
    collectgarbage("stop")
    local bytes, begun = collectgarbage("count"), os.clock()
    fn()
    local ns = (os.clock() - begun) * 1e9
    bytes = (collectgarbage("count") - bytes) * 1024
    collectgarbage("restart")
    return ns, bytes
end

local function plain_call()
    local sum = 0
    local function callback(status, progress)
        sum = sum + status + progress
    end
    for i = 1, CALLS do
        callback(1, i)
    end
    return sum
end

local server = web.start()
local modem = assert(sim.modem())
local fota = modem:fota()
local url = server:serve("app.fota", modem:package({ image = ("e"):rep(200000) }))
local events -- of the last download

-- Four ways to follow the same download; with none of them only the engine works.
local function silent()
    assert(fota(1):download(url))
    while fota.poll(100) do end -- luacheck: ignore
end

local function by_callback()
    events = 0
    assert(fota(1):download({
        url = url,
        callback = function()
            events = events + 1
        end,
    }))
    while fota.poll(100) do end -- luacheck: ignore
end

local function in_coroutine(follow)
    return function()
        events = 0
        coroutine.wrap(function()
            follow(assert(fota(1):download(url)))
        end)()
        while fota.poll(100) do end -- luacheck: ignore
    end
end

local by_next = in_coroutine(function(job)
    repeat
        job:next()
        events = events + 1
    until job:done()
end)

local by_events = in_coroutine(function(job)
    for _ in job:events() do
        events = events + 1
    end
end)

-- The ways take turns, so that whatever else the machine does disturbs them alike.
local WAYS = {
    { name = "callback", run = by_callback },
    { name = "job:next()", run = by_next },
    { name = "job:events()", run = by_events },
}
local base = { ns = {}, bytes = {} }
silent()
for _, way in ipairs(WAYS) do
    way.ns, way.bytes = {}, {}
    way.run()
end
for run = 1, RUNS do
    base.ns[run], base.bytes[run] = measure(silent)
    for _, way in ipairs(WAYS) do
        way.ns[run], way.bytes[run] = measure(way.run)
        way.events = events
    end
end

local calls = {}
for run = 1, 5 do
    calls[run] = measure(plain_call) / CALLS
end

print("### Events of a download (" .. WAYS[1].events .. " events; least of " .. RUNS .. " runs)\n")
print("An event's share of a download that is followed, over the same download that nobody follows; time of "
    .. "the processor.\n")
print("| | ns an event | bytes allocated an event |")
print("|---|---:|---:|")
print(string.format("| a Lua function called from Lua | %.0f | 0 |", least(calls)))
for _, way in ipairs(WAYS) do
    print(string.format("| %s | %.0f | %.0f |", way.name,
        math.max(0, least(way.ns) - least(base.ns)) / way.events,
        (least(way.bytes) - least(base.bytes)) / way.events))
end

-- Memory that Lua holds for `count` of what make() gives, one of them.
local function held(count, make)
    local list = {}
    for i = 1, count do
        list[i] = false
    end
    local before = kilobytes()
    for i = 1, count do
        list[i] = make()
    end
    local bytes = (kilobytes() - before) * 1024 / count
    return bytes, list
end

local object = held(1000, fota)
local module = held(20, function()
    return modem:fota()
end)
local before = kilobytes()
local job = assert(fota(1):download({ url = url, callback = function() end }))
local running = (kilobytes() - before) * 1024
job:cancel()
while fota.poll(10) do end -- luacheck: ignore

print("\n### Memory of the Lua face\n")
print("| | bytes |")
print("|---|---:|")
print(string.format("| the module, with the engine (%d) | %.0f |", fota.memory().engine, module))
print(string.format("| an object | %.0f |", object))
print(string.format("| a running job, with an empty callback | %.0f |", running))
modem:close()
server:stop()
