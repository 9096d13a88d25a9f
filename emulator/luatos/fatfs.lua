--- LuatOS's `fatfs` on the emulated modem: a card is in where the modem's file system has a folder of the
--- path that it is mounted at.
local files = require("fota.emulator.files")
local inert = require("fota.emulator.luatos.inert")

local SECTOR = 512       -- bytes
local CARD_KB = 1048576  -- of a card

local note = inert.noter("fatfs")

local fatfs = { SPI = 0, SDIO = 1, RAM = 2, USB = 3 }

--- Mounts the card.
---@param mode integer
---@param path string such as "/sd"
---@return boolean ok
---@return string|integer error 0 when it is there
function fatfs.mount(mode, path, ...)
    note("mount", mode, path, ...)
    if files.stat(path) == "folder" then
        return true, 0
    end
    return false, "no card; put a folder " .. path .. " into the modem's file system"
end

---@return boolean
function fatfs.unmount(path)
    note("unmount", path)
    return true
end

--- The room of a card, all of it free: sectors of 512 bytes, and KiB.
---@param path string
---@return table|nil
---@return string|nil message
function fatfs.getfree(path)
    if files.stat(path) ~= "folder" then
        return nil, "no card"
    end
    local sectors = CARD_KB * math.floor(1024 / SECTOR)
    return { total_sectors = sectors, free_sectors = sectors, total_kb = CARD_KB, free_kb = CARD_KB }
end

function fatfs.debug(...)
    note("debug", ...)
end

return fatfs
