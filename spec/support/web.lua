--- A real nginx on loopback for one spec file.
local tool = require("fota.tool.core")

local web = {}
web.__index = web

local CONFIG = [[
daemon off;
master_process off;
pid %s/nginx.pid;
error_log %s/error.log;
events { worker_connections 64; }
http {
    access_log %s/access.log combined;
    client_body_temp_path %s/tmp; proxy_temp_path %s/tmp; fastcgi_temp_path %s/tmp;
    uwsgi_temp_path %s/tmp; scgi_temp_path %s/tmp;
    default_type application/octet-stream;
    server {
        listen 127.0.0.1:%d;
        root %s/www;
        location /html { default_type text/html; return 200 "<html>please log in</html>"; }
        location /moved { return 302 /app.fota; }
        location /loop { return 302 /loop; }
        location /slow/ { alias %s/www/; limit_rate 100k; }
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

--- A folder of its own under the system's temporary files.
---@return string
function web.folder()
    return shell("mktemp -d")
end

--- Starts nginx on a free port; web:stop() ends it.
function web.start()
    local dir = web.folder()
    local port = tonumber(shell("python3 -c 'import socket; s = socket.socket(); "
        .. "s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'"))
    shell("mkdir -p " .. dir .. "/www " .. dir .. "/tmp")
    local d = dir
    local self = setmetatable({ dir = dir, port = port }, web)
    local file = assert(io.open(dir .. "/nginx.conf", "w"))
    file:write(CONFIG:format(d, d, d, d, d, d, d, d, port, d, d))
    file:close()
    os.execute("nginx -p " .. dir .. " -c " .. dir .. "/nginx.conf >/dev/null 2>&1 &")
    shell("for i in $(seq 100); do test -s " .. dir .. "/nginx.pid && exit 0; sleep 0.05; done; exit 1")
    return self
end

--- Puts a file on the server; returns its url.
function web:serve(name, bytes)
    local file = assert(io.open(self.dir .. "/www/" .. name, "wb"))
    file:write(bytes)
    file:close()
    return self:url(name)
end

function web:url(path)
    return string.format("http://127.0.0.1:%d/%s", self.port, path)
end

--- Lines of the access log.
function web:requests()
    local lines = {}
    for line in io.lines(self.dir .. "/access.log") do
        lines[#lines + 1] = line
    end
    return lines
end

function web:stop()
    os.execute("kill $(cat " .. self.dir .. "/nginx.pid); rm -rf " .. self.dir)
end

return web
