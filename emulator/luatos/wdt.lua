--- LuatOS's `wdt` on the emulated modem: a watchdog that never bites.
return require("fota.emulator.luatos.inert").module("wdt",
    { init = true, setTimeout = true, feed = true, close = true, status = 0 })
