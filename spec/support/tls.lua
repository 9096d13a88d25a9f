--- Certificates made by openssl, and TLS servers on loopback: a real nginx, and openssl's own.
local vm = require("spec.support.vm")
local web = require("spec.support.web")
local host = web.host

local tls = {}

local STARTS = 5 -- a port that was free may be taken by the time the server binds it

-- ---- certificates ------------------------------------------------------------------------------

local CA = [[
[ca]
default_ca = it
[it]
dir = @DIR@
new_certs_dir = @DIR@
database = @DIR@/@NAME@.index
serial = @DIR@/@NAME@.serial
certificate = @DIR@/@NAME@.pem
private_key = @DIR@/@NAME@.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
email_in_dn = no
[any]
commonName = supplied
]]

---@class fota.spec.Pki
---@field dir string
local Pki = {}
Pki.__index = Pki

function Pki:path(name)
    return self.dir .. "/" .. name
end

--- The PEM text of a file: "authority.pem", "server.key".
function Pki:text(name)
    return vm.read(self:path(name))
end

--- An authority of its own: NAME.pem, NAME.key.
function Pki:authority(name)
    host.save(self:path(name .. ".conf"), (CA:gsub("@(%u+)@", { DIR = self.dir, NAME = name })))
    host.save(self:path(name .. ".index"), "")
    host.save(self:path(name .. ".serial"), "01\n")
    host.shell(string.format("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        .. "-keyout %s.key -out %s.pem -days 3650 -subj /CN=%s -addext basicConstraints=critical,CA:TRUE "
        .. "-addext keyUsage=critical,keyCertSign 2>&1", self.dir, name, name, name))
end

--- A certificate: NAME.pem, NAME.key. `names` is a subjectAltName, dates are as 20200101000000Z.
---@param name string
---@param fields? { names: string, by: string, from: string, to: string, key: string }
function Pki:issue(name, fields)
    fields = fields or {}
    host.shell(string.format("cd %s && openssl req -new -newkey %s -nodes -keyout %s.key -out %s.csr "
        .. "-subj /CN=%s -addext 'subjectAltName=%s' 2>&1 && openssl ca -batch -notext -config %s.conf "
        .. "-startdate %s -enddate %s -in %s.csr -out %s.pem 2>&1", self.dir,
        fields.key or "ec -pkeyopt ec_paramgen_curve:P-256", name, name, name,
        fields.names or "DNS:localhost,IP:127.0.0.1", fields.by or "authority",
        fields.from or "20240101000000Z", fields.to or "20491231235959Z", name, name))
end

--- A folder of certificates with one authority, "authority".
---@return fota.spec.Pki
function tls.pki()
    local self = setmetatable({ dir = web.folder() }, Pki)
    self:authority("authority")
    return self
end

function Pki:remove()
    host.shell("rm -rf '" .. self.dir .. "'")
end

-- ---- nginx -------------------------------------------------------------------------------------

local CONFIG = [[
daemon off;
master_process off;
pid @DIR@/nginx.pid;
error_log @DIR@/error.log;
events { worker_connections 64; }
http {
    log_format tls '$server_port $request_uri $status sni=$ssl_server_name version=$ssl_protocol '
        'reused=$ssl_session_reused client=$ssl_client_verify connection=$connection '
        'range=$http_range';
    access_log @DIR@/access.log tls;
    client_body_temp_path @DIR@/tmp; proxy_temp_path @DIR@/tmp; fastcgi_temp_path @DIR@/tmp;
    uwsgi_temp_path @DIR@/tmp; scgi_temp_path @DIR@/tmp;
    default_type application/octet-stream;
    root @DIR@/www;
@SERVERS@
}
]]

local SERVER = [[
    server {
        listen 127.0.0.1:@PORT@ @SSL@;
        ssl_certificate @PKI@/@CERTIFICATE@.pem;
        ssl_certificate_key @PKI@/@CERTIFICATE@.key;
        ssl_protocols @PROTOCOLS@;
        ssl_session_cache builtin:1000;
        @EXTRA@
    }
]]

---@class fota.spec.TlsWeb
---@field dir string
---@field ports table<string, integer>
local Server = {}
Server.__index = Server

local function configure(self, pki, servers)
    local blocks, taken = {}, {}
    for name, server in pairs(servers) do
        local port
        repeat -- the system may name a port that is free twice
            port = web.free_port()
        until not taken[port]
        taken[port] = true
        self.ports[name] = port
        blocks[name] = server
    end
    local texts = {}
    for name, server in pairs(blocks) do
        local extra = (server.extra or ""):gsub("@(%w+)@", function(other)
            return tostring(self.ports[other] or pki.dir)
        end)
        texts[#texts + 1] = SERVER:gsub("@(%u+)@", { PORT = self.ports[name], PKI = pki.dir,
            SSL = server.plain and "" or "ssl", CERTIFICATE = server.certificate or "server",
            PROTOCOLS = server.protocols or "TLSv1.2 TLSv1.3", EXTRA = extra })
    end
    host.save(self.dir .. "/nginx.conf",
        (CONFIG:gsub("@(%u+)@", { DIR = self.dir, SERVERS = table.concat(texts):gsub("%%", "%%%%") })))
end

--- Starts nginx with servers by name: certificate, protocols, plain (no TLS), extra (directives, in which
--- @name@ is another server's port and @pki@ the folder of certificates).
---@param pki fota.spec.Pki
---@param servers table<string, table>
---@return fota.spec.TlsWeb
function tls.nginx(pki, servers)
    local self = setmetatable({ dir = web.folder(), ports = {}, servers = servers }, Server)
    host.shell("mkdir -p " .. self.dir .. "/www " .. self.dir .. "/tmp")
    for _ = 1, STARTS do
        configure(self, pki, servers)
        self.pid = host.spawn(string.format("env -u LD_PRELOAD nginx -p %s -c %s/nginx.conf", self.dir,
            self.dir))
        local _, port = next(self.ports)
        if host.await(self.pid, function()
            return host.listens(port) and host.runs(self.pid)
        end) then
            host.guard(self.pid, self.dir)
            return self
        end
    end
    error("nginx does not start, see " .. self.dir .. "/error.log")
end

--- Puts a file on all of them.
function Server:serve(name, bytes)
    host.save(self.dir .. "/www/" .. name, bytes)
end

---@param server string
---@param path string
---@param address? string instead of "localhost"
---@return string url
function Server:url(server, path, address)
    return string.format("%s://%s:%d/%s", self.servers[server].plain and "http" or "https",
        address or "localhost", self.ports[server], path)
end

--- Lines of the access log of one server, without its port. nginx writes a line when it is done with a
--- request, which may be after the modem is.
---@param server string
---@param expected integer? waits for so many, by default for one
---@return string[]
function Server:requests(server, expected)
    local lines
    host.await(self.pid, function()
        lines = {}
        local file = io.open(self.dir .. "/access.log")
        for line in file and file:lines() or function() end do
            local port, rest = line:match("^(%d+) (.*)$")
            if tonumber(port) == self.ports[server] then
                lines[#lines + 1] = rest
            end
        end
        if file then
            file:close()
        end
        return #lines >= (expected or 1)
    end)
    return lines
end

--- Forgets what was asked so far.
function Server:forget()
    host.shell(": >" .. self.dir .. "/access.log")
end

function Server:stop()
    if self.pid then
        host.shell("kill " .. self.pid .. " 2>/dev/null; rm -rf '" .. self.dir .. "'")
    end
    self.pid = nil
end

-- ---- openssl s_server --------------------------------------------------------------------------

---@class fota.spec.Openssl
---@field port integer
local Openssl = {}
Openssl.__index = Openssl

--- Starts `openssl s_server` with further options; server:stop() ends it.
---@param pki fota.spec.Pki
---@param options string
---@param certificate? string "server" by default
function tls.openssl(pki, options, certificate)
    certificate = certificate or "server"
    for _ = 1, STARTS do
        local self = setmetatable({ dir = web.folder(), port = web.free_port() }, Openssl)
        -- It ends with its input, which this one never does.
        host.shell("mkfifo " .. self.dir .. "/input")
        self.pid = host.spawn(string.format("exec env -u LD_PRELOAD openssl s_server -accept 127.0.0.1:%d "
            .. "-cert %s -key %s -CAfile %s %s <>%s/input", self.port, pki:path(certificate .. ".pem"),
            pki:path(certificate .. ".key"), pki:path("authority.pem"), options, self.dir))
        if host.await(self.pid, function()
            return host.listens(self.port)
        end) then
            host.guard(self.pid, self.dir)
            return self
        end
        self:stop()
    end
    error("openssl s_server does not start with " .. options)
end

function Openssl:stop()
    if self.pid then
        host.shell("kill " .. self.pid .. " 2>/dev/null; rm -rf '" .. self.dir .. "'")
    end
    self.pid = nil
end

return tls
