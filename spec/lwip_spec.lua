--- The emulated modem on lwIP, in libslirp's network. Most of what a network must do is in other specs, which
--- run on lwIP where $FOTA_NET says so; here is what only this one does.
local command = require("spec.support.command")
local core = require("fota.sim.core")
local guest = require("spec.support.guest")
local sim = require("fota.sim")
local web = require("spec.support.web")

local MODEL = "EC800G"

-- What the command says, on standard error too, and its exit status.
local function emu(...)
    local output, errors, status = command.fota("emu", ...)
    return output .. errors, status
end

describe("the network of fota emu", function()
    it("is refused when it is unknown", function()
        local out, status = emu("main.lua", "--home", "/nonexistent", "--net", "ipx")
        assert.equal("fota: --net: 'ipx' is neither posix nor lwip\n", out)
        assert.equal(2, status)
        local modem, message = sim.modem({ net = "ipx" })
        assert.is_nil(modem)
        assert.equal("unknown network 'ipx'; there are posix and lwip", message)
    end)
end)

describe("lwIP", function()
    local server, modems

    if not core.use_lwip then
        it("is not built", function()
            local modem, message = sim.modem({ net = "lwip" })
            assert.is_nil(modem)
            assert.equal("this build has no lwIP; scripts/build --lwip makes one that has", message)
            pending("lwIP is not built; run scripts/build --lwip")
        end)
        return
    end

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    before_each(function()
        modems = {}
    end)

    after_each(function()
        for _, modem in ipairs(modems) do
            modem:close()
        end
    end)

    local function open(options)
        local modem = assert(sim.modem({ model = MODEL, net = "lwip", fast = options and options.fast }))
        modems[#modems + 1] = modem
        return modem
    end

    local function url(host, path)
        return string.format("http://%s:%d/%s", host, server.port, path)
    end

    -- A package that is too long for one window of TCP.
    local function publish(modem)
        local package = modem:package({ files = { ["main.lua"] = "print(fota.confirm())",
            ballast = ("b"):rep(200000) } })
        server:serve("app.fota", package)
        return package
    end

    it("finds the host at 10.0.2.2, and by the names that it has on the host", function()
        for _, host in ipairs({ "10.0.2.2", "127.0.0.1", "localhost" }) do
            local modem = open()
            publish(modem)
            local result, message = modem:fota()():httpDownload({ url1 = url(host, "app.fota") })
            assert.equal(0, result, message)
        end
    end)

    it("is not the host's sockets", function()
        local modem = assert(sim.modem({ model = MODEL, net = "posix" }))
        modems[#modems + 1] = modem
        local fota = modem:fota()
        fota.limits({ attempts = 1, connect_ms = 300 })
        local result, message = fota():httpDownload({ url1 = url("10.0.2.2", "app.fota") })
        assert.equal(-1, result)
        assert.matches("^CONNECT", message)
    end)

    it("L2 gives up an address that does not answer at all", function()
        local modem = open()
        local fota = modem:fota()
        local began = modem:now()
        fota.limits({ attempts = 2, connect_ms = 500, backoff_ms = 1 })
        local result, message = fota():httpDownload({ url1 = url("10.0.2.99", "app.fota") })
        assert.equal(-1, result)
        assert.matches("^CONNECT: ", message)
        assert.equal(2, modem:stats().connections)
        assert.truthy(modem:now() - began >= 1000)
    end)

    it("is shared by modems that run at the same time", function()
        local jobs = {}
        for i = 1, 3 do
            local modem = open()
            publish(modem)
            local fota = modem:fota()
            -- Its own package, since each modem trusts its own key only.
            server:serve(i .. ".fota", modem:package({
                files = { ["main.lua"] = "", ballast = ("x"):rep(90000) },
            }))
            jobs[i] = { fota = fota, job = assert(fota():download(url("10.0.2.2", i .. ".fota"))) }
        end
        local open_jobs = #jobs
        while open_jobs > 0 do
            open_jobs = 0
            for _, mine in ipairs(jobs) do
                mine.fota.poll()
                open_jobs = open_jobs + (mine.job:done() and 0 or 1)
            end
        end
        for _, mine in ipairs(jobs) do
            assert.truthy(mine.job:result())
        end
    end)

    it("L9 goes on after a power cut", function()
        local modem = open()
        local package = publish(modem)
        modem:load(string.format([[
            if fota.last_result().outcome == "none" then
                sys.taskInit(function()
                    print(fota():httpDownload("%s"))
                end)
                sys.run()
            end
        ]], url("10.0.2.2", "app.fota")))
        modem:cut(30, "first half")
        local run = modem:start()
        assert.equal(1, modem.machine.counts.cuts)
        assert.equal("2.0.0", run.versions[#run.versions])
        assert.truthy(modem:stats().bytes_fetched < #package + modem:map().staging.erase_unit + 4096)
    end)

    it("carries sockets of scripts", function()
        local mine = guest.open({ net = "lwip" })
        server:serve("hello", "hello")
        local output = mine:task(string.format('print(http.request("GET", "%s").wait())',
            url("10.0.2.2", "hello")))
        assert.matches("^200\t.*\thello$", output[1])
        mine:close()
    end)

    it("updates a modem of fota emu", function()
        local dir = web.folder()
        local file = assert(io.open(dir .. "/main.lua", "w"))
        file:write([[
            if fota.last_result().outcome == "none" then
                print(fota():httpDownload("http://10.0.2.2:]] .. server.port .. [[/app.fota"))
            end
        ]])
        file:close()
        emu(dir .. "/main.lua", "--home", dir .. "/home", "--model", MODEL, "--net", "lwip")
        local key = assert(io.open(dir .. "/home/key.pem")):read("*a")
        local modem = open()
        server:serve("app.fota", modem:package({
            key = key, files = { ["main.lua"] = "print(fota.confirm())" },
        }))
        local out, status = emu(dir .. "/main.lua", "--home", dir .. "/home", "--net", "lwip")
        assert.equal(0, status, out)
        assert.matches("starting version 2%.0%.0\ntrue\n", out)
        os.execute("rm -r '" .. dir .. "'")
    end)
end)
