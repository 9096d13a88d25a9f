---@meta fota

--- Firmware updates from a script.
---
--- A call that QuecPython documents returns the integer `0`, or `-1, message, code`. A native call returns
--- a value, or `nil, message, code`. `code` is the number of an error in [errors.md](errors.md), which
--- `fota.error(code)` explains; `message` begins with its name. Arguments of a wrong type raise.
---@class fota
---@overload fun(options?: fota.Options|integer): fota.Object|nil, string?, integer?
local fota = {}

--- Advances everything and calls Lua back; nothing else does, except a call that blocks. At most one event a
--- call. Called from a callback it does nothing.
---@param ms? integer milliseconds to wait at most when there is nothing to do; 0 by default
---@return boolean busy does an update run?
function fota.poll(ms) end

--- Says who resumes a coroutine that waits: `resume(thread, ...)`. Without it `coroutine.resume` does.
---@param resume? function
function fota.onresume(resume) end

--- Limits of the downloads to come; 0 is the default. connect_ms (30000): one connection. request_ms (120000):
--- all of an attempt up to the file's first byte. stall_ms (60000): no byte. slow_ms (60000) and slow_bytes
--- (600): fewer bytes in that time is a failed attempt. total_ms (none): the whole, pauses and all. backoff_ms
--- (1000), doubled up to backoff_max_ms (600000): the pause before another attempt. attempts (5): in a row.
--- max_bytes (none): traffic of the whole, repetitions included.
---@param limits { connect_ms?: integer, request_ms?: integer, stall_ms?: integer, slow_ms?: integer, slow_bytes?: integer, total_ms?: integer, backoff_ms?: integer, backoff_max_ms?: integer, attempts?: integer, max_bytes?: integer }
function fota.limits(limits) end

--- Where the update is: busy, stage, received, total, percent, rate (bytes per second), fetched (bytes from
--- the network), requests.
---@return table
function fota.status() end

--- What became of the last update: outcome ("none", "success", "failed", "reverted", "kept"), state ("idle",
--- "downloading", "staged", "trial" …), version and sequence of the running image, from, to, counter, tries,
--- reversible (the old image is kept, or can be made again by the package; of a staged package: it will be);
--- after a failure error, code, reason, stage.
---@return table? result
---@return string? message
---@return integer? code
function fota.last_result() end

--- The running version is good: it stays, and nothing older is accepted any more. May be called again.
---@return true? ok
---@return string? message
---@return integer? code
function fota.confirm() end

--- The running version is bad: after the next restart the old one is back.
---@return true? ok
---@return string? message
---@return integer? code
function fota.rollback() end

--- A package that was installed and reverted is refused when it comes again (`REVERTED`), because it would
--- fail again, in a loop. After this call it is accepted.
---@return true? ok
---@return string? message
---@return integer? code
function fota.forgive() end

--- The modem's model: name, family, chip, core, asynchronous.
---@return table
function fota.model() end

--- Explains an error number: code, name, text, stage, class (result of LwM2M's Firmware Update object),
--- retryable.
---@param code integer
---@return table? row
---@return string? message
function fota.error(code) end

--- Bytes of memory of the engine's parts: engine (all of it), http, header, page, boot.
---@return table
function fota.memory() end

--- LuatOS: begins a local update; the arguments are of no use here. Calling it again does no harm.
---@return boolean ok
function fota.init(...) end

--- LuatOS: may data be written?
---@return boolean ready
function fota.wait() end

--- LuatOS: the next bytes of a package, from a string or a zbuff.
---@param data string|userdata|table
---@param offset? integer first byte of a zbuff
---@param length? integer bytes of a zbuff
---@return boolean ok
---@return boolean done true when all is written, or when it failed
---@return integer cache bytes that wait to be written; 0 or less: see LuatOS
function fota.run(data, offset, length) end

--- LuatOS: is the package complete and verified? Call it until `done`.
---@return boolean ok
---@return boolean done
function fota.isDone() end

--- LuatOS: ends the update; `finish(false)` drops it.
---@param ok? boolean
---@return boolean ok
function fota.finish(ok) end

--- LuatOS: a whole package from a file: written, verified, and ready for the restart.
---@param path string
---@return boolean ok
---@return boolean done
---@return integer cache
function fota.file(path) end

--- What `fota{…}` takes. `fota(1)` is `fota{ reset_disable = 1 }`.
---@class fota.Options
---@field reset_disable? integer 1: the modem is not reset after the package is verified (QuecPython). Refused on EC600N, EC800N, EG912N, EC600M, EC800M, EG810M.
---@field root_cert? string `ca_cert` of its downloads, on every model
---@field cert? string `client_cert`
---@field key? string `client_key`

--- What https demands. Without it a server is verified by `root_cert` of the object or else by the platform's
--- own authorities (on a host the system's, or those of the environment's `SSL_CERT_FILE`); where there are
--- none it is not verified, and a warning is printed: the package's signature alone protects the update.
---
--- `ssl_version` is the document's: 0 (SSL 3.0) is refused; 1 and 2 (TLS 1.0, 1.1) are raised to TLS 1.2, with
--- a warning; 3 is TLS 1.2 and nothing else; 4, or none, TLS 1.2 and newer. `sec_level` 0 verifies nobody, with
--- a warning; 1 the server, by `ca_cert`; 2 the server by `ca_cert`, and shows it `client_cert`. Without a
--- `sec_level` all that is given is used. After a redirect to another origin no `client_cert` is shown.
---@class fota.SslParams
---@field ca_cert? string certificates of authorities, PEM
---@field client_cert? string PEM
---@field client_key? string PEM, without a password
---@field ssl_version? integer
---@field sec_level? integer

--- What `httpDownload` takes; a string alone is `url1`.
---@class fota.HttpDownload
---@field url1 string url of the package, with `url2` of the resident updater, `http://`, `https://`, `ftp://` or `ftps://host[:port]/path`, 255 characters at most
---@field url2? string mini fota: url of the application; after the resets `fota.last_result()` tells. The two are a set, made by `fota pack --mini`; no differential package
---@field callback? fota.Callback not with mini fota
---@field ssl_params? fota.SslParams EC200A and UC200A only

--- Progress: `status` 1 while it downloads (`progress` is a percentage), 0 when all is downloaded, 2 when the
--- package is verified and will be installed. A failure is any other status: on the ASR models -1, with the
--- vendor's error code as `progress`; elsewhere the code itself.
---@alias fota.Callback fun(status: integer, progress: integer)

--- The update object. There is one engine: every object of a module drives the same one.
---@class fota.Object
local Object = {}

--- Downloads, writes, verifies, and resets the modem (QuecPython `httpDownload`).
---
--- On EC600N, EC800N, EG912N, EC600M, EC800M, EG810M and BC25PA it returns at once, and the callback tells
--- the rest. On the others it returns when it has ended: in a coroutine it yields meanwhile, elsewhere it
--- blocks. A download that was interrupted, by a power cut too, goes on where it was.
---@param arguments fota.HttpDownload|string
---@return integer status 0, or -1
---@return string? message
---@return integer? code
function Object:httpDownload(arguments) end

--- The same over FTP (QuecPython `ftpDownload`), on the models that have it. The callback's `status` is 0 as
--- long as it goes well, never 1 or 2.
---
--- The url is `ftp://user:password@host[:port]/path`; without a user the login is anonymous. A character that
--- a url cannot hold is percent-encoded; the path begins in the folder of the login, or with `%2F` at the root.
--- The server must allow passive, binary downloads. An interrupted one goes on where it was, by `REST`. FTP
--- protects nothing on its way: the package's signature does, the password is sent in the clear. With
--- `ftps://` login and file go over TLS or not at all: AUTH TLS on FTP's own port, PROT P (RFC 4217); the server
--- is verified as for https. Servers that begin TLS at once, on port 990, are not supported.
---@param arguments { url: string, callback?: fota.Callback }|string
---@return integer status 0, or -1
---@return string? message
---@return integer? code
function Object:ftpDownload(arguments) end

--- Sets the access point for downloads (QuecPython `apn_set`, BG95). It is
--- kept over restarts; `ip_type` 0 is IPv4, 1 IPv6.
---@param arguments { fota_apn?: string, ip_type?: integer, fota_user?: string, fota_password?: string }
---@return integer status 0, or -1
---@return string? message
---@return integer? code
function Object:apn_set(arguments) end

--- Cancels the running download (QuecPython `download_cancel`, BG95). What is in flash stays for the next
--- download of the same file.
---@return integer status 0, or -1
---@return string? message
---@return integer? code
function Object:download_cancel() end

--- Writes the next bytes of a package (QuecPython `write`). The first call begins; a failure ends the update
--- and leaves the modem as it was.
---@param bytes string
---@param file_size? integer size of the whole package in bytes; checked against its header
---@return integer status 0, or -1
---@return string? message
---@return integer? code
function Object:write(bytes, file_size) end

--- Writes what is still in RAM to flash, after the last `write` (QuecPython `flush`).
---@return integer status 0, or -1
---@return string? message
---@return integer? code
function Object:flush() end

--- Verifies the package in flash (QuecPython `verify`). After 0 the next restart installs it.
---@return integer status 0, or -1
---@return string? message
---@return integer? code
function Object:verify() end

--- Begins a download on any model and gives a job to await it with.
---
---     local job = assert(fota():download { url = url })
---     for status, progress in job:events() do print(status, progress) end
---     print(job:wait())
---@param arguments { url: string, callback?: fota.Callback, ssl_params?: fota.SslParams }|string
---@return fota.Job? job
---@return string? message
---@return integer? code
function Object:download(arguments) end

--- A download that can be awaited. Progress that nobody awaited is forgotten in favour of newer progress; the
--- end is never forgotten.
---@class fota.Job
---@field bytes integer of the package that have arrived
---@field total integer bytes of the whole package, 0 while unknown
---@field percent integer
---@field stage string "connect", "header", "download", "verify", "staged"
---@field rate? integer bytes per second of this connection
local Job = {}

--- Waits for the next event: `1, percent`, `0, 100`, `2, 100` as in the callback, or `-1, code` at a failure.
--- After the end it gives the last event again, at once.
---@return integer? status
---@return integer|string? progress
---@return integer? code
function Job:next() end

--- The events up to the last one, for a `for` loop. On PUC Lua 5.1 nothing may yield inside a `for`: use
--- `next` there, unless the loop runs on the main thread.
---@return fun(): integer?, integer?
function Job:events() end

--- Waits for the end.
---@return true? ok
---@return string? message
---@return integer? code
function Job:wait() end

--- Cancels it; what is in flash stays for the next download of the same file.
---@return true? ok
---@return string? message
---@return integer? code
function Job:cancel() end

--- How it ended: false while it runs.
---@return boolean? ok
---@return string? message
---@return integer? code
function Job:result() end

--- Has it ended?
---@return boolean
function Job:done() end

return fota
