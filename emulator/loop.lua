--- What happens by itself on the emulated modem: timers, messages of its firmware, jobs on the network,
--- the update engine. Scripts reach it by `rtos.receive`, which a scheduler (ours, or LuatOS's stock
--- sys.lua) calls in turn.
local environment = require("fota.environment")
local native = require("fota.native")
local port = require("fota.guest")

local loop = {}

-- Moments are compared by their difference: with 32-bit numbers the clock turns over after 24 days.

loop.TIMER = 1 -- rtos.MSG_TIMER

local IDLE_MS = 3600000 -- longest sleep at a time

local begun = port.now()
local timers = {}      -- id -> {at, period, left}
local events = {}      -- of the firmware: {at, topic, fn}
local messages = {}    -- functions, called by receive()
local jobs = {}        -- {thread, at}: threads that yield the milliseconds they can wait, or nothing
local busy = false     -- does an update run?
local stirred = false  -- the engine did something since receive() returned last

local unpack = table.unpack or unpack -- luacheck: ignore (5.1)

--- Does anybody wait for a message of this topic? A scheduler that knows says so by replacing it.
---@param topic string
---@return boolean
function loop.listens(topic) -- luacheck: ignore
    return true
end

--- Milliseconds since the modem started.
---@return number
function loop.uptime()
    return port.now() - begun
end

-- ---- timers ---------------------------------------------------------------------------------------

--- Starts a timer; one with the same id is replaced.
---@param id integer
---@param ms integer at least 1
---@param again integer|nil how often more it goes off; -1 for ever; 0 by default
---@return boolean started
function loop.timer_start(id, ms, again)
    if ms < 1 then
        return false
    end
    timers[id] = { at = port.now() + ms, period = ms, left = again or 0 }
    return true
end

function loop.timer_stop(id)
    timers[id] = nil
end

-- The timer that goes off first, and in how many milliseconds from now.
local function first_timer(now)
    local first, left
    for id, timer in pairs(timers) do
        local its = timer.at - now
        if not left or its < left or its == left and id < first then
            first, left = id, its
        end
    end
    return first, left
end

-- The timer that is due: its id, and how often it goes off again.
local function expire(id)
    local timer = timers[id]
    local left = timer.left
    if left == 0 then
        timers[id] = nil
    else
        timer.left = left > 0 and left - 1 or left
        -- From when it was due: a loop that is late does not drift.
        local now = port.now()
        timer.at = now + math.max(timer.at + timer.period - now, 0)
    end
    return left
end

-- ---- the firmware ---------------------------------------------------------------------------------

--- Calls fn() from the next receive().
function loop.post(fn)
    messages[#messages + 1] = fn
end

--- Calls fn() in `ms` milliseconds, if the modem is still awake by then: it does not stay awake for
--- that unless somebody listens to `topic`.
function loop.after(ms, topic, fn)
    events[#events + 1] = { at = port.now() + ms, topic = topic, fn = fn }
end

--- Runs fn(...) beside everything else. It yields to wait: a number of milliseconds at most, or until
--- the network moves.
function loop.spawn(fn, ...)
    local args = { n = select("#", ...), ... }
    local thread = coroutine.create(function()
        fn(unpack(args, 1, args.n))
    end)
    jobs[#jobs + 1] = { thread = thread, at = 0 }
end

-- In how many milliseconds from now the first event comes that somebody listens to.
local function held_event(now)
    local left
    for _, event in ipairs(events) do
        if loop.listens(event.topic) then
            left = math.min(left or event.at - now, event.at - now)
        end
    end
    return left
end

local function due_events(now)
    for i = #events, 1, -1 do
        if events[i].at - now <= 0 then
            table.insert(messages, 1, table.remove(events, i).fn)
        end
    end
end

-- Gives every job a turn; true when one has ended.
local function run_jobs()
    local now, over = port.now(), false
    for i = #jobs, 1, -1 do
        local job = jobs[i]
        local ok, wait = coroutine.resume(job.thread)
        if not ok then
            table.remove(jobs, i)
            error(debug.traceback(job.thread, tostring(wait)), 0)
        elseif coroutine.status(job.thread) == "dead" then
            table.remove(jobs, i)
            over = true
        else
            job.at = now + (wait or IDLE_MS)
        end
    end
    return over
end

-- ---- waiting --------------------------------------------------------------------------------------

-- Callbacks of the engine may send messages that only the scheduler knows of.
local function poll(ms)
    local was = busy or native.status().busy
    busy = native.poll(ms)
    stirred = stirred or was or busy
end

--- Is there anything that will happen by itself?
---@return boolean
function loop.pending()
    poll(0)
    return stirred or #messages > 0 or #jobs > 0 or next(timers) ~= nil
        or held_event(port.now()) ~= nil
end

-- How long nothing can happen but on the network, at most until `limit`.
local function sleep_ms(now, limit)
    local _, timer = first_timer(now)
    if #messages > 0 then
        return 0 -- a job has just posted it
    end
    local left = math.min(IDLE_MS, timer or IDLE_MS, held_event(now) or IDLE_MS,
        limit and limit - now or IDLE_MS)
    for _, job in ipairs(jobs) do
        left = math.min(left, job.at - now)
    end
    return math.max(0, math.ceil(left))
end

-- A firmware message is done, or a timer has expired: what receive() answers. Nothing otherwise.
local function take(now)
    due_events(now)
    if #messages > 0 then
        table.remove(messages, 1)()
        return -1
    end
    local id, left = first_timer(now)
    if id and left <= 0 then
        return loop.TIMER, id, expire(id)
    end
end

-- The modem was asked to run for so long only.
local function check_limit(now)
    if environment.run_ms and now - begun >= environment.run_ms then
        port.finish()
    end
end

-- Waits for what happens next, `limit` at most: what receive() answers. Nothing when nothing can happen
-- any more and there is no limit.
local function wait(limit)
    while true do
        local now = port.now()
        check_limit(now)
        local kind, id, again = take(now)
        if kind then
            return kind, id, again
        end
        local over = run_jobs()
        if not over then
            poll(0)
        end
        if over or stirred then
            if busy and not over then
                poll(sleep_ms(now, limit))
            end
            stirred = false
            return -1
        elseif limit and now - limit >= 0 then
            return -1
        elseif not limit and not loop.pending() then
            return nil
        end
        poll(sleep_ms(now, limit))
    end
end

--- Waits for what happens next: loop.TIMER, id, how often it goes off again; or -1, which says that
--- something may have happened. Nothing when nothing can happen any more.
---@return integer|nil kind
---@return integer|nil id
---@return integer|nil again
function loop.next()
    return wait(nil)
end

local function or_end(kind, ...)
    if not kind then
        port.finish()
    end
    return kind, ...
end

--- The same, `ms` milliseconds at most; negative: for ever. When nothing can happen any more that is the
--- modem's end: this does not return.
---@param ms integer
---@return integer kind
---@return integer|nil id
---@return integer|nil again
function loop.receive(ms)
    return or_end(wait(ms >= 0 and port.now() + ms or nil))
end

return loop
