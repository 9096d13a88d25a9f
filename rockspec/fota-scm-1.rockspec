rockspec_format = "3.0"
package = "fota"
version = "scm-1"
source = {
    url = "git+file://.",
}
description = {
    summary = "Firmware updates for modems that run scripts",
    detailed = [[
        A firmware-over-the-air engine in C with a Lua face: QuecPython's documented fota calls for every
        modem model, signed packages, power-fail-safe installing, and an emulated modem to test one's own
        scripts with.
    ]],
    license = "MIT",
}
dependencies = {
    "lua >= 5.1, < 5.5",
}
external_dependencies = {
    MBEDTLS = { header = "mbedtls/ssl.h", library = "mbedtls" },
}
build = {
    type = "builtin",
    modules = {
        fota = {
            sources = {
                "core/apn.c", "core/boot.c", "core/boot_copy.c", "core/boot_rescue.c", "core/boot_switch.c", "core/connection.c", "core/crc32.c", "core/device.c", "core/download.c", "core/engine.c",
                "core/error.c", "core/flash.c", "core/ftp.c", "core/ftp_reply.c", "core/http.c", "core/http_reader.c", "core/journal.c", "core/judge.c",
                "core/local.c", "core/model.c", "core/package.c", "core/provision.c", "core/slot.c", "core/source.c", "core/staging.c",
                "core/text.c", "core/url.c",
                "platform/mbedtls/certificate.c", "platform/mbedtls/crypto.c", "platform/mbedtls/digest.c",
                "platform/mbedtls/tls.c", "platform/posix/bundle.c", "platform/posix/net.c",
                "platform/posix/system.c", "platform/sim/clock.c", "platform/sim/apn.c", "platform/sim/flash.c",
                "platform/sim/link.c", "platform/sim/map.c",
                "platform/sim/modem.c", "platform/sim/web.c",
                "lua_fota.c", "lua/documented.c", "lua/job.c", "lua/luatos.c", "lua/native.c",
                "lua/tls.c", "lua/value.c", "emulator/lua_files.c", "emulator/lua_guest.c", "emulator/lua_sim.c",
                "emulator/lua_world.c",
                "tools/key.c", "tools/lua_host.c", "tools/lua_table.c", "tools/lua_tool.c",
                "tools/package_writer.c",
            },
            incdirs = { ".", "core", "tools", "$(MBEDTLS_INCDIR)" },
            libdirs = { "$(MBEDTLS_LIBDIR)" },
            libraries = { "mbedtls", "mbedx509", "mbedcrypto" },
            defines = { 'FOTA_VERSION="scm"' },
        },
        ["fota.sim"] = "emulator/sim.lua",
        ["fota.emulator.bar"] = "emulator/bar.lua",
        ["fota.emulator.cli"] = "emulator/cli.lua",
        ["fota.emulator.files"] = "emulator/files.lua",
        ["fota.emulator.guest"] = "emulator/guest.lua",
        ["fota.emulator.home"] = "emulator/home.lua",
        ["fota.emulator.log"] = "emulator/log.lua",
        ["fota.emulator.loop"] = "emulator/loop.lua",
        ["fota.emulator.luatos.adc"] = "emulator/luatos/adc.lua",
        ["fota.emulator.luatos.airlink"] = "emulator/luatos/airlink.lua",
        ["fota.emulator.luatos.compat"] = "emulator/luatos/compat.lua",
        ["fota.emulator.luatos.connection"] = "emulator/luatos/connection.lua",
        ["fota.emulator.luatos.crypto"] = "emulator/luatos/crypto.lua",
        ["fota.emulator.luatos.errDump"] = "emulator/luatos/errDump.lua",
        ["fota.emulator.luatos.fs"] = "emulator/luatos/fs.lua",
        ["fota.emulator.luatos.fskv"] = "emulator/luatos/fskv.lua",
        ["fota.emulator.luatos.gpio"] = "emulator/luatos/gpio.lua",
        ["fota.emulator.luatos.hmeta"] = "emulator/luatos/hmeta.lua",
        ["fota.emulator.luatos.http"] = "emulator/luatos/http.lua",
        ["fota.emulator.luatos.http_reader"] = "emulator/luatos/http_reader.lua",
        ["fota.emulator.luatos.http_sink"] = "emulator/luatos/http_sink.lua",
        ["fota.emulator.luatos.i2c"] = "emulator/luatos/i2c.lua",
        ["fota.emulator.luatos.identity"] = "emulator/luatos/identity.lua",
        ["fota.emulator.luatos.inert"] = "emulator/luatos/inert.lua",
        ["fota.emulator.luatos.io"] = "emulator/luatos/io.lua",
        ["fota.emulator.luatos.json"] = "emulator/luatos/json.lua",
        ["fota.emulator.luatos.mcu"] = "emulator/luatos/mcu.lua",
        ["fota.emulator.luatos.mobile"] = "emulator/luatos/mobile.lua",
        ["fota.emulator.luatos.netdrv"] = "emulator/luatos/netdrv.lua",
        ["fota.emulator.luatos.network"] = "emulator/luatos/network.lua",
        ["fota.emulator.luatos.numbers"] = "emulator/luatos/numbers.lua",
        ["fota.emulator.luatos.pack"] = "emulator/luatos/pack.lua",
        ["fota.emulator.luatos.pm"] = "emulator/luatos/pm.lua",
        ["fota.emulator.luatos.pwm"] = "emulator/luatos/pwm.lua",
        ["fota.emulator.luatos.rtc"] = "emulator/luatos/rtc.lua",
        ["fota.emulator.luatos.socket"] = "emulator/luatos/socket.lua",
        ["fota.emulator.luatos.spi"] = "emulator/luatos/spi.lua",
        ["fota.emulator.luatos.strings"] = "emulator/luatos/strings.lua",
        ["fota.emulator.luatos.timer"] = "emulator/luatos/timer.lua",
        ["fota.emulator.luatos.uart"] = "emulator/luatos/uart.lua",
        ["fota.emulator.luatos.wdt"] = "emulator/luatos/wdt.lua",
        ["fota.emulator.luatos.wlan"] = "emulator/luatos/wlan.lua",
        ["fota.emulator.luatos.zbuff"] = "emulator/luatos/zbuff.lua",
        ["fota.emulator.machine"] = "emulator/machine.lua",
        ["fota.emulator.rtos"] = "emulator/rtos.lua",
        ["fota.emulator.sys"] = "emulator/sys.lua",
        ["fota.emulator.world"] = "emulator/world.lua",
        ["fota.tool.archive"] = "tools/archive.lua",
        ["fota.tool.cli"] = "tools/cli.lua",
        ["fota.tool.json"] = "tools/json.lua",
        ["fota.tool.keygen"] = "tools/keygen.lua",
        ["fota.tool.models"] = "tools/models.lua",
        ["fota.tool.options"] = "tools/options.lua",
        ["fota.tool.pack"] = "tools/pack.lua",
        ["fota.tool.show"] = "tools/show.lua",
        ["fota.tool.sign"] = "tools/sign.lua",
        ["fota.tool.util"] = "tools/util.lua",
        ["fota.tool.verify"] = "tools/verify.lua",
    },
    install = {
        bin = { fota = "tools/fota" },
    },
}
