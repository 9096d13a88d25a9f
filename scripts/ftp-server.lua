--- Serves a file by a real FTP server until standard input ends: lua ftp-server.lua KIND FILE
--- Prints the file's url. KIND as in spec/support/ftp.lua, which this stands on.
package.path = "build/lua/?.lua;./?.lua;" .. package.path
package.cpath = "build/lib/?.so;" .. package.cpath

local kind, path = ...
local file = assert(io.open(path, "rb"))
local server = assert(require("spec.support.ftp").start(kind))
print(server:serve(path:match("[^/]+$"), file:read("a")))
io.stdout:flush()
io.read("a")
server:stop()
