--- The fota command as a person runs it: what it prints, what it leaves on the disk, how it exits.
local runner = require("spec.support.command")
local vm = require("spec.support.vm")

-- With 32-bit numbers Lua has no larger ones that are exact.
local U32_MAX = vm.narrow and "2147483647" or "4294967295"
local IN_2100 = vm.narrow and 2147483647 or 4102444800

local unpack = table.unpack or unpack
local COMMANDS = {
    "keygen", "key", "vouch", "pack", "sign", "show", "verify", "diff", "apply", "models", "emu",
}

local fota, ok, refused, quote, shell = runner.fota, runner.ok, runner.refused, runner.quote, runner.shell
local read, write = vm.read, vm.write

describe("fota", function()
    local dir

    local function path(name)
        return dir .. "/" .. name
    end

    local function pack(name, ...)
        return ok("pack", "--image", path("app.bin"), "--model", "EC600U,EC200U", "--version", "2.0.0",
            "--sequence", "7", "--out", path(name), ...)
    end

    -- The header's length, as `show` tells it.
    local function header_length(name)
        return tonumber(ok("show", path(name), "--json"):match('"header_length": (%d+)'))
    end

    setup(function()
        dir = os.tmpname()
        os.remove(dir)
        assert(os.execute("mkdir " .. quote(dir)))
        write(path("app.bin"), ("firmware "):rep(500))
        for _, name in ipairs({ "a", "b", "c" }) do
            ok("keygen", "--out", path(name .. ".pem"), "--public", path(name .. ".pub"))
        end
    end)

    teardown(function()
        os.execute("rm -rf " .. quote(dir))
    end)

    describe("itself", function()
        it("explains itself", function()
            local out = ok("--help")
            for _, name in ipairs(COMMANDS) do
                assert.matches("\n  " .. name .. " ", out)
            end
            assert.equal(out, ok("-h"))
            assert.equal(out, ok("help"))
        end)

        it("prints the overview and exits 2 without a command", function()
            local out, err, status = fota()
            assert.equal(2, status)
            assert.equal("", err)
            assert.matches("^usage: fota COMMAND", out)
        end)

        it("fails when what it prints does not arrive", function()
            for _, words in ipairs({ "--help", "--version", "models", "key " .. quote(path("a.pub")) }) do
                local _, err, status = shell(quote(runner.path) .. " " .. words .. " >/dev/full")
                assert.equal(1, status)
                assert.matches("^fota: cannot write to standard output: ", err)
            end
        end)

        it("says its version", function()
            assert.matches("^fota [^\n]+\n$", ok("--version"))
        end)

        it("refuses what it does not know", function()
            refused(2, "unknown command 'frobnicate'; commands: keygen, key, vouch, pack", "frobnicate")
            refused(2, "unknown option '%-%-frobnicate'", "--frobnicate")
        end)

        it("explains each command with an example", function()
            for _, name in ipairs(COMMANDS) do
                local out = ok(name, "--help")
                assert.matches("^usage: fota " .. name, out)
                assert.matches("\nexamples?:\n  ", out)
                assert.equal(out, ok(name, "-h"))
            end
        end)
    end)

    describe("options", function()
        it("take their value after a blank or an equals sign", function()
            pack("opt.fota")
            local plain = read(path("opt.fota"))
            ok("pack", "--image=" .. path("app.bin"), "--model=EC600U,EC200U", "--version=2.0.0",
                "--sequence=7", "--out=" .. path("opt.fota"))
            assert.equal(plain, read(path("opt.fota")))
        end)

        it("are refused with what is wrong", function()
            refused(2, "%-%-out is missing; see 'fota keygen %-%-help'", "keygen")
            refused(2, "%-%-out needs KEY.pem", "keygen", "--out")
            refused(2, "%-%-out is empty", "keygen", "--out", "")
            refused(2, "unknown option '%-%-otu'", "keygen", "--otu", "x")
            refused(2, "unknown option '%-x'", "keygen", "-x")
            refused(2, "%-%-out is given twice", "keygen", "--out", "x", "--out", "y")
            refused(2, "%-%-force takes no value", "keygen", "--out", "x", "--force=yes")
            refused(2, "unexpected argument 'extra'", "keygen", "--out", "x", "extra")
            refused(2, "PKG is missing", "show")
            refused(2, "unexpected argument 'b'", "show", "a", "b")
        end)

        it("end at --", function()
            refused(1, "cannot read %-%-json: ", "show", "--", "--json")
        end)
    end)

    describe("keygen", function()
        it("keeps the private key to its owner", function()
            assert.equal("600\n", (shell("stat -c %a " .. quote(path("a.pem")))))
        end)

        it("replaces a file only when forced", function()
            local before = read(path("c.pem"))
            refused(1, "c.pem exists already; %-%-force replaces it", "keygen", "--out", path("c.pem"))
            refused(1, "c.pub exists already", "keygen", "--out", path("new.pem"), "--public", path("c.pub"))
            assert.is_nil(io.open(path("new.pem")))
            assert.equal(before, read(path("c.pem")))
            shell("chmod 644 " .. quote(path("c.pem")))
            ok("keygen", "--out", path("c.pem"), "--public", path("c.pub"), "--force")
            assert.not_equal(before, read(path("c.pem")))
            assert.equal("600\n", (shell("stat -c %a " .. quote(path("c.pem")))))
        end)

        it("fails where it cannot write, and leaves no half of a pair", function()
            refused(1, "cannot write .*no/k", "keygen", "--out", path("h.pem"), "--public", path("no/k"))
            refused(1, "cannot write .*no/k", "keygen", "--out", path("no/k"), "--public", path("h.pub"))
            assert.is_nil(io.open(path("h.pem")))
            assert.is_nil(io.open(path("h.pub")))
            refused(1, "cannot write .*: No such file or directory", "keygen", "--out", path("no/k.pem"))
            refused(2, "same file", "keygen", "--out", "x", "--public", "x")
        end)

        it("makes keys that openssl reads, and names them by their point", function()
            local out = ok("keygen", "--out", path("k.pem"), "--public", path("k.pub"))
            local public = shell("openssl pkey -in " .. quote(path("k.pem")) .. " -pubout")
            assert.equal(read(path("k.pub")), public)
            local _, err, status = shell("openssl pkey -check -noout -in " .. quote(path("k.pem")))
            assert.equal(0, status, err)
            local id = shell("openssl pkey -pubin -in " .. quote(path("k.pub"))
                .. " -outform DER | tail -c 64 | sha256sum | cut -c 1-16")
            assert.equal("key id " .. id, out)
        end)
    end)

    describe("key", function()
        it("says what a key is called, and which half it is", function()
            local public = ok("key", path("a.pub"))
            local id = public:match("key id (%x+), public\n$")
            assert.equal(16, #id)
            assert.matches("a.pem: key id " .. id .. ", private\n$", ok("key", path("a.pem")))
        end)

        it("writes the public half, never the private one", function()
            ok("key", path("a.pem"), "--public", path("half.pub"))
            assert.equal(read(path("a.pub")), read(path("half.pub")))
        end)

        it("prints C that a port compiles, the point as openssl has it", function()
            write(path("keys.c"), ok("key", path("a.pub"), path("b.pem"), "--c", "my_keys"))
            write(path("main.c"), [[
                #include <stdio.h>
                #include "package.h"
                extern const struct fota_key my_keys[];
                extern const size_t my_keys_count;
                int main(void)
                {
                    for (size_t i = 0; i < my_keys_count; i++) {
                        for (size_t j = 0; j < sizeof my_keys[i].point; j++)
                            printf("%02x", my_keys[i].point[j]);
                        printf(" %02x%02x %d\n", my_keys[i].id[0], my_keys[i].id[7], my_keys[i].development);
                    }
                    return 0;
                }]])
            local out, err, status = shell(string.format("cd %s && gcc -std=c99 -Wall -Wextra -Werror "
                .. "-I\"$OLDPWD/core\" keys.c main.c -o keys && ./keys", quote(dir)))
            assert.equal(0, status, err)
            local expected = ""
            for _, name in ipairs({ "a.pub", "b.pub" }) do
                local id = ok("key", path(name)):match("key id (%x+)")
                expected = expected .. shell("openssl pkey -pubin -in " .. quote(path(name))
                    .. " -outform DER | tail -c 64 | od -An -v -tx1 | tr -d ' \\n'")
                    .. " " .. id:sub(1, 2) .. id:sub(15) .. " 0\n"
            end
            assert.equal(expected, out)
        end)

        it("refuses what makes no sense", function()
            refused(2, "KEY.pem... is missing", "key")
            refused(2, "is no name of C", "key", path("a.pub"), "--c", "2keys")
            refused(2, "%-%-public takes one key", "key", path("a.pub"), path("b.pub"), "--public", "x")
            refused(1, "a.pem is the same key as .*a.pub", "key", path("a.pub"), path("a.pem"))
            refused(1, "app.bin: ", "key", path("app.bin"))
        end)
    end)

    describe("pack", function()
        it("puts the header before the image", function()
            assert.matches("4%d%d%d bytes %(header %d+, payload 4500%), unsigned", pack("p.fota"))
            assert.equal(read(path("app.bin")), read(path("p.fota")):sub(header_length("p.fota") + 1))
        end)

        it("reads standard input and writes standard output, and nothing else there", function()
            pack("file.fota")
            local line = "%s pack --image - --model EC600U,EC200U --version 2.0.0 --sequence 7 --out - <%s"
            local out, err, status = shell(line:format(quote(runner.path), quote(path("app.bin"))))
            assert.equal(0, status)
            assert.equal(read(path("file.fota")), out)
            assert.matches("^%-: %d+ bytes ", err)
            out = shell(quote(runner.path) .. " verify - --key " .. quote(path("a.pub")) .. " <"
                .. quote(path("file.fota")) .. " 2>&1")
            assert.matches("^fota: %-: UNSIGNED", out)
        end)

        it("gives the same bytes for the same input, signature included", function()
            pack("one.fota", "--key", path("a.pem"), "--text", "x")
            pack("two.fota", "--key", path("a.pem"), "--text", "x")
            assert.equal(read(path("one.fota")), read(path("two.fota")))
            pack("two.fota", "--key", path("a.pem"), "--text", "y")
            assert.not_equal(read(path("one.fota")), read(path("two.fota")))
        end)

        it("packs a folder as a tar archive, whatever its dates, owners and order", function()
            shell("cd " .. quote(dir) .. " && mkdir -p one/lib two/lib && echo 1 >one/main.lua"
                .. " && echo 2 >one/lib/b.lua && printf '' >one/lib/a.lua"
                .. " && echo 2 >two/lib/b.lua && echo 1 >two/main.lua && printf '' >two/lib/a.lua"
                .. " && chmod 755 two/main.lua && touch -d 2001-01-01 two/main.lua")
            for _, name in ipairs({ "one", "two" }) do
                ok("pack", "--image", path(name) .. "/", "--model", "EC600U", "--version", "1",
                    "--sequence", "1", "--out", path(name .. ".fota"))
            end
            assert.equal(read(path("one.fota")), read(path("two.fota")))
            local tail = "tail -c +" .. (header_length("one.fota") + 1) .. " " .. quote(path("one.fota"))
            local list, err, status = shell(tail .. " | tar --numeric-owner --utc -tvf -")
            assert.equal(0, status, err)
            assert.equal("-rw-r--r-- 0/0               0 1970-01-01 00:00 lib/a.lua\n"
                .. "-rw-r--r-- 0/0               2 1970-01-01 00:00 lib/b.lua\n"
                .. "-rw-r--r-- 0/0               2 1970-01-01 00:00 main.lua\n", list)
            assert.equal("2\n", (shell(tail .. " | tar -xOf - lib/b.lua")))
        end)

        it("refuses folders that an archive cannot hold", function()
            shell("cd " .. quote(dir) .. " && mkdir empty link && ln -s ../app.bin link/main.lua")
            local rest = { "--model", "EC600U", "--version", "1", "--sequence", "1", "--out", path("x") }
            refused(1, "the folder has no files", "pack", "--image", path("empty"), unpack(rest))
            refused(1, "neither a file nor a folder", "pack", "--image", path("link"), unpack(rest))
            write(path("nothing"), "")
            refused(1, "1 to 4294967295 bytes", "pack", "--image", path("nothing"), unpack(rest))
            refused(1, "cannot read .*: No such file", "pack", "--image", path("missing"), unpack(rest))
        end)

        -- A wrong option: nothing is written.
        local function wrong(pattern, name, value)
            local words = { image = path("app.bin"), model = "EC600U", version = "1", sequence = "1",
                out = path("wrong.fota"), [name] = value }
            local args = {}
            for option, word in pairs(words) do
                args[#args + 1] = "--" .. option .. "=" .. word
            end
            refused(2, pattern, "pack", unpack(args))
            assert.is_nil(io.open(path("wrong.fota")))
        end

        it("takes no damaged package for an image", function()
            pack("whole.fota")
            local bytes = read(path("whole.fota"))
            local words = { "pack", "--image", path("whole.fota"), "--model", "EC600U", "--version", "3",
                "--sequence", "8", "--out", path("again.fota") }
            local cut = bytes:sub(1, -2)
            for _, damaged in ipairs({ cut, bytes:sub(1, 40), bytes .. "x", cut .. "X" }) do
                write(path("whole.fota"), damaged)
                refused(1, "whole.fota: %u+: ", unpack(words))
                assert.is_nil(io.open(path("again.fota")))
            end
            write(path("whole.fota"), bytes)
            ok(unpack(words))
            assert.equal(read(path("app.bin")), read(path("again.fota")):sub(header_length("again.fota") + 1))
        end)

        it("refuses values out of range", function()
            for _, value in ipairs({ "0", "-1", "4294967296", "1.5", "0x10", "99999999999999999999" }) do
                wrong("%-%-sequence: '.*' is not a number from 1 to " .. U32_MAX, "sequence", value)
            end
            wrong("unknown model 'EC600Z'; known: EC600N, ", "model", "EC600U,EC600Z")
            wrong("is there twice", "model", "EC600U,EC600U")
            wrong("1 to 31 printable", "model", "EC600U,")
            wrong("at most 8 models", "model", "A,B,C,D,E,F,G,H,I")
            wrong("1 to 31 printable", "version", ("1"):rep(32))
            wrong("1 to 31 printable", "version", "1\t0")
            wrong("%-%-vendor is empty", "vendor", "")
            wrong("1 to 128 printable", "text", ("x"):rep(129))
            wrong("not a number from 0 to 255", "severity", "256")
            for _, value in ipairs({ "3-", "-3", "4-3", "a-b", "1-2-3", "1,,2", "0-4294967296" }) do
                wrong("is not a range like 3%-7", "requires", value)
            end
            wrong("at most 8 ranges", "requires", "1,2,3,4,5,6,7,8,9")
            for _, value in ipairs({ "2023-02-29", "2023-13-01", "2023-00-01", "2023-01-32", "tomorrow",
                "1969-12-31" }) do
                wrong("neither seconds nor a date", "expiry", value)
            end
        end)

        it("takes another vendor's models as they are", function()
            ok("pack", "--image", path("app.bin"), "--vendor", "acme", "--model", "X1", "--version", "1",
                "--sequence", "1", "--out", path("acme.fota"))
            assert.matches("models       X1\n", ok("show", path("acme.fota")))
        end)

        it("signs only with a private P-256 key", function()
            local function with_key(pattern, name)
                refused(1, pattern, "pack", "--image", path("app.bin"), "--model", "EC600U", "--version", "1",
                    "--sequence", "1", "--out", path("wrong.fota"), "--key", path(name))
            end
            with_key("no private half", "a.pub")
            with_key("not an unencrypted P%-256 key", "app.bin")
            shell("openssl ecparam -name secp384r1 -genkey -noout -out " .. quote(path("384.pem")))
            with_key("not an unencrypted P%-256 key", "384.pem")
        end)
    end)

    describe("show", function()
        it("shows every field", function()
            pack("full.fota", "--text", 'He said "hi"', "--severity", "3", "--expiry", "2028-02-29",
                "--requires", "1-5,6", "--key", path("a.pem"))
            local out = ok("show", path("full.fota"))
            for _, line in ipairs({
                "version      2.0.0", "sequence     7", "vendor       quectel", "models       EC600U, EC200U",
                "component    app", "format       full", "requires     1-5, 6-6",
                "expiry       2028-02-29 23:59:59 UTC", "severity     3", 'text         He said "hi"',
                "payload is   complete, digest correct",
            }) do
                assert.truthy(out:find(line .. "\n", 1, true), line)
            end
            local digest = shell("sha256sum " .. quote(path("app.bin"))):sub(1, 64)
            assert.truthy(out:find("payload      4500 bytes, sha256 " .. digest .. "\n", 1, true))
            assert.matches("signature 1  key %x+, ECDSA P%-256 with SHA%-256\n", out)
        end)

        it("shows the same as JSON", function()
            local found, dkjson = pcall(require, "dkjson")
            if not found then
                pending("dkjson is not installed")
                return
            end
            pack("full.fota", "--text", 'a "quoted" \\ text', "--expiry", tostring(IN_2100),
                "--requires", "1-5")
            local shown = assert(dkjson.decode(ok("show", path("full.fota"), "--json")))
            assert.equal('a "quoted" \\ text', shown.text)
            assert.equal(IN_2100, shown.expiry)
            assert.same({ { first = 1, last = 5 } }, shown.requires)
            assert.same({ "EC600U", "EC200U" }, shown.models)
            assert.same({}, shown.signatures)
            assert.equal(4500, shown.payload.length)
            assert.is_true(shown.payload_intact)
        end)

        it("tells a damaged payload", function()
            pack("d.fota")
            local bytes = read(path("d.fota"))
            write(path("d.fota"), bytes:sub(1, -2))
            assert.matches("payload is   4499 bytes in the file: TRUNCATED", ok("show", path("d.fota")))
            write(path("d.fota"), bytes .. "x")
            assert.matches("payload is   4501 bytes in the file: TRAILING", ok("show", path("d.fota")))
            write(path("d.fota"), bytes:sub(1, -2) .. "X")
            assert.matches("payload is   complete, digest WRONG", ok("show", path("d.fota")))
        end)

        it("refuses what is not a package", function()
            refused(1, "NOT_A_PACKAGE: this is not a fota package", "show", path("app.bin"))
            refused(1, "cannot read .*No such file", "show", path("missing"))
            refused(1, "cannot read .*directory", "show", dir)
            write(path("short"), "FOTA")
            refused(1, "TRUNCATED", "show", path("short"))
        end)
    end)

    describe("sign", function()
        before_each(function()
            pack("s.fota")
        end)

        it("adds what pack --key would have added", function()
            ok("sign", path("s.fota"), "--key", path("a.pem"))
            pack("k.fota", "--key", path("a.pem"))
            assert.equal(read(path("k.fota")), read(path("s.fota")))
        end)

        it("leaves the package alone with --out", function()
            local before = read(path("s.fota"))
            ok("sign", path("s.fota"), "--key", path("a.pem"), "--out", path("signed.fota"))
            assert.equal(before, read(path("s.fota")))
            ok("verify", path("signed.fota"), "--key", path("a.pub"))
        end)

        it("takes two signatures of different keys", function()
            ok("sign", path("s.fota"), "--key", path("a.pem"))
            refused(1, "this key has signed the package already", "sign", path("s.fota"), "--key",
                path("a.pem"))
            ok("sign", path("s.fota"), "--key", path("b.pem"))
            refused(1, "two signatures already", "sign", path("s.fota"), "--key", path("c.pem"))
            ok("verify", path("s.fota"), "--key", path("a.pub"), "--key", path("b.pub"), "--signatures", "2")
        end)

        it("makes signatures that openssl verifies", function()
            ok("sign", path("s.fota"), "--key", path("a.pem"))
            local shown = ok("show", path("s.fota"), "--json")
            local signed = tonumber(shown:match('"signed_length": (%d+)'))
            local length = tonumber(shown:match('"header_length": (%d+)'))
            local bytes = read(path("s.fota"))
            local raw = bytes:sub(length - 63, length)
            local function integer(number)
                number = number:gsub("^%z+", "")
                if number:byte() >= 128 then
                    number = "\0" .. number
                end
                return "\2" .. string.char(#number) .. number
            end
            local body = integer(raw:sub(1, 32)) .. integer(raw:sub(33))
            write(path("s.der"), "\48" .. string.char(#body) .. body)
            write(path("s.tbs"), bytes:sub(1, signed))
            local out, err, status = shell("openssl dgst -sha256 -verify " .. quote(path("a.pub"))
                .. " -signature " .. quote(path("s.der")) .. " " .. quote(path("s.tbs")))
            assert.equal(0, status, out .. err)
        end)

        -- What openssl pkeyutl needs to sign a digest that comes as hexadecimal.
        local function signer(name, finish)
            local script = path(name .. ".sh")
            write(script, "tr -d '\\n' | tr a-f A-F | basenc -d --base16"
                .. " | openssl pkeyutl -sign -inkey " .. quote(path(name .. ".pem")) .. (finish or "")
                .. "\n")
            return "sh " .. script
        end

        it("takes a signature of a program: DER, or hexadecimal", function()
            for _, finish in ipairs({ "", " | od -An -v -tx1", " | basenc --base16" }) do
                pack("s.fota")
                ok("sign", path("s.fota"), "--command", signer("b", finish), "--public", path("b.pub"))
                ok("verify", path("s.fota"), "--key", path("b.pub"))
            end
        end)

        it("takes r and s of a program", function()
            -- The signature of a.pem is always the same: a program may print it again.
            ok("sign", path("s.fota"), "--key", path("a.pem"))
            local length = header_length("s.fota")
            local raw = read(path("s.fota")):sub(length - 63, length)
            write(path("raw"), raw)
            for _, command in ipairs({ "cat " .. path("raw"), "od -An -v -tx1 " .. path("raw") }) do
                pack("r.fota")
                ok("sign", path("r.fota"), "--command", command, "--public", path("a.pub"))
                assert.equal(read(path("s.fota")), read(path("r.fota")))
            end
        end)

        it("gives the program the digest of the signed bytes", function()
            local digest = ok("show", path("s.fota"), "--json"):match('"signed_sha256": "(%x+)"')
            fota("sign", path("s.fota"), "--command", "cat >" .. path("seen"), "--public", path("b.pub"))
            assert.equal(digest .. "\n", read(path("seen")))
        end)

        it("signs no damaged package", function()
            pack("d.fota", "--key", path("a.pem"))
            local bytes = read(path("d.fota"))
            write(path("d.fota"), bytes:sub(1, -2) .. "X")
            refused(1, "d.fota: INTEGRITY: ", "sign", path("d.fota"), "--key", path("b.pem"))
            write(path("d.fota"), bytes:sub(1, -2))
            refused(1, "d.fota: TRUNCATED: ", "sign", path("d.fota"), "--key", path("b.pem"))
            assert.equal(bytes:sub(1, -2), read(path("d.fota")))
        end)

        it("says what to do with an encrypted key, which openssl can use", function()
            shell("openssl pkey -in " .. quote(path("a.pem")) .. " -aes256 -passout pass:x -out "
                .. quote(path("locked.pem")))
            pack("l.fota")
            refused(1, "locked.pem: the key is encrypted; let a program sign .* %-%-command", "sign",
                path("l.fota"), "--key", path("locked.pem"))
            local command = "perl -ne 'chomp; print pack q(H*), $_' | openssl pkeyutl -sign -inkey "
                .. quote(path("locked.pem")) .. " -passin pass:"
            ok("sign", path("l.fota"), "--public", path("a.pub"), "--command", command .. "x")
            ok("verify", path("l.fota"), "--key", path("a.pub"))
        end)

        it("refuses a program that fails, lies or chatters, and changes nothing", function()
            local before = read(path("s.fota"))
            local function with(pattern, command, public)
                refused(1, pattern, "sign", path("s.fota"), "--command", command, "--public",
                    path(public or "b.pub"))
                assert.equal(before, read(path("s.fota")))
            end
            with("failed with exit status 3", "exit 3")
            with("failed with exit status 127", "exec /nonexistent/signer 2>/dev/null")
            with("printed no signature", "true")
            with("printed no signature", "echo hello")
            with("printed too much", "head -c 100000 /dev/zero 2>/dev/null")
            with("the new signature is wrong", "head -c 64 /dev/zero")
            with("the new signature is wrong", signer("b"), "a.pub")
        end)

        it("refuses contradicting options", function()
            refused(2, "%-%-key KEY.pem is needed, or", "sign", path("s.fota"))
            refused(2, "%-%-command needs %-%-public, and no %-%-key", "sign", path("s.fota"), "--command",
                "true")
            refused(2, "%-%-command needs", "sign", path("s.fota"), "--command", "true", "--public",
                path("a.pub"), "--key", path("a.pem"))
            refused(2, "is needed", "sign", path("s.fota"), "--key", path("a.pem"), "--public", path("a.pub"))
            refused(1, "no private half", "sign", path("s.fota"), "--key", path("a.pub"))
            refused(1, "NOT_A_PACKAGE", "sign", path("app.bin"), "--key", path("a.pem"))
        end)
    end)

    describe("verify", function()
        local bytes

        local function verify(status, pattern, ...)
            if status == 0 then
                assert.matches(pattern, ok("verify", path("v.fota"), ...))
            else
                refused(status, pattern, "verify", path("v.fota"), ...)
            end
        end

        before_each(function()
            pack("v.fota", "--key", path("a.pem"), "--requires", "3-6")
            bytes = read(path("v.fota"))
        end)

        it("says OK", function()
            verify(0, "v.fota: OK\n$", "--key", path("a.pub"))
            verify(0, "OK", "--key", path("a.pub"), "--model", "EC200U", "--installed", "6")
            verify(0, "OK", "--key", path("b.pub"), "--key", path("a.pem"))
        end)

        it("refuses by signature", function()
            verify(1, "UNKNOWN_KEY: the package is signed with a key", "--key", path("b.pub"))
            verify(1, "SIGNATURES: 2 valid signatures are required, 1 are present", "--key", path("a.pub"),
                "--signatures", "2")
            pack("v.fota")
            verify(1, "UNSIGNED", "--key", path("a.pub"))
        end)

        it("refuses by model, vendor and sequence", function()
            verify(1, "WRONG_MODEL: the package is for another model: EC600U", "--key", path("a.pub"),
                "--model", "EC600E")
            verify(1, "WRONG_VENDOR", "--key", path("a.pub"), "--model", "EC600U", "--vendor", "acme")
            verify(1, "SAME_VERSION", "--key", path("a.pub"), "--installed", "7")
            verify(1, "DOWNGRADE: package sequence 7 is older than 8", "--key", path("a.pub"),
                "--installed", "8")
            verify(1, "REQUIRES", "--key", path("a.pub"), "--installed", "2")
        end)

        it("refuses what does not fit the modem's flash or its decoder", function()
            local function pack_large(status, pattern, ...)
                local words = { "pack", "--version", "3", "--sequence", "3", "--key", path("a.pem"), ... }
                if status == 0 then
                    return ok(unpack(words))
                end
                refused(status, pattern, unpack(words))
            end
            write(path("large.bin"), ("0123456789abcdef"):rep(50000))
            local image, out = path("large.bin"), path("large.fota")
            -- A model's flash is known; another vendor's is what --geometry says.
            pack_large(1, "BC25PA: IMAGE_TOO_LARGE: the image has 800000 bytes; the slot takes 651264",
                "--image", image, "--model", "EC600U,BC25PA", "--out", out)
            assert.is_nil(io.open(out))
            pack_large(1, "1048576/4096,65536/4096: PACKAGE_TOO_LARGE: ", "--image", image, "--vendor",
                "acme", "--model", "X1", "--out", out, "--geometry", "1048576/4096,65536/4096")
            pack_large(0, "", "--image", image, "--vendor", "acme", "--model", "X1", "--out", out,
                "--geometry", "1048576/4096,65536/4096,ab")
            local function judge(status, pattern, ...)
                local words = { "verify", out, "--key", path("a.pub"), "--vendor", "acme", ... }
                if status == 0 then
                    return ok(unpack(words))
                end
                refused(status, pattern, unpack(words))
            end
            judge(0, "")
            judge(0, "", "--geometry", "1048576/4096,65536/4096,ab")
            judge(1, "PACKAGE_TOO_LARGE", "--geometry", "1048576/4096,65536/4096")
            judge(1, "IMAGE_TOO_LARGE", "--geometry", "BC25PA")
            judge(2, "neither a model", "--geometry", "BC25")
            pack_large(0, "", "--to", image, "--vendor", "acme", "--model", "X1", "--ram", "65536",
                "--out", out)
            judge(0, "")
            judge(0, "", "--geometry", "EC600U", "--ram", "65536")
            judge(1, "PARAMETERS: the payload needs 65536 bytes of RAM; this modem gives 32768", "--geometry",
                "EC600U")
        end)

        it("knows the stages of a mini fota, which are for a flash, too", function()
            local words = { "pack", "--image", path("app.bin"), "--model", "BC25PA", "--version", "3",
                "--sequence", "3", "--key", path("a.pem"), "--out", path("u1.fota"),
                "--out2", path("u2.fota"), "--mini", path("a.pub") }
            ok(unpack(words))
            for _, name in ipairs({ "u1.fota", "u2.fota" }) do
                ok("verify", path(name), "--key", path("a.pub"))
                ok("verify", path(name), "--key", path("a.pub"), "--model", "BC25PA", "--installed", "2")
                refused(1, "UNKNOWN_KEY", "verify", path(name), "--key", path("b.pub"))
            end
            write(path("updater.bin"), ("0123456789abcdef"):rep(20000))
            words[#words] = path("updater.bin")
            os.remove(path("u1.fota"))
            refused(1, "BC25PA: PACKAGE_TOO_LARGE: the payload has 320000 bytes; staging takes 270336",
                unpack(words))
            assert.is_nil(io.open(path("u1.fota")))
        end)

        it("refuses what has expired", function()
            pack("v.fota", "--key", path("a.pem"), "--expiry", "2001-01-01")
            verify(1, "EXPIRED", "--key", path("a.pub"))
        end)

        it("refuses trailing bytes, a cut and a changed byte", function()
            write(path("v.fota"), bytes .. "\0")
            verify(1, "TRAILING: the package has 4501 bytes; its header says 4500", "--key", path("a.pub"))
            write(path("v.fota"), bytes:sub(1, -2))
            verify(1, "TRUNCATED: the package is truncated: expected 4500 bytes, got 4499", "--key",
                path("a.pub"))
            write(path("v.fota"), bytes:sub(1, -2) .. "X")
            verify(1, "INTEGRITY", "--key", path("a.pub"))
            write(path("v.fota"), bytes:sub(1, 40))
            verify(1, "TRUNCATED", "--key", path("a.pub"))
            local changed = bytes:gsub("EC600U", "EC600E", 1)
            write(path("v.fota"), changed)
            verify(1, "SIGNATURE: the signature does not belong to this header", "--key", path("a.pub"))
        end)

        it("answers in JSON", function()
            assert.matches('"ok": true', ok("verify", path("v.fota"), "--key", path("a.pub"), "--json"))
            local out, err, status = fota("verify", path("v.fota"), "--key", path("b.pub"), "--json")
            assert.equal(1, status)
            assert.equal("", err)
            assert.matches('"code": %-82', out)
            assert.matches('"error": "UNKNOWN_KEY"', out)
            assert.matches('"ok": false', out)
        end)

        it("refuses wrong arguments", function()
            verify(2, "%-%-key is missing")
            verify(2, "unknown model 'EC1'", "--key", path("a.pub"), "--model", "EC1")
            verify(2, "not a number from 1 to 2", "--key", path("a.pub"), "--signatures", "3")
            verify(2, "not a number", "--key", path("a.pub"), "--installed", "x")
            verify(1, "cannot read", "--key", path("missing.pub"))
        end)
    end)

    describe("models", function()
        it("shows a table of all", function()
            local out = ok("models")
            assert.matches("^model +family +chip", out)
            assert.matches("\nEC600U +unisoc8910 ", out)
            assert.matches("\nBC25PA [^\n]+async\n", out)
        end)

        it("shows one", function()
            local out = ok("models", "BG95")
            assert.matches("family +qcom9205\n", out)
            assert.matches("download_cancel +yes\n", out)
            assert.matches("ssl_params +no\n", out)
        end)

        it("answers in JSON", function()
            assert.matches('^%[\n  {\n    "apn": false,', ok("models", "--json"))
            assert.matches('^{\n  "apn": true,', ok("models", "BG95", "--json"))
        end)

        it("lists the known ones for an unknown one", function()
            refused(2, "unknown model 'EC9'; known: EC600N, .*BC25PA", "models", "EC9")
        end)
    end)
end)
