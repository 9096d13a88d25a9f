--- A scheduler in the manner of the one that LuatOS's users bring: it knows nothing but the primitives of
--- rtos, and tells the firmware by sys_pub and sys_cw how to reach it.
-- luacheck: globals rtos log
local sys = { stock = true }

local timers = {}
local last = 0
local queue = {}
local waiting = {} -- topic -> list of functions and threads

local unpack = table.unpack or unpack -- luacheck: ignore

local function start(what, ms, again)
    last = last + 1
    timers[last] = what
    assert(rtos.timer_start(last, ms, again) == 1)
    return last
end

function sys.coresume(task, ...)
    local ok, message = coroutine.resume(task, ...)
    if not ok then
        log.error("coroutine", message)
        sys.timerStart(assert, 500, false, message)
    end
end

function sys.taskInit(fn, ...)
    local task = coroutine.create(fn)
    sys.coresume(task, ...)
    return task
end

function sys.timerStart(fn, ms, ...)
    local args = { ... }
    return start(function()
        fn(unpack(args))
    end, ms, 0)
end

function sys.timerLoopStart(fn, ms)
    return start(fn, ms, -1)
end

function sys.timerStop(id)
    timers[id] = nil
    rtos.timer_stop(id)
end

function sys.wait(ms)
    local id = start(coroutine.running(), ms, 0)
    local values = { coroutine.yield() }
    sys.timerStop(id)
    return unpack(values)
end

function sys.subscribe(topic, fn)
    waiting[topic] = waiting[topic] or {}
    table.insert(waiting[topic], fn)
end

function sys.waitUntil(topic, ms)
    sys.subscribe(topic, (coroutine.running()))
    local values = ms and { sys.wait(ms) } or { coroutine.yield() }
    waiting[topic] = nil
    return values[1] ~= nil, unpack(values, 2)
end

function sys.publish(...)
    table.insert(queue, { ... })
end

local function dispatch()
    while queue[1] do
        local message = table.remove(queue, 1)
        for _, each in ipairs(waiting[message[1]] or {}) do
            if type(each) == "thread" then
                sys.coresume(each, unpack(message))
            else
                each(unpack(message, 2))
            end
        end
    end
end

function sys.run()
    while true do
        dispatch()
        local kind, id, again = rtos.receive(rtos.INF_TIMEOUT)
        local timer = kind == rtos.MSG_TIMER and timers[id]
        if timer and again == 0 then
            timers[id] = nil
        end
        if type(timer) == "thread" then
            sys.coresume(timer)
        elseif timer then
            timer()
        end
    end
end

_G.sys_pub = sys.publish

function _G.sys_cw(topic, ...)
    local known = select("#", ...) > 0 and { ... }
    local object = {}
    function object.wait()
        if known then
            return unpack(known)
        end
        return select(2, sys.waitUntil(topic))
    end
    function object.cb(fn)
        sys.taskInit(function()
            fn(object.wait())
        end)
    end
    return object
end

return sys
