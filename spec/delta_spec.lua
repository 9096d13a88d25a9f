--- Differential packages as a person makes, shows and applies them.
local vm = require("spec.support.vm")

local read, write = vm.read, vm.write

local FOTA = os.getenv("FOTA_BIN") or "build/bin/fota"

-- Lines that differ, as a script has them; the same seed gives the same text.
local function text(lines, seed)
    local out, state = {}, seed
    for i = 1, lines do
        state = (state * 1103 + 12345) % 65536
        out[i] = string.format("local value_%d = call(%d, %q)", i, state, "name " .. state % 997)
    end
    return table.concat(out, "\n") .. "\n"
end

describe("a differential package", function()
    local dir

    local function fota(line)
        local out, err = dir .. "/.stdout", dir .. "/.stderr"
        local status = vm.execute(string.format("cd %s && %s/%s %s >%s 2>%s </dev/null", dir,
            os.getenv("PWD"), FOTA, line, out, err))
        return read(out), read(err), status
    end

    local function ok(line)
        local out, err, status = fota(line)
        assert.equal("", err)
        assert.equal(0, status)
        return out
    end

    local function refused(status, pattern, line)
        local _, err, got = fota(line)
        assert.matches("^fota: [^\n]+\n$", err)
        assert.matches(pattern, err)
        assert.equal(status, got)
    end

    local PACK = "pack --model EC600U --version 2 --sequence 2 --out new.fota "
    local old = text(2000, 1)
    local new = old:sub(1, 30000) .. "print('new')\n" .. old:sub(30001)

    before_each(function()
        dir = os.tmpname()
        os.remove(dir)
        assert(vm.execute("mkdir " .. dir) == 0)
        write(dir .. "/old", old)
        write(dir .. "/new", new)
    end)

    after_each(function()
        vm.execute("rm -rf " .. dir)
    end)

    it("is small, and makes the image of the old one", function()
        local out = ok(PACK .. "--from old --to new")
        assert.matches("difference: the difference is smallest, %d+ bytes for an image of " .. #new, out)
        assert.is_true(#read(dir .. "/new.fota") < 400)
        ok("apply --from old new.fota --out back")
        assert.equal(new, read(dir .. "/back"))
    end)

    it("is the same each time", function()
        ok(PACK .. "--from old --to new")
        local first = read(dir .. "/new.fota")
        ok(PACK .. "--from old --to new")
        assert.equal(first, read(dir .. "/new.fota"))
    end)

    it("tells what it holds", function()
        ok(PACK .. "--from old --to new --geometry EC600E")
        local out = ok("show new.fota")
        assert.matches("format +delta\n", out)
        assert.matches("decoder ram +32768\n", out)
        assert.matches("precursor +" .. #old .. " bytes", out)
        assert.matches("of " .. #new .. ", 0%.%d+ %%: the difference is smallest\n$", ok("diff old new"))
    end)

    it("tells what it is made of, with the old image", function()
        ok(PACK .. "--from old --to new")
        local out = ok("show new.fota --from old")
        local told = ok("diff old new")
        for _, name in ipairs({ "old bytes", "repeated", "literals", "addresses" }) do
            local part = told:match(name .. " +(%d[^\n]+)\n")
            assert.is_string(part, name)
            assert.is_truthy(out:find(part, 1, true), name)
        end
        assert.is_nil(ok("show new.fota"):find("old bytes", 1, true))
        assert.matches('"literal_bytes": %d+', ok("show new.fota --from old --json"))
        write(dir .. "/other", (old:gsub("value_77 ", "value_78 ", 1)))
        refused(1, "sha256 %x+%.%.%., not from", "show new.fota --from other")
    end)

    it("is told without an old image where it is only compressed", function()
        ok(PACK .. "--to new")
        assert.matches("literals +%d+ bytes of the image, %d+ bytes of the payload", ok("show new.fota"))
        refused(2, "%-%-from is of no use", "show new.fota --from old")
    end)

    it("is refused for another old image, with both digests", function()
        ok(PACK .. "--from old --to new")
        write(dir .. "/other", (old:gsub("value_77 ", "value_78 ", 1)))
        refused(1, "sha256 %x+%.%.%., not from", "apply --from other new.fota --out back")
        refused(2, "%-%-from is missing", "apply new.fota --out back")
    end)

    it("is noticed when it was damaged", function()
        ok(PACK .. "--from old --to new")
        local bytes = read(dir .. "/new.fota")
        write(dir .. "/new.fota", bytes:sub(1, -2) .. string.char((bytes:byte(-1) + 1) % 256))
        refused(1, "INTEGRITY", "apply --from old new.fota --out back")
    end)

    it("gives way to a compressed image, and that to the image itself", function()
        assert.matches("compressed: the images have too little", (function()
            write(dir .. "/strange", ("\1\2\3\4"):rep(10))
            return ok(PACK .. "--from strange --to new")
        end)())
        ok("apply new.fota --out back")
        assert.equal(new, read(dir .. "/back"))
        write(dir .. "/noise", "q")
        assert.matches("full: nothing makes it smaller", ok(PACK .. "--to noise"))
    end)

    it("carries a way back on request", function()
        write(dir .. "/old", text(20000, 1))
        write(dir .. "/new", "-- v2\n" .. text(20000, 1))
        local out = ok(PACK:gsub("EC600U", "EC600E") .. "--from old --to new --undo")
        assert.matches("installed in place", out)
        assert.matches("reverse patch: %d+ bytes of it", out)
        ok("apply --from old new.fota --out back")
        assert.equal(read(dir .. "/new"), read(dir .. "/back"))
    end)

    it("is planned for a flash of one's own", function()
        write(dir .. "/old", text(20000, 1))
        write(dir .. "/new", "-- v2\n" .. text(20000, 1))
        local own = " --geometry 1048576/65536,262144/65536"
        assert.matches("installed in place", ok(PACK .. "--from old --to new" .. own))
        ok("apply --from old new.fota --out back")
        assert.equal(read(dir .. "/new"), read(dir .. "/back"))
        assert.matches("installed into the other slot", ok(PACK .. "--from old --to new" .. own .. ",ab"))
        local wrongs = { "1048576/65536", "1000/64,1000/64", "0/0,0/0", "EC1", own:sub(13) .. ",ba" }
        for _, wrong in ipairs(wrongs) do
            refused(2, "neither a model of 'fota models' nor SLOT/UNIT,STAGING/UNIT",
                PACK .. "--from old --to new --geometry " .. wrong)
        end
    end)

    it("wants options that fit each other", function()
        refused(2, "give %-%-image, or %-%-to", PACK .. "--image new --to new")
        refused(2, "%-%-ram goes with %-%-to", PACK .. "--image new --ram 20000")
        refused(2, "%-%-undo goes with %-%-from", PACK .. "--to new --undo")
        refused(2, "%-%-ram", PACK .. "--from old --to new --ram 100")
    end)
end)
