-- A boot loader's code by purpose, beside MCUboot's: lua bench/loader_parts.lua FOLDER
-- FOLDER has boot.map. Prints rows of Markdown.
local linker_map = require("bench.linker_map")

local folder = ...

-- The last is MCUboot 2.4.0's, measured as bench/boards.sh says; "-": not counted there.
local parts = {
    { "SHA-256 and ECDSA P-256", "_mbedtls%.a", 4596 },
    { "SHA-256 and ECDSA P-256", "_drivers%.a%([sp][h2][a5]" },
    { "differential and compressed packages: decoder", "_core%.a%(patch", 0 },
    { "the same: installing them, in place too", "boot_patch%.c", 0 },
    { "two slots, mini fota, rescue of a lost image", "boot_[smr][wie][ins]", 0 },
    { "parsing, judging, journal, installing, trial, revert", "_core%.a", 7124 },
    { "board: start, UART, NOR, configuration, C library", ".", "-" },
}

local sums, seen = linker_map.read(folder .. "/boot.map", parts), {}
local ours, theirs = 0, 0
for _, part in ipairs(parts) do
    local name, other = part[1], part[3]
    if not seen[name] then
        seen[name] = true
        print(("| %s | %d | %s |"):format(name, sums[name].code, other))
        ours = ours + sums[name].code
        theirs = theirs + (tonumber(other) or 0)
    end
end
print(("| **all** | **%d** | **%d** |"):format(ours, theirs))
