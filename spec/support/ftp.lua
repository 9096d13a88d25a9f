--- Real FTP servers on loopback for specs: vsftpd, pure-ftpd and proftpd, from scripts/ftp-servers or
--- installed.
local tool = require("fota.tool.core")
local web = require("spec.support.web")
local host = web.host

local ftp = {}
ftp.__index = ftp

local STARTS = 5 -- the port that was free may be taken by the time the server binds it
local UNPACKED = "build/ftp-servers"

ftp.USER, ftp.PASSWORD = "joe", "se cret:@/"
ftp.LOGIN = "joe:se%20cret%3A%40%2F@" -- the same as a url has it

-- vsftpd knows the system's users and anonymous ones; specs make no users of the system. Who is
-- anonymous must have a home that exists.
local VSFTPD = [[
listen=@LISTEN4@
listen_ipv6=@LISTEN6@
listen_address=127.0.0.1
listen_address6=::1
listen_port=@PORT@
background=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
@LAUNCHER@
ftp_username=@USER@
nopriv_user=nobody
secure_chroot_dir=@DIR@/empty
anonymous_enable=YES
local_enable=NO
anon_root=@DIR@/www
allow_writeable_chroot=YES
no_anon_password=NO
anon_world_readable_only=NO
pam_service_name=fota-spec
xferlog_enable=YES
log_ftp_protocol=YES
vsftpd_log_file=@DIR@/log
@EXTRA@
]]

local VSFTPD_TLS = [[
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=NO
ssl_ciphers=HIGH
rsa_cert_file=@CERTIFICATE@
rsa_private_key_file=@CERTIFICATE@
]]

local PROFTPD_TLS = [[
ModulePath @FOLDER@lib/proftpd
LoadModule mod_tls.c
TLSEngine on
TLSRequired on
TLSRSACertificateFile @CERTIFICATE@
TLSRSACertificateKeyFile @CERTIFICATE@
TLSOptions @TLSOPTIONS@
TLSLog @DIR@/tls.log
]]

local PROFTPD = [[
ServerName "fota"
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
UseIPv6 off
Port @PORT@
User @USER@
Group @GROUP@
PidFile @DIR@/pid
ScoreboardFile @DIR@/scoreboard
DelayEngine off
WtmpLog off
UseReverseDNS off
SystemLog @DIR@/system.log
ExtendedLog @DIR@/log ALL spec
LogFormat spec "%r %s"
RequireValidShell off
AuthOrder mod_auth_file.c
AuthUserFile @DIR@/passwd
DefaultRoot @DIR@/www
AllowRetrieveRestart on
@EXTRA@
]]

-- What a command prints, nil if it fails or prints nothing.
local function try(command)
    local output, status = tool.run(command .. " 2>/dev/null", "")
    output = output:gsub("%s+$", "")
    return status == 0 and output ~= "" and output or nil
end

local function read(path)
    local file = io.open(path, "rb")
    local bytes = file and file:read("*a")
    if file then
        file:close()
    end
    return bytes
end

-- The system's user and group under which a server may run: files of its own are all it needs.
local function identity()
    if host.shell("id -u") == "0" then
        return { USER = "daemon", GROUP = "daemon", UID = host.shell("id -u daemon"),
            GID = host.shell("id -g daemon") }
    end
    return { USER = host.shell("id -un"), GROUP = host.shell("id -gn"), UID = host.shell("id -u"),
        GID = host.shell("id -g") }
end

local function fill(text, values)
    return (text:gsub("@(%w+)@", values))
end

local TLS = { vsftpd = VSFTPD_TLS, proftpd = PROFTPD_TLS }

-- Each gets the server's folder and port and returns the arguments of its program.
local kinds = {}

function kinds.vsftpd(program, self, values)
    host.save(self.dir .. "/conf", fill(VSFTPD, values))
    -- It takes a configuration only from whom it runs as.
    host.shell("chmod 600 " .. self.dir .. "/conf")
    return program .. " " .. self.dir .. "/conf"
end

kinds["pure-ftpd"] = function(program, self, values)
    local users, puredb = self.dir .. "/users", self.dir .. "/users.pdb"
    local hash = host.shell("openssl passwd -6 '" .. ftp.PASSWORD .. "'")
    host.save(users, string.format("joe:%s:%s:%s::%s/www/./::::::::::::\n", hash, values.UID, values.GID,
        self.dir))
    host.shell(self.environment .. self.folder .. "bin/pure-pw mkdb " .. puredb .. " -f " .. users)
    return string.format("%s -S 127.0.0.1,%d -l puredb:%s -A -E -H -u 1 -g %s/pid%s", program, self.port,
        puredb, self.dir, values.CERTIFICATE and " -Y 2 -2 " .. values.CERTIFICATE or "")
end

function kinds.proftpd(program, self, values)
    local hash = host.shell("openssl passwd -6 '" .. ftp.PASSWORD .. "'")
    host.save(self.dir .. "/conf", fill(PROFTPD, values))
    host.save(self.dir .. "/passwd", string.format("joe:%s:%s:%s::%s/www:/bin/sh\n", hash, values.UID,
        values.GID, self.dir))
    host.shell("chmod 600 " .. self.dir .. "/passwd")
    return program .. " -n -c " .. self.dir .. "/conf"
end

-- Where the program is, and the environment that its libraries need; nil when it is nowhere.
local function find(kind)
    local path = try("{ command -v " .. kind .. " || ls /usr/sbin/" .. kind .. "; }")
    if path then
        return path, (path:gsub("[^/]*/[^/]*$", "")), ""
    end
    path = try("ls $PWD/" .. UNPACKED .. "/usr/sbin/" .. kind)
    if path then
        local folder = path:gsub("sbin/[^/]*$", "")
        local libraries = host.shell("find " .. folder .. "lib " .. folder .. "../lib -name '*.so*' "
            .. "-printf '%h\\n' 2>/dev/null | sort -u | tr '\\n' ':'")
        return path, folder, "LD_LIBRARY_PATH=" .. libraries .. " "
    end
end

---@class fota.spec.Ftp
---@field dir string its folder
---@field port integer

--- Starts a server on a free port; server:stop() ends it. Returns nil and the reason where it cannot be
--- had. With `certificate`, a file with certificate and key in PEM, it takes ftps only.
---@param kind "vsftpd"|"pure-ftpd"|"proftpd"
---@param options? { ipv6: boolean, extra: string, certificate: string } the first two of vsftpd
---@return fota.spec.Ftp? server
---@return string? reason
function ftp.start(kind, options)
    options = options or {}
    local program, folder, environment = find(kind)
    if not program then
        return nil, kind .. " is neither installed nor unpacked; run scripts/ftp-servers"
    end
    local self = setmetatable({ kind = kind, dir = web.folder(), folder = folder, environment = environment,
        host = options.ipv6 and "[::1]" or "127.0.0.1",
        scheme = options.certificate and "ftps" or "ftp" }, ftp)
    -- A server that runs as somebody else must come in.
    host.shell(string.format("chmod 755 %s && cd %s && mkdir -p www empty && chmod 755 www", self.dir,
        self.dir))
    for _ = 1, STARTS do
        self.port = web.free_port()
        local values = identity()
        values.DIR, values.PORT, values.FOLDER = self.dir, self.port, folder
        values.CERTIFICATE = options.certificate
        values.TLSOPTIONS = options.tls_options or "NoSessionReuseRequired"
        values.EXTRA = options.certificate and fill(TLS[kind] or "", values) or ""
        values.EXTRA = values.EXTRA .. (options.extra or "")
        values.LISTEN4, values.LISTEN6 = options.ipv6 and "NO" or "YES", options.ipv6 and "YES" or "NO"
        values.LAUNCHER = values.USER == "daemon" and "" or "run_as_launching_user=YES"
        local command = kinds[kind](program, self, values)
        -- Not under the sanitizer that this process may be under.
        host.save(self.dir .. "/run", string.format("exec env -u LD_PRELOAD %s%s </dev/null >%s/out 2>&1\n",
            environment, command, self.dir))
        self.pid = host.spawn("sh " .. self.dir .. "/run")
        if host.await(self.pid, function()
            return host.listens(self.port, options.ipv6 and "::1" or "127.0.0.1") and host.runs(self.pid)
        end) then
            host.guard(self.pid, self.dir)
            return self
        end
    end
    local output = read(self.dir .. "/out") or ""
    self:stop()
    return nil, kind .. " does not start: " .. output:gsub("%s+$", "")
end

--- Puts a file on the server, with a time of its own; returns its url.
---@param name string
---@param bytes string
---@param login? string "user:password@"
---@return string url
function ftp:serve(name, bytes, login)
    -- A new file in place of the old one: who reads the old one goes on to do so.
    host.save(self.dir .. "/new", bytes)
    self.age = (self.age or 0) + 10
    host.shell(string.format("cd %s && chmod 644 new && touch -d '2024-02-29 12:00:00 UTC +%d seconds' new "
        .. "&& mv new 'www/%s'", self.dir, self.age, name))
    return self:url(name, login)
end

---@param path string
---@param login? string nil: the one that it takes
---@return string url
function ftp:url(path, login)
    login = login or (self.kind == "vsftpd" and "" or ftp.LOGIN)
    return string.format("%s://%s%s:%d/%s", self.scheme, login, self.host, self.port, path)
end

--- How many commands that begin with `verb` were logged; nil where this server keeps no log of them.
---@param verb string
---@return integer?
function ftp:count(verb)
    local log = read(self.dir .. "/log")
    if not log then
        return nil
    end
    local count = 0
    for line in log:gmatch("[^\n]+") do
        if line:find('"' .. verb, 1, true) or line:find("^" .. verb .. "[ \n]") then
            count = count + 1
        end
    end
    return count
end

--- Ends the server and removes its folder; may be called again.
function ftp:stop()
    if self.pid then
        tool.run("kill " .. self.pid .. " 2>/dev/null; rm -rf '" .. self.dir .. "'", "")
    end
    self.pid = nil
end

return ftp
