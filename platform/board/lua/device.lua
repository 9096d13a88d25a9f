--- The device that specs are about: the board on which they run (spec/support/device.lua has the contract).
local device = { board = true, fota = require("fota") }

local function read(path)
    local file = assert(io.open(path, "rb"))
    local data = file:read("*a")
    file:close()
    return data
end

device.model = device.fota.model().name

device.server = {}
device.dead = "10.0.2.2:1"

function device.server.url(_, path)
    return (device.url:gsub("[^/]*$", path))
end

function device.setup()
    device.package = read("/app.fota")
    device.url = read("/url.txt"):match("%S+")
end

function device.teardown()
end

function device.offer(kind)
    return device.server:url(kind .. ".fota")
end

-- There is one board, and its module, for all tests.
function device.open()
    device.fota.onresume(nil)
end

function device.close()
end

return device
