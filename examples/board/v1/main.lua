-- Version 1 on a board: installs what url.txt names, once. Its files came with the board: url.txt, and
-- ca.pem, the certificate of the authority that the server must have its own from. A second url in
-- url.txt is the second stage of a mini fota.
PROJECT = "demo"
VERSION = "1.0.0"

local sys = require "sys"
local fota = require "fota"

local PIECE = 4096 -- bytes of a file that are written at a time

local function read(path)
    local file = assert(io.open(path, "rb"))
    local data = file:read("*a")
    file:close()
    return data
end

-- 0 to 100 in steps of 25, whatever the size is.
local shown = -1
local function progress(status, percent)
    if status == 2 then
        print("the package is verified; resetting")
    elseif status ~= 0 and status ~= 1 then
        print("download failed, status " .. status .. ", progress " .. percent)
    elseif percent // 25 > shown then
        shown = percent // 25
        print("download " .. shown * 25 .. " %")
    end
end

local function download(url, url2)
    if url:find("^ftp:") then
        return fota():ftpDownload { url = url, callback = progress }
    end
    local update = fota { root_cert = read("/ca.pem") }
    if url2 then
        return update:httpDownload { url1 = url, url2 = url2 }
    end
    return update:httpDownload { url1 = url, callback = progress }
end

local function step(result, message)
    if result ~= 0 then
        error(message, 0)
    end
end

-- A package that is a file already.
local function write(path)
    local update = fota()
    local file = assert(io.open(path, "rb"))
    local size = file:seek("end")
    file:seek("set")
    for piece in file:lines(PIECE) do
        step(update:write(piece, size))
    end
    step(update:flush())
    step(update:verify())
    print("the package is verified; resetting")
    require("rtos").reboot()
end

print("version 1.0.0 runs")
local last = fota.last_result()
if last.outcome ~= "none" then
    print("the last update " .. last.outcome .. (last.reason and ": " .. last.reason or ""))
    return
end

sys.taskInit(function()
    local url, url2 = read("/url.txt"):match("(%S+)%s+(%S*)")
    local file = url:match("^file://(.+)$")
    if file then
        local ok, message = pcall(write, file)
        return ok or print("no update: " .. message)
    end
    local result, message = download(url, url2 ~= "" and url2 or nil)
    if result ~= 0 then
        print("no update: " .. message)
    end
end)

sys.run()
