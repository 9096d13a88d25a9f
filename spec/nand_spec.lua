--- A modem whose flash is a NAND: BG95. Some of its blocks are bad from the start, some when they are used.
local sim = require("fota.sim")

local UPDATE = [[
    local last = fota.last_result()
    if last.state == "trial" then
        print("confirmed", fota.confirm())
    elseif last.outcome == "none" then
        print(fota():download("http://updates.example/app.fota"):wait())
        rtos.reboot()
    end
]]

describe("the NAND of a BG95", function()
    local function open(seed)
        local modem = assert(sim.modem({ model = "BG95", seed = seed }))
        modem:load((UPDATE:gsub("http://updates.example/app.fota", modem:serve("app.fota",
            modem:package({ files = { ["main.lua"] = UPDATE } })))))
        return modem
    end

    local function finish(modem)
        assert.equal("run", modem:boot())
        assert.equal("success", modem:fota().last_result().outcome)
        assert.equal("", modem:stats().violation)
        modem:close()
    end

    it("takes spare blocks for those that are bad or go bad in an update", function()
        for seed = 1, 4 do
            local modem = open(seed)
            local before = modem:stats().spare_blocks
            modem:start()
            assert.truthy(modem:stats().spare_blocks < before)
            finish(modem)
        end
    end)

    it("has its update, wherever the power failed", function()
        for operation = 3, 150, 7 do
            local modem = open(2)
            modem:cut(operation, operation % 2 == 0 and "unstable" or "random")
            modem:start()
            finish(modem)
        end
    end)

    it("tells the wear of no block behind its last one", function()
        local modem = open(1)
        local map = modem:map()
        local last = map.flash_size
        assert.has_error(function()
            modem.machine.modem:wear(last)
        end)
        assert.truthy(modem.machine.modem:wear(last - 1) >= 0)
        modem:close()
    end)

    it("is the flash of no other family", function()
        local modem = assert(sim.modem({ model = "EC600N" }))
        assert.is_nil(modem:stats().spare_blocks)
        modem:close()
    end)
end)
