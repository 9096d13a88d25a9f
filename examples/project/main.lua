-- A thermometer that keeps itself up to date. Copy this folder and begin here.
PROJECT = "thermometer"
VERSION = "1.0.0"

local sys = require "sys"
local log = require "log"
local fota = require "fota"

local URL = "http://fota.test/thermometer.fota"
local CHECK_EVERY_MS = 6 * 60 * 60 * 1000

-- What this version must be able to do before it says that it is good.
local function works()
    return read_sensor == nil or pcall(read_sensor) -- luacheck: ignore (yours)
end

local function tell_what_happened()
    local last = fota.last_result()
    if last.outcome == "reverted" then
        log.warn("update", "the last one was taken back: " .. last.reason)
    end
end

local function update()
    local job, message = fota():download { url = URL }
    if not job then
        return log.warn("update", message)
    end
    for status, progress in job:events() do
        if status == 1 and progress % 25 == 0 then
            log.info("update", progress .. " %")
        end
    end
    local ok, why = job:wait()
    if not ok then
        log.info("update", why)
    end
end

sys.taskInit(function()
    log.info("main", "version " .. VERSION)
    tell_what_happened()
    if works() then
        assert(fota.confirm())
    end
    while true do
        update()
        sys.wait(CHECK_EVERY_MS)
    end
end)

sys.run()
