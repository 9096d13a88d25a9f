--- LuatOS's `pwm` on the emulated modem.
return require("fota.emulator.luatos.inert").module("pwm",
    { open = true, setup = true, start = true, stop = true, setDuty = true, setFreq = true }, {},
    { "close", "capture" })
