-- Local upgrade: the package lies in the file system already; it is handed to the modem piece by piece.
-- The vendor's second sample in Lua; this is version 1's main.lua.
PROJECT = "local_upgrade"
VERSION = "1.0.0"

local fota = require "fota"
local log = require "log"
local rtos = require "rtos"
local sys = require "sys"

-- This sample needs a package in the file system.
local FILE = "/usr/FotaFile.bin"

local function run()
    local fota_obj = fota() -- create the fota object
    local f = assert(io.open(FILE, "rb")) -- open the package in rb mode
    local file_size = f:seek("end") -- size of the whole file in bytes
    f:seek("set", 0)
    print(file_size)
    while true do
        local c = f:read(1024) -- read
        if not c then
            break
        end
        fota_obj:write(c, file_size) -- write the file's bytes, with the size of the whole file
    end
    f:close()

    log.info("Fota", "fota image flush...")
    local res, message = fota_obj:flush() -- flush; it also says why a write failed
    if res ~= 0 then
        log.error("Fota", "flush error", message)
        return
    end
    log.info("Fota", "fota image verify...")
    res, message = fota_obj:verify() -- verify
    if res ~= 0 then
        log.error("Fota", "verify error", message)
        return
    end
    log.info("Fota", "power_reset...")
    sys.wait(2000)
    rtos.reboot() -- restart the modem
end

log.info("Fota", "run start...")
sys.taskInit(run)
sys.run()
