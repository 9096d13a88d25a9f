--- LuatOS's `i2c` on the emulated modem: nobody answers.
return require("fota.emulator.luatos.inert").module("i2c",
    { exist = true, setup = 1, send = false, recv = "", writeReg = false, readReg = "", scan = true },
    { FAST = 1, SLOW = 0, PLUS = 2 }, { "close" })
