--- Servers on loopback for specs: a real nginx, and one that answers byte for byte what it is told.
local socket = require("socket")
local tool = require("fota.tool.core")

local web = {}
web.__index = web

local STARTS = 5     -- the port that was free may be taken by the time nginx binds it
local PATIENCE_S = 60 -- for a server to come up

local CONFIG = [[
daemon off;
master_process off;
pid @DIR@/nginx.pid;
error_log @DIR@/error.log;
events { worker_connections 64; }
http {
    access_log @DIR@/access.log combined;
    client_body_temp_path @DIR@/tmp; proxy_temp_path @DIR@/tmp; fastcgi_temp_path @DIR@/tmp;
    uwsgi_temp_path @DIR@/tmp; scgi_temp_path @DIR@/tmp;
    default_type application/octet-stream;
    server {
        listen 127.0.0.1:@PORT@;
        root @DIR@/www;
        location /html { default_type text/html; return 200 "<html>please log in</html>"; }
        location /moved { return 302 /app.fota; }
        location /loop { return 302 /loop; }
        location /slow/ { alias @DIR@/www/; limit_rate 100k; }
        location /login { return 401; }
        location /forbidden { return 403; }
        location /broken { return 503; }
    }
}
]]

local function shell(command)
    local output, status = tool.run(command, "")
    assert(status == 0, command .. ": " .. tostring(output))
    return (output:gsub("%s+$", ""))
end

local function save(path, bytes)
    local file = assert(io.open(path, "wb"))
    assert(file:write(bytes))
    file:close()
end

--- Starts a shell command that goes on by itself; its process id.
local function spawn(command)
    return tonumber(shell(command .. " >/dev/null 2>&1 & echo $!"))
end

-- Ends the server and removes its folder when the process of the specs is gone without stop().
local function guard(pid, dir)
    shell(string.format("(while kill -0 $PPID && kill -0 %d; do sleep 1; done; kill -0 $PPID || "
        .. "{ kill %d; rm -rf '%s'; }) >/dev/null 2>&1 </dev/null &", pid, pid, dir))
end

local function runs(pid)
    local _, status = tool.run("kill -0 " .. pid .. " 2>/dev/null", "")
    return status == 0
end

-- Waits for done() to say something true; false when the process is gone or patience is at its end.
local function await(pid, done)
    local limit = socket.gettime() + PATIENCE_S
    repeat
        local result = done()
        if result then
            return result
        end
        socket.sleep(0.005)
    until socket.gettime() > limit or not runs(pid)
    return done()
end

--- A folder of its own under the system's temporary files.
---@return string
function web.folder()
    return shell("mktemp -d")
end

--- A port of loopback at which nobody listens.
---@return integer
function web.free_port()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    listener:close()
    return math.floor(tonumber(port))
end

local function listens(port, address)
    local client = socket.connect(address or "127.0.0.1", port)
    if client then
        client:close()
    end
    return client ~= nil
end

---@class fota.spec.Web
---@field dir string its folder
---@field port integer

--- Starts nginx on a free port; web:stop() ends it.
---@return fota.spec.Web
function web.start()
    local self = setmetatable({ dir = web.folder() }, web)
    shell("mkdir -p " .. self.dir .. "/www " .. self.dir .. "/tmp")
    for _ = 1, STARTS do
        self.port = web.free_port()
        save(self.dir .. "/nginx.conf", (CONFIG:gsub("@(%u+)@", { DIR = self.dir, PORT = self.port })))
        self.pid = spawn("nginx -p " .. self.dir .. " -c " .. self.dir .. "/nginx.conf")
        if await(self.pid, function()
            return listens(self.port) and runs(self.pid)
        end) then
            guard(self.pid, self.dir)
            return self
        end
    end
    error("nginx does not start, see " .. self.dir .. "/error.log")
end

-- Answers connection after connection with the files ANSWERS.1, .2, …; the last one for ever.
local SCRIPTED = [[
local count = tonumber(arg[2])
local listener = assert(socket.bind("127.0.0.1", 0))
tell_port(listener)
local number = 0
while true do
    local client = listener:accept()
    local request = {}
    client:settimeout(5)
    repeat
        local line = client:receive("*l")
        request[#request + 1] = line
    until not line or line == ""
    if #request > 0 then
        number = number + 1
        local log = io.open(dir .. "/requests", "a")
        log:write(table.concat(request, "|"), "\n")
        log:close()
        local file = io.open(dir .. "/answer." .. math.min(number, count), "rb")
        client:send(file:read("*a"))
        file:close()
    end
    client:close()
end
]]

-- The interpreter that runs servers: that of this spec, or the one that it was lent.
local function interpreter()
    local first = 0
    while arg and arg[first - 1] do
        first = first - 1
    end
    return first < 0 and arg[first] or "lua5.4"
end

-- What a server in Lua has before its own text: `socket`, its folder `dir`, and tell_port(socket).
local PROLOGUE = [[
local socket = require("socket")
local dir = arg[1]
local function tell_port(listener)
    local _, port = listener:getsockname()
    local file = assert(io.open(dir .. "/port.new", "w"))
    file:write(math.floor(port))
    file:close()
    os.rename(dir .. "/port.new", dir .. "/port") -- whole when it is seen
end
]]

--- Starts a server in Lua, in the folder self.dir; sets self.pid and self.port.
---@param self table
---@param text string
---@param argument any? arg[2] of the server
local function launch(self, text, argument)
    save(self.dir .. "/server.lua", PROLOGUE .. text)
    self.pid = spawn(string.format("%s %s/server.lua %s %s", interpreter(), self.dir, self.dir,
        argument or ""))
    self.port = await(self.pid, function()
        local file = io.open(self.dir .. "/port")
        local port = file and file:read("*n")
        if file then
            file:close()
        end
        return port
    end)
    assert(self.port, "the scripted server does not start")
    guard(self.pid, self.dir)
end

--- Starts a server that answers each connection with the next of these bytes, the last one for ever,
--- and closes it; web:stop() ends it.
---@param answers string[]
---@return fota.spec.Web
function web.scripted(answers)
    local self = setmetatable({ dir = web.folder() }, web)
    for i, answer in ipairs(answers) do
        save(self.dir .. "/answer." .. i, answer)
    end
    launch(self, SCRIPTED, #answers)
    return self
end

--- Puts a file on the server; returns its url.
---@param name string
---@param bytes string
---@return string url
function web:serve(name, bytes)
    save(self.dir .. "/www/" .. name, bytes)
    return self:url(name)
end

---@param path string
---@return string url
function web:url(path)
    return string.format("http://127.0.0.1:%d/%s", self.port, path)
end

--- Lines of the access log, or of the scripted server the requests, lines joined by '|'. nginx writes a
--- line when it is done with a request, which may be after the modem is.
---@param expected integer? waits for so many, by default for one
---@return string[]
function web:requests(expected)
    local lines
    await(self.pid, function()
        lines = {}
        local file = io.open(self.dir .. "/access.log") or io.open(self.dir .. "/requests")
        for line in file and file:lines() or function() end do
            lines[#lines + 1] = line
        end
        if file then
            file:close()
        end
        return #lines >= (expected or 1)
    end)
    return lines
end

--- Ends the server and removes its folder; may be called again.
function web:stop()
    if self.pid then
        shell("kill " .. self.pid .. " 2>/dev/null; rm -rf '" .. self.dir .. "'")
    end
    self.pid = nil
end

--- What other servers for specs are started with.
web.host = { shell = shell, save = save, spawn = spawn, guard = guard, runs = runs, await = await,
    launch = launch, listens = listens }

return web
