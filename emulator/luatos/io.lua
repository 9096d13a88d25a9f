--- What LuatOS adds to `io`.
local files = require("fota.emulator.files")
local port = require("fota.guest")
local zbuff = require("fota.emulator.luatos.zbuff")

local MODE = "rb"
local LIST = 10 -- entries of lsdir() by default

---@param path string
---@return boolean
function io.exists(path)
    return (files.stat(path)) ~= nil
end

--- Is it a folder?
---@param path string
---@return boolean
function io.dexist(path)
    return (files.stat(path)) == "folder"
end

--- Bytes of a file; nothing if there is none.
---@param path string
---@return integer|nil
function io.fileSize(path)
    local kind, size = files.stat(path)
    return kind == "file" and size or nil
end
io.fsize = io.fileSize

--- Content of a file, or a part of it; nothing if it cannot be read.
---@param path string
---@param mode string|nil
---@param offset integer|nil
---@param length integer|nil
---@return string|nil
function io.readFile(path, mode, offset, length)
    local file = io.open(path, mode or MODE)
    if not file then
        return nil
    end
    if offset and offset > 0 then
        file:seek("set", offset)
    end
    local data = file:read(length or "*a")
    file:close()
    return data or ""
end

--- Writes a file; "wb+" by default: what was in it is gone.
---@param path string
---@param data string|table
---@param mode string|nil
---@return boolean
function io.writeFile(path, data, mode)
    local file = io.open(path, mode or "wb+")
    if not file then
        return false
    end
    local ok = file:write(zbuff.is(data) and data:toStr(0, data:used()) or data)
    file:close()
    return ok ~= nil and ok ~= false
end

local function on_folder(call, path)
    local full = files.inside(path)
    local ok = full and call(full)
    return ok == true, ok and 0 or -1
end

--- Makes a folder.
---@param path string
---@return boolean
---@return integer
function io.mkdir(path)
    return on_folder(port.mkdir, path)
end

--- Removes an empty folder.
---@param path string
---@return boolean
---@return integer
function io.rmdir(path)
    return on_folder(port.rmdir, path)
end

--- What is in a folder: true and a list of {type = 0 file or 1 folder, name, size}.
---@param path string
---@param length integer|nil entries at most, 10 by default
---@param offset integer|nil entries to leave out first
---@return boolean
---@return table|integer
function io.lsdir(path, length, offset)
    local full = files.inside(path)
    local names = full and port.list(full)
    if not names then
        return false, -1
    end
    table.sort(names)
    local list = {}
    for i = (offset or 0) + 1, math.min(#names, (offset or 0) + (length or LIST)) do
        local kind, size = port.stat(full .. "/" .. names[i])
        list[#list + 1] = { type = kind == "folder" and 1 or 0, name = names[i],
            size = kind == "file" and size or 0 }
    end
    return true, list
end

--- Where file systems are mounted.
function io.lsmount()
    return { { path = "", fs = "posix" }, { path = "/luadb/", fs = "luadb" } }
end

--- true, blocks, used blocks, bytes of a block, kind; the numbers are those of a small modem.
function io.fsstat()
    return true, 128, 8, 4096, "lfs"
end

return io
