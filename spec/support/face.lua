--- What the specs of the Lua face share: a modem that runs version 1, a package for it on a real server,
--- and small tools for coroutines, callbacks and what is printed.
local sim = require("fota.sim")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local face = {}

--- The modem, its module fota, the server, the url of the package and its size, of the test that runs.
face.modem, face.fota, face.server, face.url, face.size = nil, nil, nil, nil, nil

--- What a server says that has no such file, as a call gives it.
face.ABSENT = "HTTP_NOT_FOUND: the server has no such file (HTTP 404); check the url"

--- For setup().
---@return fota.spec.Web
function face.start()
    face.server = web.start()
    return face.server
end

--- For teardown().
function face.stop()
    face.server:stop()
end

--- For before_each(): the modem, its module, the package's url and size.
---@param model string|nil
function face.open(model)
    if face.modem then
        face.modem:close()
    end
    local modem = assert(sim.modem({ model = model }))
    modem:load("print('version 1')")
    assert(modem:boot() == "run")
    local fota = modem:fota()
    fota.limits({ attempts = 1, backoff_ms = 1 })
    local package = modem:package({ files = { ["main.lua"] = "", data = ("d"):rep(20000) } })
    face.modem, face.fota = modem, fota
    face.url, face.size = face.server:serve("app.fota", package), #package
    return modem, fota, face.url, face.size
end

--- For after_each(): no test leaves an update behind.
function face.close()
    local busy = face.fota.status().busy
    face.modem:close()
    face.modem, face.fota = nil, nil
    assert(not busy, "an update still runs")
end

--- A job of the package, or of these arguments.
function face.download(arguments)
    return assert(face.fota():download(arguments or face.url))
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
