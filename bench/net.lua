--- The network alone, beside curl: 100 MB over HTTP and FTP into memory, with reads as long as curl's, from
--- the same server in the same run, in turn. Prints Markdown; scripts/bench runs it and builds bench/fetch.c.
local ftp = require("spec.support.ftp")
local tool = require("fota.tool.core")
local web = require("spec.support.web")

local MB, RUNS = 100, 7
local fetch = assert(arg[1], "where is bench/fetch?")

local function seconds(command)
    local output, status = tool.run(command, "")
    local time, bytes = output:match("^([%d.]+) (%d+)")
    assert(status == 0 and tonumber(bytes) == MB * 1000000, command .. ": " .. output)
    return tonumber(time)
end

local function median(list)
    table.sort(list)
    return list[math.ceil(#list / 2)]
end

local function compare(name, url)
    local curl, ours, small = {}, {}, {}
    for i = 1, RUNS do
        curl[i] = seconds("curl -s -o /dev/null -w '%{time_total} %{size_download}' " .. url)
        ours[i] = seconds(fetch .. " " .. url)
        small[i] = seconds(fetch .. " " .. url .. " 2048")
    end
    local theirs = median(curl)
    local function row(what, time)
        print(string.format("| %s: %s | %.0f | %.2f |", name, what, MB / time, theirs / time))
    end
    row("curl", theirs)
    row("fota, reads of 100 KiB as curl's", median(ours))
    row("fota, reads of a flash page, 2 KiB", median(small))
end

local bytes = ("firmware"):rep(125000):rep(MB)
local server = web.start()
local ftp_server, missing = ftp.start("vsftpd")
print("### The network alone (" .. MB .. " MB on loopback into memory, nginx and vsftpd, median of " .. RUNS
    .. ")\n")
print("| | MB/s | of curl |\n|---|---:|---:|")
compare("HTTP", server:serve("big", bytes))
server:stop()
if ftp_server then
    compare("FTP", ftp_server:serve("big", bytes))
    ftp_server:stop()
else
    print("\nFTP was not measured: " .. missing)
end
