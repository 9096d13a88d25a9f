--- Every example runs, on an emulated modem, against a real server.
local sim = require("fota.sim")
local tool = require("fota.tool.core")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local read, write = vm.read, vm.write

describe("examples/", function()
    local CONFIRMED = read("examples/demo/v2/main.lua")
    local tested = {}
    local server, fs, modem

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    before_each(function()
        fs = web.folder()
        assert(os.execute("mkdir " .. fs .. "/usr"))
    end)

    after_each(function()
        modem:close()
        os.execute("rm -rf '" .. fs .. "'")
    end)

    -- A modem of this model with the example as version 1.
    local function open(model, name)
        modem = assert(sim.modem({ model = model, fs = fs }))
        modem.machine.modem:fast(true) -- the 2 seconds that it waits take no time
        modem:load(read("examples/" .. name))
    end

    local function example(name, models, test)
        tested[name] = true
        for _, model in ipairs(models) do
            it(name .. " updates an " .. model, function()
                open(model, name)
                test()
            end)
        end
    end

    local function version_2_stays(run)
        assert.same({}, run.errors)
        assert.equal("end", run.why)
        assert.same({ "1.0.0", "2.0.0" }, run.versions)
        assert.equal("confirmed", run.output[#run.output])
        local again = modem:start()
        assert.same({ "2.0.0" }, again.versions)
        local last = modem:fota().last_result()
        assert.same({ "success", "idle", "2.0.0", 2 },
            { last.outcome, last.state, last.version, last.counter })
        assert.equal(0, modem:stats().violations)
    end

    example("remote_upgrade.lua", { "EC600U", "EC600N", "BG95" }, function()
        write(fs .. "/usr/url.txt",
            server:serve("fota.bin", modem:package({ files = { ["main.lua"] = CONFIRMED } })) .. "\n")
        local run = modem:start()

        version_2_stays(run)
        assert.equal("I/user.Fota run start...", run.logs[1])
        assert.equal("I/user.Fota httpDownload...", run.logs[2])
        assert.matches("^download status:\t1\tdownload process:\t%d+$", run.output[1])
        assert.equal("download status:\t2\tdownload process:\t100", run.output[#run.output - 2])
    end)

    it("remote_upgrade.lua says why there is no update", function()
        open("EC600U", "remote_upgrade.lua")
        write(fs .. "/usr/url.txt", server:url("absent.bin") .. "\n")
        local run = modem:start()

        assert.equal("end", run.why)
        assert.same({ "1.0.0" }, run.versions)
        assert.same({ "download status:\t552\tdownload process:\t0" }, run.output)
        assert.equal("E/user.Fota httpDownload error HTTP_NOT_FOUND: the server has no such file (HTTP 404); "
            .. "check the url", run.logs[3])
    end)

    example("local_upgrade.lua", { "EC600U" }, function()
        local package = modem:package({ files = { ["main.lua"] = CONFIRMED, data = ("d"):rep(10000) } })
        write(fs .. "/usr/FotaFile.bin", package)
        local run = modem:start()

        version_2_stays(run)
        assert.equal(tostring(#package), run.output[1])
        assert.same({
            "I/user.Fota run start...", "I/user.Fota fota image flush...", "I/user.Fota fota image verify...",
            "I/user.Fota power_reset...",
        }, run.logs)
    end)

    it("local_upgrade.lua says why a package is refused", function()
        open("EG912N", "local_upgrade.lua")
        write(fs .. "/usr/FotaFile.bin", modem:package({ image = ("i"):rep(5000), model = "EC600N" }))
        local run = modem:start()

        assert.equal("end", run.why)
        assert.same({ "1.0.0" }, run.versions)
        assert.equal("E/user.Fota flush error WRONG_MODEL: the package is for another model: EC600N",
            run.logs[#run.logs])
    end)

    it("local_upgrade.lua says that a model takes no local package", function()
        open("BG95", "local_upgrade.lua")
        write(fs .. "/usr/FotaFile.bin", modem:package({ image = "i" }))
        local run = modem:start()

        assert.matches("^E/user%.Fota flush error UNSUPPORTED: local upgrade %(write, flush, verify%) is not "
            .. "supported on BG95", run.logs[#run.logs])
    end)

    example("demo/v1/main.lua", { "EC600U", "EC600N" }, function()
        write(fs .. "/usr/url.txt",
            server:serve("fota.bin", modem:package({ files = { ["main.lua"] = CONFIRMED } })) .. "\n")
        version_2_stays(modem:start())
    end)

    it("demo/v2-unconfirmed is reverted, and demo/v1 says why", function()
        open("EC600U", "demo/v1/main.lua")
        write(fs .. "/usr/url.txt", server:serve("fota.bin", modem:package({
            files = { ["main.lua"] = read("examples/demo/v2-unconfirmed/main.lua") },
        })) .. "\n")
        local run = modem:start()

        assert.equal("end", run.why)
        assert.same({ "1.0.0", "2.0.0", "2.0.0", "2.0.0", "1.0.0" }, run.versions)
        assert.equal("the last update reverted: NOT_CONFIRMED: the new version did not confirm within "
            .. "3 starts", run.output[#run.output])
    end)

    it("has no script that nobody runs", function()
        modem = assert(sim.modem())
        for _, entry in ipairs(assert(tool.list("examples"))) do
            assert.truthy(not entry.name:find("%.lua$") or tested[entry.name], entry.name)
        end
    end)
end)
