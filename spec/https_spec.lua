--- https, from real servers: who is trusted, who is not, and what goes on after a dropped link. T and V are
--- the rows of the project's list of faults.
local sim = require("fota.sim")
local tls = require("spec.support.tls")

local IMAGE = ("firmware"):rep(16384) -- 128 KiB
local MODEL = "EC200A"                -- ssl_params, calls that block, reset can be disabled

describe("https", function()
    local pki, server, modem, fota, printed
    local real_print = print

    setup(function()
        pki = tls.pki()
        pki:authority("stranger")
        pki:issue("server")
        pki:issue("rsa", { key = "rsa:2048" })
        pki:issue("short", { key = "rsa:1024" })
        pki:issue("elsewhere", { names = "DNS:elsewhere.example" })
        pki:issue("expired", { from = "20200101000000Z", to = "20200201000000Z" })
        pki:issue("future", { from = "20480101000000Z" })
        pki:issue("impostor", { by = "stranger" })
        pki:issue("modem", { names = "DNS:modem" })
        pki:issue("intruder", { by = "stranger" })
        server = tls.nginx(pki, {
            good = { extra = "location /slow/ { alias @pki@/; }" },
            rsa = { certificate = "rsa", protocols = "TLSv1.2" },
            new = { protocols = "TLSv1.3" },
            elsewhere = { certificate = "elsewhere" },
            expired = { certificate = "expired" },
            future = { certificate = "future" },
            impostor = { certificate = "impostor" },
            mutual = { extra = "ssl_verify_client on; ssl_client_certificate @pki@/authority.pem;" },
            asks = { extra = "ssl_verify_client optional_no_ca; "
                .. "ssl_client_certificate @pki@/authority.pem;" },
            up = { plain = true, extra = "return 302 https://localhost:@good@$request_uri;" },
            down = { extra = "return 302 http://localhost:@plain@$request_uri;" },
            across = { extra = "return 302 https://localhost:@asks@$request_uri;" },
            plain = { plain = true },
        })
    end)

    teardown(function()
        server:stop()
        pki:remove()
    end)

    local function open(model)
        if modem then
            modem:close()
        end
        modem = assert(sim.modem({ model = model or MODEL }))
        fota = modem:fota()
        fota.limits({ attempts = 3, backoff_ms = 1 })
        server:serve("app.fota", modem:package({ image = IMAGE }))
    end

    before_each(function()
        printed = {}
        _G.print = function(...) -- luacheck: ignore 122
            printed[#printed + 1] = table.concat({ ... }, "\t")
        end
        open()
        server:forget()
    end)

    after_each(function()
        _G.print = real_print -- luacheck: ignore 122
        modem:close()
        modem = nil
    end)

    local function params(fields)
        local made = { ca_cert = pki:text("authority.pem"), sec_level = 1 }
        for key, value in pairs(fields or {}) do
            made[key] = value or nil
        end
        return made
    end

    local function mutual(name, fields)
        local made = params({ sec_level = 2, client_cert = pki:text(name .. ".pem"),
            client_key = pki:text(name .. ".key") })
        for key, value in pairs(fields or {}) do
            made[key] = value or nil
        end
        return made
    end

    local function download(url, ssl_params, object)
        return (object or fota({ reset_disable = 1 })):httpDownload({ url1 = url, ssl_params = ssl_params })
    end

    local function succeeds(...)
        local result, message = download(...)
        assert.equal(0, result, message)
        assert.equal("staged", fota.status().stage)
    end

    -- Fails with the error of this name, at once, and touches no flash.
    local function fails(name, ...)
        local erases = modem:stats().erases
        local result, message, code = download(...)
        assert.equal(-1, result)
        assert.equal(name, message:match("^[%u_%d]+"), message)
        assert.equal(name, fota.error(code).name)
        assert.equal(erases, modem:stats().erases)
        return message
    end

    it("brings an update from a server that is verified", function()
        succeeds(server:url("good", "app.fota"), params())
        assert.same({}, printed)
        assert.equal(1, #server:requests("good"))
        assert.matches("^/app.fota 200 sni=localhost version=TLSv1.[23] ", server:requests("good")[1])
    end)

    it("brings one from a server with RSA", function()
        succeeds(server:url("rsa", "app.fota"), params({ ssl_version = 3 }))
        assert.matches("version=TLSv1.2", server:requests("rsa")[1])
    end)

    it("verifies a host that is an address by the certificate's address, without SNI", function()
        succeeds(server:url("good", "app.fota", "127.0.0.1"), params())
        assert.matches("sni=%- ", server:requests("good")[1])
        fails("TLS_HOST", server:url("elsewhere", "app.fota", "127.0.0.1"), params())
    end)

    describe("T1 refuses", function()
        local cases = { elsewhere = "TLS_HOST", impostor = "TLS_UNTRUSTED", expired = "TLS_EXPIRED",
            future = "TLS_NOT_YET_VALID" }
        for name, error_name in pairs(cases) do
            it("a certificate that is " .. name .. ", once", function()
                fails(error_name, server:url(name, "app.fota"), params())
                assert.equal(1, modem:stats().connections)
                assert.equal(0, #server:requests(name, 0))
            end)
        end
    end)

    it("T3 refuses a server that has TLS 1.1 only", function()
        local old = tls.openssl(pki, "-tls1_1 -cipher 'ALL:@SECLEVEL=0'")
        fails("TLS_VERSION", "https://localhost:" .. old.port .. "/app.fota", params())
        old:stop()
    end)

    it("T4 goes with TLS 1.3 where the library has it, and says so where not", function()
        local url = server:url("new", "app.fota")
        fails("TLS_VERSION_NEW", url, params({ ssl_version = 3 }))
        local result, message = download(url, params({ ssl_version = 4 }))
        if result ~= 0 then
            assert.matches("^TLS_VERSION_NEW", message)
        end
    end)

    describe("T5 a server that demands a client certificate", function()
        it("gets it", function()
            succeeds(server:url("mutual", "app.fota"), mutual("modem"))
            assert.matches("client=SUCCESS", server:requests("mutual")[1])
        end)

        it("says by an alert that none came", function()
            local demanding = tls.openssl(pki, "-Verify 1 -verify_return_error")
            local url = "https://localhost:" .. demanding.port .. "/app.fota"
            fails("TLS_CLIENT_CERTIFICATE", url, params())
            fails("TLS_CLIENT_CERTIFICATE", url, params({ ssl_version = 3 }))
            fails("TLS_CLIENT_CERTIFICATE", url, mutual("intruder"))
            demanding:stop()
        end)

        it("says by HTTP 400 that none came, if it is nginx", function()
            fails("HTTP_STATUS", server:url("mutual", "app.fota"), params())
            fails("HTTP_STATUS", server:url("mutual", "app.fota"), mutual("intruder"))
        end)

        it("gets none at sec_level 1", function()
            succeeds(server:url("asks", "app.fota"), mutual("modem", { sec_level = 1 }))
            assert.matches("client=NONE", server:requests("asks")[1])
        end)
    end)

    it("T10 refuses a key that is too short", function()
        local short = tls.openssl(pki, "-cipher 'ALL:@SECLEVEL=0'", "short")
        fails("TLS_CERTIFICATE_ALGORITHM", "https://localhost:" .. short.port .. "/app.fota", params())
        short:stop()
    end)

    it("goes on by Range, with the same session, where the link dropped", function()
        local package = modem:package({ image = IMAGE })
        server:serve("app.fota", package)
        modem:drop(math.floor(#package / 2))
        succeeds(server:url("good", "app.fota"), params())
        local requests = server:requests("good", 2)
        assert.equal(2, #requests)
        assert.matches("reused=%. .* range=%-$", requests[1])
        assert.matches("^/app.fota 206 .* reused=r .* range=bytes=%d+%-$", requests[2])
        local again = modem:map().staging.erase_unit + 16384 -- what was not noted yet, and TLS's own
        assert.truthy(modem:stats().bytes_fetched < #package + again, modem:stats().bytes_fetched)
    end)

    it("tells a port without TLS from one with", function()
        fails("TLS_HANDSHAKE", (server:url("plain", "app.fota"):gsub("^http:", "https:")), params())
    end)

    describe("a redirect", function()
        it("leads from http to https", function()
            succeeds(server:url("up", "app.fota"), params())
            assert.equal(1, #server:requests("good"))
        end)

        it("does not lead from https to http", function()
            fails("HTTP_REDIRECT", server:url("down", "app.fota"), params())
            assert.equal(0, #server:requests("plain", 0))
        end)

        it("V25 to another origin shows it no client certificate", function()
            succeeds(server:url("across", "app.fota"), mutual("modem"))
            assert.matches("client=NONE", server:requests("asks")[1])
            succeeds(server:url("asks", "app.fota"), mutual("modem"))
            assert.matches("client=SUCCESS", server:requests("asks", 2)[2])
        end)
    end)

    describe("ssl_params", function()
        it("V22 have the document's versions", function()
            local url = server:url("good", "app.fota")
            for version = -1, 9 do
                printed = {}
                if version >= 1 and version <= 4 then
                    succeeds(url, params({ ssl_version = version }))
                    assert.equal(version < 3 and 1 or 0, #printed)
                else
                    fails("TLS_PARAMS", url, params({ ssl_version = version }))
                end
            end
            assert.matches("SSL 3%.0 is not supported", fails("TLS_PARAMS", url, params({ ssl_version = 0 })))
            fails("TLS_PARAMS", url, params({ ssl_version = 3.5 }))
            succeeds(url, params({ ssl_version = 1 }))
            assert.matches("^fota: warning: ssl_version 1 %(TLS 1.0%) is not safe", printed[#printed])
        end)

        it("have the document's levels", function()
            local url = server:url("good", "app.fota")
            assert.matches("sec_level 1 and 2 need ca_cert", fails("TLS_PARAMS", url, { sec_level = 1 }))
            assert.matches("sec_level 1 and 2 need ca_cert",
                fails("TLS_PARAMS", url, mutual("modem", { ca_cert = false })))
            assert.matches("client_cert and client_key", fails("TLS_PARAMS", url, params({ sec_level = 2 })))
            fails("TLS_PARAMS", url, params({ sec_level = 3 }))
            fails("TLS_PARAMS", url, params({ sec_level = -1 }))
            assert.equal(0, modem:stats().connections)
        end)

        it("are checked before anything is sent", function()
            local url = server:url("mutual", "app.fota")
            local other = mutual("modem", { client_key = pki:text("server.key") })
            assert.matches("client_key does not belong to client_cert", fails("TLS_PARAMS", url, other))
            assert.matches("ca_cert is not", fails("TLS_PARAMS", url, params({ ca_cert = "PEM" })))
            assert.matches("ca_cert is not",
                fails("TLS_PARAMS", url, params({ ca_cert = pki:text("authority.pem") .. "\0" })))
            assert.equal(0, modem:stats().connections)
        end)

        it("of the object stand in for those of the call", function()
            local object = fota({ reset_disable = 1, root_cert = pki:text("authority.pem"),
                cert = pki:text("modem.pem"), key = pki:text("modem.key") })
            collectgarbage()
            succeeds(server:url("mutual", "app.fota"), nil, object)
            succeeds(server:url("mutual", "app.fota"), { sec_level = 2 }, object)
            fails("TLS_UNTRUSTED", server:url("good", "app.fota"), { ca_cert = pki:text("stranger.pem") },
                object)
        end)

        it("stay alive as long as the download", function()
            open("generic")
            local job = assert(fota({ reset_disable = 1 }):download({
                url = server:url("mutual", "app.fota"), ssl_params = mutual("modem") }))
            repeat
                collectgarbage()
                fota.poll(10)
            until job:done()
            assert.is_true(job:result())
        end)

        it("are for a native download on any model", function()
            open("EC600U")
            local result, message, code = fota():download({ url = server:url("good", "app.fota"),
                ssl_params = { ssl_version = 0 } })
            assert.is_nil(result)
            assert.matches("^TLS_PARAMS: .*SSL 3.0", message)
            assert.equal(-150, code)
        end)
    end)

    it("of an asynchronous model refuses bad parameters at once", function()
        open("EC600N")
        local result, message = fota({ root_cert = "PEM" }):httpDownload(server:url("good", "app.fota"))
        assert.equal(-1, result)
        assert.matches("^TLS_PARAMS", message)
    end)

    it("is verified by the system's authorities where nothing is said", function()
        fails("TLS_UNTRUSTED", server:url("good", "app.fota"))
        open("EC600U")
        local message = select(2, fota():httpDownload(server:url("good", "app.fota")))
        assert.matches("^TLS_UNTRUSTED", message)
    end)

    describe("without verification", function()
        local anybody = { sec_level = 0 }

        it("V32 brings a signed package, with a warning", function()
            succeeds(server:url("impostor", "app.fota"), anybody)
            assert.same({ "fota: warning: the server is not verified; only the package's signature protects "
                .. "the update" }, printed)
            server:serve("app.fota", modem:package({ image = IMAGE, key = false }))
            fails("UNSIGNED", server:url("impostor", "app.fota"), anybody)
        end)

        it("V29 who owns name and server installs nothing", function()
            local thief = assert(sim.modem({ model = MODEL }))
            server:serve("app.fota", thief:package({ image = IMAGE, sequence = 9 }))
            thief:close()
            fails("UNKNOWN_KEY", server:url("impostor", "app.fota"), anybody)
            fails("TLS_UNTRUSTED", server:url("impostor", "app.fota"), params())
            assert.not_equal("staged", fota.status().stage)
            assert.equal("nothing", modem:boot())
        end)

        it("V21 is never what a session of before brings", function()
            succeeds(server:url("impostor", "app.fota"), anybody)
            fails("TLS_UNTRUSTED", server:url("impostor", "app.fota"), params())
        end)
    end)

    it("is what a script of the emulated modem updates itself by", function()
        modem:load(string.format([[
            if fota.last_result().outcome ~= "none" then
                print(fota.last_result().outcome)
                return
            end
            sys.taskInit(function()
                print(fota{ root_cert = %q }:httpDownload(%q))
            end)
        ]], pki:text("authority.pem"), server:url("good", "app.fota")))
        server:serve("app.fota", modem:package({ files = { ["main.lua"] = "print('version 2')" } }))
        local run = modem:start()
        assert.same({ "1.0.0", "2.0.0" }, run.versions)
        assert.same({ "version 2" }, run.output)
    end)
end)
