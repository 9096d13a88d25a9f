local tool = require("fota.tool.core")

-- The specs of the sample project, run as a newcomer runs them: in its folder, by busted.
describe("examples/project", function()
    it("passes its own specs", function()
        local bin = os.getenv("FOTA_BIN") or "build/bin/fota"
        local build = bin:gsub("/bin/fota$", "")
        if build:sub(1, 1) ~= "/" then
            build = "../../" .. build
        end
        local interpreter = rawget(_G, "jit") and "luajit" or _VERSION:lower():gsub(" ", "")
        local output, status = tool.run(string.format(
            "cd examples/project && %s /usr/bin/busted --lpath='%s/lua/?.lua' --cpath='%s/lib/?.so' 2>&1",
            interpreter, build, build), "")
        assert.equal(0, status, output)
        assert.matches("5 successes", output)
    end)
end)
