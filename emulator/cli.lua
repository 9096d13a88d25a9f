--- `fota emu`: a modem that is updated by its own Lua script.
local bar = require("fota.emulator.bar")
local home = require("fota.emulator.home")
local json = require("fota.tool.json")
local models = require("fota.tool.models")
local util = require("fota.tool.util")

local U32_MAX = util.U32_MAX

local cut_modes = {
    "before", "first half", "second half", "random", "after",
    "unstable", "marginal", "one unstable", "unreadable",
}

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
        { name = "fast", help = "a virtual clock: no time is spent on waiting where nothing can happen" },
        { name = "net", value = "NET",
            help = "posix: the host's sockets; lwip: lwIP in a network of its own; $FOTA_NET by default" },
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
        .. "With lwip the host is 10.0.2.2, and 127.0.0.1, ::1 and localhost are the host, too.\n"
        .. "exit status: 0 the scripts ended, 1 an error or no image, else what os.exit() was given. That\n"
        .. "an update failed is for the script to judge: os.exit(1); or see `outcome` of --report.",
    examples = {
        "fota emu main.lua --model EC600U --home modem --key key.pub.pem",
        "fota emu main.lua --home modem --power-cut 200:random --seed 7",
    },
}

local boot_lines = {
    staged = "boot: a verified package is staged",
    ["backing up"] = "boot: copying the old image aside",
    installing = "boot: installing",
    updating = "boot: the updater is verified",
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
        updating = function()
            say("  updater: fetching the application")
        end,
        updater = function(message)
            say("  updater: %s; trying again", message)
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

local function read_cut(text)
    local number, mode = text:match("^(%d+):?(.*)$")
    local operation = util.number(number or "", 1, U32_MAX)
    if mode == "" then
        mode = "before"
    end
    for _, known in ipairs(cut_modes) do
        if operation and known == mode then
            return { operation = operation, mode = mode }
        end
    end
    util.usage("--power-cut: '" .. text .. "' is not N or N:MODE; modes: "
        .. table.concat(cut_modes, ", "))
end

-- All numbers of the options, before anything is made or written.
local function read_numbers(given)
    local function number(name, least, most, default)
        local text = given[name] or default
        return text and util.number_option(name, text, least, most)
    end
    return {
        sequence = number("sequence", 1, U32_MAX, "1"),
        seed = number("seed", 0, U32_MAX, "1"),
        starts = number("starts", 1, U32_MAX, "100"),
        rate = number("rate", 0, U32_MAX),
        drop = number("drop", 1, U32_MAX),
        cut_at = number("power-cut-at", 0, 100),
        cut = given["power-cut"] and read_cut(given["power-cut"]),
    }
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

local function set_faults(mine, numbers, listener)
    if numbers.cut then
        mine.modem:cut(numbers.cut.operation, numbers.cut.mode)
    end
    if numbers.rate then
        mine.modem:rate(numbers.rate)
    end
    if numbers.drop then
        mine.modem:drop(numbers.drop)
    end
    return numbers.cut_at and cut_at(mine, numbers.cut_at, listener) or listener
end

local function report(path, mine, why, version)
    local stats = mine.modem:stats()
    local last = mine.modem:api().last_result()
    util.save(path, json.encode({
        ended = why,
        version = version,
        outcome = last.outcome,
        error = last.error,
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
    local numbers = read_numbers(given)
    if given.net and given.net ~= "posix" and given.net ~= "lwip" then
        util.usage("--net: '" .. given.net .. "' is neither posix nor lwip")
    end
    local script = positional[1]
    if given.model then
        models.find(given.model)
    end
    if not script and not home.exists(given.home) then
        util.fail(given.home .. " holds no modem yet; give a SCRIPT to load into a new one")
    end
    local scripts = script and home.read_scripts(script)
    local mine, key = home.open(given.home, {
        model = given.model, seed = numbers.seed, keys = given.key, net = given.net,
    })
    mine.lib = given.lib
    mine.modem:fast(given.fast)
    local progress = bar.new(not given.quiet and is_terminal())
    if given.quiet then
        progress.show = function() end
    end
    if scripts and home.load(mine, given.home, scripts, key, numbers.sequence) then
        io.stdout:write("  ", script, " is loaded into the slot of the ", mine.model, "\n")
    end
    local log, message
    if given.log then
        log, message = io.open(given.log, "w")
        if not log then
            util.fail(message)
        end
    end
    local listener = set_faults(mine, numbers, printer(progress, log))
    local why, value = mine:start(listener, { starts = numbers.starts })
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
