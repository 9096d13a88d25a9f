--- Differential packages on the modem: the same call of a script as for any other package.
local sim = require("fota.sim")
local web = require("spec.support.web")

-- Updates itself from the url in its file system once, then says what became of it.
local UPDATES = [[
    local last = fota.last_result()
    if last.outcome ~= "none" then
        print("version 1", last.outcome, last.error)
        return
    end
    sys.taskInit(function()
        print(fota():httpDownload{ url1 = io.open("/url"):read("*l") })
    end)
]]

-- Version 2 does what the file system says, so that one package serves several tests.
local VERSION_2 = [[
    local last = fota.last_result()
    local what = io.open("/what"):read("*l")
    if what == "confirm" then
        print("version 2", last.reversible, fota.confirm())
    elseif last.state == "trial" then
        if what == "rollback" then
            print(fota.rollback())
        end
        rtos.reboot()
    end
]]

-- Something to carry that does not compress away.
local function ballast(length)
    local words, state = {}, 1
    for i = 1, length / 8 do
        state = (state * 16807) % 2147483647
        words[i] = ("%08x"):format(state)
    end
    return table.concat(words)
end

describe("a differential package", function()
    local server, fs, modem

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    before_each(function()
        fs = web.folder()
    end)

    after_each(function()
        if modem then
            modem:close()
        end
        modem = nil
        os.execute("rm -rf '" .. fs .. "'")
    end)

    local function write(path, bytes)
        local file = assert(io.open(path, "wb"))
        assert(file:write(bytes))
        file:close()
    end

    local function read(path)
        local file = assert(io.open(path))
        local line = file:read("*l")
        file:close()
        return line
    end

    -- `key` is trusted beside the modem's own.
    local function open(model, more, key)
        if modem then
            modem:close()
        end
        modem = assert(sim.modem({ model = model, fs = fs }))
        modem:load({ ["main.lua"] = UPDATES, ["ballast.txt"] = more })
        if key then
            assert(modem.machine:trust(key))
        end
    end

    -- Serves version 2, whose ballast differs in a few places.
    local function offer(more, fields)
        local other = more:sub(1, 1000) .. "new" .. more:sub(1050)
        fields.files = { ["main.lua"] = VERSION_2, ["ballast.txt"] = other }
        fields.from = fields.from or modem:image()
        local package = modem:package(fields)
        write(fs .. "/url", server:serve("app.fota", package) .. "\n")
        return package
    end

    local function run(what)
        write(fs .. "/what", what .. "\n")
        local result = modem:start()
        assert.same({}, result.errors)
        assert.equal(0, modem:stats().violations)
        return result, result.output[#result.output]
    end

    local function operations()
        local stats = modem:stats()
        return stats.programs + stats.erases
    end

    -- Model, size of the image, and whether the old image can come back.
    local ways = {
        { "EC600U", 60000, true, "with a copy of the old image" },
        { "EC600N", 60000, true, "with a copy of the old image" },
        { "BG95", 60000, true, "into the other slot" },
        { "EC600E", 520000, false, "in place" },
        { "EC600E", 520000, true, "in place with a reverse patch", undo = true },
    }

    for _, way in ipairs(ways) do
        local model, size, reversible, how = way[1], way[2], way[3], way[4]

        it("is installed " .. how .. " on " .. model .. ", confirmed, cut off, and reverted", function()
            local more = ballast(size)
            open(model, more)
            local key, old = modem.key, modem:image()
            local bytes = #offer(more, { undo = way.undo })
            assert.truthy(bytes < 2000, bytes .. " bytes")
            local before = operations()
            local confirmed = "version 2\t" .. tostring(reversible) .. "\ttrue"
            local result, last = run("confirm")
            assert.equal(confirmed, last)
            assert.same({ "1.0.0", "2.0.0" }, result.versions)
            assert.truthy(modem:stats().bytes_fetched < bytes + 1000)
            local half = math.floor((operations() - before) / 2)

            open(model, more, key)
            modem:cut(half, "random")
            result, last = run("confirm")
            assert.equal(confirmed, last)
            local cuts = 0
            for _, event in ipairs(result.events) do
                cuts = cuts + (event[1] == "cut" and 1 or 0)
            end
            assert.equal(1, cuts)

            open(model, more, key)
            last = select(2, run(reversible and "silent" or "rollback"))
            if reversible then
                assert.equal("version 1\treverted\tNOT_CONFIRMED", last)
                assert.is_true(old == modem:image())
            else
                assert.matches("the old image was not kept", last)
            end
        end)
    end

    it("tells before the reset whether the old image could come back", function()
        for size, reversible in pairs({ [30000] = true, [520000] = false }) do
            local more = ballast(size)
            open("EC600E", more)
            offer(more, {})
            modem:boot()
            local fota = modem:fota()
            assert.equal(0, (fota({ reset_disable = 1 }):httpDownload(read(fs .. "/url"))))
            assert.same({ "staged", reversible }, { fota.last_result().state, fota.last_result().reversible })
        end
    end)

    it("from another image is refused, and no cell of the flash changes", function()
        for _, model in ipairs({ "EC600U", "EC600E", "BG95" }) do
            local more = ballast(20000)
            open(model, more)
            offer(more, { from = modem:image() .. "else" })
            modem:boot()
            local before = modem:cells()
            local result, message = modem:fota()():httpDownload({ url1 = read(fs .. "/url") })
            assert.equal(-1, result)
            assert.matches("^PRECURSOR: the package starts from image 0x%x+%.%.%.; version 1%.0%.0 is "
                .. "installed, which is 0x%x+%.%.%.", message)
            assert.is_true(before == modem:cells())
        end
    end)
end)
