--- A signing key takes the place of another one, with the fota command alone: what it prints, what it
--- refuses, and what an emulated modem makes of the packages.
local runner = require("spec.support.command")
local sim = require("fota.sim")
local vm = require("spec.support.vm")

local ok, refused, quote = runner.ok, runner.refused, runner.quote
local read, write = vm.read, vm.write

describe("key rotation", function()
    local dir
    local ids = {}

    local function path(name)
        return dir .. "/" .. name
    end

    -- Packs version `sequence` of a script, which confirms itself.
    local function pack(sequence, ...)
        write(path("app/main.lua"), ([[
            print("version %d")
            assert(require("fota").confirm())
        ]]):format(sequence))
        local name = path(sequence .. ".fota")
        ok("pack", "--image", path("app"), "--model", "EC600U", "--version", sequence .. ".0",
            "--sequence", sequence, "--out", name, ...)
        return name
    end

    setup(function()
        dir = os.tmpname()
        os.remove(dir)
        assert(os.execute("mkdir -p " .. quote(path("app"))))
        for _, name in ipairs({ "old", "new", "next", "other" }) do
            ids[name] = ok("keygen", "--out", path(name .. ".pem"), "--public", path(name .. ".pub"))
                :match("^key id (%x+)\n$")
        end
        ok("vouch", path("new.pub"), "--key", path("old.pem"), "--out", path("new.voucher"))
        ok("vouch", path("next.pub"), "--key", path("new.pem"), "--out", path("next.voucher"))
    end)

    teardown(function()
        os.execute("rm -rf " .. quote(dir))
    end)

    describe("vouch", function()
        it("says which key takes the place of which", function()
            local out = ok("vouch", path("new.pub"), "--key", path("old.pem"), "--out",
                path("again.voucher"))
            assert.equal(path("again.voucher") .. ": key " .. ids.new .. " takes the place of "
                .. ids.old .. "\n", out)
            assert.equal(read(path("new.voucher")), read(path("again.voucher")))
        end)

        it("lets a program sign, as sign does", function()
            local card = "tr -d '\\n' | tr a-f A-F | basenc -d --base16 | openssl pkeyutl -sign -inkey "
            ok("vouch", path("new.pub"), "--public", path("old.pub"), "--out", path("card.voucher"),
                "--command", card .. quote(path("old.pem")))
            local package = pack(2, "--successor", path("card.voucher"), "--key", path("new.pem"))
            ok("verify", package, "--key", path("old.pub"))
        end)

        it("refuses what makes no voucher", function()
            refused(2, "%-%-key KEY.pem is needed, or %-%-command with %-%-public", "vouch", path("new.pub"),
                "--out", path("x"))
            refused(2, "NEW.pub.pem is missing", "vouch", "--key", path("old.pem"), "--out", path("x"))
            refused(1, "a key cannot replace itself: " .. ids.old, "vouch", path("old.pub"), "--key",
                path("old.pem"), "--out", path("x"))
            refused(1, "the key has no private half", "vouch", path("new.pub"), "--key", path("old.pub"),
                "--out", path("x"))
            assert.is_nil(io.open(path("x")))
        end)
    end)

    describe("pack and sign", function()
        local function refuses(status, pattern, ...)
            refused(status, pattern, "pack", "--image", path("old.pem"), "--model", "EC600U", "--version",
                "2", "--sequence", "2", "--out", path("x.fota"), ...)
            assert.is_nil(io.open(path("x.fota")))
        end

        it("refuse vouchers that are none, or do not follow each other", function()
            refuses(1, "new.pub: not a voucher for a new key; 'fota vouch' makes one", "--successor",
                path("new.pub"))
            refuses(1, "new.voucher: replaces key " .. ids.old .. ", not " .. ids.next, "--successor",
                path("next.voucher"), "--successor", path("new.voucher"))
            refuses(2, "%-%-successor: at most 2, the oldest first", "--successor", path("new.voucher"),
                "--successor", path("next.voucher"), "--successor", path("next.voucher"))
            local text = read(path("next.voucher"))
            local last = text:sub(-2, -2) == "0" and "1" or "0"
            write(path("changed.voucher"), text:sub(1, -3) .. last .. "\n")
            refuses(1, "changed.voucher: the old key's signature is wrong", "--successor",
                path("new.voucher"), "--successor", path("changed.voucher"))
        end)

        it("refuse a key that the package replaces", function()
            local why = "key " .. ids.old .. " is replaced by key " .. ids.new
                .. ", which the package brings; sign with that"
            refuses(1, why, "--successor", path("new.voucher"), "--key", path("old.pem"))
            local package = pack(2, "--successor", path("new.voucher"))
            refused(1, why, "sign", package, "--key", path("old.pem"))
            ok("sign", package, "--key", path("new.pem"))
            ok("verify", package, "--key", path("old.pub"))
        end)
    end)

    describe("show and verify", function()
        it("tell which key replaces which", function()
            local package = pack(3, "--successor", path("new.voucher"), "--successor", path("next.voucher"),
                "--key", path("next.pem"))
            local out = ok("show", package)
            assert.matches("\nsuccessor 1  key " .. ids.new .. ", in place of key " .. ids.old .. "\n", out)
            assert.matches("\nsuccessor 2  key " .. ids.next .. ", in place of key " .. ids.new .. "\n", out)
            out = ok("show", package, "--json")
            assert.matches('"key_id": "' .. ids.new .. '",%s+"replaces": "' .. ids.old .. '"', out)
            assert.equal(package .. ": OK; once confirmed, key " .. ids.new .. " replaces " .. ids.old
                .. "; once confirmed, key " .. ids.next .. " replaces " .. ids.new .. "\n",
                ok("verify", package, "--key", path("old.pub")))
        end)

        it("judge as a modem that has, or has not, heard of the new key", function()
            local before = pack(4, "--key", path("old.pem"))
            local after = pack(5, "--successor", path("new.voucher"), "--key", path("new.pem"))
            local naked = pack(6, "--key", path("new.pem"))
            local function verify(package, ...)
                return "verify", package, "--key", path("old.pub"), ...
            end
            assert.equal(before .. ": OK\n", ok(verify(before)))
            refused(1, "KEY_REPLACED", verify(before, "--successor", path("new.voucher")))
            ok(verify(after))
            ok(verify(after, "--successor", path("new.voucher")))
            refused(1, "UNKNOWN_KEY", verify(naked))
            refused(1, "UNKNOWN_KEY", "verify", after, "--key", path("other.pub"))
            ok("vouch", path("other.pub"), "--key", path("old.pem"), "--out", path("other.voucher"))
            local late = pack(7, "--successor", path("other.voucher"), "--key", path("other.pem"))
            ok(verify(late))
            refused(1, "KEY_REPLACED", verify(late, "--successor", path("new.voucher")))
        end)
    end)

    describe("an emulated modem", function()
        local modem

        before_each(function()
            modem = sim.modem { model = "EC600U" }
            assert(modem.machine:trust(read(path("old.pub"))))
            modem:load('print("version 1")')
        end)

        after_each(function()
            modem:close()
        end)

        -- What became of a package: the last line that was printed, or the name of the error.
        local function offer(package)
            local bytes = read(package)
            modem:boot()
            local f = modem:fota()()
            f:write(bytes, #bytes)
            f:flush()
            local failed, message = f:verify()
            if failed ~= 0 then
                return (message:match("^[%u_]+"))
            end
            local run = modem:start()
            return run.output[#run.output]
        end

        it("takes the new key once its image is confirmed, and refuses the old one from then on", function()
            assert.equal("version 2", offer(pack(2, "--key", path("old.pem"))))
            assert.equal("version 3", offer(pack(3, "--successor", path("new.voucher"), "--key",
                path("new.pem"))))
            assert.equal("KEY_REPLACED", offer(pack(4, "--key", path("old.pem"))))
            assert.equal("version 5", offer(pack(5, "--successor", path("new.voucher"), "--key",
                path("new.pem"))))
        end)
    end)
end)
