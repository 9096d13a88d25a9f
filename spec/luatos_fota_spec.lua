--- LuatOS's functions of the module: init, wait, run, isDone, finish, file, with LuatOS's results.
local sim = require("fota.sim")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

describe("LuatOS's fota", function()
    local GOES_ON = { true, false, 1, n = 3 }
    local WRITTEN = { true, true, 0, n = 3 }
    local FAILED = { false, true, -1, n = 3 }
    local server, modem, fota, folder, package

    setup(function()
        server = web.start()
        folder = web.folder()
    end)

    teardown(function()
        server:stop()
        os.execute("rm -rf '" .. folder .. "'")
    end)

    before_each(function()
        modem = assert(sim.modem())
        modem:load("print('version 1')")
        assert.equal("run", modem:boot())
        fota = modem:fota()
        package = modem:package({ files = { ["main.lua"] = "", data = ("d"):rep(20000) } })
    end)

    after_each(function()
        local busy = fota.status().busy
        modem:close()
        assert.is_false(busy, "no test leaves an update behind")
    end)

    local function run(...)
        return vm.pack(fota.run(...))
    end

    -- Writes it all, in pieces of this size: every piece but the last one says that it goes on.
    local function run_all(size)
        for at = 1, #package, size do
            local last = at + size > #package
            assert.same(last and WRITTEN or GOES_ON, run(package:sub(at, at + size - 1)))
        end
    end

    local function is_done()
        return vm.pack(fota.isDone())
    end

    local function state()
        return fota.last_result().state
    end

    -- init, run, isDone, finish to a package that the next start installs.
    local function update(size)
        assert.same({ true, n = 1 }, vm.pack(fota.init()))
        assert.same({ true, n = 1 }, vm.pack(fota.wait()))
        run_all(size or 4096)
        assert.same({ true, true, n = 2 }, is_done())
        assert.same({ true, n = 1 }, vm.pack(fota.finish(true)))
        assert.equal("staged", state())
    end

    local function save(name, bytes)
        local path = folder .. "/" .. name
        local file = assert(io.open(path, "wb"))
        file:write(bytes)
        file:close()
        return path
    end

    -- A zbuff as LuatOS has it: toStr(offset, length).
    local function zbuff(bytes)
        return {
            toStr = function(_, offset, length)
                offset = offset or 0
                return bytes:sub(offset + 1, length and offset + length or #bytes)
            end,
        }
    end

    describe("writes a package", function()
        for _, size in ipairs({ 1, 7, 511, 1460, 4096, 1000000 }) do
            it("in pieces of " .. size .. " bytes", function()
                update(size)
                assert.equal(0, modem:stats().resets, "the script restarts")
                assert.equal("run", modem:boot())
                assert.equal("2.0.0", modem:fota().last_result().version)
                fota = modem:fota()
            end)
        end

        it("in pieces of changing sizes, empty ones too", function()
            assert.is_true(fota.init())
            local at, size = 1, 0
            while at <= #package do
                local last = at + size > #package
                assert.same(last and WRITTEN or GOES_ON, run(package:sub(at, at + size - 1)))
                at, size = at + size, (size * 7 + 3) % 1471
            end
            assert.same({ true, true, n = 2 }, is_done())
            assert.is_true(fota.finish(true))
        end)

        it("from a zbuff, all of it or a part", function()
            assert.is_true(fota.init(0, 1048576, "spi"))
            assert.same(GOES_ON, run(zbuff(package:sub(1, 1000))))
            local rest = zbuff("junk" .. package:sub(1001) .. "junk")
            assert.same(GOES_ON, run(rest, 4, 2000))
            assert.same(WRITTEN, run(rest, 2004, #package - 3000))
            assert.same({ true, true, n = 2 }, is_done())
            assert.is_true(fota.finish())
        end)

        it("after init was called twice", function()
            assert.is_true(fota.init())
            update()
        end)

        it("after init in the middle of another, which begins anew", function()
            assert.is_true(fota.init())
            assert.same(GOES_ON, run(package:sub(1, 5000)))
            update()
        end)

        it("and knows that it is not complete", function()
            assert.is_true(fota.init())
            assert.same({ true, false, n = 2 }, is_done())
            assert.same(GOES_ON, run(package:sub(1, -2)))
            assert.same({ true, false, n = 2 }, is_done())
            assert.same(WRITTEN, run(package:sub(-1)))
            assert.same({ true, true, n = 2 }, is_done())
            assert.same({ true, true, n = 2 }, is_done())
            assert.is_true(fota.finish(true))
        end)

        it("and verifies it in finish(true) when nobody asked isDone()", function()
            assert.is_true(fota.init())
            run_all(4096)
            assert.is_true(fota.finish(true))
            assert.equal("staged", state())
        end)
    end)

    describe("refuses", function()
        it("to write before init, and to be ready", function()
            assert.same({ false, n = 1 }, vm.pack(fota.wait()))
            assert.same(FAILED, run(package))
            assert.same({ false, true, n = 2 }, is_done())
            assert.equal("idle", state())
        end)

        it("what is no package, for good until the next init", function()
            assert.is_true(fota.init())
            assert.same(FAILED, run(("no package "):rep(500)))
            assert.same(FAILED, run(package))
            assert.same({ false, true, n = 2 }, is_done())
            assert.is_false(fota.wait())
            assert.is_false(fota.finish(true))
            update()
        end)

        it("a package with a wrong byte at its end", function()
            assert.is_true(fota.init())
            local right = package
            package = package:sub(1, -2) .. string.char(vm.xor(package:byte(-1), 1))
            run_all(4096)
            assert.same({ false, true, n = 2 }, is_done())
            assert.is_false(fota.finish(true))
            assert.equal("INTEGRITY", fota.last_result().error)
            assert.equal("idle", state())
            package = right
            update()
        end)

        it("a package of another model", function()
            assert.is_true(fota.init())
            assert.same(FAILED, run(modem:package({ image = ("i"):rep(3000), model = "EC600N" })))
            assert.is_false(fota.finish(true))
        end)

        it("bytes after the end of the package", function()
            assert.is_true(fota.init())
            run_all(4096)
            assert.same(FAILED, run("!"))
            assert.is_false(fota.finish(true))
            assert.not_equal("staged", state())
        end)

        it("to finish what is not complete", function()
            assert.is_true(fota.init())
            assert.same(GOES_ON, run(package:sub(1, 9000)))
            assert.is_false(fota.finish(true))
            update()
        end)

        it("arguments that are neither a string nor a zbuff", function()
            assert.is_true(fota.init())
            for _, wrong in ipairs({ 1, true, print, {}, io.stdout }) do
                local ok, message = pcall(fota.run, wrong)
                assert.is_false(ok)
                assert.matches("string or zbuff expected", message)
            end
            assert.is_false((pcall(fota.run)))
            assert.is_false((pcall(fota.run, { toStr = function() end })))
            assert.is_false((pcall(fota.file)))
            update()
        end)
    end)

    it("leaves the reason of a failure to fota.status()", function()
        local function fails(expected, call, ...)
            assert.is_false((call(...)))
            assert.matches(expected, fota.status().reason)
        end
        assert.is_true(fota.init())
        assert.is_nil(fota.status().reason)
        fails("^NOT_A_PACKAGE: ", fota.run, ("no package "):rep(500))
        assert.is_true(fota.init())
        assert.is_nil(fota.status().reason)
        assert.same(GOES_ON, run(package:sub(1, -11)))
        fails("^INCOMPLETE: .* expected " .. #package .. " bytes, got " .. #package - 10, fota.finish, true)
        fails("^INCOMPLETE: ", fota.file, save("short.bin", package:sub(1, 9000)))
        fails("^INTEGRITY: ", fota.file, save("damaged.bin", package:sub(1, -2) .. "!"))
        update()
        assert.is_nil(fota.status().reason)
    end)

    describe("ends", function()
        it("with finish(false), which drops what was written, and init works again", function()
            assert.is_true(fota.init())
            assert.same(GOES_ON, run(package:sub(1, 9000)))
            assert.same({ true, n = 1 }, vm.pack(fota.finish(false)))
            assert.is_false(fota.wait())
            assert.same(FAILED, run(package:sub(9001)))
            update()
        end)

        it("with finish(false), which takes back what was verified", function()
            assert.is_true(fota.init())
            run_all(4096)
            assert.same({ true, true, n = 2 }, is_done())
            assert.equal("staged", state())
            assert.is_true(fota.finish(false))
            assert.equal("idle", state())
            assert.equal("run", modem:boot())
            fota = modem:fota()
            assert.equal("1.0.0", fota.last_result().version)
        end)

        it("with finish() when there is nothing to end", function()
            assert.same({ true, n = 1 }, vm.pack(fota.finish(true)))
            assert.same({ true, n = 1 }, vm.pack(fota.finish(false)))
            assert.equal("idle", state())
        end)
    end)

    describe("takes a file", function()
        it("whole: written, verified, staged", function()
            assert.same(WRITTEN, vm.pack(fota.file(save("whole.bin", package))))
            assert.equal("staged", state())
        end)

        it("after init too, and isDone and finish after it do no harm", function()
            assert.is_true(fota.init())
            assert.same(WRITTEN, vm.pack(fota.file(save("whole.bin", package))))
            assert.same({ true, true, n = 2 }, is_done())
            assert.same({ true, n = 1 }, vm.pack(fota.finish(true)))
            assert.same({ true, n = 1 }, vm.pack(fota.finish(true)))
            assert.equal("staged", state())
        end)

        it("again, and another one", function()
            local path = save("whole.bin", package)
            assert.same(WRITTEN, vm.pack(fota.file(path)))
            assert.same(WRITTEN, vm.pack(fota.file(path)))
            assert.is_false((fota.file(save("wrong.bin", ("no package "):rep(500)))))
        end)

        it("that is missing: false, false, 0", function()
            assert.same({ false, false, 0, n = 3 }, vm.pack(fota.file(folder .. "/absent.bin")))
            assert.equal("idle", state())
            update()
        end)

        it("that is cut short, and does not let isDone() wait for ever", function()
            for _, size in ipairs({ 0, 10, 5000, #package - 1 }) do
                assert.same(FAILED, vm.pack(fota.file(save("short.bin", package:sub(1, size)))))
                assert.same({ false, true, n = 2 }, is_done())
                assert.is_false(fota.finish(true))
                assert.equal("idle", (state():gsub("downloading", "idle")))
            end
            update()
        end)

        it("that is too long, or damaged, or a folder", function()
            assert.same(FAILED, vm.pack(fota.file(save("long.bin", package .. ("!"):rep(10000)))))
            assert.same(FAILED, vm.pack(fota.file(save("damaged.bin", package:sub(1, -2) .. "!"))))
            assert.is_false((fota.file(folder)))
            assert.not_equal("staged", state())
        end)
    end)

    describe("while a download runs", function()
        local job

        before_each(function()
            job = assert(fota(1):download(server:serve("app.fota", package)))
            while job.bytes == 0 do
                fota.poll(100)
            end
        end)

        after_each(function()
            assert.is_true(job:wait())
            assert.equal("staged", state())
        end)

        it("init is refused, and again", function()
            assert.same({ false, n = 1 }, vm.pack(fota.init()))
            assert.same({ false, n = 1 }, vm.pack(fota.init()))
            assert.same({ false, n = 1 }, vm.pack(fota.wait()))
        end)

        it("run and isDone are refused", function()
            fota.init()
            assert.same(FAILED, run(package))
            assert.same({ false, true, n = 2 }, is_done())
        end)

        it("finish does not end it", function()
            assert.same({ false, n = 1 }, vm.pack(fota.finish(true)))
            assert.same({ false, n = 1 }, vm.pack(fota.finish(false)))
            assert.is_false(job:done())
        end)

        it("file is refused", function()
            assert.same(FAILED, vm.pack(fota.file(save("whole.bin", package))))
            assert.same({ false, true, n = 2 }, is_done())
            assert.same({ false, n = 1 }, vm.pack(fota.finish(true)))
            assert.is_false(job:done())
        end)
    end)

    it("gives way to a download that begins in the middle", function()
        assert.is_true(fota.init())
        assert.same(GOES_ON, run(package:sub(1, 9000)))
        local job = assert(fota(1):download(server:serve("app.fota", package)))
        assert.same(FAILED, run(package:sub(9001)))
        assert.is_false(fota.finish(true))
        assert.is_true(job:wait())
        assert.equal("staged", state())
        assert.same({ false, true, n = 2 }, is_done())
    end)
end)
