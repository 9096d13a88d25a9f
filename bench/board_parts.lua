-- Code and RAM of the firmwares by part, from the linker's maps: lua bench/board_parts.lua FOLDER
-- FOLDER has boot.map, updater.map and app.map. Prints rows of Markdown.
local linker_map = require("bench.linker_map")

local folder = ...

local parts = {
    { "core/: FTP client", "_core%.a%(ftp" }, { "core/: error texts", "_core%.a%(error" },
    { "core/: decoder of differential packages", "_core%.a%(patch" }, { "core/: all else", "_core%.a" },
    { "lua_fota.c and lua/", "app_face%.a" }, { "Lua 5.4", "app_lua%.a" },
    { "lwIP", "_lwip%.a" }, { "platform/lwip", "_network%.a%(net%.c" },
    { "platform/mbedtls", "_network%.a%([ct][el][rs]" },
    { "platform/mbedtls", "_drivers%.a%([cps][r2h][ya5]" },
    { "mbedTLS", "_mbedtls%.a" }, { "newlib", "/lib[cmg]_?n?a?n?o?%.a" }, { "libgcc", "libgcc%.a" },
    { "board layer", "." },
}

local firmwares, total = {}, {}
for i, name in ipairs({ "boot", "updater", "app" }) do
    firmwares[i] = linker_map.read(folder .. "/" .. name .. ".map", parts)
    total[2 * i - 1], total[2 * i] = 0, 0
end
local seen = {}
for _, part in ipairs(parts) do
    local name = part[1]
    if not seen[name] then
        seen[name] = true
        local row = {}
        for i, sums in ipairs(firmwares) do
            local sum = sums[name] or { code = 0, ram = 0 }
            row[2 * i - 1], row[2 * i] = sum.code, sum.ram
        end
        for i = 1, #row do
            total[i] = total[i] + row[i]
        end
        print("| " .. name .. " | " .. table.concat(row, " | ") .. " |")
    end
end
print("| **all** | **" .. table.concat(total, "** | **") .. "** |")
