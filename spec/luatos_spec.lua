--- The modules that LuatOS scripts find on the emulated modem, as scripts use them.
local Guest = require("spec.support.guest")
local vm = require("spec.support.vm")
local web = require("spec.support.web")

describe("a LuatOS script", function()
    local guest

    before_each(function()
        guest = Guest.open()
    end)

    after_each(function()
        guest:close()
    end)

    -- What each expression says; they run in one script.
    local function say(prelude, ...)
        local lines = { prelude }
        for _, expression in ipairs({ ... }) do
            lines[#lines + 1] = "print(" .. expression .. ")"
        end
        return (guest:run(table.concat(lines, "\n")))
    end

    describe("finds its modules:", function()
        local names = {
            "json", "pack", "zbuff", "crypto", "fskv", "mcu", "hmeta", "mobile", "socket", "netdrv", "wlan",
            "pm", "wdt", "gpio", "uart", "timer", "http", "airlink", "adc", "i2c", "spi", "pwm", "rtc",
            "errDump", "fs",
            "rtos", "log", "sys", "sysplus", "fota",
        }

        for _, name in ipairs(names) do
            it(name .. " is a global, and what require gives", function()
                assert.same({ "table\ttrue" },
                    say("", string.format("type(%s), require(%q) == %s", name, name, name)))
            end)
        end

        it("its own win over them, and the globals stay", function()
            assert.same({ "mine\tfunction" }, (guest:run({
                ["main.lua"] = "print(require('json').name, type(json.decode))",
                ["json.lua"] = "return { name = 'mine' }",
            })))
        end)

        it("those in folders of the image go by their names, as on the device", function()
            assert.same({ "4G" }, (guest:run({
                ["main.lua"] = "print(require('netdrv_4g').name)",
                ["netdrv/netdrv_4g.lua"] = "return { name = '4G' }",
            })))
        end)

        it("those of --lib come after the image's", function()
            local folder = web.folder()
            for name, text in pairs({ one = "return 'lib one'", two = "return 'lib two'" }) do
                local file = assert(io.open(folder .. "/" .. name .. ".lua", "w"))
                file:write(text)
                file:close()
            end
            guest.modem.machine.lib = { "/absent", folder }
            local output = guest:run({
                ["main.lua"] = "print(require('one'), require('two'), pcall(require, 'three'))",
                ["two.lua"] = "return 'image two'",
            })
            os.execute("rm -rf '" .. folder .. "'")
            assert.matches("^lib one\timage two\tfalse\t", output[1])
        end)
    end)

    describe("json", function()
        it("writes what scripts report", function()
            assert.same({
                '{"a":[1,2,{"b":true}]}', '[]\t{}', '"\\"\\\\\\n\\u0001é"', "1.5000000\t1.50\t-3", "null",
                'nil\tCannot serialise function: type not supported', "nil\tinvalid float format",
            }, say("local list = json.encode({{}}):sub(2, -2)", "json.encode({ a = { 1, 2, { b = true } } })",
                "'[]', list", [[json.encode('"\\\n\1é')]],
                "json.encode(1.5), json.encode(1.5, '2f'), json.encode(-3)", "json.encode(json.null)",
                "json.encode(print)", "json.encode(1, 'x')"))
        end)

        it("reads what servers send", function()
            assert.same({
                "1\t2.5\ttrue\ttrue\t1", "é€😀/\n", "0\t-0.5\t1200", "true\t0", "nil",
            }, say("local t, ok = json.decode(' { \"a\" : [1, 2.5, true, null] } ')",
                "t.a[1], t.a[2], t.a[3], t.a[4] == json.null, ok",
                [[json.decode('["\\u00e9\\u20AC\\ud83d\\ude00\\/\\n"]')[1] ]],
                "json.decode('[0]')[1], json.decode('-5e-1'), math.floor(json.decode('1.2e3'))",
                "type(json.decode('[]')) == 'table', #json.decode('[]')", "json.decode('{}').x"))
        end)

        it("says what is wrong with the rest", function()
            local bad = {
                "", "{", "[1,]", "{a:1}", '{"a" 1}', '"', '"\\x"', '"\\ud800"', "01", "1.", "nul", "[1] x",
                "+1", "'a'", '"\t"', ("["):rep(1000), '{"a":1,}',
            }
            local quoted = {}
            for i, text in ipairs(bad) do
                quoted[i] = string.format("%q", text)
            end
            local output = guest:run("for _, text in ipairs({" .. table.concat(quoted, ",\n") .. [[}) do
                local value, ok, message = json.decode(text)
                print(value, ok, message)
            end]])
            assert.equal(#bad, #output)
            for i in ipairs(bad) do
                assert.matches("^nil\t0\tExpected .+ at character %d+$", output[i])
            end
            assert.same({ "nil\t0\tstring expected, got nil" }, say("", "json.decode(nil)"))
        end)

        it("takes a number that does not fit 32 bits as the largest one, where Lua has no larger", function()
            assert.same(vm.narrow and { "2147483647\t-2147483648\t2147483647" }
                or { "3000000000\t-3000000000\t2147483647" },
                say("local t = json.decode('[3000000000, -3000000000, 2147483647]')", "t[1], t[2], t[3]"))
        end)

        it("gives back what it was given", function()
            assert.same({ "true" }, say([[
                local function same(a, b)
                    if type(a) ~= "table" then return a == b end
                    for k, v in pairs(a) do if not same(v, b[k]) then return false end end
                    for k in pairs(b) do if a[k] == nil then return false end end
                    return true
                end
                local value = { list = { 1, -2, 3.25, "x" }, deep = { { { yes = true, no = false } } } }
                value["a b"] = ""
            ]], "same(value, json.decode(json.encode(value)))"))
        end)
    end)

    describe("zbuff", function()
        it("is written, read and moved about in", function()
            assert.same({ "5\t3\t8", "hello\t5", "o\1\2\3", "8\t0", "104\t0\tnil", "16" }, say(
                "local b = zbuff.create(16) local n = b:write('hello') local m = b:write(1, 2, 3)",
                "n, m, b:used()", "b:toStr(0, 5), b:seek(5)", "b:seek(-1, zbuff.SEEK_CUR) and b:read(4)",
                "b:seek(0, zbuff.SEEK_CUR), b:seek(-99)", "b[0], b[15], b[16]", "b:len()"))
        end)

        it("takes no more than there is room for, or grows", function()
            assert.same({ "4\tabcd", "7\tabcdefg\t7", "2\tab\0\0" }, say(
                "local b = zbuff.create(4)", "b:write('abcdefg'), b:toStr()",
                "b:copy(0, 'abcdefg'), b:query(), b:len()",
                "(function() b:resize(2) b:resize(4) return b:used() end)(), b:toStr()"))
        end)

        it("fills, deletes and compares", function()
            assert.same({ "\3\3\3\3", "ad", "true\t0\tfalse\t1", "255" }, say(
                "local b = zbuff.create(4, 3) local c = zbuff.create(4, 'abcd') c:del(1, 2)", "b:toStr()",
                "c:query()", "(function() local x, y = b:isEqual(0, b, 0, 4) return x, y end)() , 0,"
                    .. " zbuff.create(2, 'ab'):isEqual(0, zbuff.create(2, 'ac'), 0, 2)",
                "(function() b[1] = -1 return b[1] end)()"))
        end)

        it("packs and unpacks", function()
            -- 10^12 is a float of 24 bits there, and what is read is cut to 32.
            local large = vm.narrow and "-727384064" or "1000000000000"
            assert.same({
                "13", "13\t1\t-2\t258\tabc\t-1.5", "-2\t65534\t" .. large .. "\t0.5", "nil",
            }, say([[
                local b = zbuff.create(32)
                local n = b:pack(">bhIA", 1, -2, 258, "abc") + b:pack("b", 255)
                b:seek(-1, zbuff.SEEK_CUR)
                n = n - 1 + b:pack("<h", 0)
                b:seek(0)
                b:pack(">bhIA", 1, -2, 258, "abc") b:pack("<h", 7) b:seek(-2, zbuff.SEEK_CUR)
                local floats = zbuff.create(4)
                floats:writeF32(-1.5) floats:seek(0)
                local m = zbuff.create(32)
                m:writeI16(-2) m:writeI16(-2) m:writeU64(1000000000000) m:writeF64(0.5) m:seek(0)
            ]], "n + 1", "(function() b:seek(0) local c, x, y, z, s = b:unpack('>bhIA3') "
                .. "return c + 3, x, y, z, s, floats:readF32() end)()",
                "m:readI16(), m:readU16(), m:readU64(), m:readF64()",
                "zbuff.create(1):readU16()"))
        end)

        it("is what an update can be written from, as far as it is filled", function()
            local package = guest.modem:package({ files = { ["main.lua"] = "print('two')" } })
            guest:write("/app.fota", package)
            assert.same({ "true\ttrue", "two" }, (guest:run([[
                if fota.last_result().outcome ~= "none" then return end
                local file = io.open("/app.fota", "rb")
                local buffer = zbuff.create(1000)
                fota.init()
                repeat
                    local data = file:read(700)
                    buffer:seek(0)
                    if data then
                        buffer:copy(0, data)
                        assert(fota.run(buffer))
                    end
                until not data
                print(fota.isDone())
                fota.finish(true)
                rtos.reboot()
            ]], { starts = 2 })))
        end)
    end)

    it("pack turns values into bytes and back", function()
        assert.same({
            "000102FF", "4\t258\t-1", "0000803F000000000000F03F", "13\ttrue", "3\ta", "1",
        }, say("local at, f, d = pack.unpack(pack.pack('<fd', 1, 1), '<fd')",
            "(pack.pack('>Hbc', 1, 2, -1):toHex())",
            "pack.unpack('\\1\\2\\255\\255\\255', '>Hc')",
            "(pack.pack('<fd', 1, 1):toHex())",
            "at, f == 1 and d == 1", "pack.unpack('a\\0b', 'z')",
            "pack.unpack('', 'I')"))
    end)

    describe("crypto", function()
        it("knows the digests", function()
            assert.same({
                "900150983CD24FB0D6963F7D28E17F72", "A9993E364706816ABA3E25717850C26C9CD0D89D",
                "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
                "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A"
                    .. "2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F",
            }, say("", "crypto.md5('abc')", "crypto.sha1('abc')", "crypto.sha256('abc')",
                "crypto.sha512('abc')"))
        end)

        it("knows their HMACs (RFC 2202, RFC 4231)", function()
            assert.same({
                "750C783E6AB0B503EAA86E310A5DB738", "EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79",
                "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
            }, say("local text = 'what do ya want for nothing?'", "crypto.hmac_md5(text, 'Jefe')",
                "crypto.hmac_sha1(text, 'Jefe')", "crypto.hmac_sha256(text, 'Jefe')"))
        end)

        it("takes them of files and piece by piece", function()
            guest:write("/file", "abc")
            assert.same({ "true", "true", "nil", "true", "nil" }, say(
                "local s = crypto.hash_init('SHA256', 'k') crypto.hash_update(s, 'a') "
                    .. "crypto.hash_update(s, 'bc')",
                "crypto.md_file('MD5', '/file') == crypto.md5('abc')",
                "crypto.md_file('sha256', '/file', 'k') == crypto.hmac_sha256('abc', 'k')",
                "crypto.md_file('MD5', '/absent')", "crypto.hash_finish(s) == crypto.hmac_sha256('abc', 'k')",
                "crypto.md('MD9', '')"))
        end)

        -- The check values of "123456789" in the catalogue of parametrised CRCs.
        it("gives a sum of 32 bits as an integer, negative where it has no larger ones", function()
            assert.same({ vm.narrow and "-873187034" or "3421780262" }, say("", "crypto.crc32('123456789')"))
        end)

        it("knows the sums", function()
            assert.same({ "CBF43926", "BB3D\t44C2\tB4C8\t4B37", "2189\t29B1\t906E\t31C3\tEA82", "F4\tA1",
                "4B37", "true" }, say([[
                local d = "123456789"
                local function x(...)
                    local parts = { ... }
                    for i, v in ipairs(parts) do parts[i] = string.format("%02X", v) end
                    return table.concat(parts, "\t")
                end
                local function m(name) return crypto.crc16(name, d) end
            ]], "x(crypto.crc32(d))", "x(m'IBM', m'MAXIM', m'USB', m'MODBUS')",
                "x(m'CCITT', m'CCITT-FALSE', m'X25', m'XMODEM', m'DNP')",
                "x(crypto.crc8(d), crypto.crc8(d, 0x31, 0, true))", "x(crypto.crc16_modbus(d))",
                "crypto.crc16_modbus('6789', crypto.crc16_modbus('12345')) == m'MODBUS'"))
        end)

        it("knows a few things more", function()
            assert.same({ "16\ttrue", "4\t154", "YWI=\tab" }, say("",
                "#crypto.trng(16), crypto.trng(16) ~= crypto.trng(16)",
                "crypto.checksum('OK'), crypto.checksum('OK', 1)",
                "crypto.base64_encode('ab'), crypto.base64_decode('YWI=')"))
        end)
    end)

    describe("fskv", function()
        it("keeps values across restarts", function()
            local output = guest:run([[
                fskv.init()
                if not fskv.get("count") then
                    print(fskv.set("count", 1), fskv.set("text", "a\0\255\n"), fskv.set("yes", false))
                    print(fskv.set("table", { name = "x", list = { 1, 2 } }), fskv.sett("table", "more", 1.5))
                    rtos.reboot()
                end
                print(fskv.get("count"), fskv.get("text") == "a\0\255\n", fskv.get("yes"))
                print(fskv.get("table").list[2], fskv.get("table", "name"), fskv.get("table", "more"))
                print(fskv.get("absent"), fskv.get("count", "x"))
            ]], { starts = 2 })
            assert.same({ "true\ttrue\ttrue", "true\ttrue", "1\ttrue\tfalse", "2\tx\t1.5", "nil\tnil" },
                output)
            assert.is_string(guest:read("/.fskv"))
        end)

        it("deletes, counts, lists and clears", function()
            assert.same({ "a", "c", "2\t65536\ttrue", "true\tnil", "0" }, say([[
                fskv.set("c", 1) fskv.set("a", 2) fskv.set("b", 3) fskv.del("b")
                local iterator = fskv.iter()
            ]], "fskv.next(iterator)", "fskv.next(iterator)",
                "select(3, fskv.status()), select(2, fskv.status()), fskv.status() > 0",
                "fskv.clear(), fskv.get('a')", "select(3, fskv.status())"))
        end)

        it("refuses what cannot be stored", function()
            assert.same({ "false\tfalse\tfalse\tfalse", "nil" }, say("",
                "fskv.set('', 1), fskv.set('f', print), fskv.set('n', nil), "
                    .. "fskv.set('long', ('x'):rep(5000))",
                "fskv.get('f')"))
        end)

        it("gives copies", function()
            assert.same({ "1" }, say("fskv.set('t', { 1 }) fskv.get('t')[1] = 2", "fskv.get('t')[1]"))
        end)
    end)

    describe("io", function()
        it("knows about files and reads and writes them whole", function()
            assert.same({ "true\ttrue\t5\thello", "ll", "hello!", "false\tnil\tnil", "true\t1\t2\t!" }, say(
                "local ok = io.writeFile('/f', 'hello') local b = zbuff.create(9, '!')",
                "ok, io.exists('/f'), io.fileSize('/f'), io.readFile('/f')", "io.readFile('/f', 'rb', 2, 2)",
                "io.writeFile('/f', '!', 'ab+') and io.readFile('/f')",
                "io.exists('/absent'), io.fileSize('/absent'), io.readFile('/absent')",
                "io.writeFile('/b', b), io.fileSize('/b'), 2, io.readFile('/b')"))
        end)

        it("makes, lists and removes folders", function()
            assert.same({
                "true\t0", "true\t1\ta\t1\tsub\t0\t1", "1\tsub", "true\tfalse", "true\tfalse", "false\t-1",
            }, say([[
                local made, code = io.mkdir("/d")
                io.mkdir("/d/sub")
                io.writeFile("/d/a", "x")
                local ok, list = io.lsdir("/d")
                local _, second = io.lsdir("/d", 10, 1)
            ]], "made, code",
                "ok, list[1].size, list[1].name, #list - 1, list[2].name, list[1].type, list[2].type",
                "#second, second[1].name", "io.dexist('/d/sub'), io.dexist('/d/a')",
                "io.rmdir('/d/sub'), io.exists('/d/sub')", "io.lsdir('/absent')"))
        end)

        it("leads no folder out of the file system", function()
            assert.same({ "false\t-1", "false\tfalse", "false\t-1" }, say("", "io.mkdir('/../x')",
                "io.exists('/../'), io.dexist('..')", "io.lsdir('/..')"))
        end)

        it("has the files of the image below /luadb, to be read", function()
            assert.same({ "content\t7\ttrue", "nil", "true" }, (guest:run({
                ["main.lua"] = [[
                    print(io.open("/luadb/cert.pem"):read("*a"), io.fileSize("/luadb/cert.pem"),
                        io.exists("/luadb/cert.pem"))
                    print(io.readFile("/luadb/absent"))
                    print(crypto.md_file("MD5", "/luadb/cert.pem") == crypto.md5("content"))
                ]],
                ["cert.pem"] = "content",
            })))
        end)
    end)

    it("string has LuatOS's functions", function()
        assert.same({
            "0AFF62\t6", "0A FF \t4", "10\t98", "true\tfalse\ttrue", "true\tfalse", "a b|a b |  a b",
            "1|2||3", "1|2|3", "1::2\t2", "123+abc%2B%2F\t123%20abc%2B\t1+%2B/", "\1\2\10\11\t4",
            "YQ==\tYWJj\tab", "MFRGG===\tabc",
        }, say("local s = function(t) return table.concat(t, '|') end",
            "('\\10\\255b'):toHex()", "('\\10\\255'):toHex(' ')", "('0A 62'):fromHex():byte(1, 2)",
            "('abc'):startsWith('ab'), ('abc'):startsWith('b'), ('a'):startsWith('')",
            "('abc'):endsWith('bc'), ('abc'):endsWith('ab')",
            "s({ (' a b '):trim(), (' a b '):trim(true, false), ('  a b'):trim(false) })",
            "s(('1,2,,3'):split(',', true))", "s(('1,2,,3'):split())",
            "('1::2,'):split()[1], #('1::2'):split('::')",
            "('123 abc+/'):urlEncode(), ('123 abc+'):urlEncode(1), ('1 +/'):urlEncode(-1, 0, '/')",
            "('12AB'):toValue()", "('a'):toBase64(), ('abc'):toBase64(), ('YWI='):fromBase64()",
            "('abc'):toBase32(), ('MFRGG==='):fromBase32()"))
    end)

    it("finds what older versions of Lua had", function()
        assert.same({ "1\t2", "3", "5\t8", "x\t2\tnil", "function" }, (guest:run({
            ["main.lua"] = [[
                print(unpack({ 1, 2 }))
                print(loadstring("return 3")())
                print(table.maxn({ 1, [5] = 1 }), math.floor(math.pow(2, 3)))
                require "old"
                print(old.name, old.add(1), add)
                print(type(old.kind()))
            ]],
            ["old.lua"] = [[
                module(..., package.seeall)
                name = "x"
                function add(n) return n + 1 end
                function kind() return print end
            ]],
        })))
    end)

    describe("knows the modem:", function()
        it("the same numbers at every start, others on another", function()
            local script = "print(mobile.imei(), mobile.iccid(), mcu.unique_id():toHex(), wlan.getMac())"
            local one = guest:run(script)[1]
            assert.equal(one, guest:run(script)[1])
            local other = Guest.open({ identity = "another" })
            assert.not_equal(one, other:run(script)[1])
            other:close()
        end)

        it("an IMEI with the right check digit, and everything as long as it must be", function()
            local output = say("", "mobile.imei()", "#mobile.imsi(), #mobile.iccid(), #mobile.number()",
                "#mcu.unique_id(), #wlan.getMac(), #wlan.getMac(0, false), #hmeta.muid()")
            local sum = 0
            for i = 1, 15 do
                local digit = tonumber(output[1]:sub(-i, -i)) * (i % 2 == 0 and 2 or 1)
                sum = sum + (digit > 9 and digit - 9 or digit)
            end
            assert.equal(15, #output[1])
            assert.equal(0, sum % 10)
            assert.same({ "15\t20\t11", "12\t12\t6\t32" }, { output[2], output[3] })
        end)

        it("model, chip and firmware", function()
            assert.same({ "EC800G\ttrue\tEC800G", "V2010\tLuatOS-SoC_V2010_EC800G\t3", "true" }, say("",
                "hmeta.model(), hmeta.chip() == fota.model().chip, rtos.bsp()",
                "rtos.version(), rtos.firmware(), select('#', rtos.version(true))",
                "select(2, rtos.meminfo()) > 1000"))
        end)

        it("its clock", function()
            assert.same({ "1000\t1000\t8", "true\t2000000", "0\t2\t0x0000000a" }, (guest:task([[
                local ticks, tick64 = mcu.ticks(), mcu.tick64()
                sys.wait(1000)
                print(mcu.hz(), mcu.ticks() - ticks, #tick64)
                sys.wait(1000)
                print(mcu.dtick64(mcu.tick64(), tick64, 2000000))
                local high, low = mcu.ticks2(2)
                print(high, low, mcu.x32(10))
            ]])))
        end)

        it("its clock, which turns over after 2^31 milliseconds while timers go on", function()
            local difference = vm.narrow and "1385447424" or "4000000000000"
            assert.same({ "-294967296\t4000\t0", "true\t" .. difference, "1000\ttrue" }, (guest:task([[
                local tick64, time, began = mcu.tick64(), os.time(), mcu.ticks()
                sys.wait(2000000000)
                sys.wait(2000000000)
                print(mcu.ticks() - began, mcu.ticks2(1))
                print(mcu.dtick64(mcu.tick64(), tick64))
                local ticks = mcu.ticks()
                sys.wait(1000)
                print(mcu.ticks() - ticks, os.time() - time == 4000001)
            ]])))
        end)

        it("a card, where its file system has the folder", function()
            local script = "local ok, why = fatfs.mount(fatfs.SPI, '/sd', 1, 3) "
                .. "print(ok, why) print((fatfs.getfree('/sd') or {}).free_kb, fatfs.unmount('/sd'))"
            assert.same({ "false\tno card; put a folder /sd into the modem's file system", "nil\ttrue" },
                (guest:run(script)))
            assert(os.execute("mkdir " .. guest.fs .. "/sd"))
            assert.same({ "true\t0", "1048576\ttrue" }, (guest:run(script)))
        end)

        it("its network, which comes and goes", function()
            assert.same({
                "0\tfalse\tnil", "1\ttrue\ttrue", "10.0.2.15\t255.255.255.0\t10.0.2.2", "false", "IP_LOSE\t1",
                "true\t0\tfalse\t0", "IP_READY\ttrue", "NTP_UPDATE\ttrue",
            }, (guest:task([[
                print(mobile.status(), netdrv.ready(socket.LWIP_GP), socket.localIP())
                sys.waitUntil("IP_READY")
                print(mobile.status(), netdrv.ready(socket.LWIP_GP), mobile.csq() > 20)
                print(socket.localIP())
                print((socket.adapter(socket.ETH0)))
                sys.subscribe("IP_LOSE", function(adapter) print("IP_LOSE", adapter) end)
                mobile.flymode(0, true)
                sys.wait(5000)
                print(mobile.flymode(), mobile.status(), (socket.adapter()), mobile.csq())
                mobile.flymode(0, false)
                print("IP_READY", (sys.waitUntil("IP_READY", 5000)))
                print("NTP_UPDATE", (sys.waitUntil("NTP_UPDATE", 5000)))
            ]])))
        end)

        it("cells around it, when it has looked", function()
            assert.same({ "true\t1" }, (guest:task([[
                mobile.reqCellInfo(10)
                print(sys.waitUntil("CELL_INFO_UPDATE", 15000), #mobile.getCellInfo())
            ]])))
        end)
    end)

    describe("asks hardware that is not there:", function()
        it("it is logged, once for the same call after another", function()
            local _, run = guest:run([[
                wdt.init(9000)
                for i = 1, 3 do wdt.feed() end
                pm.power(pm.WORK_MODE, 1)
                uart.setup(1, 115200)
                uart.write(1, "AT\r\n")
                uart.on(1, "receive", nil)
            ]])
            assert.same({ "D/wdt init(9000)", "D/wdt feed()", "D/pm power(7, 1)", "D/uart setup(1, 115200)",
                'D/uart write(1, "4 bytes")', 'D/uart on(1, "receive", nil)' }, run.logs)
        end)

        it("a pin reads what was written to it", function()
            assert.same({ "0", "1\t1", "0" }, say("local led = gpio.setup(27, 0)", "gpio.get(27)",
                "(function() led(1) return gpio.get(27), led() end)()",
                "(function() gpio.toggle(27) return gpio.get(27) end)()"))
        end)

        it("pm.shutdown switches the modem off, pm.reboot restarts it", function()
            local output, run = guest:run("print('on') pm.shutdown() print('still on')")
            assert.same({ "on" }, output)
            assert.equal("end", run.why)
            output = guest:run([[
                if io.exists("/seen") then print("again") return end
                io.writeFile("/seen", "")
                pm.reboot()
            ]])
            assert.same({ "again" }, output)
        end)
    end)
end)
