--- The Lua in the documents runs, and does what the text around it says.
local Guest = require("spec.support.guest")
local command = require("spec.support.command")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

describe("the Lua in", function()
    local VERSION_2 = 'VERSION = "2.0.0"\nprint("two", require("fota").confirm())'
    local guest

    before_each(function()
        guest = nil
    end)

    after_each(function()
        if guest then
            guest:close()
        end
    end)

    -- Blocks of a document that are marked as Lua, or indented.
    local function blocks(path)
        local list, block, indented = {}, nil, nil
        for line in (vm.read(path) .. "\n"):gmatch("(.-)\n") do
            if line:find("^```") then
                list[#list + 1] = block and table.concat(block, "\n")
                block = not block and line == "```lua" and {} or nil
            elseif block then
                block[#block + 1] = line
            elseif path == "docs/api.md" and (line:find("^    %S") or indented) then
                indented = indented or {}
                if line:find("^    ") then
                    indented[#indented + 1] = line:sub(5)
                else
                    list[#list + 1] = table.concat(indented, "\n")
                    indented = nil
                end
            end
        end
        return list
    end

    -- A modem, and the url of version 2 in its network.
    local function open(script)
        guest = Guest.open({ model = "EC600U" })
        local files = { ["main.lua"] = script or VERSION_2 }
        return guest.modem:serve("app.fota", guest.modem:package({ files = files }))
    end

    local function replaced(text, pattern, by)
        local result, count = text:gsub(pattern, by)
        assert.equal(1, count, pattern)
        return result
    end

    local function assert_updated(output, run)
        assert.equal("two\ttrue", output[#output])
        assert.same({ "1.0.0", "2.0.0" }, run.versions)
    end

    it("every document compiles", function()
        local seen = 0
        local list = command.shell("ls *.md docs/*.md examples/*/*.md platform/*/*.md")
        for path in list:gmatch("[^\n]+") do
            for _, block in ipairs(blocks(path)) do
                assert((loadstring or load)(block, "@" .. path))
                seen = seen + 1
            end
        end
        assert.truthy(seen >= 10)
    end)

    for _, path in ipairs({ "README.md", "README.zh-CN.md" }) do
        it(path .. " updates a modem from version 1 to version 2", function()
            local scripts = blocks(path)
            local url = open(scripts[2])
            local output, run = guest:run(replaced(scripts[1], "http://127.0.0.1:8000/app.fota", url))

            assert.same({ "version 1.0.0 runs", "version 2.0.0 runs", "confirmed" },
                { output[1], output[#output - 1], output[#output] })
            assert.equal("status 2, progress 100", output[#output - 2])
            assert.same({ "1.0.0", "2.0.0" }, run.versions)
        end)

        it(path .. " is a spec that passes", function()
            local scripts, folder = blocks(path), web.folder()
            assert.equal(0, vm.execute("mkdir " .. folder .. "/v2 " .. folder .. "/spec"))
            vm.write(folder .. "/v2/main.lua", scripts[2])
            vm.write(folder .. "/spec/update_spec.lua", scripts[3])
            local output, status = command.specs(folder, "spec/update_spec.lua")

            assert.equal(0, status, output)
            assert.matches("1 success", output)
            vm.execute("rm -r '" .. folder .. "'")
        end)
    end

    it("docs/api.md downloads by a job", function()
        local url = open()
        local output, run = guest:task(string.format("local fota, url = require 'fota', %q\n", url)
            .. blocks("docs/api.md")[1])
        assert_updated(output, run)
        assert.equal("0\t100", output[#output - 1], "it is reset before the loop goes on")
    end)

    it("docs/api.md tells after the loop what went wrong, or that it went well without a reset", function()
        local url = open()
        local block = blocks("docs/api.md")[1]
        local output = guest:task("local fota, url = require 'fota', 'http://fota.test/absent'\n" .. block)
        assert.same({ "-1\t-49",
            "nil\tHTTP_NOT_FOUND: the server has no such file (HTTP 404); check the url\t-49" }, output)
        output = guest:task(string.format("local fota, url = require 'fota', %q\n", url)
            .. replaced(block, "fota%(%)", "fota(1)"))
        assert.same({ "2\t100", "true" }, { output[#output - 1], output[#output] })
    end)

    it("docs/from-quecpython.md upgrades from a server", function()
        local url = open()
        local output, run = guest:run('local fota = require "fota"\n'
            .. replaced(blocks("docs/from-quecpython.md")[1], "http://www.example.com/fota.bin", url))
        assert_updated(output, run)
        assert.equal("download status:\t2\tdownload process:\t100", output[#output - 1])
    end)

    it("docs/from-quecpython.md upgrades from a file", function()
        open()
        assert.equal(0, vm.execute("mkdir " .. guest.fs .. "/usr"))
        guest:write("/usr/FotaFile.bin", guest.modem:package({ files = { ["main.lua"] = VERSION_2 } }))
        local output, run = guest:run('local fota_obj, file_size = require("fota")(), '
            .. 'io.fileSize("/usr/FotaFile.bin")\n' .. blocks("docs/from-quecpython.md")[2]
            .. "\nprint(res, message)\nif res == 0 then rtos.reboot() end")
        assert.equal("0\tnil", output[#output - 1])
        assert_updated(output, run)
    end)

    it("docs/from-luatos.md downloads by a job, in a task, and confirms", function()
        local scripts = blocks("docs/from-luatos.md")
        local url = open('VERSION = "2.0.0"\n' .. scripts[1]
            .. "\nprint('two', fota.last_result().outcome == 'success')")
        local output, run = guest:task(string.format("local url = %q\n", url) .. scripts[2])
        assert_updated(output, run)
        assert.equal("I/user.fota 0 100", run.logs[#run.logs])
    end)
end)
