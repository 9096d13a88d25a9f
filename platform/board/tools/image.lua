--- Makes the image of a board's application: lua image.lua APP.bin FOLDER OUT
---
--- The image is the program and, behind it, an archive of its files: those of FOLDER, and the modules
--- that the scripting world of a board is made of.
--- lua image.lua --files FOLDER OUT packs the files of a folder alone, for the board's own files.
package.path = "./?.lua;" .. package.path
local archive = require("tools.archive")

local modules = {
    ["fota/board/start.lua"] = "platform/board/lua/start.lua",
    ["fota/emulator/loop.lua"] = "emulator/loop.lua",
    ["fota/emulator/log.lua"] = "emulator/log.lua",
    ["fota/emulator/rtos.lua"] = "emulator/rtos.lua",
    ["fota/emulator/sys.lua"] = "emulator/sys.lua",
}

local function read(path)
    local file = assert(io.open(path, "rb"))
    local data = file:read("*a")
    file:close()
    return data
end

local function write(path, data)
    local file = assert(io.open(path, "wb"))
    file:write(data)
    file:close()
end

-- The files below a folder, by their paths inside it.
local function files_of(folder)
    local files = {}
    local pipe = assert(io.popen("cd '" .. folder .. "' && find . -type f"))
    for path in pipe:lines() do
        files[#files + 1] = { name = path:sub(3), data = read(folder .. "/" .. path) }
    end
    pipe:close()
    return files
end

local first, folder, out = ...
local files = files_of(folder)
if first == "--files" then
    write(out, assert(archive.pack(files)))
    return
end
for name, path in pairs(modules) do
    files[#files + 1] = { name = name, data = read(path) }
end
write(out, read(first) .. assert(archive.pack(files)))
