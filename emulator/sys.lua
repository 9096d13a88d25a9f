--- LuatOS's `sys` on the emulated modem: tasks, messages and timers over coroutines.
---
--- A message published before somebody waits for it is lost, as on the device. An error in a task is
--- reported and, 500 ms later, restarts the modem.
local fota = require("fota")
local port = require("fota.guest")
local rtos = require("rtos")

local sys = {}

local ERROR_RESTART_MS = 500
local IDLE_MS = 1000 -- longest sleep of the loop

local timers = {}      -- id -> {at, period, fn, args}
local last_timer = 0
local queue = {}       -- published messages: {topic, ...}
local subscribers = {} -- topic -> list of functions and coroutines

local function pack(...)
    return { n = select("#", ...), ... }
end

local unpack = table.unpack or unpack -- luacheck: ignore (5.1)

local function now()
    return port.now()
end

-- ---- tasks ---------------------------------------------------------------------------------------

--- Resumes a task; its error is reported and restarts the modem.
function sys.coresume(task, ...)
    local result = pack(coroutine.resume(task, ...))
    if not result[1] then
        port.emit("error", debug.traceback(task, tostring(result[2])))
        sys.timerStart(rtos.reboot, ERROR_RESTART_MS)
    end
    return unpack(result, 1, result.n)
end

--- Starts a task: a function that may wait.
---@return thread
function sys.taskInit(fn, ...)
    local task = coroutine.create(fn)
    sys.coresume(task, ...)
    return task
end

-- ---- timers --------------------------------------------------------------------------------------

local function add_timer(period, ms, fn, ...)
    last_timer = last_timer + 1
    timers[last_timer] = { at = now() + ms, period = period, fn = fn, args = pack(...) }
    return last_timer
end

--- Calls fn(...) once, in `ms` milliseconds.
---@return integer id
function sys.timerStart(fn, ms, ...)
    return add_timer(nil, ms, fn, ...)
end

--- Calls fn(...) every `ms` milliseconds.
---@return integer id
function sys.timerLoopStart(fn, ms, ...)
    return add_timer(ms, ms, fn, ...)
end

--- Stops a timer by its id.
function sys.timerStop(id)
    timers[id] = nil
end

function sys.timerIsActive(id)
    return timers[id] ~= nil
end

local function due_timers()
    local due, time = {}, now()
    for id, timer in pairs(timers) do
        if timer.at <= time then
            due[#due + 1] = id
        end
    end
    table.sort(due, function(a, b)
        return timers[a].at < timers[b].at or timers[a].at == timers[b].at and a < b
    end)
    return due
end

local function run_timers()
    for _, id in ipairs(due_timers()) do
        local timer = timers[id]
        if timer then
            timers[id] = nil
            if timer.period then
                timer.at = now() + timer.period
                timers[id] = timer
            end
            timer.fn(unpack(timer.args, 1, timer.args.n))
        end
    end
end

local function next_timer()
    local at
    for _, timer in pairs(timers) do
        at = math.min(at or timer.at, timer.at)
    end
    return at and math.max(0, at - now())
end

-- ---- waiting and messages ------------------------------------------------------------------------

--- Lets the task sleep.
---@param ms integer
function sys.wait(ms)
    local task = coroutine.running()
    sys.timerStart(sys.coresume, ms, task)
    coroutine.yield()
end

--- Calls fn(...) for every message of a topic.
function sys.subscribe(topic, fn)
    subscribers[topic] = subscribers[topic] or {}
    table.insert(subscribers[topic], fn)
end

function sys.unsubscribe(topic, fn)
    for i, other in ipairs(subscribers[topic] or {}) do
        if other == fn then
            table.remove(subscribers[topic], i)
            return
        end
    end
end

--- Waits for a message: true and its values, or false after `ms` milliseconds.
function sys.waitUntil(topic, ms)
    local task = coroutine.running()
    local id
    local function wake(...)
        sys.unsubscribe(topic, wake)
        if id then
            sys.timerStop(id)
        end
        sys.coresume(task, true, ...)
    end
    sys.subscribe(topic, wake)
    if ms then
        id = sys.timerStart(function()
            sys.unsubscribe(topic, wake)
            sys.coresume(task, false)
        end, ms)
    end
    return coroutine.yield()
end

--- Sends a message; it is delivered by the loop.
function sys.publish(topic, ...)
    queue[#queue + 1] = pack(topic, ...)
end

local function deliver()
    while #queue > 0 do
        local message = table.remove(queue, 1)
        local list = {}
        for i, fn in ipairs(subscribers[message[1]] or {}) do
            list[i] = fn
        end
        for _, fn in ipairs(list) do
            fn(unpack(message, 2, message.n))
        end
    end
end

-- ---- the loop ------------------------------------------------------------------------------------

--- Is there anything that will happen by itself?
---@return boolean
function sys.pending()
    return #queue > 0 or next(timers) ~= nil
end

--- One turn: messages, timers, then at most `ms` milliseconds for the update engine and sleep.
---@return boolean busy does an update run?
function sys.turn(ms)
    deliver()
    run_timers()
    if #queue > 0 then
        ms = 0
    end
    return fota.poll(math.floor(math.min(ms, next_timer() or ms)))
end

--- Runs everything; on the emulated modem it returns when nothing can happen any more.
function sys.run()
    repeat
        local busy = sys.turn(IDLE_MS)
    until not busy and not sys.pending()
end

return sys
