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
    MBEDTLS = { header = "mbedtls/ecdsa.h", library = "mbedcrypto" },
}
build = {
    type = "builtin",
    modules = {
        fota = {
            sources = {
                "core/apn.c", "core/boot.c", "core/crc32.c", "core/device.c", "core/download.c", "core/engine.c",
                "core/error.c", "core/http.c", "core/http_reader.c", "core/journal.c", "core/judge.c",
                "core/local.c", "core/model.c", "core/package.c", "core/slot.c", "core/staging.c",
                "core/text.c", "core/url.c",
                "platform/mbedtls/crypto.c", "platform/mbedtls/digest.c", "platform/posix/net.c",
                "platform/posix/system.c", "platform/sim/clock.c", "platform/sim/apn.c", "platform/sim/flash.c",
                "platform/sim/link.c", "platform/sim/map.c",
                "platform/sim/modem.c",
                "lua_fota.c", "lua/documented.c", "lua/job.c", "lua/luatos.c", "lua/native.c",
                "lua/value.c", "emulator/lua_files.c", "emulator/lua_guest.c", "emulator/lua_sim.c",
                "emulator/lua_world.c",
                "tools/key.c", "tools/lua_host.c", "tools/lua_table.c", "tools/lua_tool.c",
                "tools/package_writer.c",
            },
            incdirs = { ".", "core", "tools", "$(MBEDTLS_INCDIR)" },
            libdirs = { "$(MBEDTLS_LIBDIR)" },
            libraries = { "mbedcrypto" },
            defines = { 'FOTA_VERSION="scm"' },
        },
        ["fota.sim"] = "emulator/sim.lua",
        ["fota.emulator.bar"] = "emulator/bar.lua",
        ["fota.emulator.cli"] = "emulator/cli.lua",
        ["fota.emulator.guest"] = "emulator/guest.lua",
        ["fota.emulator.home"] = "emulator/home.lua",
        ["fota.emulator.log"] = "emulator/log.lua",
        ["fota.emulator.machine"] = "emulator/machine.lua",
        ["fota.emulator.rtos"] = "emulator/rtos.lua",
        ["fota.emulator.sys"] = "emulator/sys.lua",
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
