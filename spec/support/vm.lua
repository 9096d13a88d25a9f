--- What this Lua can do, and what some Luas lack.
local vm = {}

--- PUC Lua 5.1: nothing yields through pcall, a metamethod or the function of a for loop.
vm.puc51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

--- A C function goes on after it was resumed: Lua 5.3 and later.
vm.continuations = _VERSION ~= "Lua 5.1"

vm.iterators_yield = not vm.puc51

--- Integers of 32 bits and floats that are exact up to 2^24.
vm.narrow = math.maxinteger == 2147483647

-- The interpreter that runs this spec.
local lowest = 0
while arg and arg[lowest - 1] do
    lowest = lowest - 1
end
vm.interpreter = lowest < 0 and arg[lowest] or "lua5.4"

vm.unpack = table.unpack or unpack -- luacheck: ignore 113

function vm.pack(...)
    return { n = select("#", ...), ... }
end

--- a with the bits of b turned over.
function vm.xor(a, b)
    local result, bit = 0, 1
    while a > 0 or b > 0 do
        if a % 2 ~= b % 2 then
            result = result + bit
        end
        a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
    end
    return result
end

--- Runs a shell command; its exit status.
---@param command string
---@return integer
function vm.execute(command)
    local first, _, status = os.execute(command)
    return status or math.floor(first / 256) -- 5.1 gives what the system's wait() gives
end

--- The whole content of a file.
---@param path string
---@return string
function vm.read(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read("*a")
    file:close()
    return bytes
end

--- Makes a file, or what it holds, anew.
---@param path string
---@param bytes string
function vm.write(path, bytes)
    local file = assert(io.open(path, "wb"))
    assert(file:write(bytes))
    file:close()
end

return vm
