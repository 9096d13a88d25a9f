-- Remote upgrade: one call downloads the package, writes it, verifies it and restarts the modem.
-- The vendor's first sample in Lua; this is version 1's main.lua.
PROJECT = "remote_upgrade"
VERSION = "1.0.0"

local fota = require "fota"
local log = require "log"
local sys = require "sys"

-- Where the package is: the first line of this file, if the modem has it.
local URL_FILE = "/usr/url.txt"

local function package_url()
    local file = io.open(URL_FILE)
    local url = file and file:read("*l")
    if file then
        file:close()
    end
    return url or "http://www.example.com/fota.bin"
end

local function result(status, progress)
    print("download status:", status, "download process:", progress)
end

local function run()
    local fota_obj = fota() -- create the fota object
    log.info("Fota", "httpDownload...")
    -- differential or full upgrade
    local res, message = fota_obj:httpDownload { url1 = package_url(), callback = result }
    -- mini fota
    -- local res = fota_obj:httpDownload {
    --     url1 = "http://www.example.com/fota1.bin", url2 = "http://www.example.com/fota2.bin" }
    -- the same from an FTP server; put in its own user, password, address and port
    -- local res = fota_obj:httpDownload { url1 = "ftp://user:password@ip:port/fota.bin", callback = result }
    if res ~= 0 then
        log.error("Fota", "httpDownload error", message)
        return
    end
    log.info("Fota", "wait httpDownload update...")
    sys.wait(2000)
end

log.info("Fota", "run start...")
sys.taskInit(run)
sys.run()
