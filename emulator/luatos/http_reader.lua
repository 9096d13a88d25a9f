--- Reads an HTTP/1.1 response from pieces of any size.
local reader = {}
reader.__index = reader

local HEADER, BODY = -2, -3 -- codes of http
local LINE_MAX = 8192
local FIELDS_MAX = 100

---@class fota.emulator.HttpReader
---@field status integer
---@field headers table<string, string> names as the server wrote them
---@field fields table<string, string> the same by names in lower case
---@field length integer|nil of the body, if the server says it
---@field done boolean

--- Makes a reader. `hooks.header(reader)` is called when the header is there, `hooks.body(bytes)` for each
--- piece of the body; both may return a code, which stops it. `hooks.head`: there is no body.
---@param hooks table
---@return fota.emulator.HttpReader
function reader.new(hooks)
    return setmetatable({
        hooks = hooks, rest = "", state = "status", headers = {}, fields = {}, count = 0, done = false,
    }, reader)
end

local states = {}

-- The next line, without its end; nil until it is there.
local function take_line(self)
    local stop = self.rest:find("\n", 1, true)
    if not stop then
        return nil, #self.rest > LINE_MAX and HEADER or nil
    end
    local line = self.rest:sub(1, stop - 1):gsub("\r$", "")
    self.rest = self.rest:sub(stop + 1)
    return line
end

function states.status(self)
    local line, code = take_line(self)
    if not line then
        return false, code
    end
    self.status = tonumber(line:match("^HTTP/1%.%d (%d%d%d)"))
    self.state = "fields"
    return true, not self.status and HEADER or nil
end

local function has_no_body(self)
    return self.hooks.head or self.status == 204 or self.status == 304
end

-- The header is there: what comes next.
local function begin_body(self)
    if self.status < 200 then -- the real one follows
        self.headers, self.fields, self.state = {}, {}, "status"
        return nil
    end
    local chunked = (self.fields["transfer-encoding"] or ""):lower():find("chunked", 1, true)
    self.length = not chunked and tonumber((self.fields["content-length"] or ""):match("^%d+$")) or nil
    local code = self.hooks.header(self)
    if code then
        return code
    end
    if has_no_body(self) or self.length == 0 then
        self.done = true
    end
    self.state = chunked and "chunk_size" or "body"
    self.left = self.length
end

function states.fields(self)
    local line, code = take_line(self)
    if not line then
        return false, code
    elseif line == "" then
        return true, begin_body(self)
    end
    local name, value = line:match("^([^%s:]+)%s*:%s*(.-)%s*$")
    self.count = self.count + 1
    if not name or self.count > FIELDS_MAX then
        return true, HEADER
    end
    self.headers[name], self.fields[name:lower()] = value, value
    return true
end

-- Gives away as much of the rest as belongs to the body, or to the chunk.
local function give(self)
    local data = self.left and self.rest:sub(1, self.left) or self.rest
    if data == "" then
        return false
    end
    self.rest = self.rest:sub(#data + 1)
    self.left = self.left and self.left - #data
    return true, self.hooks.body(data)
end

function states.body(self)
    local moved, code = give(self)
    if self.left == 0 and not code then
        self.done = true
    end
    return moved, code
end

function states.chunk_size(self)
    local line, code = take_line(self)
    if not line then
        return false, code
    end
    local digits = line:match("^(%x+)%s*$") or line:match("^(%x+)%s*;")
    if not digits or #digits > 8 then
        return true, BODY
    end
    self.left = tonumber(digits, 16)
    self.state = self.left == 0 and "trailer" or "chunk"
    return true
end

function states.chunk(self)
    local moved, code = give(self)
    if self.left == 0 then
        self.state = "chunk_end"
    end
    return moved, code
end

function states.chunk_end(self)
    local line, code = take_line(self)
    if not line then
        return false, code
    end
    self.state = "chunk_size"
    return true, line ~= "" and BODY or nil
end

function states.trailer(self)
    local line, code = take_line(self)
    if not line then
        return false, code
    end
    self.done = line == ""
    return true
end

--- Takes the next bytes: nil, or a code of http.
---@param data string
---@return integer|nil
function reader:feed(data)
    self.rest = self.rest .. data
    local moved, code = true, nil
    while moved and not code and not self.done do
        moved, code = states[self.state](self)
    end
    return code
end

--- The server has closed the connection: is that the end of the body?
---@return boolean
function reader:closed()
    return self.done or self.state == "body" and self.left == nil
end

return reader
