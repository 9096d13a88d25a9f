--- What a server, or a file, may hand a modem that is no update for it. Each is refused with an error of its
--- own, flash stays as it was where the header already said so, and version 1 runs on.
local sim = require("fota.sim")
local tool = require("fota.tool.core")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

local MODEL = "EC800G" -- it can both download and be given a file, and its flash is small
local IMAGE = ("firmware"):rep(3000)

describe("bad input:", function()
    local server, dead_port, modem, fota, first_image, scripted

    setup(function()
        server = web.start()
        dead_port = web.free_port()
    end)

    teardown(function()
        server:stop()
    end)

    local function restart()
        assert.equal("run", modem:boot())
        fota = modem:fota()
        fota.limits({ attempts = 2, backoff_ms = 10 })
    end

    before_each(function()
        modem = assert(sim.modem({ model = MODEL }))
        modem:load("print('version 1')", { sequence = 5 })
        restart()
        first_image = modem.machine.modem:image()
    end)

    after_each(function()
        if scripted then
            scripted:stop()
            scripted = nil
        end
        modem:close()
    end)

    -- A good package of this modem.
    local function package(fields)
        fields = fields or {}
        fields.image = fields.image or IMAGE
        fields.sequence = fields.sequence or 6
        return modem:package(fields)
    end

    local function header_length(bytes)
        return assert(tool.parse(bytes)).header_length
    end

    local function flip(bytes, at)
        return bytes:sub(1, at - 1) .. string.char(vm.xor(bytes:byte(at), 0x10)) .. bytes:sub(at + 1)
    end

    -- Version 1 runs after a restart, and takes the next good package.
    local function unharmed()
        assert.equal("", modem:stats().violation)
        restart()
        local image, version = modem.machine.modem:image()
        assert.equal("1.0.0", version)
        assert.equal(first_image, image)
        local result = fota.last_result()
        assert.truthy(result.state == "idle" or result.state == "downloading", result.state)
        assert.equal(5, result.sequence)
        assert.equal(0, modem:stats().resets)
        assert.equal(0, (fota():httpDownload(server:serve("good.fota", package()))))
    end

    local function refused(expected, message, result, got, code)
        assert.equal(-1, result)
        local name = got:match("^([%u_]+): ")
        assert.equal(expected, name, got)
        assert.equal(expected, fota.error(code).name)
        assert.matches("^" .. expected .. ": " .. message .. "$", got)
    end

    -- As the vendor's sample does it, but it stops at the first failure.
    local function write_all(bytes, size)
        local f = fota()
        for at = 1, #bytes, 1024 do
            local result, message, code = f:write(bytes:sub(at, at + 1023), size)
            if result ~= 0 then
                return result, message, code
            end
        end
        local result, message, code = f:flush()
        if result ~= 0 then
            return result, message, code
        end
        return f:verify()
    end

    -- Both ways in. `untouched`: the header, or what came in its place, was refused.
    local function judged(bytes, expected, message, untouched)
        local before = modem:cells()
        refused(expected, message, fota():httpDownload(server:serve("bad.fota", bytes)))
        if untouched then
            assert.is_true(before == modem:cells(), "a download changed flash")
        end
        restart()
        before = modem:cells()
        refused(expected, message, write_all(bytes, #bytes))
        if untouched then
            assert.is_true(before == modem:cells(), "write() changed flash")
        end
        unharmed()
    end

    describe("a package that is", function()
        it("truncated in its payload", function()
            local bytes = package()
            judged(bytes:sub(1, -1001), "TRUNCATED", string.format(
                "the package is truncated: expected %d bytes, got %d", #bytes, #bytes - 1000), true)
        end)

        it("one byte short", function()
            local bytes = package()
            judged(bytes:sub(1, -2), "TRUNCATED", string.format(
                "the package is truncated: expected %d bytes, got %d", #bytes, #bytes - 1), true)
        end)

        it("truncated in its header", function()
            local bytes = package()
            -- So far it is known where the signed part ends, and the two bytes behind it.
            local length = assert(tool.parse(bytes)).signed_length + 2
            local before = modem:cells()
            refused("TRUNCATED", "the package is truncated: expected " .. length .. " bytes, got 100",
                fota():httpDownload(server:serve("bad.fota", bytes:sub(1, 100))))
            refused("INCOMPLETE", "the package is not complete: expected 100 bytes, got 50",
                write_all(bytes:sub(1, 50), 100))
            restart()
            refused("INCOMPLETE", "the package is not complete: expected " .. length .. " bytes, got 50",
                write_all(bytes:sub(1, 50)))
            restart()
            refused("INCOMPLETE", "the package is not complete: expected 12 bytes, got 5",
                write_all(bytes:sub(1, 5)))
            assert.is_true(before == modem:cells())
            unharmed()
        end)

        it("truncated by write() of less than was promised", function()
            local bytes = package()
            refused("INCOMPLETE", string.format("the package is not complete: expected %d bytes, got %d",
                #bytes, #bytes - 10), write_all(bytes:sub(1, -11), #bytes))
            unharmed()
        end)

        it("followed by other bytes", function()
            local bytes = package()
            judged(bytes .. "more", "TRAILING", string.format("the package has %d bytes; its header says %d",
                #bytes + 4, #bytes), true)
        end)

        it("followed by other bytes that nobody announced", function()
            local bytes = package()
            refused("TRAILING", string.format("the package has %d bytes; its header says %d",
                #bytes + 4, #bytes), write_all(bytes .. "more"))
            restart()
            scripted = web.scripted({ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" .. bytes .. "more" })
            refused("TRAILING", string.format("the package has %d bytes; its header says %d",
                #bytes + 1, #bytes), fota():httpDownload(scripted:url("bad.fota")))
            unharmed()
        end)

        it("flipped in one bit of its signed header", function()
            local bytes = package({ override = { text = "what it is" } })
            local at = bytes:find("what it is", 1, true)
            judged(flip(bytes, at), "SIGNATURE",
                "the signature does not belong to this header: it was changed or damaged"
                    .. "; make or fetch it again", true)
        end)

        it("flipped in any byte of its header", function()
            local bytes = package()
            local before = modem:cells()
            local names = {}
            for at = 1, header_length(bytes) do
                local result, message = fota():write(flip(bytes, at), #bytes)
                assert.equal(-1, result, "byte " .. at)
                names[message:match("^[%u_]+")] = true
            end
            assert.is_true(before == modem:cells())
            for _, name in ipairs({ "NOT_A_PACKAGE", "SIGNATURE", "UNKNOWN_KEY" }) do
                assert.truthy(names[name], name)
            end
            unharmed()
        end)

        it("flipped in one bit of its payload's first byte", function()
            local bytes = package()
            judged(flip(bytes, header_length(bytes) + 1), "INTEGRITY",
                "the payload's digest is wrong: the package was damaged or changed; make or fetch it again")
        end)

        it("flipped in one bit of its payload's last byte", function()
            local bytes = package()
            judged(flip(bytes, #bytes), "INTEGRITY",
                "the payload's digest is wrong: the package was damaged or changed; make or fetch it again")
        end)

        it("not signed", function()
            judged(package({ key = false }), "UNSIGNED",
                "the package is not signed; sign it with 'fota sign'", true)
        end)

        it("signed with a key that nobody knows", function()
            judged(package({ key = assert(tool.keygen()) }), "UNKNOWN_KEY",
                "the package is signed with a key that this modem does not trust"
                    .. "; sign it with one that it does", true)
        end)

        it("signed with the signature of another package", function()
            local bytes, other = package(), package({ image = IMAGE .. "x" })
            local length = header_length(bytes)
            assert.equal(length, header_length(other))
            judged(bytes:sub(1, length - 64) .. other:sub(length - 63, length) .. IMAGE, "SIGNATURE",
                "the signature does not belong to this header: it was changed or damaged"
                    .. "; make or fetch it again", true)
        end)

        it("signed with zeros", function()
            local bytes = package()
            local length = header_length(bytes)
            judged(bytes:sub(1, length - 64) .. ("\0"):rep(64) .. IMAGE, "SIGNATURE",
                "the signature does not belong to this header: it was changed or damaged"
                    .. "; make or fetch it again", true)
        end)

        it("for another model", function()
            judged(package({ model = "EC600U" }), "WRONG_MODEL",
                "the package is for another model: EC600U", true)
        end)

        it("for another vendor", function()
            judged(package({ override = { vendor = "acme" } }), "WRONG_VENDOR",
                "the package is for another vendor: acme", true)
        end)

        it("older than what runs", function()
            judged(package({ sequence = 4 }), "DOWNGRADE",
                "package sequence 4 is older than 5, which this modem has already had"
                    .. "; make one with a higher one", true)
        end)

        it("what runs already", function()
            judged(package({ sequence = 5 }), "SAME_VERSION", "package sequence 5 is installed already"
                .. "; a newer version needs a higher one", true)
        end)

        it("expired", function()
            judged(package({ override = { expiry = 1 } }), "EXPIRED", "the package has expired"
                .. "; make a new one", true)
        end)

        it("for other versions than the installed one", function()
            judged(package({ override = { requires = { { first = 1, last = 4 } } } }), "REQUIRES",
                "the package needs an installed sequence from its list; this modem has 5"
                    .. "; install one of those first", true)
        end)

        it("an image that is too large for the slot", function()
            local length = modem:map().slot.size
            local object = { length = length, digest = ("d"):rep(32) }
            judged(package({ override = { payload = object, result = object } }), "IMAGE_TOO_LARGE",
                string.format("the image has %d bytes; the slot takes %d", length,
                    length - modem:map().slot.erase_unit), true)
        end)

        it("too large for staging", function()
            local length = modem:map().staging.size
            local object = { length = length, digest = ("d"):rep(32) }
            judged(package({ override = { payload = object, result = object } }), "PACKAGE_TOO_LARGE",
                string.format("the payload has %d bytes; staging takes %d", length,
                    length - modem:map().staging.erase_unit), true)
        end)
    end)

    describe("what is no package:", function()
        it("random bytes", function()
            local state, bytes = 1, {}
            for i = 1, 5000 do
                state = (state * 1103515245 + 12345) % 2147483648
                bytes[i] = string.char(math.floor(state / 65536) % 256)
            end
            judged(table.concat(bytes), "NOT_A_PACKAGE", "this is not a fota package: magic 0x%x+, expected "
                .. "0x41544[fF]46; check the url or the file", true)
        end)

        it("an empty file", function()
            local before = modem:cells()
            refused("TRUNCATED", "the package is truncated: expected 12 bytes, got 0",
                fota():httpDownload(server:serve("bad.fota", "")))
            refused("STATE", "this call does not fit .*", write_all("", 0))
            assert.is_true(before == modem:cells())
            unharmed()
        end)

        it("the page of a captive portal", function()
            local html = "<html>please log in</html>"
            local message = "this is not a fota package: magic 0x6d74683c, expected 0x41544f46; check the "
                .. "url or the file"
            local before = modem:cells()
            refused("NOT_A_PACKAGE", message, fota():httpDownload(server:url("html")))
            refused("NOT_A_PACKAGE", message, write_all(html, #html))
            assert.is_true(before == modem:cells())
            unharmed()
        end)

        it("a package of a later structure", function()
            local bytes = package()
            judged(bytes:sub(1, 4) .. "\2" .. bytes:sub(6), "PACKAGE_VERSION",
                "package structure version 2 is not known; expected 1", true)
        end)
    end)

    -- Through httpDownload only; how often it connects says whether it tries again.
    local function fetched(url, connections, expected, message)
        local cells, before = modem:cells(), modem:stats().connections
        refused(expected, message, fota():httpDownload(url))
        assert.equal(connections, modem:stats().connections - before)
        assert.is_true(cells == modem:cells())
        unharmed()
    end

    describe("a url", function()
        local malformed = {
            ["without a scheme"] = "127.0.0.1/app.fota",
            ["without anything"] = "",
            ["without a host"] = "http:///app.fota",
            ["with a space"] = "http://127.0.0.1/app .fota",
            ["with a line break"] = "http://127.0.0.1/app\r\nX: y",
            ["with a port that is none"] = "http://127.0.0.1:99999/app.fota",
            ["with half an escape"] = "http://us%4@127.0.0.1/app.fota",
        }
        for what, url in pairs(malformed) do
            it(what, function()
                fetched(url, 0, "URL",
                    "the url is malformed near character %d+; expected scheme://.*host%[:port%]/path.*")
            end)
        end

        it("of 300 characters", function()
            local url = server:url(("p"):rep(300))
            fetched(url:sub(1, 300), 0, "URL_TOO_LONG",
                "the url has 300 characters; at most 255 are allowed; give a shorter one")
        end)

        it("of 256 characters", function()
            local url = server:url(("p"):rep(300))
            fetched(url:sub(1, 256), 0, "URL_TOO_LONG",
                "the url has 256 characters; at most 255 are allowed; give a shorter one")
        end)

        it("of 255 characters, which are allowed", function()
            local url = server:url(("p"):rep(300))
            fetched(url:sub(1, 255), 1, "HTTP_NOT_FOUND",
                "the server has no such file %(HTTP 404%); check the url")
        end)

        it("of an unknown scheme", function()
            fetched("gopher://127.0.0.1/app.fota", 0, "URL_SCHEME",
                "the url's scheme is not one of http, https, ftp, ftps")
        end)
    end)

    describe("a server that", function()
        it("is not there", function()
            fetched("http://127.0.0.1:" .. dead_port .. "/app.fota", 2, "CONNECT",
                "no connection to the server; check host, port and network")
        end)

        it("has no such file", function()
            fetched(server:url("absent"), 1, "HTTP_NOT_FOUND",
                "the server has no such file %(HTTP 404%); check the url")
        end)

        it("forbids it", function()
            fetched(server:url("forbidden"), 1, "HTTP_FORBIDDEN", "the server forbids the file %(HTTP 403%)"
                .. "; check the url, and what the server allows")
        end)

        it("wants a login", function()
            fetched(server:url("login"), 1, "HTTP_UNAUTHORIZED", "the server wants a login %(HTTP 401%)"
                .. "; give user and password in the url")
        end)

        it("is overloaded", function()
            fetched(server:url("broken"), 2, "HTTP_SERVER",
                "the server is overloaded or broken %(HTTP 503%); try again later")
        end)

        it("redirects in a circle", function()
            fetched(server:url("loop"), 6, "HTTP_REDIRECTS", "more than 5 redirects"
                .. "; give the url of the file itself")
        end)

        -- Answers every request with these bytes.
        local function answers(...)
            scripted = web.scripted({ ... })
            return scripted:url("app.fota")
        end

        it("redirects to nowhere", function()
            fetched(answers("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), 1, "HTTP_REDIRECT",
                "the server's redirect is missing, malformed or changes to a forbidden scheme; give the url "
                    .. "of the file itself")
        end)

        it("answers with a status that was not asked for", function()
            fetched(answers("HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n"), 1, "HTTP_STATUS",
                "the server answered HTTP 418; expected 200 or 206; check the url")
        end)

        it("speaks another language", function()
            fetched(answers("220 ftp ready\r\n"), 1, "HTTP_SYNTAX",
                "the server's answer is not HTTP/1.1; check scheme, host and port")
        end)

        it("compresses what was not to be compressed", function()
            fetched(answers("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n1234"), 1,
                "HTTP_ENCODING", "the server sent an encoded body although identity was asked for; "
                    .. "switch compression off")
        end)

        it("gives two lengths", function()
            fetched(answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n12345678"), 1,
                "HTTP_LENGTH", "the server's Content%-Length is invalid or contradicts another header")
        end)

        it("closes before it has answered", function()
            fetched(answers(""), 2, "CLOSED",
                "the server closed the connection early: expected %d+ bytes, got 0; download again to go on")
        end)

        it("closes in the middle of the package, each time", function()
            local bytes = package()
            local url = answers(string.format("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", #bytes,
                bytes:sub(1, 10000)))
            local before = modem:stats().connections
            refused("CLOSED", "the server closed the connection early: expected " .. #bytes
                .. " bytes, got 10000; download again to go on", fota():httpDownload(url))
            assert.equal(2, modem:stats().connections - before)
            assert.matches("|Range: bytes=10000%-|", scripted:requests(2)[2])
            unharmed()
        end)

        it("sends another file after the first half of this one", function()
            local bytes = package()
            local head = "HTTP/1.1 200 OK\r\nETag: \"%s\"\r\nContent-Length: %d\r\n\r\n%s"
            local url = answers(head:format("a", #bytes, bytes:sub(1, 10000)),
                head:format("b", #bytes, flip(bytes, #bytes)))
            refused("INTEGRITY", "the payload's digest is wrong: the package was damaged or changed"
                .. "; make or fetch it again",
                fota():httpDownload(url))
            unharmed()
        end)
    end)
end)
