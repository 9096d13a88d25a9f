--- Runs specs in a Lua for which busted's C modules are not built, as the one with 32-bit numbers:
---
---     build-lua32/bin/lua spec/support/mini.lua --lpath=PATH --cpath=PATH FILE...
---
--- It knows describe, it, pending, setup, teardown, before_each and after_each, has luassert, which is
--- pure Lua, and prints busted's last line. lua-socket is lent by the interpreter in FOTA_HOST_LUA.
local HOST = os.getenv("FOTA_HOST_LUA") or "lua5.3"
-- luacheck: globals arg assert

local files = {}
for _, word in ipairs(arg) do
    local name, value = word:match("^%-%-([lc]path)=(.*)$")
    if name == "lpath" then
        package.path = value .. ";" .. package.path
    elseif name == "cpath" then
        package.cpath = value .. ";" .. package.cpath
    else
        files[#files + 1] = word
    end
end

local function quote(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- What the host's interpreter prints when it runs this.
local function host(script)
    local pipe = assert(io.popen(HOST .. " -e " .. quote(script)))
    local output = pipe:read("*a")
    pipe:close()
    return (output:gsub("%s+$", ""))
end

-- As much of lua-socket as the specs' servers need.
package.preload.socket = function()
    return {
        gettime = function()
            return os.time() -- whole seconds: a float of this Lua would be minutes off
        end,
        sleep = function(seconds)
            os.execute("sleep " .. seconds)
        end,
        bind = function()
            local port = host("local s = require('socket').bind('127.0.0.1', 0) "
                .. "print((select(2, s:getsockname())))")
            return {
                getsockname = function()
                    return "127.0.0.1", port
                end,
                close = function() end,
            }
        end,
        connect = function(address, port)
            local answer = host(string.format("print(require('socket').connect(%q, %d) and 'yes')", address,
                math.floor(port)))
            return answer == "yes" and { close = function() end } or nil
        end,
    }
end

-- luassert and what it needs, and for the servers that specs start an interpreter that has lua-socket.
require("spec.support.vm") -- which asks `arg` for its interpreter
package.path = package.path .. ";" .. host("print(package.path)")
arg = { [0] = arg[0], [-1] = HOST }
assert = require("luassert")

local counts = require("spec.support.blocks")(files)
os.exit(counts.failures == 0 and counts.successes > 0, true)
