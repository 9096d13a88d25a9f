--- The table and the picture of bench/delta.sh: delta.lua ROWS PICTURE.svg
local rows, picture = arg[1], arg[2]

local columns = { "name", "bytes", "ours", "seconds", "memory", "copies", "literals", "arch",
    "fast", "small", "speed", "cost", "fast_cost", "bsdiff", "xdelta3", "zstd", "hdiffz", "detools",
    "m3", "m3_fast", "m3_small", "m3_small_fast" }
local peers = { "bsdiff", "xdelta3", "zstd", "hdiffz", "detools" }
local titles = { bsdiff = "bsdiff", xdelta3 = "xdelta3 -9", zstd = "zstd -19 --patch-from",
    hdiffz = "hdiffz -SD lzma2", detools = "detools heatshrink" }

local function read(path)
    local list = {}
    for line in io.lines(path) do
        local row, i = {}, 0
        for word in line:gmatch("%S+") do
            i = i + 1
            row[columns[i]] = tonumber(word) or word
        end
        list[#list + 1] = row
    end
    table.sort(list, function(a, b) return a.ours / a.bytes < b.ours / b.bytes end)
    return list
end

-- Geometric mean of what `value` gives; nil where a row has none.
local function mean(list, value)
    local sum = 0
    for _, row in ipairs(list) do
        local v = value(row)
        if type(v) ~= "number" or v <= 0 then
            return nil
        end
        sum = sum + math.log(v)
    end
    return math.exp(sum / #list)
end

-- A signed header for one model with a short version, as `fota pack` makes it.
local HEADER = 270
local MUCH = 90 -- instructions by new byte

local list = read(rows)
local shown = {}
for _, peer in ipairs(peers) do
    if type(list[1][peer]) == "number" then
        shown[#shown + 1] = peer
    end
end

local function write_table()
    local head = { "pair", "seen as", "new image", "payload", "file", "`--fast`", "16 KB" }
    for _, peer in ipairs(shown) do
        head[#head + 1] = titles[peer]
    end
    for _, title in ipairs({ "made in s", "MB", "applied MB/s", "instructions a byte", "`--fast`" }) do
        head[#head + 1] = title
    end
    print("| " .. table.concat(head, " | ") .. " |")
    print("|---|---|" .. ("---:|"):rep(#head - 2))
    for _, row in ipairs(list) do
        local cells = { row.name, row.arch, row.bytes, "**" .. row.ours .. "**", row.ours + HEADER, row.fast,
            row.small }
        for _, peer in ipairs(shown) do
            cells[#cells + 1] = row[peer]
        end
        for _, name in ipairs({ "seconds", "memory", "speed", "cost", "fast_cost" }) do
            cells[#cells + 1] = row[name]
        end
        print("| " .. table.concat(cells, " | ") .. " |")
    end
end

local function write_means()
    print("\nGeometric means over these pairs:\n")
    print(string.format("- payload by new image: %.4f; `--fast` %.4f; with 16 KB of RAM %.4f",
        mean(list, function(r) return r.ours / r.bytes end),
        mean(list, function(r) return r.fast / r.bytes end),
        mean(list, function(r) return r.small / r.bytes end)))
    for _, peer in ipairs(shown) do
        print(string.format("- %s: %.4f; ours is %.2f of it", titles[peer],
            mean(list, function(r) return r[peer] / r.bytes end),
            mean(list, function(r) return r.ours / r[peer] end)))
    end
    print(string.format("- instructions by new byte: %.0f; `--fast` %.0f, which is %.2f times as fast; "
        .. "applied at %.0f MB/s", mean(list, function(r) return r.cost end),
        mean(list, function(r) return r.fast_cost end),
        mean(list, function(r) return r.cost / r.fast_cost end), mean(list, function(r) return r.speed end)))
    -- Where literals are what decoding takes its time for.
    local much = {}
    for _, row in ipairs(list) do
        much[#much + 1] = row.cost > MUCH and row or nil
    end
    if #much == 0 then
        return
    end
    print(string.format("- the same over the %d pairs that take more than %d instructions: %.0f; "
        .. "`--fast` %.0f, which is %.2f times as fast", #much, MUCH,
        mean(much, function(r) return r.cost end),
        mean(much, function(r) return r.fast_cost end),
        mean(much, function(r) return r.cost / r.fast_cost end)))
end

-- Bars on a logarithmic scale: ours beside the best of the others.
local function write_picture()
    local left, width, step = 170, 560, 34
    local out = {}
    local function add(...)
        out[#out + 1] = string.format(...)
    end
    local height = 70 + step * #list
    local function x(share)
        return left + width * (math.log(share, 10) + 4) / 4
    end
    add('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 %d" font-family="sans-serif" '
        .. 'font-size="12">', height)
    add('<rect width="800" height="%d" fill="#fff"/>', height)
    for power = -4, 0 do
        local at = x(10 ^ power)
        add('<line x1="%.0f" y1="30" x2="%.0f" y2="%d" stroke="#ddd"/>', at, at, height - 30)
        add('<text x="%.0f" y="22" text-anchor="middle" fill="#555">%g %%</text>', at, 10 ^ (power + 2))
    end
    for i, row in ipairs(list) do
        local y = 16 + step * i
        local best
        for _, peer in ipairs(shown) do
            best = math.min(best or math.huge, row[peer])
        end
        add('<text x="%d" y="%d" text-anchor="end" fill="#222">%s</text>', left - 8, y + 14, row.name)
        add('<rect x="%d" y="%d" width="%.1f" height="10" fill="#1f77b4"/>', left, y,
            x(row.ours / row.bytes) - left)
        if best then
            add('<rect x="%d" y="%d" width="%.1f" height="10" fill="#c7c7c7"/>', left, y + 12,
                x(best / row.bytes) - left)
        end
    end
    add('<text x="%d" y="%d" fill="#1f77b4">fota, payload by new image</text>', left, height - 10)
    add('<text x="%d" y="%d" fill="#777">the best of %s</text>', left + 200, height - 10,
        table.concat(shown, ", "))
    add("</svg>\n")
    local file = assert(io.open(picture, "w"))
    file:write(table.concat(out, "\n"))
    file:close()
end

-- What an emulated Cortex-M3 took, where that was measured.
local function write_m3()
    if type(list[1].m3) ~= "number" then
        return
    end
    print("\nInstructions by new byte on a Cortex-M3 (QEMU's mps2-an385, images and patch in RAM):\n")
    print("| pair | -O2 | `--fast` | -Os | `--fast` |\n|---|---:|---:|---:|---:|")
    local names = { "m3", "m3_fast", "m3_small", "m3_small_fast" }
    local means = {}
    for _, row in ipairs(list) do
        local cells = { row.name }
        for i, name in ipairs(names) do
            cells[i + 1] = row[name]
            means[i] = string.format("%.0f", mean(list, function(r) return r[name] end))
        end
        print("| " .. table.concat(cells, " | ") .. " |")
    end
    print("| geometric mean | " .. table.concat(means, " | ") .. " |")
end

write_table()
write_means()
write_m3()
write_picture()
