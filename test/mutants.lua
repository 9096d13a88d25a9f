-- Negative controls: switches off one rule after the other in a copy of the engine's source, and runs
-- the campaign of power cuts over it, which must fail each time: lua5.4 test/mutants.lua [BUILD [NAME]]
-- BUILD is a folder that scripts/build --tests made. With --fit instead of it only looks whether the
-- texts to change are in the source.

local build = arg[1] or "build"
local only = arg[2]

local SKIP_NOTE = { "return fota_boot_note(b, &r, STEP_WRITE); /* a new session: R1, R5 */",
    "return fota_boot_go(b, STEP_WRITE);" }

-- name, file, replacements (each must fit exactly once), options of the campaign.
local mutants = {
    { "R1: a snapshot counts without a seal", "core/journal.c",
        { { "        if (is_blank(data) || bank->sequence)", "        if (bank->sequence)" },
            { "j->unsealed ? j->bank : 1u - j->bank", "1u - j->bank" } },
        "--map narrow --scenario full --near 3" },
    { "R1: a session goes on copying without a record of its own", "core/boot_copy.c",
        { { "return fota_boot_note(b, &r, STEP_BACKUP); /* a new session: R1, R5 */",
            "return r.state == b->journal.record.state ? fota_boot_go(b, STEP_BACKUP)\n"
            .. ": fota_boot_note(b, &r, STEP_BACKUP);" } },
        "--map page --scenario full" },
    { "R1: a session goes on writing without a record of its own", "core/boot.c", { SKIP_NOTE },
        "--map page --scenario full" },
    { "R1: a session goes on downloading without a record of its own", "core/staging.c",
        { { "return f->journal.owned || f->writer.at", "return true || f->writer.at" } },
        "--map page --scenario full" },
    { "R2: records are appended to what an earlier session left", "core/journal.c",
        { { "    bool doubtful;", "    uint16_t next;\n    bool doubtful;" },
            { "    return 0;\n}\n\nint fota_journal_open",
                "    for (bank->next = 2; bank->next < slots(j); bank->next++)\n"
                .. "        if (read_slot(j, index, bank->next, data) != 0 || is_blank(data))\n"
                .. "            break;\n    return 0;\n}\n\nint fota_journal_open" },
            { "journal->doubtful = banks[newest].doubtful;", "journal->doubtful = banks[newest].doubtful,"
                .. "journal->next = banks[newest].next, journal->owned = journal->bank_sequence != 0;" } },
        "--map page --scenario full --near 4" },
    { "R3: the bank that is read last wins", "core/journal.c",
        { { "newest = banks[1].sequence > banks[0].sequence;", "newest = banks[1].sequence != 0;" } },
        "--map page --scenario full" },
    { "R4: what looks blank is not erased", "core/journal.c",
        { { "    if (flash->ops->erase(flash->ctx, bank_address(j, bank)",
            "    bool blank = true;\n    uint8_t data[RECORD_SIZE];\n"
            .. "    for (uint32_t i = 0; blank && i < slots(j); i++)\n"
            .. "        blank = read_slot(j, bank, i, data) == 0 && is_blank(data);\n"
            .. "    if (!blank && flash->ops->erase(flash->ctx, bank_address(j, bank)" } },
        "--map page --scenario full --near 4" },
    { "R5: the slot is written before a record says so", "core/boot.c",
        { { "    r.state = FOTA_STATE_INSTALLING;\n    r.progress = 0;\n    b->unit = 0;\n"
            .. "    return fota_boot_note(b, &r, STEP_WRITE);",
            "    b->unit = 0;\n    return fota_boot_go(b, STEP_WRITE);" } },
        "--map page --scenario full" },
    { "R6: the bank that holds the newest record is erased", "core/journal.c",
        { { "j->unsealed ? j->bank : 1u - j->bank", "j->bank" } },
        "--map page --scenario full" },
    { "R6: a bank whose seal is not whole is trusted", "core/journal.c",
        { { "j->unsealed ? j->bank : 1u - j->bank", "1u - j->bank" } },
        "--map sector --scenario full --near 8 --soak 60" },
    { "R1: a seal is not looked for behind a pair that did not hold", "core/journal.c",
        { { "uint32_t slot = 2 * pairs(j);", "uint32_t slot = 2;" } },
        "--map page --scenario full" },
    { "a pair that does not hold is not left behind", "core/journal.c",
        { { "err && j->next < 2 * pairs(j)", "err && j->next < 2" } },
        "--map page --scenario full" },
    { "NAND: a table counts that may not have been finished", "platform/nand/nand.c",
        { { "    if (!whole && (blank || !read_table(", "    if (!whole && (!read_table(" },
            { "    return n->doubtful ? save_table(n) : 0;", "    return 0;" } },
        "--map qcom9205 --scenario full --soak 60" },
    { "NAND: a page that was programmed is not copied", "platform/nand/nand.c",
        { { "for (uint32_t page = 0; !err && page < count; page++) {",
            "for (uint32_t page = 0; !err && page + 1 < count; page++) {" } },
        "--map qcom9205 --scenario full" },
    { "NAND: a replacement is not noted", "platform/nand/nand.c",
        { { "    err = save_table(n);\n    if (err)\n        memcpy(",
            "    err = 0;\n    if (err)\n        memcpy(" } },
        "--map qcom9205 --scenario full" },
    { "NAND: what the factory marked is erased", "platform/nand/nand.c",
        { { "!n->part.ops->is_bad(n->part.ctx, block) && n->part.ops->erase(",
            "n->part.ops->erase(" } },
        "--map qcom9205 --scenario full" },
    { "NAND: the table's newest block is erased", "platform/nand/nand.c",
        { { "    if (!n->doubtful || !n->alone)\n        n->table = 1 - n->table;\n", "" } },
        "--map qcom9205 --scenario full" },
    { "the tries are not lowered before the attempt", "core/boot.c",
        { { "            r.tries--;\n", "            (void)r.tries;\n" } },
        "--map page --scenario revert" },
    { "the counter rises before the confirm", "core/boot.c",
        { { "        r->state = FOTA_STATE_TRIAL;\n",
            "        r->state = FOTA_STATE_TRIAL;\n        r->counter = r->to_sequence;\n" } },
        "--map page --scenario full" },
    { "the counter does not rise at the confirm", "core/engine.c",
        { { "        r.counter = installed->sequence;\n", "        (void)installed;\n" } },
        "--map page --scenario full" },
    { "the package is committed before its last page is in flash", "core/staging.c",
        { { "    err = work(f, true);\n", "    err = f->local ? work(f, true) : 0;\n" },
            { "    if (f->stage != FOTA_STAGE_VERIFY) {\n",
                "    if (!f->local) {\n        f->phase = FOTA_PHASE_COMMIT;\n        return 0;\n    }\n"
                .. "    if (f->stage != FOTA_STAGE_VERIFY) {\n" } },
        "--map page --scenario full" },
    { "progress is noted one unit ahead of the flash", "core/staging.c",
        { { "    r.progress = done;\n",
            "    r.progress = done ? done + f->writer.region.erase_unit : 0;\n" } },
        "--map page --scenario full" },
    { "the copy of the old image is not made", "core/boot_copy.c",
        { { "    if (done < length) {\n        err = fota_unit_copy(",
            "    if (done < length && b->unit > 0) {\n        err = fota_unit_copy(" } },
        "--map page --scenario revert" },
    { "an unreadable record stops the boot", "core/journal.c",
        { { "    if (err != FOTA_ERR_FLASH_ECC)\n        return err;\n",
            "    if (err)\n        return err;\n" } },
        "--map page --scenario full" },
    { "one disturbed read is the last word", "core/flash.c",
        { { "i < FOTA_READ_TRIES", "i < 1" } }, "--map page --scenario full" },
    { "in place: a segment is replaced before a record says that it was built", "core/boot_patch.c",
        { { "        return FOTA_BOOT_AGAIN;\n    return fota_boot_go(b, STEP_PATCH_MARK);",
            "        return FOTA_BOOT_AGAIN;\n    return go_on(b);" } },
        "--map asr8-tight --scenario in-place" },
    { "in place: a spare segment is built over before a record says that it was used", "core/boot_patch.c",
        { { "    p->replaced++;\n    return fota_boot_go(b, STEP_PATCH_MARK);",
            "    p->replaced++;\n    return go_on(b);" } },
        "--map asr8-tight --scenario in-place" },
    { "in place: a session goes on without a record of its own", "core/boot_patch.c",
        { { "    return fota_boot_note(b, &r, keep ? STEP_KEEP : STEP_PATCH);",
            "    if (b->patch.built)\n        return fota_boot_go(b, STEP_PATCH);\n"
            .. "    return fota_boot_note(b, &r, keep ? STEP_KEEP : STEP_PATCH);" } },
        "--map asr8-tight --scenario in-place" },
    { "in place: a record is one segment ahead", "core/boot_patch.c",
        { { "    r.replaced = b->patch.replaced;\n    go_on(b);",
            "    r.replaced = b->patch.replaced + (b->patch.replaced < b->patch.built);\n    go_on(b);" } },
        "--map asr8-tight --scenario in-place" },
}

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("a")
    file:close()
    return text
end

local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
end

local function count(text, part)
    local n, at = 0, 1
    while true do
        local first, last = text:find(part, at, true)
        if not first then
            return n
        end
        n, at = n + 1, last + 1
    end
end

local function mutate(mutant)
    local text = read(mutant[2])
    for _, pair in ipairs(mutant[3]) do
        local n = count(text, pair[1])
        if n ~= 1 then
            error(("%s: the text to change is %d times in %s, not once:\n%s"):format(
                mutant[1], n, mutant[2], pair[1]), 0)
        end
        local first, last = text:find(pair[1], 1, true)
        text = text:sub(1, first - 1) .. pair[2] .. text:sub(last + 1)
    end
    return text
end

local function run(command)
    local ok, how, code = os.execute(command)
    return ok == true, how, code
end

local misfits = 0
for _, mutant in ipairs(mutants) do
    local fits, message = pcall(mutate, mutant)
    if not fits then
        io.stderr:write(message, "\n")
        misfits = misfits + 1
    end
end
if misfits > 0 or build == "--fit" then
    os.exit(misfits == 0)
end

local folder = build .. "/mutants"
run("mkdir -p '" .. folder .. "'")

local function compile(mutant, index)
    local source, program = ("%s/%d.c"):format(folder, index), ("%s/%d"):format(folder, index)
    write(source, mutate(mutant))
    local ok = run(("gcc -O2 -std=c99 -D_POSIX_C_SOURCE=200809L -I. -Icore -Itest -Itools '%s' "
        .. "test/powercut*.c '%s/libfota_rig.a' '%s/libfota_tool.a' '%s/libfota_sim.a' '%s/libfota_core.a' "
        .. "-lmbedtls -lmbedx509 -lmbedcrypto -ldivsufsort -lm -o '%s'"):format(
            source, build, build, build, build, program))
    return ok and program
end

local missed = 0
for index, mutant in ipairs(mutants) do
    if not only or mutant[1]:find(only, 1, true) then
        local program = compile(mutant, index)
        local caught = false
        if not program then
            print("FAIL  does not compile: " .. mutant[1])
        else
            local _, how, code = run(("timeout 300 '%s' --all --stop %s >'%s.log' 2>&1"):format(
                program, mutant[4], program))
            -- The rig aborts when the engine tells it nonsense: that is caught, too.
            caught = how == "signal" or code == 1 or code == 134
            local log = read(program .. ".log")
            local reason = log:match("[^\n]*%d: [^\n]*") or log:match("[^\n]*rig:[^\n]*") or "?"
            print((caught and "ok    " or "FAIL  not caught: ") .. mutant[1]
                .. (caught and " | " .. reason:gsub("^.*[:,] ", "") or ""))
        end
        missed = missed + (caught and 0 or 1)
    end
end
print(("%d of the rules that were switched off were not caught"):format(missed))
os.exit(missed == 0)
