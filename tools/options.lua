--- Option parser and help of the commands.
local util = require("fota.tool.util")

local options = {}

---@class fota.tool.Option
---@field name string without dashes
---@field value string|nil what the value is called; a flag when nil
---@field help string
---@field many boolean|nil may be given more than once: the values become a list
---@field required boolean|nil

---@class fota.tool.Command
---@field name string
---@field summary string one line
---@field arguments string|nil positional arguments as they are shown in the usage line
---@field min integer|nil positional arguments needed; 0 by default
---@field max integer|nil positional arguments accepted; `min` by default
---@field options fota.tool.Option[]
---@field examples string[]
---@field notes string|nil
---@field run fun(given: table, positional: string[]): integer|nil returns the exit status

local function find(command, name)
    for _, option in ipairs(command.options) do
        if option.name == name then
            return option
        end
    end
    util.usage(string.format("unknown option '--%s'; see 'fota %s --help'", name, command.name))
end

local function store(command, given, option, value)
    if option.value and not value then
        util.usage(string.format("--%s needs %s; see 'fota %s --help'", option.name, option.value,
            command.name))
    elseif value == "" then
        util.usage(string.format("--%s is empty; see 'fota %s --help'", option.name, command.name))
    elseif value and not option.value then
        util.usage(string.format("--%s takes no value", option.name))
    elseif option.many then
        given[option.name] = given[option.name] or {}
        table.insert(given[option.name], value)
    elseif given[option.name] then
        util.usage(string.format("--%s is given twice", option.name))
    else
        given[option.name] = value or true
    end
end

local function check(command, given, positional)
    local min = command.min or 0
    local max = command.max or min
    if #positional < min then
        util.usage(string.format("%s is missing; see 'fota %s --help'", command.arguments,
            command.name))
    elseif #positional > max then
        util.usage(string.format("unexpected argument '%s'; see 'fota %s --help'",
            positional[max + 1], command.name))
    end
    for _, option in ipairs(command.options) do
        if option.required and not given[option.name] then
            util.usage(string.format("--%s is missing; see 'fota %s --help'", option.name,
                command.name))
        end
    end
end

--- Reads a command's arguments; wrong ones end the command.
---@param command fota.tool.Command
---@param args string[]
---@return table|nil given option name to value, list or true; nil: help is wanted
---@return string[]|nil positional
function options.parse(command, args)
    local given, positional = {}, {}
    local i = 1
    while i <= #args do
        local arg = args[i]
        local name, value = arg:match("^%-%-([^=]+)=(.*)$")
        name = name or arg:match("^%-%-(.+)$")
        if arg == "--help" or arg == "-h" then
            return nil
        elseif arg == "--" then
            for rest = i + 1, #args do
                positional[#positional + 1] = args[rest]
            end
            break
        elseif name then
            local option = find(command, name)
            if option.value and not value then
                i = i + 1
                value = args[i]
            end
            store(command, given, option, value)
        elseif arg:find("^%-.") then
            util.usage(string.format("unknown option '%s'; see 'fota %s --help'", arg, command.name))
        else
            positional[#positional + 1] = arg
        end
        i = i + 1
    end
    check(command, given, positional)
    return given, positional
end

--- The text of `fota COMMAND --help`.
---@param command fota.tool.Command
---@return string
function options.help(command)
    local usage = { "fota " .. command.name }
    local lines = {}
    local width = #"--help"
    if command.arguments then
        usage[#usage + 1] = command.arguments
    end
    for _, option in ipairs(command.options) do
        local shown = "--" .. option.name .. (option.value and " " .. option.value or "")
        if option.required then
            usage[#usage + 1] = shown
        end
        width = math.max(width, #shown)
        lines[#lines + 1] = { shown, option.help .. (option.many and " (may be repeated)" or "") }
    end
    lines[#lines + 1] = { "--help", "this text" }
    usage[#usage + 1] = "[options]"
    local out = { "usage: " .. table.concat(usage, " "), "", command.summary, "", "options:" }
    for _, line in ipairs(lines) do
        out[#out + 1] = "  " .. line[1] .. (" "):rep(width - #line[1] + 2) .. line[2]
    end
    if command.notes then
        out[#out + 1] = ""
        out[#out + 1] = command.notes
    end
    out[#out + 1] = ""
    out[#out + 1] = #command.examples > 1 and "examples:" or "example:"
    for _, example in ipairs(command.examples) do
        out[#out + 1] = "  " .. example
    end
    return table.concat(out, "\n") .. "\n"
end

return options
