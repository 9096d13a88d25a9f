--- The `fota` command: finds the subcommand and turns what it raises into an exit status.
local core = require("fota.tool.core")
local options = require("fota.tool.options")
local util = require("fota.tool.util")

local cli = {}

local commands = {
    "keygen", "key", "vouch", "pack", "sign", "show", "verify", "diff", "apply", "models", "emu",
}
local elsewhere = { emu = "fota.emulator.cli" }

local function load_command(name)
    for _, known in ipairs(commands) do
        if known == name then
            return require(elsewhere[name] or "fota.tool." .. name)
        end
    end
    util.usage(string.format("unknown command '%s'; commands: %s", name,
        table.concat(commands, ", ")))
end

local function overview()
    local lines = {
        "usage: fota COMMAND [options]",
        "",
        "Makes, signs, shows and checks update packages, and runs the emulated modem.",
        "",
        "commands:",
    }
    for _, name in ipairs(commands) do
        lines[#lines + 1] = string.format("  %-8s%s", name, load_command(name).summary)
    end
    for _, line in ipairs({
        "",
        "'fota COMMAND --help' explains one command with examples.",
        "exit status: 0 done, 1 refused or failed, 2 wrong arguments",
        "",
        "example:",
        "  fota keygen --out key.pem --public key.pub.pem",
        "  fota pack --image app/ --model EC600U --version 2.0.0 --sequence 2 \\",
        "            --key key.pem --out app-2.fota",
        "  fota verify app-2.fota --key key.pub.pem --model EC600U --installed 1",
    }) do
        lines[#lines + 1] = line
    end
    return table.concat(lines, "\n") .. "\n"
end

local function run(args)
    local name = args[1]
    if name == nil or name == "--help" or name == "-h" or name == "help" then
        util.print(overview())
        return name == nil and util.EXIT_USAGE or util.EXIT_OK
    elseif name == "--version" then
        util.print("fota ", core.VERSION, "\n")
        return util.EXIT_OK
    elseif name:find("^%-") then
        util.usage(string.format("unknown option '%s'; see 'fota --help'", name))
    end
    local rest = {}
    for i = 2, #args do
        rest[#rest + 1] = args[i]
    end
    local command = load_command(name)
    local given, positional = options.parse(command, rest)
    if not given then
        util.print(options.help(command))
        return util.EXIT_OK
    end
    if given.out == "-" or given.out2 == "-" then
        util.print_aside()
    end
    return command.run(given, positional)
end

--- Runs the command. Never raises; what goes wrong is one line on stderr.
---@param args string[] the arguments, without the command's own name
---@return integer status exit status: 0 done, 1 refused or failed, 2 wrong arguments
function cli.main(args)
    local fine, result = pcall(function()
        local status = run(args)
        util.flush()
        return status
    end)
    if fine then
        return type(result) == "number" and result or util.EXIT_OK
    end
    if type(result) ~= "table" or not result.status then
        result = { status = util.EXIT_FAILURE, message = tostring(result) }
    end
    if result.message then
        io.stderr:write("fota: ", (result.message:gsub("%s*\n%s*", " ")), "\n")
    end
    return result.status
end

return cli
