--- Any function of the module with any arguments: it returns or raises a string, and works on afterwards.
--- FOTA_SEED repeats a run.
local sim = require("fota.sim")
local vm = require("spec.support.vm")

local CALLS = 4000

describe("the module fota with random arguments", function()
    local seed = math.floor(tonumber(os.getenv("FOTA_SEED")) or os.time() % 50000)
    local first, second, modem, fota, object, job, original
    local OWN = {} -- raised by a function of the caller's, which is one of the arguments
    local raised

    -- Two small generators: their products fit into 32 bits.
    local function random(most)
        first = (first * 171 + 11213) % 53125
        second = (second * 141 + 28411) % 134456
        return (first + second) % most + 1
    end

    local function one_of(list)
        return list[random(#list)]
    end

    -- Nobody listens at port 1; a host's name would be looked up.
    local URLS = {
        "http://127.0.0.1:1/a", "http://[::1]:1/a", "https://127.0.0.1:1/", "ftp://u:p@127.0.0.1:1/f",
        "http://127.0.0.1:99999/", "http://", "http://127.0.0.1:1/" .. ("a"):rep(300),
    }
    local NUMBERS = {
        0, 1, 2, 3, -1, 0.5, 255, 65536, 2147483647, -2147483647, 4294967295, 4294967296, 1e15, 1e300, -1e300,
        math.huge, -math.huge, 0 / 0,
    }
    local KEYS = {
        "url", "url1", "url2", "callback", "ssl_params", "reset_disable", "fota_apn", "ip_type", "fota_user",
        "fota_password", "connect_ms", "stall_ms", "backoff_ms", "attempts", "ca_cert", "sec_level", "bytes",
        "stage", "toStr", "x", 1, 2.5, true,
    }

    local value

    local function text()
        return one_of({ "", "x", "\0", ("long "):rep(1000), "FOTA", "\255\254", "1", "url", "next" })
    end

    local function fn()
        return one_of({
            function() end,
            function(...)
                return ...
            end,
            function()
                error("of a callback")
            end,
            function()
                raised = true
                error(OWN)
            end,
            function()
                raised = true
                error()
            end,
            function()
                fota.poll(1)
            end,
            function()
                if job then
                    job:cancel()
                end
            end,
            function()
                return job and job:wait()
            end,
            function()
                job = object:download(URLS[1]) or job
            end,
            function()
                collectgarbage()
            end,
            coroutine.yield, print, tostring,
        })
    end

    local function table_of(depth)
        local made = {}
        for _ = 1, random(4) - 1 do
            made[one_of(KEYS)] = value(depth + 1)
        end
        if random(8) == 1 then
            setmetatable(made, { __call = fn(), __index = random(2) == 1 and {} or nil })
        end
        return made
    end

    function value(depth)
        local kind = random(12)
        if kind <= 2 then
            return one_of(NUMBERS)
        elseif kind <= 4 then
            return one_of(URLS)
        elseif kind == 5 then
            return text()
        elseif kind == 6 then
            return fn()
        elseif kind <= 8 and depth < 3 then
            return table_of(depth)
        elseif kind == 9 then
            return random(2) == 1
        elseif kind == 10 then
            return one_of({ io.stdout, modem.machine.modem, coroutine.create(function() end) })
        elseif kind == 11 then
            return one_of({ object, job or object, fota })
        end
        return nil
    end

    local function arguments(self)
        local list = { n = random(4) - 1 }
        for i = 1, list.n do
            list[i] = value(1)
        end
        if self and random(4) > 1 then
            list.n = math.max(list.n, 1)
            list[1] = self
        end
        return list
    end

    -- Every function there is, with what its first argument should be.
    local function functions()
        local list = {}
        local function collect(from, name, self)
            for key, member in pairs(from) do
                if type(member) == "function" then
                    list[#list + 1] = { name = name .. key, call = member, self = self }
                end
            end
        end
        collect(fota, "fota.", nil)
        collect(debug.getmetatable(fota), "fota ", function()
            return fota
        end)
        collect(debug.getmetatable(object).__index, "object:", function()
            return object
        end)
        collect(debug.getmetatable(job).methods, "job:", function()
            return job
        end)
        collect(debug.getmetatable(job), "job ", function()
            return job
        end)
        list[#list + 1] = { name = "iterator", call = job:events() }
        table.sort(list, function(a, b)
            return a.name < b.name
        end)
        return list
    end

    -- So that a call that blocks comes back soon.
    local function calm_down()
        fota.limits({ attempts = 2, connect_ms = 100, stall_ms = 100, backoff_ms = 1, backoff_max_ms = 2 })
    end

    -- Nothing is left behind that the next call would wait for.
    local function call(entry)
        local list = arguments(entry.self and entry.self())
        local result
        raised = false
        if random(3) == 1 then
            local thread = coroutine.create(function()
                return entry.call(vm.unpack(list, 1, list.n))
            end)
            result = vm.pack(coroutine.resume(thread))
        else
            result = vm.pack(pcall(entry.call, vm.unpack(list, 1, list.n)))
        end
        if not result[1] then
            -- fota.run calls the method of a zbuff: what that raises is the caller's own.
            local own = raised and (result[2] == nil or result[2] == OWN)
            assert.truthy(own or type(result[2]) == "string", entry.name)
        elseif type(result[2]) == "userdata" and getmetatable(result[2]) == getmetatable(job) then
            job = result[2]
        end
        if entry.name == "fota.limits" then
            calm_down()
        end
    end

    before_each(function()
        first, second = seed % 53125, seed % 134456
        original = print
        _G.print = function() end -- errors of callbacks are reported there
    end)

    after_each(function()
        _G.print = original
        modem:close()
    end)

    for _, model in ipairs({ "generic", "EC600N" }) do
        it("returns or raises a string, on " .. model .. ", with seed " .. seed, function()
            modem = assert(sim.modem({ model = model }))
            modem.machine.modem:fast(true)
            modem:load("print('version 1')")
            assert.equal("run", modem:boot())
            fota = modem:fota()
            object = fota()
            calm_down()
            job = assert(object:download(URLS[1]))

            local list = functions()
            assert.truthy(#list >= 33, #list .. " functions")
            for i = 1, CALLS do
                call(list[i <= #list and i or random(#list)])
            end

            fota.onresume(nil)
            while fota.poll(10) do end -- luacheck: ignore
            fota.finish(false)
            local package = modem:package({ image = ("i"):rep(5000) })
            assert.same({ true, true, 0 }, (function()
                fota.init()
                return { fota.run(package) }
            end)())
            assert.same({ true, true }, { fota.isDone() })
            assert.is_true(fota.finish(true))
        end)
    end
end)
