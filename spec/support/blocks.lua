--- As much of busted as the specs need, in plain Lua: describe, it, pending and the four hooks. For Luas
--- and machines that busted's C modules are not built for; `assert` has to be luassert's already.
-- luacheck: globals setup teardown before_each after_each describe it pending

-- ---- the tree of blocks ---------------------------------------------------------------------------

local PENDING = {}
local block -- the one that is being defined

local function define(kind)
    return function(fn)
        block[kind] = fn
    end
end

setup, teardown = define("setup"), define("teardown")
before_each, after_each = define("before_each"), define("after_each")

function describe(name, fn)
    local outer = block
    block = { name = outer and outer.name .. name .. " " or name .. " ", outer = outer }
    if outer then
        outer[#outer + 1] = block
    end
    fn()
    local made = block
    block = outer or made
end

function it(name, fn)
    block[#block + 1] = { name = block.name .. name, test = fn }
end

-- Within a test it ends the test, elsewhere it stands for one.
local running = false

function pending(name)
    if running then
        error(setmetatable({ pending = name }, PENDING), 0)
    end
    it(name, function()
        pending(name)
    end)
end

-- ---- running ----------------------------------------------------------------------------------------

local counts = { successes = 0, failures = 0, pending = 0 }
local notes = {}

local function traceback(message)
    if getmetatable(message) == PENDING then
        return message
    end
    return debug.traceback(tostring(message), 2)
end

local function note(kind, name, message)
    counts[kind] = counts[kind] + 1
    notes[#notes + 1] = string.format("%s -> %s\n%s\n", kind, name, tostring(message))
end

-- Runs fn of a block, or a test; true unless it failed.
local function attempt(name, fn)
    if not fn then
        return true
    end
    running = true
    local ok, message = xpcall(fn, traceback)
    running = false
    if ok then
        return true
    elseif getmetatable(message) == PENDING then
        note("pending", name, message.pending)
    else
        note("failures", name, message)
    end
    return false
end

-- The hooks of the outer blocks come first before a test, and last after it.
local function prepare(of, name)
    return not of or prepare(of.outer, name) and attempt(name, of.before_each)
end

local function clean(of, name)
    local ok = true
    while of do
        ok = attempt(name, of.after_each) and ok
        of = of.outer
    end
    return ok
end

local function run(of)
    if attempt(of.name .. "setup", of.setup) then
        for _, entry in ipairs(of) do
            if not entry.test then
                run(entry)
            else
                local ok = prepare(of, entry.name) and attempt(entry.name, entry.test)
                if clean(of, entry.name) and ok then
                    counts.successes = counts.successes + 1
                end
            end
        end
    end
    attempt(of.name .. "teardown", of.teardown)
end

--- Runs the specs in `files`, and prints busted's last line and what failed.
---@param files string[]
---@return table counts successes, failures, pending
return function(files)
    local begun = os.time()
    for _, file in ipairs(files) do
        block = { name = "" }
        local made = block
        if attempt(file, assert(loadfile(file))) then
            run(made)
        end
    end
    print(string.format("%d successes / %d failures / 0 errors / %d pending : %d seconds\n", counts.successes,
        counts.failures, counts.pending, os.time() - begun))
    for _, text in ipairs(notes) do
        print(text)
    end
    return counts
end
