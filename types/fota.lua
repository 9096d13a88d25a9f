---@meta fota

--- Firmware updates from a script.
---
--- A call that QuecPython documents returns the integer `0`, or `-1, message, code`. A native call returns
--- a value, or `nil, message, code`. `code` is the number of an error in [errors.md](errors.md), which
--- `fota.error(code)` explains; `message` begins with its name. Arguments of a wrong type, and names of
--- arguments that are not known, raise.
---@class fota
---@overload fun(options?: fota.Options|integer): fota.Object|nil, string?, fota.Code?
local fota = {}

--- Advances everything and calls Lua back; nothing else does, except a call that blocks. At most one event a
--- call. Called from a callback it does nothing.
---@param ms? integer milliseconds to wait at most when there is nothing to do; 0 by default
---@return boolean busy does an update run?
function fota.poll(ms) end

--- Says who resumes a coroutine that waits: `resume(thread, ...)`. Without it `coroutine.resume` does.
---@param resume? function
function fota.onresume(resume) end

--- Sets limits of the downloads to come, those that are named; the others stay as they are.
---@param limits fota.Limits
function fota.limits(limits) end

--- Where the update is, and why the last one failed.
---@return fota.Status
function fota.status() end

--- What became of the last update that came as far as writing flash. It is kept over restarts.
---@return fota.Result? result
---@return string? message
---@return fota.Code? code
function fota.last_result() end

--- The running version is good: it stays, and nothing older is accepted any more. May be called again.
---@return true? ok
---@return string? message
---@return fota.Code? code
function fota.confirm() end

--- The running version is bad: after the next restart the old one is back.
---@return true? ok
---@return string? message
---@return fota.Code? code
function fota.rollback() end

--- A package that was installed and reverted is refused when it comes again (`REVERTED`), because it would
--- fail again, in a loop. After this call it is accepted.
---@return true? ok
---@return string? message
---@return fota.Code? code
function fota.forgive() end

--- The modem's model.
---@return fota.Model
function fota.model() end

--- Explains an error number.
---@param code fota.Code|integer
---@return fota.Error? row
---@return string? message there is no such number
function fota.error(code) end

--- Memory of the engine's parts.
---@return fota.Memory
function fota.memory() end

--- LuatOS: begins a local update, on every model; the arguments are of no use here. Calling it again does no
--- harm: it begins anew. LuatOS's functions tell no reason; `fota.status().reason` does.
---@return boolean ok false while a download runs
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
---@return integer result LuatOS's: 1 more is to come, 0 all is written, -1 it failed
function fota.run(data, offset, length) end

--- LuatOS: is the package complete and verified? Verifies what is complete.
---@return boolean ok false: it failed
---@return boolean done false: more is to be written
function fota.isDone() end

--- LuatOS: ends the update: `finish(true)` verifies it first unless `isDone` has, `finish(false)` drops what
--- was written, a verified package too.
---@param ok? boolean true by default
---@return boolean ok
function fota.finish(ok) end

--- LuatOS: a whole package from a file: written, verified, and ready for the restart. A file that is not
--- there gives false, false, 0.
---@param path string
---@return boolean ok
---@return boolean done
---@return integer result LuatOS's: 0, or -1 it failed
function fota.file(path) end

--- Limits of downloads; 0 is the default.
---@class fota.Limits
---@field connect_ms? integer milliseconds for one name look-up and connection; 30000 by default
---@field request_ms? integer milliseconds for all of an attempt up to the file's first byte; 120000
---@field stall_ms? integer milliseconds without a byte; 60000
---@field slow_ms? integer milliseconds in which fewer than `slow_bytes` are a failed attempt; 60000
---@field slow_bytes? integer bytes; 600
---@field total_ms? integer milliseconds for the whole download, pauses and all; no limit
---@field backoff_ms? integer milliseconds of pause before another attempt, doubled each time; 1000
---@field backoff_max_ms? integer longest pause in milliseconds; 600000
---@field attempts? integer attempts that fail in a row, without 2 KiB in between; 5
---@field max_bytes? integer bytes of traffic of the whole download, repetitions included; no limit

--- What `fota.status()` gives. Sizes are of the download that runs, or ran last in this start.
---@class fota.Status
---@field busy boolean an update runs; between two calls of `write` none does
---@field stage fota.Stage where it is, or where it ended
---@field received integer bytes of the package that have arrived
---@field total integer bytes of the whole package, 0 while unknown
---@field percent integer 0 to 100
---@field rate? integer bytes per second of this connection, once known
---@field fetched integer bytes of files that have come from the network since the start, repetitions included
---@field requests integer connections begun since the start
---@field code? fota.Code after a failure, until the next update begins: its number
---@field error? string its name
---@field reason? string its name and why

--- What `fota.last_result()` gives.
---@class fota.Result
---@field outcome "none"|"success"|"failed"|"reverted"|"kept" of the last update that ended. failed: given up, the old image was never touched; reverted: the old image is back; kept: never confirmed, but there was no old image to go back to
---@field state "idle"|"downloading"|"staged"|"backing up"|"installing"|"trial"|"reverting"|"updating" where an update stands. downloading: a part of a package is in flash; staged: the next restart installs it; trial: the new version is to confirm; updating: mini fota, the application is missing
---@field version string of the running image, "" unknown
---@field sequence integer of the running image, 0 unknown
---@field from integer sequence of the image before the update
---@field to integer sequence of the package
---@field counter integer lowest sequence that may be installed
---@field tries integer starts that are left on trial
---@field reversible boolean the old image is kept, or can be made again by the package; of a staged package: it will be
---@field code? fota.Code after a failure: its number
---@field error? string its name
---@field reason? string its name and why; a "?" stands for a figure that was not kept
---@field stage? fota.Stage where it failed

---@alias fota.Stage "idle"|"request"|"connect"|"header"|"download"|"verify"|"staged"|"install"|"trial"|"revert"

--- What `fota.model()` gives.
---@class fota.Model
---@field name string "EC600U"
---@field family string "unisoc8910"; with flash and bindings of one kind
---@field chip string
---@field core string
---@field asynchronous boolean `httpDownload` returns at once

--- What `fota.error()` gives: a row of [errors.md](errors.md).
---@class fota.Error
---@field code fota.Code
---@field name string "HTTP_NOT_FOUND"
---@field text string with {expected}, {got} and {subject} where a failure has its own
---@field stage fota.Stage where it usually arises
---@field class integer result of LwM2M's Firmware Update object
---@field retryable boolean the same call may succeed later without anybody changing anything

--- What `fota.memory()` gives, in bytes.
---@class fota.Memory
---@field engine integer all of it
---@field http integer client with its buffers
---@field header integer the package's header and manifest
---@field page integer the page to program
---@field boot integer of a boot stage, beside the engine

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
---@field ssl_version? integer 0 to 4
---@field sec_level? integer 0 to 2

--- What `httpDownload` takes; a string alone is `url1`.
---@class fota.HttpDownload
---@field url1 string url of the package, with `url2` of the resident updater, `http://`, `https://`, `ftp://` or `ftps://[user[:password]@]host[:port]/path[?query]`, 255 bytes at most. What is no ASCII, and a `%`, `@` or `:` of a login, is percent-encoded
---@field url2? string mini fota: url of the application; after the resets `fota.last_result()` tells. The two are a set, made by `fota pack --mini`; no differential package
---@field callback? fota.Callback not with mini fota
---@field ssl_params? fota.SslParams EC200A and UC200A only

--- Progress: `status` 1 while it downloads (`progress` is a percentage), 0 when all is downloaded, 2 when the
--- package is verified and will be installed. A failure is any other status: where `httpDownload` returns at
--- once, but on BC25PA, -1, with the vendor's error code as `progress`; elsewhere the code itself. Why it
--- failed `fota.status()` tells, in the callback and after it.
---@alias fota.Callback fun(status: integer, progress: integer)

--- The update object. There is one engine: every object of a module drives the same one.
---@class fota.Object
local Object = {}

--- Downloads, writes, verifies, and resets the modem (QuecPython `httpDownload`).
---
--- On EC600N, EC800N, EG912N, EC600M, EC800M, EG810M and BC25PA it returns at once, and the callback tells
--- the rest. On the others it returns when it has ended: in a coroutine it yields meanwhile, elsewhere it
--- blocks. In a callback it returns at once, and the call that blocks returns when that has ended, too. A
--- download that was interrupted, by a power cut too, goes on where it was.
---@param arguments fota.HttpDownload|string
---@return integer status 0, or -1
---@return string? message
---@return fota.Code? code
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
---@return fota.Code? code
function Object:ftpDownload(arguments) end

--- Sets the access point for downloads (QuecPython `apn_set`, BG95). It is
--- kept over restarts; `ip_type` 0 is IPv4, 1 IPv6.
---@param arguments { fota_apn?: string, ip_type?: integer, fota_user?: string, fota_password?: string }
---@return integer status 0, or -1
---@return string? message
---@return fota.Code? code
function Object:apn_set(arguments) end

--- Cancels the running download (QuecPython `download_cancel`, BG95). What is in flash stays for the next
--- download of the same file.
---@return integer status 0, or -1
---@return string? message
---@return fota.Code? code
function Object:download_cancel() end

--- Writes the next bytes of a package (QuecPython `write`). The first call begins; a failure ends the update
--- and leaves the modem as it was.
---@param bytes string
---@param file_size? integer size of the whole package in bytes; checked against its header
---@return integer status 0, or -1
---@return string? message
---@return fota.Code? code
function Object:write(bytes, file_size) end

--- Writes what is still in RAM to flash, after the last `write` (QuecPython `flush`).
---@return integer status 0, or -1
---@return string? message
---@return fota.Code? code
function Object:flush() end

--- Verifies the package in flash (QuecPython `verify`). After 0 the next restart installs it.
---@return integer status 0, or -1
---@return string? message
---@return fota.Code? code
function Object:verify() end

--- Begins a download on any model and gives a job to await it with.
---
---     local job = assert(fota():download { url = url })
---     for status, progress in job:events() do print(status, progress) end
---     print(job:wait())
---
--- When the package is verified the modem is reset: after the callback's last call, and before whoever waits
--- goes on. Only a failure is seen after the loop, then, or with `reset_disable` either end.
---@param arguments { url: string, callback?: fota.Callback, ssl_params?: fota.SslParams }|string
---@return fota.Job? job
---@return string? message
---@return fota.Code? code
function Object:download(arguments) end

--- A download that can be awaited. Progress that nobody awaited is forgotten in favour of newer progress; the
--- end is never forgotten.
---@class fota.Job
---@field bytes integer of the package that have arrived
---@field total integer bytes of the whole package, 0 while unknown
---@field percent integer 0 to 100
---@field stage fota.Stage "connect", "header", "download", "verify", "staged"; after a failure where it arose
---@field rate? integer bytes per second of this connection
local Job = {}

--- Waits for the next event: `1, percent`, `0, 100`, `2, 100` as in the callback, or `-1, code` at a failure.
--- After the end it gives the last event again, at once.
---@return integer? status
---@return integer|string? progress
---@return fota.Code? code
function Job:next() end

--- The events up to the last one, for a `for` loop. On PUC Lua 5.1 nothing may yield inside a `for`: use
--- `next` there, unless the loop runs on the main thread.
---@return fun(): integer?, integer?
function Job:events() end

--- Waits for the end.
---@return true? ok
---@return string? message
---@return fota.Code? code
function Job:wait() end

--- Cancels it; what is in flash stays for the next download of the same file.
---@return true? ok
---@return string? message
---@return fota.Code? code
function Job:cancel() end

--- How it ended: false while it runs.
---@return boolean? ok
---@return string? message
---@return fota.Code? code
function Job:result() end

--- Has it ended?
---@return boolean
function Job:done() end

return fota
