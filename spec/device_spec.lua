--- What a script may rely on, on the device itself: this file runs on the host, where the device is a
--- simulated modem, and on the boards (scripts/board-specs), where it is the board.
local device = require("spec.support.device")
local vm = require("spec.support.vm")

local UNSUPPORTED = -4

-- The vendor's document, for the models that boards are built as.
local documented = {
    generic = { local_upgrade = true, ftp = true, apn = true, cancel = true, keeps_awake = true },
    BG95 = { ftp = true, apn = true, cancel = true, keeps_awake = true },
    EC600E = { local_upgrade = true, keeps_awake = true },
    EC600U = { local_upgrade = true, ftp = true, keeps_awake = true },
    EC600N = {},
}
local has = assert(documented[device.model], "what does the document give a " .. device.model .. "?")

describe("a device", function()
    local fota

    setup(device.setup)
    teardown(device.teardown)

    before_each(function()
        device.open()
        fota = device.fota
        fota.limits({ attempts = 1, backoff_ms = 1 })
    end)

    after_each(function()
        assert.is_false(fota.status().busy, "no test leaves an update behind")
        device.close()
    end)

    local function object()
        return has.keeps_awake and fota({ reset_disable = 1 }) or fota()
    end

    local function finish()
        while fota.poll(100) do end -- luacheck: ignore
    end

    describe("by its model", function()
        local function refused(result, message, code)
            assert.equal(-1, result)
            assert.equal(UNSUPPORTED, code)
            assert.truthy(message:find(device.model, 1, true), message)
        end

        local function only_where(feature, ...)
            if not feature then
                refused(...)
            else
                assert.not_equal(UNSUPPORTED, (select(3, ...)))
            end
        end

        it("has write, flush and verify, or says who has", function()
            only_where(has.local_upgrade, object():write("this is no package", 7000))
        end)

        it("has ftpDownload, or says who has", function()
            only_where(has.ftp, object():ftpDownload({ url = "ftp:/no host/at all" }))
        end)

        it("has download_cancel, or says who has", function()
            only_where(has.cancel, object():download_cancel())
        end)
    end)

    describe("given a package by its script", function()
        local function write(bytes, size)
            local update = object()
            for at = 1, #bytes, size do
                local result, message = update:write(bytes:sub(at, at + size - 1), #device.package)
                if result ~= 0 then
                    return message
                end
            end
            local result, message = update:flush()
            if result == 0 then
                result, message = update:verify()
            end
            return result ~= 0 and message or nil
        end

        local function with_bit(bytes, at)
            return bytes:sub(1, at - 1) .. string.char(vm.xor(bytes:byte(at), 1)) .. bytes:sub(at + 1)
        end

        before_each(function()
            if not has.local_upgrade then
                pending("a " .. device.model .. " takes none")
            end
        end)

        for _, size in ipairs({ 997, 4096, 1000000 }) do
            it("takes it in pieces of " .. size .. " bytes", function()
                assert.is_nil(write(device.package, size))
            end)
        end

        it("refuses one with a bit of its payload flipped", function()
            assert.truthy(write(with_bit(device.package, #device.package - 1000), 4096):find("^INTEGRITY"))
        end)

        it("refuses one with a bit of its signature flipped", function()
            -- docs/package-format.md: the signature block ends the header.
            local function number(at)
                return device.package:byte(at) + 256 * device.package:byte(at + 1)
            end
            local signed = number(7)
            local header = signed + 2 + number(signed + 1)
            assert.truthy(write(with_bit(device.package, header), 4096):find("^SIGNATURE"))
        end)

        it("does not take half of it for all, and takes the rest then", function()
            local half = math.floor(#device.package / 2)
            local update = object()
            assert.equal(0, update:write(device.package:sub(1, half), #device.package))
            assert.truthy(select(2, update:flush()):find("^INCOMPLETE"))
            assert.is_nil(write(device.package:sub(half + 1), 4096))
        end)

        it("refuses what is no package", function()
            assert.truthy(write(("no package "):rep(100), 100):find("^NOT_A_PACKAGE"))
        end)
    end)

    describe("downloading", function()
        local function download()
            return assert(object():download(device.url))
        end

        before_each(function()
            if not has.keeps_awake then
                pending("a " .. device.model .. " resets after each")
            end
        end)

        it("receives all of the package, and its events never go back", function()
            if not vm.iterators_yield then
                pending("this Lua cannot wait in the iterator of a loop")
            end
            local job = download()
            local seen = { 0 }
            local thread = coroutine.create(function()
                for _, percent in job:events() do
                    seen[#seen + 1] = percent
                end
            end)
            fota.onresume(coroutine.resume)
            assert(coroutine.resume(thread))
            finish()
            assert.is_true(job:result())
            assert.equal("dead", coroutine.status(thread))
            assert.equal(#device.package, job.bytes)
            assert.equal("staged", job.stage)
            for i = 2, #seen do
                assert.truthy(seen[i] >= seen[i - 1], table.concat(seen, " "))
            end
            assert.equal(100, seen[#seen])
        end)

        it("waits in a coroutine while others run", function()
            local order = {}
            fota.onresume(coroutine.resume)
            local waiter = coroutine.create(function()
                local job = download()
                order[#order + 1] = "waits"
                local ok = job:wait()
                order[#order + 1] = ok and "ended" or "failed"
            end)
            assert(coroutine.resume(waiter))
            order[#order + 1] = "others run"
            finish()
            assert.same({ "waits", "others run", "ended" }, order)
            assert.equal("dead", coroutine.status(waiter))
        end)

        it("is cancelled", function()
            local job = download()
            assert.is_true(job:cancel())
            finish()
            local ok, message = job:result()
            assert.is_nil(ok)
            assert.truthy(message:find("^CANCELLED"))
        end)

        it("says what the server said when the file is not there", function()
            local job = assert(object():download(device.url .. ".absent"))
            finish()
            assert.truthy(select(2, job:result()):find("^HTTP_NOT_FOUND"))
        end)

        it("lets one download run at a time", function()
            local job = download()
            local second, message = object():download(device.url)
            assert.is_nil(second)
            assert.truthy(message:find("^BUSY"))
            job:cancel()
            finish()
        end)
    end)
end)
