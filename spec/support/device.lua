--- The device that spec/device_spec.lua is about: here a simulated modem on the host. On a board,
--- platform/board/lua/device.lua takes this file's place.
local sim = require("fota.sim")
local web = require("spec.support.web")

local device = { model = "generic" }

local server, modem

--- Starts what the device needs from outside.
function device.setup()
    server = web.start()
end

function device.teardown()
    server:stop()
end

--- A device that has just started: the module `fota`, a package it takes, and a url of that.
function device.open()
    modem = assert(sim.modem({ model = device.model }))
    modem:load("print('version 1')")
    assert(modem:boot() == "run")
    device.fota = modem:fota()
    device.package = modem:package({ files = { ["main.lua"] = "", data = ("d"):rep(20000) } })
    device.url = server:serve("app.fota", device.package)
end

function device.close()
    modem:close()
end

return device
