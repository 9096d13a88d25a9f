--- LuatOS's `errDump` on the emulated modem: nothing is collected.
return require("fota.emulator.luatos.inert").module("errDump", { dump = false },
    { TYPE_SYS = 0, TYPE_USR = 1 }, { "config", "record", "request" })
