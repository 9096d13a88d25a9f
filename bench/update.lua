--- Speed of an update on a host, beside curl fetching the same file from the same server in the same run,
--- and what it costs in flash operations. Prints Markdown; run by scripts/bench.
local ftp = require("spec.support.ftp")
local sim = require("fota.sim")
local tool = require("fota.tool.core")
local web = require("spec.support.web")

local MIB = 1048576
local SIZE = 4 * MIB
local RUNS = 5

local function milliseconds()
    return require("socket").gettime() * 1000
end

local function median(list)
    table.sort(list)
    return list[math.ceil(#list / 2)]
end

local function time(fn, ...)
    local begun = milliseconds()
    fn(...)
    return milliseconds() - begun
end

local function curl(url, path)
    local _, status = tool.run("curl -s -o " .. path .. " " .. url, "")
    assert(status == 0, "curl failed")
end

local function random_bytes(size)
    local chunk, parts = {}, {}
    local seed = 1
    for i = 1, 65536 do
        seed = (seed * 16807) % 2147483647
        chunk[i] = string.char(math.floor(seed / 65536) % 256)
    end
    local block = table.concat(chunk)
    for i = 1, size / #block do
        parts[i] = block
    end
    return table.concat(parts)
end

local function download(modem, url)
    local fota = modem:fota()
    local status, message = fota { reset_disable = 1 }:httpDownload { url1 = url }
    assert(status == 0, message)
end

local server = web.start()
local ftp_server, no_ftp = ftp.start("vsftpd")
local image = random_bytes(SIZE)
local ours, theirs, installs = {}, {}, {}
local ftp_ours, ftp_theirs = {}, {}

for run = 1, RUNS do
    local modem = assert(sim.modem({ model = "generic" }))
    local url = server:serve("app.fota", modem:package({ image = image }))
    modem:load("print 'version 1'")
    theirs[run] = time(curl, url, server.dir .. "/curl.out")
    ours[run] = time(download, modem, url)
    installs[run] = time(function()
        assert(modem:boot() == "run")
    end)
    modem:close()
    if ftp_server then
        modem = assert(sim.modem({ model = "generic" }))
        url = ftp_server:serve("app.fota", modem:package({ image = image }))
        ftp_theirs[run] = time(curl, url, server.dir .. "/curl.out")
        ftp_ours[run] = time(download, modem, url)
        modem:close()
    end
end

print("### Speed on a host (4 MiB image, nginx and vsftpd on loopback, model generic, median of " .. RUNS
    .. ")\n")
print("| | ms | MiB/s |")
print("|---|---:|---:|")
local function row(name, ms)
    print(string.format("| %s | %.1f | %.0f |", name, ms, SIZE / MIB / ms * 1000))
end
row("curl over HTTP, into a file", median(theirs))
row("fota over HTTP: download, write, read back, hash, verify", median(ours))
if ftp_server then
    row("curl over FTP, into a file", median(ftp_theirs))
    row("fota over FTP: the same", median(ftp_ours))
end
row("boot stage: judge, copy old image aside, install, check", median(installs))
print(string.format("\nDownload against curl: %.2f times its time.\n", median(ours) / median(theirs)))
if ftp_server then
    print(string.format("Over FTP: %.2f times.\n", median(ftp_ours) / median(ftp_theirs)))
    ftp_server:stop()
else
    print("FTP was not measured: " .. no_ftp .. "\n")
end

local function units(bytes, unit)
    return math.ceil(bytes / unit)
end

print("### Flash operations of one update (image of 90 KiB over one of 1 KiB, both kept)\n")
print("| model | family | erases | of them journal | fewest possible | programs | fewest possible | "
    .. "most erased unit |")
print("|---|---|---:|---:|---:|---:|---:|---:|")
local small = image:sub(1, 90 * 1024)
for _, name in ipairs({ "generic", "EC600N", "EG912N", "EC200A", "EC600U", "EC800G", "BG95", "EC600E",
    "BC25PA" }) do
    local modem = assert(sim.modem({ model = name }))
    local map = modem:map()
    local package = modem:package({ image = small })
    local url = server:serve(name .. ".fota", package)
    modem:load("print 'version 1'")
    local before = modem:stats()
    local journal = modem:wear(map.journal.offset)
        + modem:wear(map.journal.offset + map.journal.erase_unit)
    local fota = modem:fota()
    fota():httpDownload({ url1 = url })
    while fota.poll(100) do end -- luacheck: ignore
    assert(modem:boot() == "run")
    assert(modem:fota().confirm())
    local after = modem:stats()
    assert(after.violations == 0, after.violation)
    journal = modem:wear(map.journal.offset)
        + modem:wear(map.journal.offset + map.journal.erase_unit) - journal
    -- The header into staging, new image and manifest into a slot; where there is one slot, the payload into
    -- staging before, and old image and manifest aside.
    local s, e = map.staging.erase_unit, map.slot.erase_unit
    local p = map.program_unit
    local least = 1 + units(#small, e) + 1
    local programs = units(#small, p) + 2 * units(256, p)
    if not map.other then
        least = least + units(#small, s) + 1 + 1
        programs = programs + units(#small, p) + units(2048, p) + units(256, p)
    end
    print(string.format("| %s | %s | %d | %d | %d | %d | %d | %d |", name, map.name,
        after.erases - before.erases, journal, least, after.programs - before.programs, programs,
        after.most_erased))
    modem:close()
end
server:stop()
