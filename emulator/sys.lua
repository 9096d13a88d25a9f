--- LuatOS's `sys` on the emulated modem: tasks, messages and timers over coroutines, on nothing but the
--- primitives of `rtos`.
---
--- A message published before somebody waits for it is lost, as on the device. An error in a task is
--- reported and, 500 ms later, restarts the modem, unless the script has set
--- COROUTINE_ERROR_ROLL_BACK and COROUTINE_ERROR_RESTART to false.
local loop = require("fota.emulator.loop")
local port = require("fota.guest")
local rtos = require("fota.emulator.rtos")

local sys = {}

local ERROR_RESTART_MS = 500

local timers = {}      -- id -> {fn, args} or {thread}
local last_timer = 0
local queue = {}       -- published messages: {topic, ...}
local subscribers = {} -- topic -> list of functions and threads
local tasks = {}       -- name -> {messages, stray}: of taskInitEx()
local turning          -- the thread that runs the loop

local function pack(...)
    return { n = select("#", ...), ... }
end

local unpack = table.unpack or unpack -- luacheck: ignore (5.1)

-- ---- tasks ---------------------------------------------------------------------------------------

--- Resumes a task; its error is reported and restarts the modem.
---@param task thread
---@return boolean ok
---@return any ...
function sys.coresume(task, ...)
    local result = pack(coroutine.resume(task, ...))
    if not result[1] then
        port.emit("error", debug.traceback(task, tostring(result[2])))
        if _G.COROUTINE_ERROR_ROLL_BACK ~= false or _G.COROUTINE_ERROR_RESTART ~= false then
            sys.timerStart(rtos.reboot, ERROR_RESTART_MS)
        end
    end
    return unpack(result, 1, result.n)
end

--- Starts a task: a function that may wait.
---@param fn function
---@return thread
function sys.taskInit(fn, ...)
    local task = coroutine.create(fn)
    sys.coresume(task, ...)
    return task
end

--- The task that runs; raises outside of one. main.lua may wait until it calls sys.run(): what is called
--- from there, by a timer or for a message, may not, as on the device.
---@return thread
function sys.check_task()
    local task, main = coroutine.running()
    if main or not task or task == turning then
        error(debug.traceback("attempt to yield from outside a coroutine"), 2)
    end
    return task
end

-- ---- timers --------------------------------------------------------------------------------------

local function new_timer(timer, ms, again)
    repeat
        last_timer = last_timer % 0x7FFFFF + 1
    until not timers[last_timer]
    if rtos.timer_start(last_timer, ms, again) ~= 1 then
        return nil
    end
    timers[last_timer] = timer
    return last_timer
end

local function same(args, others)
    if args.n ~= others.n then
        return false
    end
    for i = 1, args.n do
        if args[i] ~= others[i] then
            return false
        end
    end
    return true
end

local function remove_timer(id)
    timers[id] = nil
    rtos.timer_stop(id)
end

-- The timer with this id, or of this function and these arguments.
local function find_timer(val, ...)
    if type(val) == "number" then
        return timers[val] and val
    end
    local args = pack(...)
    for id, timer in pairs(timers) do
        if timer.fn == val and same(timer.args, args) then
            return id
        end
    end
end

local function start(fn, ms, again, ...)
    sys.timerStop(fn, ...) -- a function has one timer for the same arguments
    return new_timer({ fn = fn, args = pack(...) }, math.floor(ms), again)
end

--- Calls fn(...) once, in `ms` milliseconds.
---@param fn function
---@param ms integer at least 1
---@return integer|nil id
function sys.timerStart(fn, ms, ...)
    return start(fn, ms, 0, ...)
end

--- Calls fn(...) every `ms` milliseconds.
---@param fn function
---@param ms integer at least 1
---@return integer|nil id
function sys.timerLoopStart(fn, ms, ...)
    return start(fn, ms, -1, ...)
end

--- Calls fn(...) in `ms` milliseconds and `again` times more, -1 for ever.
function sys.timerAdvStart(fn, ms, again, ...)
    return start(fn, ms, again, ...)
end

--- Stops a timer by its id, or by its function and arguments.
---@param val integer|function
function sys.timerStop(val, ...)
    local id = find_timer(val, ...)
    if id then
        remove_timer(id)
    end
end

--- Stops all timers of a function.
function sys.timerStopAll(fn)
    for id, timer in pairs(timers) do
        if timer.fn == fn then
            remove_timer(id)
        end
    end
end

---@param val integer|function
---@return boolean
function sys.timerIsActive(val, ...)
    return find_timer(val, ...) ~= nil
end

local function fire(id, again)
    local timer = timers[id]
    if not timer then
        return
    end
    if again == 0 then
        timers[id] = nil
    end
    if timer.thread then
        sys.coresume(timer.thread)
    else
        timer.fn(unpack(timer.args, 1, timer.args.n))
    end
end

-- ---- waiting and messages ------------------------------------------------------------------------

--- Lets the task sleep. Whoever resumes it earlier may give values, which are returned.
---@param ms integer
---@return any ...
function sys.wait(ms)
    local id = new_timer({ thread = sys.check_task() }, math.floor(ms), 0)
    if not id then
        return
    end
    local values = pack(coroutine.yield())
    if timers[id] then
        remove_timer(id)
    end
    return unpack(values, 1, values.n)
end

--- Calls fn(...) for every message of a topic; a thread is resumed with the topic and the values. A
--- list of topics subscribes to each.
function sys.subscribe(topic, fn)
    if type(topic) == "table" then
        for _, each in ipairs(topic) do
            sys.subscribe(each, fn)
        end
        return
    end
    sys.unsubscribe(topic, fn)
    subscribers[topic] = subscribers[topic] or {}
    table.insert(subscribers[topic], fn)
end

function sys.unsubscribe(topic, fn)
    if type(topic) == "table" then
        for _, each in ipairs(topic) do
            sys.unsubscribe(each, fn)
        end
        return
    end
    local list = subscribers[topic]
    for i, other in ipairs(list or {}) do
        if other == fn then
            table.remove(list, i)
            break
        end
    end
    if list and #list == 0 then
        subscribers[topic] = nil
    end
end

-- What the task is resumed with: {topic, values}, or {} after `ms` milliseconds.
local function await(topic, ms)
    local task = sys.check_task()
    sys.subscribe(topic, task)
    local message
    if ms then
        message = pack(sys.wait(ms))
    else
        message = pack(coroutine.yield())
    end
    sys.unsubscribe(topic, task)
    return message
end

--- Waits for a message: true and its values, or false after `ms` milliseconds.
---@param topic any
---@param ms integer|nil for ever when nil
---@return boolean
---@return any ...
function sys.waitUntil(topic, ms)
    local message = await(topic, ms)
    return message[1] ~= nil, unpack(message, 2, message.n)
end

--- The same, with the topic instead of true.
function sys.waitUntilExt(topic, ms)
    local message = await(topic, ms)
    if message[1] == nil then
        return false
    end
    return unpack(message, 1, message.n)
end

--- Waits for a message as long as it takes; its values.
function sys.waitUntilMsg(topic)
    local message = await(topic)
    return unpack(message, 2, message.n)
end

--- Waits for a message of any of these topics: the topic and its values, or false after `ms`.
---@param topics any[]
---@param ms integer|nil
function sys.waitMult(topics, ms)
    return sys.waitUntilExt(topics, ms)
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
            if type(fn) == "thread" then
                sys.coresume(fn, unpack(message, 1, message.n))
            else
                fn(unpack(message, 2, message.n))
            end
        end
    end
end

-- ---- messages to a named task --------------------------------------------------------------------

--- Starts a task that has a name, to which messages are sent.
---@param fn function
---@param name string
---@param stray function|nil called with the messages it does not wait for
---@return thread|nil
function sys.taskInitEx(fn, name, stray, ...)
    if name == nil then
        port.emit("log", "E", "E/user.sys taskInitEx: the task has no name")
        return nil
    end
    tasks[name] = { messages = {}, stray = stray }
    return sys.taskInit(fn, ...)
end

--- Forgets a named task and its messages.
function sys.taskDel(name)
    tasks[name] = nil
end

--- Sends up to four values to a named task; false if there is none of this name.
---@return boolean
function sys.sendMsg(name, ...)
    local task = tasks[name]
    if not task then
        return false
    end
    task.messages[#task.messages + 1] = { ... }
    sys.publish(name)
    return true
end

-- The next message that is waited for; the others go to the task's function for them.
local function next_message(task, target)
    while #task.messages > 0 do
        local message = table.remove(task.messages, 1)
        if target == nil or message[1] == target then
            return message
        elseif type(task.stray) == "function" then
            task.stray(message)
        end
    end
end

--- Waits for a message to the task `name` whose first value is `target`, or for any.
---@param name string
---@param target any
---@param ms integer|nil for ever when nil or 0
---@return table|nil|false message its values; nil after `ms`; false: not a task of taskInitEx()
function sys.waitMsg(name, target, ms)
    local task = tasks[name]
    if not task then
        port.emit("log", "E", "E/user.sys waitMsg: no task of taskInitEx() has this name: "
            .. tostring(name))
        return false
    end
    local limit = ms and ms > 0 and loop.uptime() + ms
    local message = next_message(task, target)
    while not message do
        local left = limit and limit - loop.uptime()
        if left and left <= 0 or not sys.waitUntil(name, left or nil) then
            return nil
        end
        message = next_message(task, target)
    end
    return message
end

--- Throws the messages to a named task away.
---@return boolean
function sys.cleanMsg(name)
    if tasks[name] then
        tasks[name].messages = {}
    end
    return tasks[name] ~= nil
end

--- Gives a message to the function that a named task has for those it does not wait for.
function sys.taskCB(name, message)
    if tasks[name] and type(tasks[name].stray) == "function" then
        tasks[name].stray(message)
    end
end

-- ---- what the firmware calls ---------------------------------------------------------------------

-- An object that stands for the result of a call of the firmware's, which publishes it as `topic`.
local function waitable(topic, ...)
    local known = select("#", ...) > 0 and pack(...)
    local function result()
        if known then
            return unpack(known, 1, known.n)
        end
        return sys.waitUntilMsg(topic)
    end
    return {
        wait = result,
        cb = function(fn)
            if type(fn) == "function" then
                sys.taskInit(function()
                    fn(result())
                end)
            end
        end,
    }
end

_G.sys_pub = sys.publish
_G.sys_cw = waitable
_G.sys_send = sys.sendMsg
_G.sys_wait = sys.waitMsg

function loop.listens(topic)
    return subscribers[topic] ~= nil
end

-- ---- the loop ------------------------------------------------------------------------------------

--- Is there anything that will happen by itself?
---@return boolean
function sys.pending()
    return #queue > 0 or loop.pending()
end

--- One turn: messages, then what happens next.
function sys.turn()
    local outer = turning
    turning = coroutine.running()
    deliver()
    local message, id, again = loop.next()
    if message == rtos.MSG_TIMER then
        fire(id, again)
    end
    deliver()
    turning = outer
end

--- Runs everything; on the emulated modem it returns when nothing can happen any more.
function sys.run()
    while sys.pending() do
        sys.turn()
    end
end

return sys
