--- The device that specs are about which run on boards, too: here a simulated modem on the host. On a
--- board, platform/board/lua/device.lua takes this file's place.
local sim = require("fota.sim")
local web = require("spec.support.web")

local device = { model = "generic" }

--- The simulated modem while it is open, and the server. On a board `modem` is nil, and of the server there
--- is url() only.
device.modem, device.server = nil, nil

--- Starts what the device needs from outside.
function device.setup()
    device.server = web.start()
end

function device.teardown()
    device.server:stop()
end

--- A device that has just started: the module `fota`, a package it takes, and a url of that.
---@param model string|nil instead of device.model
function device.open(model)
    device.close()
    local modem = assert(sim.modem({ model = model or device.model }))
    device.modem = modem
    modem:load("print('version 1')")
    assert(modem:boot() == "run")
    device.fota = modem:fota()
    device.package = modem:package({ files = { ["main.lua"] = "", data = ("d"):rep(20000) } })
    device.url = device.server:serve("app.fota", device.package)
end

--- Harmless when it is closed already.
function device.close()
    if device.modem then
        device.modem:close()
    end
    device.modem = nil
end

--- A second modem beside it.
function device.another()
    return assert(sim.modem())
end

return device
