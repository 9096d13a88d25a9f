-- Builds test/glitch.c with the engine's verifying and booting code in a section of its own, lists that
-- section's instructions, and runs it: lua5.4 test/glitch.lua [BUILD [SCENARIO]]
-- Needs clang, objdump, and an x86-64 host; elsewhere it says so and succeeds.

local build = arg[1] or "build"
local GUARDED = {
    "package", "judge", "slot", "device", "way",
    "boot", "boot_copy", "boot_switch", "boot_rescue", "boot_patch", "boot_mini",
}

local function run(format, ...)
    return (os.execute(format:format(...)))
end

if not run("test \"$(uname -m)\" = x86_64 -a \"$(uname -s)\" = Linux") then
    print("skipped: x86-64 and Linux only")
    os.exit(true)
end

local folder = build .. "/glitch"
run("mkdir -p '%s'", folder)
local objects = {}
for _, name in ipairs(GUARDED) do
    local object = folder .. "/" .. name .. ".o"
    assert(run("clang -Os -std=c99 -fno-pie -Icore -I. -include test/glitch.h -c core/%s.c -o '%s'",
        name, object))
    objects[#objects + 1] = object
end
assert(run("clang -Os -std=c99 -fno-pie -no-pie -I. -Icore -Itest -Itools test/glitch.c %s "
    .. "'%s/libfota_rig.a' '%s/libfota_tool.a' '%s/libfota_sim.a' '%s/libfota_core.a' "
    .. "-lmbedtls -lmbedx509 -lmbedcrypto -ldivsufsort -lm -o '%s/glitch'",
    table.concat(objects, " "), build, build, build, build, folder))

local listing = assert(io.popen("objdump -d -j guarded '" .. folder .. "/glitch'"))
local instructions = {}
for line in listing:lines() do
    local address, bytes, rest = line:match("^%s*(%x+):\t([%x ]+)\t?(.*)$")
    if address then
        local length = select(2, bytes:gsub("%x%x", ""))
        local target = rest:match("^j[a-ln-z]%a*%s+(%x+)")
        if rest == "" then -- the rest of a long instruction
            instructions[#instructions].length = instructions[#instructions].length + length
        else
            instructions[#instructions + 1] = { address = address, length = length, target = target }
        end
    end
end
listing:close()
local file = assert(io.open(folder .. "/instructions", "w"))
for _, i in ipairs(instructions) do
    file:write(i.address, " ", i.length, i.target and " " .. i.target or "", "\n")
end
file:close()
os.exit((run("'%s/glitch' '%s/instructions' %s", folder, folder, arg[2] or "")))
