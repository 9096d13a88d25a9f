--- What each model can do, where it reports failures, and in which order its callbacks come. The tables
--- are the vendor's document ("fota - firmware update"), not a copy of core/model.c. On the host all models
--- are tested, on a board (scripts/board-specs) the one that it was built as.
local device = require("spec.support.device")

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

-- On a board `names` is its model, or nothing.
local function built(names)
    return device.board and (names[device.model] and { device.model } or {}) or sorted(names)
end

describe("the models", function()
    local modem, fota

    setup(device.setup)
    teardown(device.teardown)
    after_each(device.close)

    local function open(name)
        device.open(name)
        modem, fota = device.modem, device.fota
        fota.limits({ attempts = 1, backoff_ms = 1 })
    end

    local function finish()
        while fota.status().busy do
            fota.poll(100)
        end
    end

    local function assert_resets(count)
        if modem then
            assert.equal(count, modem:stats().resets)
        end
    end

    -- An object for an update that goes well. On a board the reset would end the tests.
    local function object(name)
        if modem then
            return fota()
        elseif not documented.keeps_awake[name] then
            pending("a " .. name .. " resets after it")
        end
        return fota(1)
    end

    -- A refusal by the model: its message names every model that can, and no other.
    local function refuses(what, capable, result, message, code)
        assert.equal(-1, result)
        assert.equal(UNSUPPORTED, code)
        local about, mine, names = message:match(
            "^UNSUPPORTED: (.-) is not supported on (%w+) %(supported on: (.*)%)$")
        assert.truthy(about, message)
        assert.truthy(about:find(what, 1, true), message)
        assert.equal(fota.model().name, mine)
        local named = {}
        for name in names:gmatch("[^, ]+") do
            named[name] = true
        end
        assert.same(sorted(capable), sorted(named))
    end

    it("are those of the document, and one for hosts", function()
        if device.board then
            pending("a board is one model")
        end
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
    local function download(with, url, asynchronous)
        local seen = {}
        local result, message, code = with:httpDownload({
            url1 = url,
            callback = function(status, progress)
                seen[#seen + 1] = { status, progress, resets = modem and modem:stats().resets }
            end,
        })
        if asynchronous then
            assert.equal(0, #seen, "an asynchronous call calls nobody back before it has returned")
        end
        finish()
        return seen, result, message, code
    end

    for _, name in ipairs(built(documented.all)) do
        describe(name, function()
            it("has the calls of the document", function()
                open(name)
                local f = fota()

                local function check(feature, what, ...)
                    if documented[feature][name] then
                        assert.not_equal(UNSUPPORTED, (select(3, ...)))
                    else
                        refuses(what, documented[feature], ...)
                    end
                    finish()
                end

                local ftp = "ftp://u:p@" .. device.dead .. "/a"
                check("ftpDownload", "ftpDownload", f:ftpDownload(ftp))
                -- The document's example gives httpDownload an ftp url, whatever the model.
                local result, message = f:httpDownload(ftp)
                assert.equal(documented.asynchronous[name] and 0 or -1, result)
                assert.truthy(not message or message:find("^CONNECT: "), message)
                finish()
                if modem or not documented.apn_set[name] then -- the boards have no access points
                    check("apn_set", "apn_set", f:apn_set({ fota_apn = "CMNET", ip_type = 0 }))
                end
                check("download_cancel", "download_cancel", f:download_cancel())
                check("local_upgrade", "write", f:write("x"))
                check("local_upgrade", "flush", f:flush())
                check("local_upgrade", "verify", f:verify())
                local http = "http://" .. device.dead .. "/"
                check("mini", "url2", f:httpDownload({ url1 = http .. 1, url2 = http .. 2 }))
                check("ssl_params", "ssl_params",
                    f:httpDownload({ url1 = "https" .. http:sub(5), ssl_params = { sec_level = 1 } }))
            end)

            it(documented.keeps_awake[name] and "can do without the reset" or "always resets", function()
                open(name)
                local f, message, code = fota({ reset_disable = 1 })

                assert.truthy(fota({ reset_disable = 0 }))
                if documented.keeps_awake[name] then
                    assert.truthy(f)
                    f:httpDownload(device.offer("good"))
                    finish()
                    assert.equal("staged", fota.status().stage)
                    assert_resets(0)
                else
                    assert.is_nil(f)
                    refuses("disabling the automatic reset", documented.keeps_awake, -1, message, code)
                end
            end)

            it("calls back (1, percent) rising, (0, 100), (2, 100), then resets", function()
                open(name)
                local with = object(name)
                local seen, result = download(with, device.offer("good"), documented.asynchronous[name])

                assert.equal(0, result)
                assert.truthy(#seen > 4)
                local last = -1
                for i = 1, #seen - 2 do
                    assert.equal(1, seen[i][1])
                    assert.truthy(seen[i][2] > last and seen[i][2] <= 100)
                    last = seen[i][2]
                end
                assert.same({ 0, 100, resets = modem and 0 }, seen[#seen - 1])
                assert.same({ 2, 100, resets = modem and 0 }, seen[#seen])
                assert_resets(1)
            end)

            it(documented.asynchronous[name] and "returns at once" or "returns when the package is verified",
                function()
                    open(name)
                    assert.equal(documented.asynchronous[name] or false, fota.model().asynchronous)
                    assert.equal(0, (object(name):httpDownload(device.offer("good"))))
                    assert.equal(documented.asynchronous[name] or false, fota.status().busy)
                    assert_resets(documented.asynchronous[name] and 0 or 1)
                end)
        end)
    end

    -- Where a failure goes. Numbers of the vendors' bindings.
    local failures = {
        ["no server"] = function()
            return "http://" .. device.dead .. "/app.fota"
        end,
        ["no file"] = function()
            return device.server:url("absent.fota")
        end,
        ["a damaged package"] = function()
            return device.offer("damaged")
        end,
        ["an unsigned package"] = function()
            return device.offer("unsigned")
        end,
        ["another model's package"] = function()
            return device.offer("foreign")
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
        local vendor, place, names = binding[1], binding[2], built(set(binding[3]))
        for what, make in pairs(#names > 0 and failures or {}) do
            local title = "of %s report %s as %d in the %s value (%s)"
            it(title:format(vendor, what, numbers[vendor][what], place, table.concat(names, ", ")), function()
                for _, name in ipairs(names) do
                    open(name)
                    local seen, result, message, code
                        = download(fota(), make(), documented.asynchronous[name])
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
                    assert_resets(0)
                end
            end)
        end
    end

    local eigencomm = built(set("EC600E/EC800E"))
    local define = #eigencomm > 0 and it or function() end
    define("of Eigencomm report failures as -1 to -23 in the first value", function()
        for _, name in ipairs(eigencomm) do
            for _, make in pairs(failures) do
                open(name)
                local seen, result = download(fota(), make(), false)

                assert.truthy(seen[#seen][1] <= -1 and seen[#seen][1] >= -23)
                assert.equal(-1, result)
            end
        end
    end)

    it("report a package that is larger than staging by its own number", function()
        if device.board then
            pending("a board has room for it")
        end
        for name, expected in pairs({ EC600N = { -1, 1013 }, EC800G = { 547 } }) do
            open(name)
            local object_of = { length = modem:map().staging.size, digest = ("d"):rep(32) }
            local seen = download(fota(), device.server:serve("large.fota", modem:package({
                image = "image", override = { payload = object_of, result = object_of },
            })), documented.asynchronous[name])

            assert.equal(1, #seen)
            assert.equal(expected[1], seen[1][1])
            assert.equal(expected[2] or seen[1][2], seen[1][2])
        end
    end)
end)
