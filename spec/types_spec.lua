--- types/fota.lua is what editors and docs/api.md tell of tables: it must be what the module gives and takes.
--- (That it has every function is checked by scripts/api-doc --check.)
local face = require("spec.support.face")
local vm = require("spec.support.vm")

describe("types/fota.lua", function()
    local fota, modem, url, server
    local classes = {}

    -- Fields of a class: name to {type, optional}.
    local function read_classes()
        local class
        for line in vm.read("types/fota.lua"):gmatch("[^\n]+") do
            local name, optional, kind = line:match("^%-%-%-@field ([%w_]+)(%??) (%S+)")
            if name then
                classes[class][name] = { kind = kind, optional = optional == "?" }
            else
                class = line:match("^%-%-%-@class ([%w.]+)") or class
                classes[class or ""] = classes[class or ""] or {}
            end
        end
    end

    setup(function()
        read_classes()
        server = face.start()
    end)

    teardown(face.stop)

    before_each(function()
        modem, fota, url = face.open()
    end)

    after_each(face.close)

    local integers = { integer = true, ["fota.Code"] = true }

    local function is_a(value, kind)
        if integers[kind] then
            return type(value) == "number" and value % 1 == 0
        elseif kind:find('^"') then
            return type(value) == "string" and (kind .. "|"):find('"' .. value .. '"|', 1, true) ~= nil
        end
        return type(value) == (kind == "fota.Stage" and "string" or kind)
    end

    -- The table has the fields of the class, and no other.
    local function assert_is(class, got)
        local fields = classes[class]
        for name, value in pairs(got) do
            assert.truthy(fields[name], class .. "." .. name .. " is not annotated")
            assert.truthy(is_a(value, fields[name].kind), class .. "." .. name .. " is " .. tostring(value))
        end
        for name, field in pairs(fields) do
            assert.truthy(field.optional or got[name] ~= nil, class .. "." .. name .. " is missing")
        end
    end

    it("has every field of status(), before, while and after an update runs, and after a failure", function()
        assert_is("fota.Status", fota.status())
        local function look()
            assert_is("fota.Status", fota.status())
        end
        fota(1):httpDownload({ url1 = url, callback = look })
        assert_is("fota.Status", fota.status())
        fota():httpDownload(server:url("absent"))
        assert_is("fota.Status", fota.status())
        assert.equal("HTTP_NOT_FOUND", fota.status().error)
    end)

    it("has every field of last_result()", function()
        assert_is("fota.Result", fota.last_result())
        local package = modem:package({ image = "image" })
        fota():httpDownload(server:serve("damaged.fota", package:sub(1, -2) .. "!"))
        assert_is("fota.Result", fota.last_result())
        assert.equal("INTEGRITY", fota.last_result().error)
        fota():httpDownload(url)
        assert_is("fota.Result", fota.last_result())
        assert.equal("staged", fota.last_result().state)
    end)

    it("has every field of model(), error() and memory()", function()
        assert_is("fota.Model", fota.model())
        assert_is("fota.Error", fota.error(-1))
        assert_is("fota.Memory", fota.memory())
    end)

    it("has every field of a job", function()
        local job = assert(fota(1):download(url))
        for _ in job:events() do
            local got = {}
            for name in pairs(classes["fota.Job"]) do
                got[name] = job[name]
            end
            assert_is("fota.Job", got)
        end
        assert.truthy(job.rate)
    end)

    -- The names that a call takes are those that it tells when it is given another one.
    it("has every argument of the calls", function()
        local object = fota()
        local calls = {
            ["fota.Limits"] = { fota.limits },
            ["fota.Options"] = { fota },
            ["fota.HttpDownload"] = { object.httpDownload, object },
            ["fota.SslParams"] = { function(params)
                return object:httpDownload({ url1 = url, ssl_params = params })
            end },
        }
        for class, call in pairs(calls) do
            call[#call + 1] = { ["no such argument"] = 1 }
            local _, message = pcall(vm.unpack(call))
            local annotated, known = {}, {}
            for name in pairs(classes[class]) do
                annotated[#annotated + 1] = name
            end
            for name in message:match("known are: (.*)$"):gmatch("[%w_]+") do
                known[#known + 1] = name
            end
            table.sort(annotated)
            table.sort(known)
            assert.same(known, annotated, class)
        end
    end)

    it("has the stages of every error", function()
        local stages = vm.read("types/fota.lua"):match("@alias fota.Stage ([^\n]+)")
        for _, row in ipairs(require("fota.tool.core").errors()) do
            assert.truthy(is_a(row.stage, stages), row.name)
        end
    end)
end)
