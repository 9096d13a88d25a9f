--- What each model can do, where it reports failures, and in which order its callbacks come. The tables
--- are the vendor's document ("fota - firmware update"), not a copy of core/model.c.
local sim = require("fota.sim")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local UNSUPPORTED = -4

local function set(names)
    local members = {}
    for name in names:gmatch("[^/]+") do
        members[name] = true
    end
    return members
end

-- EC600NCNLC and EC600NCNLF are variants of the EC600N: what is said of that one holds for them.
local ASR = set("EC600N/EC800N/EG912N/EC600M/EC800M/EG810M/EC600NCNLC/EC600NCNLF")

local documented = {
    all = set("EC600N/EC800N/EC600NCNLC/EC600NCNLF/EG912N/EC600M/EC800M/EG810M/EC200A/UC200A/EC600U/EC200U/"
        .. "EG915U/EG912U/EC800G/BG95/BG600L/EC600E/EC800E/BC25PA"),
    mini = ASR,
    keeps_awake = {}, -- all but ASR, filled in below
    ssl_params = set("EC200A/UC200A"),
    ftpDownload = set("EC200A/UC200A/BG95/BG600L/EC600U/EC200U/EG915U"),
    apn_set = set("BG95"),
    download_cancel = set("BG95"),
    local_upgrade = set("EC600NCNLC/EC600NCNLF/EG912N/EC600U/EC200U/EG915U/EG912U/EC800G/EC600E/EC800E"),
    asynchronous = set("EC600N/EC800N/EG912N/EC600M/EC800M/EG810M/BC25PA/EC600NCNLC/EC600NCNLF"),
}
for name in pairs(documented.all) do
    documented.keeps_awake[name] = not ASR[name] or nil
end

local function sorted(members)
    local names = {}
    for name in pairs(members) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

describe("the models", function()
    local server, dead_port
    local modem

    setup(function()
        server = web.start()
        dead_port = web.free_port()
    end)

    teardown(function()
        server:stop()
    end)

    after_each(function()
        if modem then
            modem:close()
        end
        modem = nil
    end)

    local function open(name)
        modem = assert(sim.modem({ model = name }))
        local fota = modem:fota()
        fota.limits({ attempts = 1, backoff_ms = 1 })
        return fota
    end

    local function finish(fota)
        while fota.status().busy do
            fota.poll(100)
        end
    end

    -- A refusal by the model: its message names every model that can, and no other.
    local function refuses(what, capable, result, message, code)
        assert.equal(-1, result)
        assert.equal(UNSUPPORTED, code)
        local about, mine, names = message:match(
            "^UNSUPPORTED: (.-) is not supported on (%w+) %(supported on: (.*)%)$")
        assert.truthy(about, message)
        assert.truthy(about:find(what, 1, true), message)
        assert.equal(modem.model, mine)
        local named = {}
        for name in names:gmatch("[^, ]+") do
            named[name] = true
        end
        assert.same(sorted(capable), sorted(named))
    end

    it("are those of the document, and one for hosts", function()
        local known = { generic = true }
        for _, row in ipairs(require("fota.tool.core").models()) do
            known[row.name] = true
        end
        local expected = { generic = true }
        for name in pairs(documented.all) do
            expected[name] = true
        end
        assert.same(sorted(expected), sorted(known))
    end)

    -- Runs a download to its end; what the callback got and what the call returned.
    local function download(fota, url, asynchronous)
        local seen = {}
        local result, message, code = fota():httpDownload({
            url1 = url,
            callback = function(status, progress)
                seen[#seen + 1] = { status, progress, resets = modem:stats().resets }
            end,
        })
        if asynchronous then
            assert.equal(0, #seen, "an asynchronous call calls nobody back before it has returned")
        end
        finish(fota)
        return seen, result, message, code
    end

    for _, name in ipairs(sorted(documented.all)) do
        describe(name, function()
            it("has the calls of the document", function()
                local fota = open(name)
                local f = fota()

                local function check(feature, what, ...)
                    if documented[feature][name] then
                        assert.not_equal(UNSUPPORTED, (select(3, ...)))
                    else
                        refuses(what, documented[feature], ...)
                    end
                end

                check("ftpDownload", "ftpDownload",
                    f:ftpDownload("ftp://u:p@127.0.0.1:" .. dead_port .. "/a"))
                -- The document's example gives httpDownload an ftp url, whatever the model.
                local result, message = f:httpDownload("ftp://u:p@127.0.0.1:" .. dead_port .. "/a")
                assert.equal(documented.asynchronous[name] and 0 or -1, result)
                assert.truthy(not message or message:find("^CONNECT: "), message)
                finish(fota)
                check("apn_set", "apn_set", f:apn_set({ fota_apn = "CMNET", ip_type = 0 }))
                check("download_cancel", "download_cancel", f:download_cancel())
                check("local_upgrade", "write", f:write("x"))
                check("local_upgrade", "flush", f:flush())
                check("local_upgrade", "verify", f:verify())
                check("mini", "url2", f:httpDownload({ url1 = "http://a/1", url2 = "http://a/2" }))
                check("ssl_params", "ssl_params",
                    f:httpDownload({ url1 = "https://127.0.0.1/a", ssl_params = { sec_level = 1 } }))
            end)

            it(documented.keeps_awake[name] and "can do without the reset" or "always resets", function()
                local fota = open(name)
                local f, message, code = fota({ reset_disable = 1 })

                assert.truthy(fota({ reset_disable = 0 }))
                if documented.keeps_awake[name] then
                    assert.truthy(f)
                    local url = server:serve("app.fota", modem:package({ image = "image" }))
                    f:httpDownload(url)
                    finish(fota)
                    assert.equal("staged", fota.status().stage)
                    assert.equal(0, modem:stats().resets)
                else
                    assert.is_nil(f)
                    refuses("disabling the automatic reset", documented.keeps_awake, -1, message, code)
                end
            end)

            it("calls back (1, percent) rising, (0, 100), (2, 100), then resets", function()
                local fota = open(name)
                local url = server:serve("app.fota", modem:package({ image = ("firmware"):rep(4096) }))
                local seen, result = download(fota, url, documented.asynchronous[name])

                assert.equal(0, result)
                assert.truthy(#seen > 4)
                local last = -1
                for i = 1, #seen - 2 do
                    assert.equal(1, seen[i][1])
                    assert.truthy(seen[i][2] > last and seen[i][2] <= 100)
                    last = seen[i][2]
                end
                assert.same({ 0, 100, resets = 0 }, seen[#seen - 1])
                assert.same({ 2, 100, resets = 0 }, seen[#seen])
                assert.equal(1, modem:stats().resets)
            end)

            it(documented.asynchronous[name] and "returns at once" or "returns when the package is verified",
                function()
                    local fota = open(name)
                    local url = server:serve("app.fota", modem:package({ image = "image" }))

                    assert.equal(documented.asynchronous[name] or false, fota.model().asynchronous)
                    assert.equal(0, (fota():httpDownload(url)))
                    assert.equal(documented.asynchronous[name] or false, fota.status().busy)
                    assert.equal(documented.asynchronous[name] and 0 or 1, modem:stats().resets)
                end)
        end)
    end

    -- Where a failure goes. Numbers of the vendors' bindings.
    local function damaged(bytes)
        return bytes:sub(1, -2) .. string.char(vm.xor(bytes:byte(-1), 1))
    end

    local failures = {
        ["no server"] = function()
            return "http://127.0.0.1:" .. dead_port .. "/app.fota"
        end,
        ["no file"] = function()
            return server:url("absent.fota")
        end,
        ["a damaged package"] = function()
            return server:serve("app.fota", damaged(modem:package({ image = "image" })))
        end,
        ["an unsigned package"] = function()
            return server:serve("app.fota", modem:package({ image = "image", key = false }))
        end,
        ["another model's package"] = function()
            return server:serve("app.fota", modem:package({ image = "image", model = "ANOTHER" }))
        end,
    }

    local numbers = {
        ASR = { ["no server"] = 1004, ["no file"] = 1006, ["a damaged package"] = 1009,
            ["an unsigned package"] = 1009, ["another model's package"] = 1009 },
        UNISOC = { ["no server"] = 502, ["no file"] = 552, ["a damaged package"] = 547,
            ["an unsigned package"] = 558, ["another model's package"] = 547 },
        Qualcomm = { ["no server"] = 701, ["no file"] = 505, ["a damaged package"] = 506,
            ["an unsigned package"] = 506, ["another model's package"] = 511 },
        native = { ["no server"] = -31, ["no file"] = -49, ["a damaged package"] = -110,
            ["an unsigned package"] = -80, ["another model's package"] = -86 },
    }

    local bindings = {
        { "ASR", "second", "EC600N/EC800N/EG912N/EC600M/EC800M/EG810M/EC600NCNLC/EC600NCNLF" },
        { "ASR", "first", "EC200A/UC200A" },
        { "UNISOC", "first", "EC600U/EC200U/EG915U/EG912U/EC800G" },
        { "Qualcomm", "first", "BG95/BG600L" },
        { "native", "first", "BC25PA/generic" },
    }

    for _, binding in ipairs(bindings) do
        local vendor, place, names = binding[1], binding[2], sorted(set(binding[3]))
        for what, make in pairs(failures) do
            local title = "of %s report %s as %d in the %s value (%s)"
            it(title:format(vendor, what, numbers[vendor][what], place, table.concat(names, ", ")), function()
                for _, name in ipairs(names) do
                    local fota = open(name)
                    local seen, result, message, code = download(fota, make(), documented.asynchronous[name])
                    local last = seen[#seen]

                    if place == "second" then
                        assert.same({ -1, numbers[vendor][what] }, { last[1], last[2] }, name)
                    else
                        assert.equal(numbers[vendor][what], last[1], name)
                        assert.truthy(last[2] >= 0 and last[2] <= 100)
                    end
                    for i = 1, #seen - 1 do
                        assert.truthy(seen[i][1] == 1 or seen[i][1] == 0, "one event ends it")
                    end
                    if documented.asynchronous[name] then
                        assert.equal(0, result)
                    else
                        assert.equal(-1, result)
                        assert.equal(numbers.native[what], code)
                        assert.matches("^%u[%u_]+: .", message)
                    end
                    assert.equal(0, modem:stats().resets)
                    modem:close()
                    modem = nil
                end
            end)
        end
    end

    it("of Eigencomm report failures as -1 to -23 in the first value", function()
        for _, name in ipairs({ "EC600E", "EC800E" }) do
            for _, make in pairs(failures) do
                local fota = open(name)
                local seen, result = download(fota, make(), false)

                assert.truthy(seen[#seen][1] <= -1 and seen[#seen][1] >= -23)
                assert.equal(-1, result)
                modem:close()
            end
        end
        modem = nil
    end)

    it("report a package that is larger than staging by its own number", function()
        for name, expected in pairs({ EC600N = { -1, 1013 }, EC800G = { 547 } }) do
            local fota = open(name)
            local object = { length = modem:map().staging.size, digest = ("d"):rep(32) }
            local seen = download(fota, server:serve("app.fota", modem:package({
                image = "image", override = { payload = object, result = object },
            })), documented.asynchronous[name])

            assert.equal(1, #seen)
            assert.equal(expected[1], seen[1][1])
            assert.equal(expected[2] or seen[1][2], seen[1][2])
            modem:close()
        end
        modem = nil
    end)
end)
