--- The specs of the sample project, run as a newcomer runs them: in its folder, by busted.
local command = require("spec.support.command")

describe("examples/project", function()
    it("passes its own specs", function()
        local output, status = command.specs("examples/project", "spec/update_spec.lua")
        assert.equal(0, status, output)
        assert.matches("5 successes", output)
    end)
end)
