--- LuatOS's `spi` on the emulated modem: nobody answers.
return require("fota.emulator.luatos.inert").module("spi",
    { setup = 0, send = 0, recv = "", transfer = "", close = 0 },
    { MSB = 1, LSB = 0, master = 1, slave = 0, full = 1, half = 0 }, { "deviceSetup" })
