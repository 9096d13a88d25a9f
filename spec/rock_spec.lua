--- The rock and CMake are two builds of one program.
local tool = require("fota.tool.core")
local vm = require("spec.support.vm")

local ROCKSPEC = vm.read("rockspec/fota-scm-1.rockspec")

-- Not in the rock: lwIP is built from its source package, which a rock cannot bring.
local WITHOUT_ROCK = { ["emulator/lua_lwip.c"] = true }

-- The words of `text` that match `pattern`, sorted, each once.
local function words(text, pattern, except)
    local seen, list = {}, {}
    for word in text:gmatch(pattern) do
        if not seen[word] and not (except or {})[word] then
            seen[word] = true
            list[#list + 1] = word
        end
    end
    table.sort(list)
    return list
end

describe("the rock", function()
    it("has the C files that CMake has", function()
        local cmake = vm.read("CMakeLists.txt") .. vm.read("cmake/lua.cmake")
        local files = {}
        for _, folder in ipairs({ "core", "platform", "lua", "emulator", "tools" }) do
            for _, file in ipairs(words(cmake, "%f[%w_/]" .. folder .. "/[%w_/]+%.c", WITHOUT_ROCK)) do
                files[#files + 1] = file
            end
        end
        files[#files + 1] = "lua_fota.c"
        table.sort(files)
        assert.same(files, words(ROCKSPEC, '"([%w_/]+%.c)"'))
    end)

    it("has every Lua file of the emulator and the command under its module's name", function()
        local found = {}
        local function collect(folder, module)
            for _, entry in ipairs(assert(tool.list(folder))) do
                local name = entry.name:match("^(.*)%.lua$")
                if entry.type == "folder" then
                    collect(folder .. "/" .. entry.name, module .. "." .. entry.name)
                elseif name then
                    found[#found + 1] = module .. "." .. name .. " " .. folder .. "/" .. entry.name
                end
            end
        end
        collect("emulator", "fota.emulator")
        collect("tools", "fota.tool")
        table.sort(found)
        local listed = {}
        for module, path in ROCKSPEC:gmatch('%["([%w_.]+)"%] = "([%w_/.]+)"') do
            if path == "emulator/sim.lua" then
                assert.equal("fota.sim", module)
                module = "fota.emulator.sim"
            end
            listed[#listed + 1] = module .. " " .. path
        end
        table.sort(listed)
        assert.same(found, listed)
    end)
end)
