--- Runs the fota command as it would be typed, and keeps what it says apart.
local luassert = require("luassert")
local tool = require("fota.tool.core")
local vm = require("spec.support.vm")

local command = {}

local ROOT = tool.run("pwd", ""):gsub("%s+$", "")

-- Scripts may change the folder.
local function absolute(path)
    return path:find("^/") and path or ROOT .. "/" .. path
end

local FOTA = absolute(os.getenv("FOTA_BIN") or "build/bin/fota")

--- Where the command is.
command.path = FOTA

---@param text any
---@return string word for the shell
function command.quote(text)
    return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- Runs a shell command.
---@param line string
---@return string output
---@return string errors
---@return integer status
function command.shell(line)
    local out, err = os.tmpname(), os.tmpname()
    local status = vm.execute("(" .. line .. ") </dev/null >" .. out .. " 2>" .. err)
    local output, errors = vm.read(out), vm.read(err)
    os.remove(out)
    os.remove(err)
    return output, errors, status
end

--- Runs `fota` with these words.
---@param ... any
---@return string output
---@return string errors
---@return integer status
function command.fota(...)
    local words = { command.quote(FOTA) }
    for _, word in ipairs({ ... }) do
        words[#words + 1] = command.quote(word)
    end
    return command.shell(table.concat(words, " "))
end

--- Runs `fota`, which must work and say nothing on stderr.
---@param ... any
---@return string output
function command.ok(...)
    local out, err, status = command.fota(...)
    luassert.equal("", err)
    luassert.equal(0, status)
    return out
end

--- Runs `fota`, which must refuse: with one line on stderr that a person can act upon, and nothing else.
---@param expected_status integer
---@param pattern string of that line
---@param ... any
function command.refused(expected_status, pattern, ...)
    local out, err, status = command.fota(...)
    luassert.equal(expected_status, status)
    luassert.matches("^fota: [^\n]+\n$", err)
    luassert.matches(pattern, err)
    luassert.falsy(err:find("traceback", 1, true))
    luassert.falsy(err:find("%.lua:%d"))
    luassert.equal("", out)
end

--- Runs the specs of a folder by busted, in that folder, as the one who wrote them does.
---@param folder string
---@param file string of the folder
---@return string output
---@return integer status
function command.specs(folder, file)
    local interpreter, runner = vm.interpreter, "/usr/bin/busted"
    if interpreter:find("/", 1, true) then
        interpreter = absolute(interpreter)
    end
    if vm.narrow then -- for which there is no busted
        runner = absolute("spec/support/mini.lua")
    end
    local build = FOTA:gsub("/bin/fota$", "")
    local output, errors, status = command.shell(string.format(
        "cd '%s' && %s %s --lpath='%s/lua/?.lua;%s/?.lua' --cpath='%s/lib/?.so' %s",
        folder, interpreter, runner, build, ROOT, build, file))
    return output .. errors, status
end

return command
