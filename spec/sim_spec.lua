local sim = require("fota.sim")
local unpack = table.unpack or unpack -- luacheck: ignore (5.1)

local UPDATE = [[
    VERSION = "1.0.0"
    local ok, message = fota():httpDownload "http://fota.test/app.fota"
    print(ok, message)
]]
local CONFIRM = "assert(fota.confirm()) print 'confirmed'"

describe("a simulated modem", function()
    local modem

    before_each(function()
        modem = assert(sim.modem({ model = "EC600U" }))
        modem:load(UPDATE)
    end)

    after_each(function()
        assert.equal("", modem:stats().violation)
        modem:close()
    end)

    local function publish(size)
        local package = modem:package({ files = { ["main.lua"] = CONFIRM, data = ("x"):rep(size or 50000) } })
        assert.equal("http://fota.test/app.fota", modem:serve("app.fota", package))
        return package
    end

    it("has a web server of its own", function()
        publish()
        local run = modem:start()
        assert.same({ "confirmed" }, run.output)
        assert.same({ "1.0.0", "2.0.0" }, run.versions)
    end)

    it("says 404 for a file that is not served, or not any more", function()
        assert.matches("HTTP_NOT_FOUND", modem:start().output[1])
        publish()
        modem:serve("app.fota", nil)
        assert.matches("HTTP_NOT_FOUND", modem:start().output[1])
    end)

    it("runs to a condition, and goes on from there", function()
        local package = publish(100000)
        local run = modem:start({
            until_event = function(kind, stage, _, _, percent)
                return kind == "progress" and stage == "download" and percent >= 50
            end,
        })
        assert.equal("stopped", run.why)
        assert.same({ "1.0.0" }, run.versions)
        assert.same({ "confirmed" }, modem:start().output)
        -- What was in flash was not fetched again: one erase unit, and what was on its way, at most.
        local unit = modem:map().staging.erase_unit
        assert.is_true(modem:stats().bytes_fetched <= #package + unit + 2 * 4096)
    end)

    it("starts again from the beginning when the file on the server changed meanwhile", function()
        publish(100000)
        modem:start({
            until_event = function(kind, _, _, _, percent)
                return kind == "progress" and percent >= 50
            end,
        })
        local package = publish(99999)
        local before = modem:stats().bytes_fetched
        assert.same({ "confirmed" }, modem:start().output)
        assert.is_true(modem:stats().bytes_fetched - before >= #package)
    end)

    it("goes on after its link dropped", function()
        local package = publish()
        modem:drop(20000)
        assert.same({ "confirmed" }, modem:start().output)
        assert.equal(2, modem:stats().connections)
        assert.is_true(modem:stats().bytes_fetched < #package + 2048)
    end)

    it("survives power cuts at random, whatever the seed", function()
        for seed = 1, 8 do
            local other = assert(sim.modem({ model = "EC600N", seed = seed }))
            other:load(UPDATE)
            other:serve("app.fota", other:package({ files = { ["main.lua"] = CONFIRM } }))
            other:cut(seed * 5, "random")
            local output = other:start().output
            assert.equal("confirmed", output[#output])
            assert.equal("", other:stats().violation)
            other:close()
        end
    end)

    -- A script that has never heard of a trial.
    local OLD_STYLE = [[
        local last = fota.last_result()
        print(last.state, last.outcome)
        sys.taskInit(function() sys.wait(%d) %s end)
        sys.run()
    ]]

    local function publish_old_style(run_ms, finally)
        modem:serve("app.fota", modem:package({
            files = { ["main.lua"] = OLD_STYLE:format(run_ms, finally or "") }, confirm_after = 60,
        }))
    end

    it("confirms an image by itself once it has run as long as its package says", function()
        publish_old_style(61000)
        assert.same({ "trial\tnone" }, modem:start().output)
        for _ = 1, 5 do
            assert.same({ "idle\tsuccess" }, modem:start().output)
        end
        assert.equal(2, modem:fota().last_result().counter)
    end)

    it("takes an image back that never runs as long as its package says", function()
        publish_old_style(59000, "error 'too early'")
        local run = modem:start({ starts = 5 })
        assert.same({ "1.0.0", "2.0.0", "2.0.0", "2.0.0", "1.0.0" }, { unpack(run.versions, 1, 5) })
    end)
end)
