--- Every example of a loop updates a modem, as a person runs it: by an interpreter of its own.
local machine = require("fota.emulator.machine")
local tool = require("fota.tool.core")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

-- What a loop needs, and Debian's package of it.
local LOOPS = {
    { file = "plain.lua" },
    { file = "luv.lua", module = "luv", package = "lua-luv" },
    { file = "copas.lua", module = "copas", package = "lua-copas" },
    { file = "cqueues.lua", module = "cqueues", package = "lua-cqueues" },
}

describe("examples/loops/", function()
    local server, url, key

    setup(function()
        server = web.start()
        local pem = assert(tool.keygen())
        key = server.dir .. "/key.pem"
        local file = assert(io.open(key, "wb"))
        file:write(pem)
        file:close()
        url = server:serve("app.fota", assert(machine.package({
            image = ("i"):rep(30000), version = "2.0.0", sequence = 2, model = "generic", key = pem,
        })))
    end)

    teardown(function()
        server:stop()
    end)

    local function quote(text)
        return "'" .. text:gsub("'", "'\\''") .. "'"
    end

    -- Runs the interpreter of this spec with these words: its output and exit status.
    local function lua(...)
        local words = {
            "LUA_PATH=" .. quote(package.path), "LUA_CPATH=" .. quote(package.cpath),
            "FOTA_KEY=" .. quote(key), quote(vm.interpreter),
        }
        for _, word in ipairs({ ... }) do
            words[#words + 1] = quote(word)
        end
        return tool.run(table.concat(words, " ") .. " 2>&1", "")
    end

    local function lacks(loop)
        local _, status = lua("-e", "require '" .. (loop.module or "string") .. "'")
        return status ~= 0
    end

    local tested = {}

    for _, loop in ipairs(LOOPS) do
        local name = loop.file
        tested[name] = true
        describe(name, function()
            local function example(title, test)
                it(title, function()
                    if lacks(loop) then
                        return pending(_VERSION .. " has no " .. loop.module .. " here: Debian's package "
                            .. loop.package .. " is not installed, or not for this Lua")
                    end
                    test()
                end)
            end

            example("updates the modem while other work goes on", function()
                local output, status = lua("examples/loops/" .. name, url)
                assert.equal(0, status, output)
                assert.matches("^1\t%d+\n", output)
                assert.matches("\n0\t100\n2\t100\nready to restart\ttrue\n$", output)
            end)

            example("says why a download fails, and fails", function()
                local output, status = lua("examples/loops/" .. name, server:url("absent"))
                assert.equal(1, status)
                local lines = {}
                for line in output:gmatch("[^\n]+") do
                    lines[line] = true -- the streams are buffered on their own
                end
                assert.same({
                    ["-1\t-49"] = true,
                    ["HTTP_NOT_FOUND: the server has no such file (HTTP 404); check the url"] = true,
                }, lines)
            end)

            example("says why a download does not begin, and fails", function()
                local output, status = lua("examples/loops/" .. name, "gopher://127.0.0.1/")
                assert.equal(1, status)
                assert.matches("^URL_SCHEME: [^\n]+\n$", output)
            end)
        end)
    end

    it("has no script that nobody runs", function()
        for _, entry in ipairs(assert(tool.list("examples/loops"))) do
            assert.is_true(tested[entry.name], entry.name)
        end
    end)
end)
