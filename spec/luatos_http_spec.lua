--- LuatOS's http on the emulated modem, against a real nginx and against servers that misbehave.
local Guest = require("spec.support.guest")
local web = require("spec.support.web")

describe("http.request", function()
    local guest, server, others

    setup(function()
        server = web.start()
    end)

    teardown(function()
        server:stop()
    end)

    before_each(function()
        guest, others = Guest.open(), {}
    end)

    after_each(function()
        guest:close()
        for _, other in ipairs(others) do
            other:stop()
        end
    end)

    -- A server that answers with these bytes, connection after connection.
    local function scripted(...)
        local other = web.scripted({ ... })
        others[#others + 1] = other
        return other
    end

    -- What print(code, headers and body) says for the arguments of http.request.
    local function request(arguments, url, show)
        local output, run = guest:task(string.format(
            "local code, headers, body = http.request(%s).wait()\nprint(%s)",
            arguments:gsub("URL", string.format("%q", url)), show or "code, body"))
        return output[1], run
    end

    local function ok(body, more)
        return "HTTP/1.1 200 OK\r\n" .. (more or "") .. "Content-Length: " .. #body .. "\r\n\r\n" .. body
    end

    it("gives code, headers and body", function()
        local url = server:serve("a", "hello")
        assert.equal("200\thello\t5\tapplication/octet-stream", (request('"GET", URL', url,
            'code, body, headers["Content-Length"], headers["Content-Type"]')))
        assert.equal("200\thello", (request("nil, URL", url)))
    end)

    it("gives what the server says against it", function()
        assert.equal("404\tstring", (request('"GET", URL', server:url("absent"), "code, type(body)")))
        assert.equal("403", (request('"GET", URL', server:url("forbidden"), "code")))
        assert.equal("503", (request('"GET", URL', server:url("broken"), "code")))
    end)

    it("does not follow a redirect", function()
        assert.matches("^302\thttp://127.0.0.1:%d+/app.fota$",
            (request('"GET", URL', server:url("moved"), "code, headers.Location")))
    end)

    it("answers -4 where nobody listens", function()
        local url = string.format("http://127.0.0.1:%d/", web.free_port())
        local output, run = request('"GET", URL', url, "code, headers, body")
        assert.equal("-4\tnil\tnil", output)
        assert.matches("^E/http cannot connect to 127.0.0.1:%d+: CONNECT$", run.logs[1])
    end)

    it("answers -4 for what is no url, and says why", function()
        for _, url in ipairs({ "", "x", "http://", "ftp://127.0.0.1/x", "http://h:0/", "http://h:x/" }) do
            local output, run = request('"GET", URL', url, "code")
            assert.equal("-4", output)
            assert.matches("not a url", run.logs[1], 1, true)
        end
    end)

    it("answers -4 for fota and dst together", function()
        assert.equal("-4", (request('"GET", URL, nil, nil, { fota = true, dst = "/x" }', server:url("a"),
            "code")))
    end)

    it("answers -8 when the time is over", function()
        local url = server:serve("large", ("x"):rep(100000))
        guest.modem:rate(1000)
        local output = request('"GET", URL, nil, nil, { timeout = 1000 }', url, "code, headers, body")
        assert.equal("-8\tnil\tnil", output)
    end)

    it("answers -2 for what is no header, -5 and -3 for what is no body", function()
        assert.equal("-2", (request('"GET", URL', scripted("SSH-2.0\r\n\r\n"):url("x"), "code")))
        assert.equal("-5", (request('"GET", URL', scripted("HTTP/1.1 200 OK\r\nConte"):url("x"), "code")))
        assert.equal("-3", (request('"GET", URL', scripted(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):url("x"), "code")))
    end)

    it("takes a body that ends with the connection, in chunks, or not at all", function()
        assert.equal("200\tto the end", (request('"GET", URL',
            scripted("HTTP/1.0 200 OK\r\n\r\nto the end"):url("x"))))
        assert.equal("200\tabcdefg", (request('"GET", URL', scripted("HTTP/1.1 200 OK\r\n"
            .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nA: b\r\n\r\n"):url("x"))))
        assert.equal("204\t", (request('"GET", URL', scripted("HTTP/1.1 204 No Content\r\n\r\n"):url("x"))))
        assert.equal("200\t", (request('"HEAD", URL', server:serve("a", "hello"))))
    end)

    it("skips an interim response", function()
        assert.equal("200\tb", (request('"GET", URL',
            scripted("HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" .. ok("b")):url("x"))))
    end)

    it("sends method, headers and body", function()
        local other = scripted(ok(""))
        request('"POST", URL, { ["X-One"] = "1", ["Content-Length"] = "99" }, "four"',
            other:url("path?q=1#fragment"))
        local sent = other:requests()[1]
        assert.matches("^POST /path%?q=1 HTTP/1%.1|", sent)
        assert.matches("|Host: 127.0.0.1:" .. other.port .. "|", sent, 1, true)
        assert.matches("|X-One: 1|", sent, 1, true)
        assert.matches("|Content-Length: 4|", sent, 1, true)
        assert.matches("|Connection: Close|", sent, 1, true)
        assert.is_nil(sent:find("Content-Length: 99", 1, true))
    end)

    it("lets headers of its own be replaced, and logs in by the url", function()
        local other = scripted(ok(""))
        request('"GET", URL, { host = "example.com" }', (other:url("x"):gsub("//", "//me:secret@")))
        local sent = other:requests()[1]
        assert.matches("|host: example.com|", sent, 1, true)
        assert.is_nil(sent:find("Host:", 1, true))
        assert.matches("|Authorization: Basic bWU6c2VjcmV0|", sent, 1, true)
    end)

    describe("with dst", function()
        it("writes a file and gives its size", function()
            local url = server:serve("a", "hello")
            assert.equal("200\t5", (request('"GET", URL, nil, nil, { dst = "/file" }', url)))
            assert.equal("hello", guest:read("/file"))
        end)

        it("keeps no file of an error", function()
            local url = server:url("absent")
            assert.matches("^404\t%d+$", (request('"GET", URL, nil, nil, { dst = "/file" }', url)))
            assert.is_nil(guest:read("/file"))
        end)

        it("answers -7 where the file cannot be written", function()
            assert.equal("-7", (request('"GET", URL, nil, nil, { dst = "/no/such/file" }',
                server:serve("a", "hello"), "code")))
        end)
    end)

    it("puts the body into a buffer", function()
        assert.same({ "200\t5\thello" }, (guest:task(string.format([[
            local buffer = zbuff.create(2)
            local code, _, body = http.request("GET", %q, nil, buffer).wait()
            print(code, body, buffer:toStr(0, buffer:used()))
        ]], server:serve("a", "hello")))))
    end)

    it("sends a buffer as far as it is filled", function()
        local other = scripted(ok(""))
        guest:task(string.format([[
            local buffer = zbuff.create(100)
            buffer:write("hello")
            http.request("PUT", %q, nil, buffer).wait()
        ]], other:url("x")))
        assert.matches("|Content-Length: 5|", other:requests()[1], 1, true)
    end)

    it("tells a callback how far it is", function()
        local url = server:serve("large", ("x"):rep(200000))
        local output = guest:task(string.format([[
            local calls, last, total, data = 0, 0
            local code = http.request("GET", %q, nil, nil, {
                userdata = "mine",
                callback = function(all, received, userdata)
                    assert(received > last)
                    calls, last, total, data = calls + 1, received, all, userdata
                end,
            }).wait()
            print(code, calls > 1, last, total, data)
        ]], url))
        assert.same({ "200\ttrue\t200000\t200000\tmine" }, output)
    end)

    it("logs what happens, when it is asked to", function()
        local _, run = request('"GET", URL, nil, nil, { debug = true }', server:serve("a", "hello"))
        assert.matches("^D/http connected to 127.0.0.1:", run.logs[1])
    end)

    it("goes beside other tasks and other requests", function()
        server:serve("large", ("x"):rep(30000))
        local output = guest:run(string.format([[
            local open = 0
            local function get(url)
                open = open + 1
                local code, _, body = http.request("GET", url).wait()
                open = open - 1
                print(code, #body)
            end
            sys.taskInit(get, %q)
            sys.taskInit(get, %q)
            print(open)
            sys.run()
        ]], server:url("slow/large"), server:url("large")))
        assert.same({ "2", "200\t30000", "200\t30000" }, output)
    end)

    describe("whose connection breaks", function()
        local content = ("0123456789"):rep(20000)

        it("goes on where it was", function()
            local url = server:serve("large", content)
            guest.modem:drop(100000)
            assert.equal("200\ttrue", (request('"GET", URL, nil, nil, { dst = "/file" }', url,
                "code, body == " .. #content)))
            assert.equal(content, guest:read("/file"))
            local lines = server:requests(2)
            assert.matches('"GET /large HTTP/1.1" 206 ', lines[#lines], 1, true)
        end)

        it("begins again where the file has changed", function()
            local other = scripted(
                'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 10\r\n\r\nold',
                'HTTP/1.1 200 OK\r\nETag: "2"\r\nContent-Length: 3\r\n\r\nnew')
            assert.equal("200\tnew", (request('"GET", URL', other:url("x"))))
            local again = other:requests(2)[2]
            assert.matches("|Range: bytes=3-|", again, 1, true)
            assert.matches('|If-Range: "1"|', again, 1, true)
        end)

        it("answers -3 for a part that was not asked for", function()
            local other = scripted("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nold",
                "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n56789")
            assert.equal("-3", (request('"GET", URL', other:url("x"), "code")))
        end)

        it("is given up after the third time", function()
            local other = scripted("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")
            assert.equal("-5", (request('"GET", URL, nil, nil, { dst = "/file" }', other:url("x"), "code")))
            assert.equal(4, #other:requests(4))
            assert.is_nil(guest:read("/file"))
        end)

        it("is not repeated when it was a POST", function()
            local other = scripted("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")
            assert.equal("-5", (request('"POST", URL, nil, "body"', other:url("x"), "code")))
            assert.equal(1, #other:requests())
        end)
    end)

    describe("with fota", function()
        local TWO = { ["main.lua"] = "print('version 2', fota.confirm())", ballast = ("b"):rep(100000) }

        -- Version 1 asks for an update and restarts when it has one.
        local function update(url, options)
            return guest:run(string.format([[
                if fota.last_result().outcome ~= "none" then return end
                sys.taskInit(function()
                    local code, headers, body = http.request("GET", %q, nil, nil, %s).wait()
                    print(code, type(headers), body)
                    if code == 200 then rtos.reboot() end
                end)
                sys.run()
            ]], url, options or "{ fota = true }"))
        end

        it("installs what it downloads", function()
            local package = guest.modem:package({ files = TWO })
            assert.same({ "200\ttable\t" .. #package, "version 2\ttrue" },
                (update(server:serve("app.fota", package))))
            assert.equal(0, guest.modem:stats().violations)
        end)

        it("installs it though the connection breaks", function()
            guest.modem:drop(50000)
            local package = guest.modem:package({ files = TWO })
            assert.same({ "200\ttable\t" .. #package, "version 2\ttrue" },
                (update(server:serve("app.fota", package), "{ fota = {} }")))
        end)

        it("answers -9 for what is no update, and takes a good one afterwards", function()
            local output, run = update(server:serve("bad", ("bad"):rep(30000)))
            assert.same({ "-9\tnil\tnil" }, output)
            assert.matches("W/http NOT_A_PACKAGE: this is not a fota package", run.logs[#run.logs], 1, true)
            local package = guest.modem:package({ files = TWO })
            assert.same("version 2\ttrue", update(server:serve("app.fota", package))[2])
        end)

        it("answers -9 for a package of somebody else, after its last byte", function()
            local stranger = Guest.open()
            local package = stranger.modem:package({ files = TWO })
            stranger:close()
            assert.matches("^%-9\t", update(server:serve("app.fota", package))[1])
        end)

        it("answers -9 at once for a package that is cut short, and logs what is missing", function()
            local package = guest.modem:package({ files = TWO })
            local url, begun = server:serve("short", package:sub(1, -101)), guest.modem:now()
            local output, run = update(url)
            assert.matches("^%-9\t", output[1])
            assert.truthy(guest.modem:now() - begun < 10000)
            assert.equal(string.format("W/http INCOMPLETE: the package is not complete: expected %d bytes, "
                .. "got %d", #package, #package - 100), run.logs[#run.logs])
        end)

        it("leaves the server's refusal to the script", function()
            assert.same({ "403" }, { update(server:url("forbidden"))[1]:match("^%d+") })
        end)

        it("refuses a second update while one runs", function()
            -- Served within the simulated network: a real server does not keep up with a virtual clock.
            local url = guest.modem:serve("app.fota", guest.modem:package({ files = TWO }))
            guest.modem:rate(50000)
            local output, run = guest:run(string.format([[
                if fota.last_result().outcome ~= "none" then return end
                local function get(url)
                    local code = http.request("GET", url, nil, nil, { fota = true }).wait()
                    print(code)
                    if code == 200 then rtos.reboot() end
                end
                sys.taskInit(get, %q)
                sys.timerStart(sys.taskInit, 200, get, %q)
                sys.run()
            ]], url, url))
            assert.same({ "-9", "200", "version 2\ttrue" }, output)
            assert.matches("an update runs already", table.concat(run.logs, "\n"), 1, true)
        end)
    end)
end)
