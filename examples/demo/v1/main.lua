-- Version 1: asks the server for a newer version once, and installs it.
PROJECT = "demo"
VERSION = "1.0.0"

local sys = require "sys"
local fota = require "fota"

print("version 1.0.0 runs")

local last = fota.last_result()
if last.outcome ~= "none" then
    print("the last update " .. last.outcome .. (last.reason and ": " .. last.reason or ""))
    return
end

local function result(status, progress)
    if status == 2 then
        print("the package is verified; resetting")
    elseif status ~= 0 and status ~= 1 then
        print("download failed, status " .. status .. ", progress " .. progress)
    end
end

sys.taskInit(function()
    local url = io.open("/usr/url.txt"):read("*l")
    local ok, message = fota():httpDownload { url1 = url, callback = result }
    if ok ~= 0 then
        print("no update: " .. message)
    end
end)

sys.run()
