-- How the script behaves on a modem, without one. Run it in this folder with: busted
local sim = require "fota.sim"

local function read(path)
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    return text
end

describe("the thermometer", function()
    local modem, script

    before_each(function()
        modem = assert(sim.modem { model = "EC600U", fast = true })
        script = read("main.lua")
        modem:load(script)
    end)

    after_each(function()
        modem:close()
    end)

    -- The next version, with `change` made to it.
    local function publish(change)
        local text = script:gsub('"1%.0%.0"', '"2.0.0"'):gsub("works%(%)\n", change or "%0", 1)
        modem:serve("thermometer.fota", modem:package {
            files = { ["main.lua"] = text, ["data.txt"] = ("x"):rep(40000) },
            version = "2.0.0", sequence = 2,
        })
    end

    -- Lets it start `times` times, a minute each at most: a script that loops has no end of its own.
    local function run(times)
        return modem:start { starts = times, run_ms = 60000 }
    end

    it("runs on when there is nothing new", function()
        local result = run(1)
        assert.same({ "1.0.0" }, result.versions)
        assert.matches("HTTP_NOT_FOUND", table.concat(result.logs, "\n"))
    end)

    it("updates itself and confirms", function()
        publish()
        local result = run(2)
        assert.same({ "1.0.0", "2.0.0" }, result.versions)
        assert.matches("100 %%", table.concat(result.logs, "\n"))
    end)

    it("goes on after a power cut in the middle of the download", function()
        publish()
        modem:cut(60)
        local result = run(3)
        assert.same({ "1.0.0", "1.0.0", "2.0.0" }, result.versions)
    end)

    it("comes back when the new version does not work", function()
        publish("works()\n        error 'no sensor' --")
        local result = run(5)
        assert.equal("1.0.0", result.versions[#result.versions])
        assert.matches("taken back: NOT_CONFIRMED", table.concat(result.logs, "\n"))
    end)

    it("survives a link that drops", function()
        publish()
        modem:drop(20000)
        assert.same({ "1.0.0", "2.0.0" }, run(2).versions)
    end)
end)
