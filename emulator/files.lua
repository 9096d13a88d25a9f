--- The modem's file system: paths of scripts are inside its folder. /luadb holds the files of the image,
--- which can only be read.
local environment = require("fota.environment")
local port = require("fota.guest")

local files = {}

local open, temporary = io.open, io.tmpfile -- the host's own

--- Where a path of a script lies on the host; nil and a message when it is not in the modem.
---@param path string
---@return string|nil
---@return string|nil
function files.inside(path)
    if not environment.fs then
        return nil, path .. ": this modem has no file system"
    end
    for part in path:gmatch("[^/]+") do
        if part == ".." then
            return nil, path .. ": leads out of the file system"
        end
    end
    return environment.fs .. "/" .. path:gsub("^/+", "")
end

-- Content of a file of the image, by its path below /luadb.
local function in_image(path)
    return environment.files[path:match("^/luadb/(.+)$") or ""]
end

--- Reads a file of the host.
---@param path string
---@return string|nil
function files.read_host(path)
    local file = open(path, "rb")
    local data = file and file:read("*a")
    if file then
        file:close()
    end
    return data
end

--- "file", "folder" or nil, and the size.
---@param path string
---@return string|nil kind
---@return integer|nil size
function files.stat(path)
    local data = in_image(path)
    if data then
        return "file", #data
    end
    local full = files.inside(path)
    if not full then
        return nil
    end
    local kind, size = port.stat(full)
    if not kind then
        return nil
    end
    return kind, size
end

-- A file that can be read and has this content.
local function as_file(data)
    local file = temporary()
    file:write(data)
    file:seek("set", 0)
    return file
end

local function open_inside(path, mode)
    local data = in_image(path)
    if data and not (mode or "r"):find("[wa+]") then
        return as_file(data)
    end
    local full, message = files.inside(path)
    if not full then
        return nil, message
    elseif mode and mode:find("b%+") then
        mode = mode:sub(1, 1) .. "+b" -- LuatOS takes both orders
    end
    return open(full, mode)
end

-- Wraps a function of one path; raise: it raises instead of returning an error.
local function confined(fn, raise)
    return function(path, ...)
        if type(path) ~= "string" then
            return fn(path, ...)
        end
        local full, message = files.inside(path)
        if full then
            return fn(full, ...)
        elseif raise then
            error(message, 2)
        end
        return nil, message
    end
end

--- Makes Lua's own functions keep to the modem's file system; nothing runs on the host.
function files.install()
    local rename = os.rename
    io.open, os.remove = open_inside, confined(os.remove)
    io.lines, io.input = confined(io.lines, true), confined(io.input, true)
    io.output = confined(io.output, true)
    loadfile, dofile = confined(loadfile), confined(dofile, true)
    os.rename = function(from, to)
        return confined(function(full)
            return confined(function(target)
                return rename(full, target)
            end)(to)
        end)(from)
    end
    io.popen, io.tmpfile, os.execute, os.tmpname = nil, nil, nil, nil
end

return files
