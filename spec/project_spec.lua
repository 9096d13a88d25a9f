local tool = require("fota.tool.core")
local vm = require("spec.support.vm")

-- The specs of the sample project, run as a newcomer runs them: in its folder, by busted.
describe("examples/project", function()
    -- Seen from the folder of the project.
    local function from_there(path)
        return path:find("^/") and path or "../../" .. path
    end

    it("passes its own specs", function()
        local bin = os.getenv("FOTA_BIN") or "build/bin/fota"
        local build = from_there((bin:gsub("/bin/fota$", "")))
        local interpreter = vm.interpreter
        if interpreter:find("/", 1, true) then
            interpreter = from_there(interpreter)
        end
        local runner, files = "/usr/bin/busted", ""
        if vm.narrow then -- for which there is no busted
            runner, files = from_there("spec/support/mini.lua"), "spec/update_spec.lua"
        end
        local output, status = tool.run(string.format(
            "cd examples/project && %s %s --lpath='%s/lua/?.lua;../../?.lua' --cpath='%s/lib/?.so' %s 2>&1",
            interpreter, runner, build, build, files), "")
        assert.equal(0, status, output)
        assert.matches("5 successes", output)
    end)
end)
