--- fota.tool.core and the Lua modules under the command: what other programs may call.
local archive = require("fota.tool.archive")
local core = require("fota.tool.core")
local json = require("fota.tool.json")
local util = require("fota.tool.util")
local vm = require("spec.support.vm")

-- With 32-bit numbers Lua has no larger ones that are exact.
local U32_MAX = vm.narrow and 2147483647 or 4294967295
local IN_2100 = vm.narrow and 2147483647 or 4102444800

local function manifest(changes)
    local image = { length = 5, digest = core.digest("image") }
    local m = {
        sequence = 7, vendor = "quectel", models = { "EC600U", "EC200U" }, component = 0, format = 1,
        payload = image, result = image, version = "1.0",
    }
    for name, value in pairs(changes or {}) do
        m[name] = value
    end
    return m
end

local function key()
    local pem = assert(core.keygen())
    return assert(core.key(pem)), pem
end

local function sign(header, pem)
    local m = assert(core.parse(header))
    local signature = assert(core.sign(pem, core.digest(header:sub(1, m.signed_length))))
    return assert(core.add_signature(header, core.key(pem).id, signature))
end

local function code_of(name)
    for _, row in ipairs(core.errors()) do
        if row.name == name then
            return row.code
        end
    end
end

local function assert_fails(name, result, message, code)
    assert.is_nil(result)
    assert.is_string(message)
    assert.equal(code_of(name), code)
end

describe("fota.tool.core", function()
    it("hashes", function()
        assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            util.hex(core.digest("")))
        assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            util.hex(core.digest("abc")))
    end)

    it("gives back every field it writes", function()
        local m = manifest({
            location = U32_MAX, decoder_ram = 1, segment_size = 2, spare_size = 4,
            expiry = IN_2100, severity = 0,
            precursor = { length = 1, digest = ("p"):rep(32) }, set_id = "12345678", set_stage = 1,
            set_stages = 2, text = "text", requires = { { first = 0, last = U32_MAX } },
            signatures = { { algorithm = 1, key_id = ("k"):rep(8), value = ("v"):rep(64) } },
            successors = { { point = ("n"):rep(64), voucher = ("o"):rep(8), value = ("s"):rep(64) } },
        })
        local header = assert(core.write(m))
        local back = assert(core.parse(header .. "payload"))
        assert.equal(#header, back.header_length)
        back.header_length, back.signed_length = nil, nil
        assert.same(m, back)
        if math.type then
            assert.equal("integer", math.type(back.sequence))
            assert.equal("integer", math.type(back.expiry))
        end
    end)

    it("returns nil, message and code for what a modem would refuse", function()
        assert_fails("HEADER_FIELD", core.write(manifest({ sequence = 0 })))
        assert_fails("HEADER_FIELD", core.write(manifest({ vendor = "" })))
        assert_fails("HEADER_FIELD", core.write(manifest({ models = {} })))
        assert_fails("HEADER_FIELD", core.write({}))
        assert_fails("NOT_A_PACKAGE", core.parse(("x"):rep(100)))
        assert_fails("TRUNCATED", core.parse(""))
    end)

    it("raises for wrong types, sizes and ranges, and names the field", function()
        for field, values in pairs({
            sequence = { "7", 1.5, -1, 4294967296, 1e300, 0 / 0, true, {} },
            vendor = { 7, ("x"):rep(32), "a\0b", {} },
            models = { "EC600U", { 7 }, { "a", "b", "c", "d", "e", "f", "g", "h", "i" } },
            payload = { 5, {}, { length = 5 }, { length = 5, digest = "short" },
                { length = "5", digest = ("x"):rep(32) } },
            requires = { 5, { 5 }, { { first = 1 } } },
            signatures = { 5, { 5 }, { { key_id = "12345678" } }, { {}, {}, {} } },
            set_id = { "1234567", 5 },
            component = { 256, -1 },
        }) do
            for _, value in ipairs(values) do
                local fine, message = pcall(core.write, manifest({ [field] = value }))
                assert.is_false(fine, field)
                assert.matches("bad field '", message)
            end
        end
        local without = { models = true, errors = true, keygen = true, terminal = true, peak_memory = true }
        for name, f in pairs(core) do
            if type(f) == "function" and not without[name] then
                assert.is_false(pcall(f), name)
                assert.is_false(pcall(f, 5, 5, 5), name)
            end
        end
    end)

    it("signs so that verify agrees", function()
        local a, a_pem = key()
        local b = key()
        local header = sign(core.write(manifest()), a_pem)
        assert.is_true(core.verify(header, { a }))
        assert.is_true(core.verify(header, { b, a }))
        assert_fails("UNKNOWN_KEY", core.verify(header, { b }))
        assert_fails("UNKNOWN_KEY", core.verify(header, {}))
        assert_fails("SIGNATURES", core.verify(header, { a, b }, { signatures = 2 }))
        a.development = true
        assert.is_true(core.verify(header, { a }))
        assert_fails("DEVELOPMENT_KEY", core.verify(header, { a }, { production = true }))
        assert_fails("UNSIGNED", core.verify(core.write(manifest()), { a }))
    end)

    it("checks bare signatures", function()
        local a, pem = key()
        local digest = core.digest("x")
        local signature = core.sign(pem, digest)
        assert.equal(signature, core.sign(pem, digest))
        assert.is_true(core.check(a.point, digest, signature))
        assert_fails("SIGNATURE", core.check(a.point, core.digest("y"), signature))
        assert.equal(signature, core.signature(signature))
        assert_fails("ARGUMENT", core.signature("no"))
        assert_fails("ARGUMENT", core.sign(a.public_pem, digest))
        assert_fails("ARGUMENT", core.key("no"))
    end)

    it("judges against a device", function()
        local header = core.write(manifest())
        local function judge(device, policy)
            device.vendor = device.vendor or "quectel"
            device.model = device.model or "EC600U"
            return core.judge(header, device, policy)
        end
        assert.is_true(judge({}))
        assert.is_true(judge({ model = "EC200U", counter = 7, sequence = 6, slot_size = 5,
            staging_size = 5 }))
        assert_fails("WRONG_VENDOR", judge({ vendor = "acme" }))
        assert_fails("WRONG_MODEL", judge({ model = "BG95" }))
        assert_fails("IMAGE_TOO_LARGE", judge({ slot_size = 4 }))
        assert_fails("PACKAGE_TOO_LARGE", judge({ staging_size = 4 }))
        assert_fails("DOWNGRADE", judge({ counter = 8 }))
        assert_fails("SAME_VERSION", judge({ sequence = 7 }))
        assert.is_true(judge({ sequence = 7 }, { allow_same = true }))
    end)

    it("lists models and errors", function()
        local models, errors = core.models(), core.errors()
        assert.equal("EC600N", models[1].name)
        assert.is_true(models[1].asynchronous)
        assert.is_false(models[1].local_upgrade)
        assert.same({ code = -1, name = "ARGUMENT", stage = "request", class = 8, retryable = false,
            text = errors[1].text }, errors[1])
    end)

    it("runs a program with input and tells how it ended", function()
        local output, status = core.run("cat; exit 3", "in\0put")
        assert.equal("in\0put", output)
        assert.equal(3, status)
        output, status = core.run("kill -9 $$", "ignored")
        assert.equal("", output)
        assert.equal(137, status)
    end)
end)

describe("fota.tool.archive", function()
    local files = {
        { name = "main.lua", data = "print(1)" },
        { name = "lib/empty.lua", data = "" },
        { name = "lib/block.bin", data = ("\255"):rep(512) },
    }

    it("gives back the files, sorted", function()
        local bytes = assert(archive.pack(files))
        assert.equal(0, #bytes % 512)
        assert.same({ files[3], files[2], files[1] }, archive.read(bytes))
        assert.same({}, archive.read(assert(archive.pack({}))))
        assert.equal("main.lua", files[1].name)
    end)

    it("does not depend on the order", function()
        assert.equal(archive.pack(files), archive.pack({ files[2], files[3], files[1] }))
    end)

    it("refuses names that lead out of the folder, on both sides", function()
        local good = archive.pack({ { name = "x/yy/z", data = "d" } })
        for _, name in ipairs({ "", "/etc/passwd", "../x", "a/../x", "a//b", "a/", ".", "a\0b", "a\nb",
            "a\\b", ("n"):rep(101) }) do
            local bytes, why = archive.pack({ { name = name, data = "" } })
            assert.is_nil(bytes, name)
            assert.is_string(why)
        end
        -- The same length, so that only the checksum has to be made right: "x/yy" becomes "x/..".
        local evil = good:gsub("^x/yy/z", "x/../z")
        local sum = tonumber(good:sub(149, 154), 8) - 2 * (("y"):byte() - ("."):byte())
        evil = evil:sub(1, 148) .. string.format("%06o", sum) .. evil:sub(155)
        local list, why = archive.read(evil)
        assert.is_nil(list)
        assert.matches("leads out of the folder", why)
    end)

    it("refuses a name that is there twice", function()
        assert.is_nil(archive.pack({ files[1], files[1] }))
        local one = archive.pack({ files[1] })
        local twice = one:sub(1, 1024) .. one
        assert.is_nil(archive.read(twice))
    end)

    it("refuses any cut and any damaged header byte", function()
        local bytes = archive.pack(files)
        for length = 0, #bytes - 1, 64 do
            assert.is_nil(archive.read(bytes:sub(1, length)))
        end
        for at = 1, 512 do
            local changed = bytes:sub(1, at - 1) .. string.char((bytes:byte(at) + 1) % 256)
                .. bytes:sub(at + 1)
            local list = archive.read(changed)
            -- Blanks around the checksum carry nothing.
            if list and not (at >= 155 and at <= 156) then
                assert.same({ at = at }, list)
            end
        end
        assert.is_nil(archive.read(bytes .. "x"))
        assert.is_nil(archive.read(("x"):rep(1024)))
    end)

    it("reads what tar writes", function()
        local pipe = io.popen("cd /tmp && d=$(mktemp -d) && mkdir $d/lib && echo one >$d/lib/one.lua"
            .. " && tar --format=ustar -C $d -cf - . && rm -r $d", "r")
        local bytes = pipe:read("*a")
        pipe:close()
        assert.same({ { name = "lib/one.lua", data = "one\n" } }, archive.read(bytes))
    end)
end)

describe("fota.tool.json", function()
    it("escapes what JSON forbids", function()
        assert.equal([["\u0000\n\"\\\u007f\u00ff"]], json.encode("\0\n\"\\\127\255"))
    end)

    it("writes lists, objects and whole numbers", function()
        assert.equal("[]", json.encode(json.array({})))
        assert.equal("{}", json.encode({}))
        assert.equal('{\n  "a": [\n    1\n  ],\n  "b": true\n}', json.encode({ b = true, a = { 1 } }))
        assert.equal(vm.narrow and "2147483647" or "4294967295", json.encode(U32_MAX))
        assert.has_error(function() json.encode(0.5) end)
    end)
end)

describe("fota.tool.util", function()
    it("reads moments", function()
        assert.equal(86399, util.moment("1970-01-01"))
        assert.equal(951868799, util.moment("2000-02-29"))
        if vm.narrow then -- the last day that ends within 2^31 seconds
            assert.equal(2147471999, util.moment("2038-01-18"))
            assert.is_nil(util.moment("2038-01-19"))
            assert.equal(2147483647, util.moment("2147483647"))
            assert.is_nil(util.moment("2147483648"))
        else
            assert.equal(4107542399, util.moment("2100-02-28"))
        end
        assert.is_nil(util.moment("2100-02-29"))
        assert.equal(0, util.moment("0"))
    end)

    it("reads hexadecimal with blanks", function()
        assert.equal("\1\171\255", util.unhex("01 aB\nfF\n"))
        assert.is_nil(util.unhex("0"))
        assert.is_nil(util.unhex("0g"))
        assert.equal("01abff", util.hex("\1\171\255"))
        assert.equal("00", util.hex("\0"))
    end)
end)
