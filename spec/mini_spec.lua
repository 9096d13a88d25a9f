--- Mini fota: `httpDownload{ url1 =, url2 = }` on modems whose flash has no room for a package.
local sim = require("fota.sim")
local tool = require("fota.tool.core")
local web = require("spec.support.web")

local FOTA = os.getenv("FOTA_BIN") or "build/bin/fota"
local UPDATER = ("updater "):rep(2000)
local BALLAST = ("no room for two of these. "):rep(24000) -- more than staging takes

-- Asks once; what came back is printed by the next start.
local ASKS = [[
    local last = fota.last_result()
    print("version 1", last.outcome, last.error or "-")
    if last.outcome == "none" then
        print(fota():httpDownload({ url1 = "%s", url2 = "%s" }))
    end
]]

-- Asks whatever happened before.
local INSISTS = [[
    print(fota():httpDownload({ url1 = "%s", url2 = "%s" }))
]]

local CONFIRMS = [[print("version 2", fota.confirm())]]

describe("mini fota", function()
    local modem

    after_each(function()
        if modem then
            assert.equal(0, modem:stats().violations)
            modem:close()
        end
        modem = nil
    end)

    local function stage(number, set, fields)
        fields.override = { set_id = set, set_stage = number, set_stages = 2 }
        return modem:package(fields)
    end

    -- A modem with version 1 (`script`, with the urls put in), and a set on its server.
    local function open(script, options)
        options = options or {}
        modem = assert(sim.modem({ model = options.model or "EC600N", seed = options.seed }))
        local url1 = modem:serve("updater.fota", stage(1, "set no 1", { image = UPDATER }))
        local url2 = modem:serve("app.fota", stage(2, options.set or "set no 1", {
            files = { ["main.lua"] = options.main or CONFIRMS, ["ballast"] = BALLAST },
        }))
        modem:load(script:format(url1, url2))
    end

    it("installs an image for which staging has no room", function()
        open(ASKS)
        assert.truthy(#BALLAST > modem:map().staging.size)
        local run = modem:start()
        assert.same({ "version 1\tnone\t-", "0", "version 2\ttrue" }, run.output)
        assert.equal("end", run.why)
        assert.same({ "1.0.0", "2.0.0" }, run.versions)
        local r = modem:fota().last_result()
        assert.same({ "success", "idle", 2, 2 }, { r.outcome, r.state, r.sequence, r.counter })
        -- One reset of the application, one of the updater.
        assert.equal(2, modem.machine.counts.resets)
    end)

    it("works on a model whose call blocks, too", function()
        open(ASKS, { model = "generic" })
        local run = modem:start()
        assert.same({ "1.0.0", "2.0.0" }, run.versions)
        assert.equal("success", modem:fota().last_result().outcome)
    end)

    it("goes on after the power failed, wherever", function()
        for seed = 1, 12 do
            open(INSISTS, { seed = seed })
            -- Of about 3100 operations.
            for cut = 1, 3 do
                modem:cut(1 + (seed * 7919 + cut * 1013) % (1200 - 300 * (cut - 1)), "random")
                modem:start(nil, { starts = 1 })
            end
            modem:cut(0)
            modem:power_on()
            modem:start()
            local r = modem:fota().last_result()
            assert.same({ seed, "success", 2 }, { seed, r.outcome, r.sequence })
            assert.equal(0, modem:stats().violations)
            modem:close()
            modem = nil
        end
    end)

    it("gives the old version back when the application cannot be had", function()
        open(ASKS)
        modem:serve("app.fota", nil)
        local run = modem:start()
        assert.same({ "version 1\tnone\t-", "0", "version 1\tfailed\tHTTP_NOT_FOUND" }, run.output)
        assert.same({ "1.0.0", "1.0.0" }, run.versions)
        assert.equal("HTTP_NOT_FOUND: the server has no such file (HTTP ?); check the url",
            modem:fota().last_result().reason)
    end)

    it("refuses an application of another set, and the old version runs", function()
        open(ASKS, { set = "set no 2" })
        local run = modem:start()
        assert.same({ "version 1\tnone\t-", "0", "version 1\tfailed\tSET" }, run.output)
    end)

    it("waits for an application that is gone half-way, and tells so", function()
        open(ASKS)
        local heard, gone = {}, false
        modem.machine:start(function(kind, message, ...)
            if kind == "progress" and message == "download" and (...) > 300000 and not gone then
                gone = true
                modem:serve("app.fota", nil)
                modem:drop(1)
            elseif kind == "updater" then
                heard[#heard + 1] = message
                return #heard == 5
            end
        end)
        assert.truthy(heard[1]:find("^[A-Z_]+: "))
        assert.matches("^HTTP_NOT_FOUND: ", heard[5])
        assert.equal("updater", modem:boot())
        assert.equal("stopped", modem:update(24 * 3600 * 1000))
        local again = stage(2, "set no 1", { files = { ["main.lua"] = CONFIRMS }, version = "2.0.1" })
        modem:serve("app.fota", again)
        local run = modem:start()
        assert.same({ "version 2\ttrue" }, run.output)
        assert.same({ "2.0.1" }, run.versions)
    end)

    it("fetches it again when the new version never confirms", function()
        open(ASKS, { main = "rtos.reboot()" })
        local started = 0
        modem.machine:start(function(kind)
            if kind == "updating" then
                started = started + 1
                if started == 2 then
                    modem:serve("app.fota", stage(2, "set no 1", {
                        files = { ["main.lua"] = CONFIRMS }, version = "2.0.1", sequence = 3,
                    }))
                end
            end
        end)
        assert.equal(2, started)
        local r = modem:fota().last_result()
        assert.same({ "success", 3, "2.0.1" }, { r.outcome, r.sequence, r.version })
    end)

    it("takes neither stage alone", function()
        open(ASKS)
        local f = modem:fota()()
        local url1 = modem:serve("updater.fota", stage(1, "set no 1", { image = UPDATER }))
        for _, url in ipairs({ url1, (url1:gsub("updater", "app")) }) do
            local job = f:download(url)
            local ok, message = job:wait()
            assert.is_nil(ok)
            assert.matches("^SET: ", message)
        end
    end)

    it("takes no differential package, and says so though there is no callback", function()
        open(ASKS)
        local fota = modem:fota()
        local url = modem:serve("delta.fota", modem:package({
            files = { ["main.lua"] = ASKS .. "\n-- more" }, from = modem:image(),
        }))
        assert.equal(0, (fota():httpDownload({ url1 = url, url2 = url })))
        while fota.poll(100) do end
        assert.matches("^SET: the package is stage 0 of a set; expected stage 1", fota.status().reason)
        assert.equal("idle", fota.last_result().state)
        assert.equal(0, modem:stats().resets)
    end)

    it("checks both urls at once", function()
        open(ASKS)
        local f = modem:fota()()
        local function refused(pattern, ...)
            local result, message = f:httpDownload(...)
            assert.equal(-1, result)
            assert.matches(pattern, message)
        end
        refused("^URL_SCHEME: ", { url1 = "http://a/1", url2 = "gopher://a/2" })
        refused("^URL: ", { url1 = "http://a/1", url2 = "http://a/2\0" })
        refused("^URL_TOO_LONG: ", { url1 = "http://a/1", url2 = "http://a/" .. ("2"):rep(255) })
        refused("^ARGUMENT: url1 is missing", { url2 = "http://a/2" })
        refused("^UNSUPPORTED: a callback", { url1 = "http://a/1", url2 = "http://a/2", callback = print })
    end)

    describe("from the command line", function()
        local dir

        before_each(function()
            dir = web.folder()
        end)

        after_each(function()
            os.execute("rm -rf '" .. dir .. "'")
        end)

        local function fota(...)
            local words = { FOTA, ... }
            for i, word in ipairs(words) do
                words[i] = "'" .. word .. "'"
            end
            return tool.run(table.concat(words, " ") .. " 2>&1", "")
        end

        local function save(name, bytes)
            local file = assert(io.open(dir .. "/" .. name, "wb"))
            file:write(bytes)
            file:close()
            return dir .. "/" .. name
        end

        local function pack(out)
            return fota("pack", "--image", dir .. "/main.lua", "--mini", dir .. "/updater.bin",
                "--model", "EC600N", "--version", "2.0.0", "--sequence", "2",
                "--out", dir .. "/1" .. out, "--out2", dir .. "/2" .. out)
        end

        local function read(name)
            local file = assert(io.open(dir .. "/" .. name, "rb"))
            local bytes = file:read("*a")
            file:close()
            return bytes
        end

        it("a set of two packages is made, the same one each time", function()
            save("updater.bin", UPDATER)
            save("main.lua", CONFIRMS)
            local output, status = pack("a")
            assert.equal(0, status, output)
            assert.matches("1a: %d+ bytes .*2a: %d+ bytes", output)
            pack("b")
            assert.equal(read("1a"), read("1b"))
            assert.equal(read("2a"), read("2b"))
            local first, second = assert(tool.parse(read("1a"))), assert(tool.parse(read("2a")))
            assert.equal(first.set_id, second.set_id)
            assert.same({ 1, 2, 2, 2 },
                { first.set_stage, first.set_stages, second.set_stage, second.set_stages })
            assert.equal(UPDATER, read("1a"):sub(-#UPDATER))
            save("main.lua", CONFIRMS .. "--")
            pack("c")
            assert.not_equal(first.set_id, tool.parse(read("1c")).set_id)
        end)

        it("--mini and --out2 belong together", function()
            local output, status = fota("pack", "--image", "x", "--model", "EC600N", "--version", "1",
                "--sequence", "1", "--out", "a", "--out2", "b")
            assert.equal(2, status)
            assert.matches("%-%-mini and %-%-out2 belong together", output)
        end)
    end)
end)
