--- The device that specs are about which run on boards, too: here a simulated modem on the host. On a
--- board, platform/board/lua/device.lua takes this file's place.
local sim = require("fota.sim")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local device = { model = "generic" }

--- The simulated modem while it is open, and the server. On a board `modem` is nil, and of the server there
--- is url() only.
device.modem, device.server = nil, nil

--- A host and its port where nobody listens.
device.dead = nil

--- Starts what the device needs from outside.
function device.setup()
    device.server = web.start()
    device.dead = "127.0.0.1:" .. web.free_port()
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

local offers = {
    good = function(modem)
        return modem:package({ image = ("firmware"):rep(4096) })
    end,
    damaged = function(modem)
        local bytes = modem:package({ image = "image" })
        return bytes:sub(1, -2) .. string.char(vm.xor(bytes:byte(-1), 1))
    end,
    unsigned = function(modem)
        return modem:package({ image = "image", key = false })
    end,
    foreign = function(modem)
        return modem:package({ image = "image", model = "ANOTHER" })
    end,
}

--- The url of a package that is good, damaged, unsigned or foreign (another model's).
---@param kind string
function device.offer(kind)
    return device.server:serve(kind .. ".fota", offers[kind](device.modem))
end

--- A second modem beside it.
---@param model string|nil
function device.another(model)
    return assert(sim.modem({ model = model }))
end

return device
