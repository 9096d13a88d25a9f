--- `fota emu`: a modem that is updated by its own Lua script.
local bar = require("fota.emulator.bar")
local home = require("fota.emulator.home")
local json = require("fota.tool.json")
local util = require("fota.tool.util")

local cut_modes = { "before", "first half", "second half", "random", "after" }

---@type fota.tool.Command
local cli = {
    name = "emu",
    summary = "Run a modem that is updated by its own Lua script.",
    arguments = "[SCRIPT]",
    max = 1,
    options = {
        { name = "home", value = "DIR", required = true,
            help = "where the modem lives: flash, keys, files" },
        { name = "model", value = "M", help = "of a new modem; generic by default" },
        { name = "key", value = "PUB.pem", many = true,
            help = "trust packages signed with this key, from now on" },
        { name = "sequence", value = "N", help = "of the script that is loaded; 1 by default" },
        { name = "power-cut", value = "N[:MODE]",
            help = "the power fails at the N-th flash operation, then comes back" },
        { name = "power-cut-at", value = "PERCENT",
            help = "the power fails when so much is downloaded, in the middle of an operation" },
        { name = "lib", value = "DIR", many = true,
            help = "scripts may require the *.lua files of this folder" },
        { name = "fast", help = "skip the time in which nothing can happen" },
        { name = "rate", value = "BYTES", help = "receive at most so many bytes a second" },
        { name = "drop", value = "BYTES", help = "the connection breaks once, after so many bytes" },
        { name = "seed", value = "N", help = "for what is random about a power cut" },
        { name = "starts", value = "N", help = "stop after so many starts; 100 by default" },
        { name = "report", value = "FILE", help = "write what happened as JSON" },
        { name = "log", value = "FILE", help = "write what is printed, but the progress bar, there too" },
        { name = "quiet", help = "no progress bar" },
    },
    notes = "SCRIPT is main.lua, or a folder with a main.lua: it is loaded into the modem's slot when it\n"
        .. "has changed since it was loaded last. Without it the modem starts with what it has.\n"
        .. "Modes of a power cut: before, first half, second half, random, after (the operation).\n"
        .. "exit status: 0 the scripts ended, 1 an error or no image, else what os.exit() was given",
    examples = {
        "fota emu main.lua --model EC600U --home modem --key key.pub.pem",
        "fota emu main.lua --home modem --power-cut 200:random --seed 7",
    },
}

local boot_lines = {
    staged = "boot: a verified package is staged",
    ["backing up"] = "boot: copying the old image aside",
    installing = "boot: installing",
    trial = "boot: the new image runs on trial",
    reverting = "boot: putting the old image back",
}

-- A listener that prints for people, and into `log` where there is one.
local function printer(progress, log)
    local say = function(...)
        local line = string.format(...)
        progress:close()
        io.stdout:write(line, "\n")
        io.stdout:flush()
        if log then
            log:write(line, "\n")
            log:flush()
        end
    end
    local heard = {
        boot = function(state)
            if boot_lines[state] then
                say("  %s", boot_lines[state])
            end
        end,
        start = function(version)
            say("  boot: starting version %s", version)
        end,
        cut = function()
            say("  -- the power fails, and comes back --")
        end,
        reset = function()
            say("  -- the modem resets --")
        end,
        fault = function(message)
            say("  boot: %s", message)
        end,
        print = function(line)
            say("%s", line)
        end,
        log = function(_, line)
            say("%s", line)
        end,
        error = function(message)
            say("error: %s", message)
        end,
    }
    return function(kind, ...)
        if kind == "progress" then
            progress:show(...)
        elseif heard[kind] then
            heard[kind](...)
        end
    end
end

local function set_cut(mine, text)
    local number, mode = text:match("^(%d+):?(.*)$")
    local operation = util.number(number or "", 1, 4294967295)
    if mode == "" then
        mode = "before"
    end
    for _, known in ipairs(cut_modes) do
        if operation and known == mode then
            mine.modem:cut(operation, mode)
            return
        end
    end
    util.usage("--power-cut: '" .. text .. "' is not N or N:MODE; modes: "
        .. table.concat(cut_modes, ", "))
end

-- The power fails in the next flash operation once the download is this far.
local function cut_at(mine, percent, listener)
    local armed = true
    return function(kind, ...)
        if kind == "progress" and armed and select(1, ...) == "download"
            and select(4, ...) >= percent then
            armed = false
            mine.modem:cut(1, "first half")
        end
        listener(kind, ...)
    end
end

local function set_faults(mine, given, listener)
    if given["power-cut"] then
        set_cut(mine, given["power-cut"])
    end
    if given.rate then
        mine.modem:rate(util.number_option("rate", given.rate, 0, 4294967295))
    end
    if given.drop then
        mine.modem:drop(util.number_option("drop", given.drop, 1, 4294967295))
    end
    if given["power-cut-at"] then
        return cut_at(mine, util.number_option("power-cut-at", given["power-cut-at"], 0, 100), listener)
    end
    return listener
end

local function report(path, mine, why, version)
    local stats = mine.modem:stats()
    util.save(path, json.encode({
        ended = why,
        version = version,
        model = mine.model,
        boots = mine.counts.boots,
        resets = mine.counts.resets,
        power_cuts = mine.counts.cuts,
        bytes_fetched = stats.bytes_fetched,
        connections = stats.connections,
        programs = stats.programs,
        erases = stats.erases,
        most_erased = stats.most_erased,
        violations = stats.violations,
        staging_erase_unit = mine.modem:map().staging.erase_unit,
    }) .. "\n", { replace = true })
end

local function is_terminal()
    local ok, _, status = os.execute("test -t 1")
    return ok == true or ok == 0 or status == 0
end

local statuses = { ["end"] = util.EXIT_OK, error = util.EXIT_FAILURE, nothing = util.EXIT_FAILURE }

function cli.run(given, positional)
    local sequence = util.number_option("sequence", given.sequence or "1", 1, 4294967295)
    local seed = util.number_option("seed", given.seed or "1", 0, 4294967295)
    local starts = util.number_option("starts", given.starts or "100", 1, 4294967295)
    local mine, key = home.open(given.home, { model = given.model, seed = seed, keys = given.key })
    mine.lib = given.lib
    mine.modem:fast(given.fast)
    local progress = bar.new(not given.quiet and is_terminal())
    if given.quiet then
        progress.show = function() end
    end
    if positional[1] and home.load(mine, given.home, positional[1], key, sequence) then
        io.stdout:write("  ", positional[1], " is loaded into the slot of the ", mine.model, "\n")
    end
    local log, message
    if given.log then
        log, message = io.open(given.log, "w")
        if not log then
            util.fail(message)
        end
    end
    local listener = set_faults(mine, given, printer(progress, log))
    local why, value = mine:start(listener, { starts = starts })
    progress:close()
    if given.report then
        report(given.report, mine, why, mine.version)
    end
    mine:close()
    if why == "nothing" then
        util.fail("the modem does not start: " .. tostring(value))
    elseif why == "starts" then
        util.fail("the modem started " .. util.decimal(value) .. " times without an end")
    end
    return statuses[why] or value
end

return cli
