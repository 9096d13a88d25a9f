--- The device that spec/device_spec.lua is about: the board on which the specs run.
local device = { fota = require("fota") }

local function read(path)
    local file = assert(io.open(path, "rb"))
    local data = file:read("*a")
    file:close()
    return data
end

device.model = device.fota.model().name

function device.setup()
    device.package = read("/app.fota")
    device.url = read("/url.txt"):match("%S+")
end

function device.teardown()
end

function device.open()
end

function device.close()
end

return device
