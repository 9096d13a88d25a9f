--- What the specs of the Lua face share: a device that runs version 1, a package for it on a real server,
--- and small tools for coroutines, callbacks and what is printed.
local device = require("spec.support.device")
local vm = require("spec.support.vm")

local face = {}

--- The module fota, the server, the url of the package and its size, of the test that runs; and the modem,
--- where the device is a simulated one.
face.modem, face.fota, face.server, face.url, face.size = nil, nil, nil, nil, nil

--- What a server says that has no such file, as a call gives it.
face.ABSENT = "HTTP_NOT_FOUND: the server has no such file (HTTP 404); check the url"

--- For setup().
function face.start()
    device.setup()
    face.server = device.server
    return face.server
end

--- For teardown().
function face.stop()
    device.teardown()
end

--- For before_each(): the modem, its module, the package's url and size.
---@param model string|nil
function face.open(model)
    device.open(model)
    device.fota.limits({ attempts = 1, backoff_ms = 1 })
    face.modem, face.fota, face.url, face.size = device.modem, device.fota, device.url, #device.package
    return face.modem, face.fota, face.url, face.size
end

--- For after_each(): no test leaves an update behind.
function face.close()
    local busy = face.fota.status().busy
    device.close()
    face.modem, face.fota = nil, nil
    assert(not busy, "an update still runs")
end

--- Ends the test as pending where the device is a board: what it is about cannot be had there.
function face.needs_modem()
    if not face.modem then
        pending("only with a simulated modem")
    end
end

--- An object of the module. A board that resets would run no further test: there it does not.
function face.object()
    return face.modem and face.fota() or face.fota(1)
end

--- How often the device was reset so far, where that can be told.
function face.assert_resets(count)
    if face.modem then
        require("luassert").equal(count, face.modem:stats().resets)
    end
end

--- A job of the package, or of these arguments.
function face.download(arguments)
    return assert(face.object():download(arguments or face.url))
end

--- Drives the engine until no update runs.
---@param module table|nil another modem's
function face.finish(module)
    module = module or face.fota
    while module.status().busy do
        module.poll(100)
    end
end

--- Drives the engine until condition() holds.
function face.poll_until(condition)
    while not condition() do
        assert(face.fota.poll(100) or condition(), "it has ended before")
    end
end

--- Starts fn in a coroutine; the box says what it returned, once it did.
function face.start_coroutine(fn, ...)
    local box = {}
    box.thread = coroutine.create(function(...)
        box.result = vm.pack(fn(...))
    end)
    assert(coroutine.resume(box.thread, ...))
    return box
end

--- Has the coroutine of the box not returned yet?
function face.waits(box)
    return box.result == nil and coroutine.status(box.thread) == "suspended"
end

--- A callback that keeps what it gets.
function face.into(list)
    return function(...)
        list[#list + 1] = { ... }
    end
end

--- What is printed while fn runs.
---@return string[]
function face.printed(fn)
    local lines, original = {}, print
    _G.print = function(line)
        lines[#lines + 1] = tostring(line)
    end
    local ok, message = pcall(fn)
    _G.print = original
    assert(ok, message)
    return lines
end

--- fn(...) raises a string that contains `message`.
function face.raises(message, fn, ...)
    local ok, got = pcall(fn, ...)
    assert(not ok, "it raised nothing")
    assert(type(got) == "string", "it raised no string")
    assert(got:find(message, 1, true), got)
end

--- These are the events of a whole download that went well.
function face.assert_complete(events)
    local luassert = require("luassert")
    local last = -1
    for i = 1, #events - 2 do
        luassert.equal(1, events[i][1])
        luassert.truthy(events[i][2] > last and events[i][2] <= 100)
        last = events[i][2]
    end
    luassert.same({ { 0, 100 }, { 2, 100 } }, { events[#events - 1], events[#events] })
    luassert.truthy(#events > 3)
end

return face
