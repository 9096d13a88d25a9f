--- Two slots (A/B), on the modems whose flash has room for a second image.
local sim = require("fota.sim")

local UPDATES = [[
    local last = fota.last_result()
    print("version 1", last.outcome, last.error or "-")
    if last.outcome == "none" then
        sys.taskInit(function()
            print(fota():httpDownload("%s"))
        end)
    end
]]

describe("two slots", function()
    local modem

    after_each(function()
        assert.equal(0, modem:stats().violations)
        modem:close()
    end)

    local function open(model, version2)
        modem = assert(sim.modem({ model = model }))
        local package = modem:package({ files = { ["main.lua"] = version2 } })
        local url = modem:serve("app.fota", package)
        modem:load(UPDATES:format(url))
        return package
    end

    for _, model in ipairs({ "generic", "BG95", "EC200A" }) do
        it("take turns on " .. model, function()
            open(model, [[print("version 2", fota.confirm())]])
            local map = modem:map()
            local before = modem:cells(map.slot.offset, map.slot.size)
            local run = modem:start()
            assert.same({ "1.0.0", "2.0.0" }, run.versions)
            assert.equal("version 2\ttrue", run.output[#run.output])
            -- The old image was not touched, and the new one lies beside it.
            assert.truthy(before == modem:cells(map.slot.offset, map.slot.size))
            assert.equal("main.lua", modem:cells(map.other.offset, 8))
            assert.equal("run", modem:boot())
            assert.equal("success", modem:fota().last_result().outcome)
        end)
    end

    it("go back without copying, and a version that was reverted is not taken again", function()
        open("BG95", [[
            print("version 2", fota.last_result().reversible, fota.rollback())
            rtos.reboot()
        ]])
        local run = modem:start()
        assert.same({ "1.0.0", "2.0.0", "1.0.0" }, run.versions)
        assert.same({ "version 2\ttrue\ttrue", "version 1\treverted\tROLLBACK" },
            { run.output[#run.output - 1], run.output[#run.output] })
        local erases = modem:stats().erases
        local fota = modem:fota()
        local url = modem:serve("app.fota", modem:package({ files = { ["main.lua"] = "" } }))
        local job = fota():download(url)
        assert.is_true(job:wait()) -- another one of the same sequence
        assert.truthy(modem:stats().erases > erases)
    end)

    it("refuse what was reverted until it is forgiven", function()
        local package = open("BG95", [[fota.rollback() rtos.reboot()]])
        modem:start()
        local fota = modem:fota()
        local url = modem:serve("again.fota", package)
        local ok, message = fota():download(url):wait()
        assert.is_nil(ok)
        assert.matches("^REVERTED: ", message)
        assert.is_true(fota.forgive())
        assert.is_true(fota():download(url):wait())
    end)
end)
