-- Code and RAM of the firmwares by part, from the linker's maps: lua bench/board_parts.lua FOLDER
-- FOLDER has boot.map, updater.map and app.map. Prints rows of Markdown.
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

local function part_of(object)
    for i, part in ipairs(parts) do
        if object:find(part[2]) then
            return i
        end
    end
end

-- Sums of the sections that were kept: code (with what is copied to RAM) and RAM (that is zeroed).
local function read(path)
    local sums, output, pending = {}, nil, nil
    local begun, last = false, nil
    for line in io.lines(path) do
        begun = begun or line:find("^Linker script and memory map") ~= nil
        local section = line:match("^(%.[%w_%.]+)")
        if section then
            output = section
        end
        local before = tonumber(line:match("(0x%x+) %(size before relaxing%)"))
        if before then
            -- Of strings that all lie in others the map gives the size of those.
            if last and before < last.size then
                last.sum[last.kind] = last.sum[last.kind] - last.size
            end
        elseif line:match("^ (%.[^ ]+)$") then
            pending = true
        else
            local size, object = line:match("^ [^ ]+ +0x%x+ +(0x%x+) (.+)$")
            if not size and pending then
                size, object = line:match("^ +0x%x+ +(0x%x+) (.+)$")
            end
            pending, last = nil, nil
            size = size and tonumber(size)
            if begun and size and size > 0 and output and object:find("[/.]") then
                local kind = (output == ".bss" or output == ".dma") and "ram"
                    or (output == ".text" or output == ".data" or output == ".ARM.exidx") and "code"
                local i = kind and part_of(object)
                if i then
                    local name = parts[i][1]
                    sums[name] = sums[name] or { code = 0, ram = 0 }
                    sums[name][kind] = sums[name][kind] + size
                    last = { sum = sums[name], kind = kind, size = size }
                    if output == ".data" then
                        sums[name].ram = sums[name].ram + size
                    end
                end
            end
        end
    end
    return sums
end

local firmwares, total = {}, {}
for i, name in ipairs({ "boot", "updater", "app" }) do
    firmwares[i] = read(folder .. "/" .. name .. ".map")
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
