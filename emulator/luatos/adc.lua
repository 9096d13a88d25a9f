--- LuatOS's `adc` on the emulated modem: a battery of 3.8 V at 25 degrees on every channel.
return require("fota.emulator.luatos.inert").module("adc",
    { open = true, get = 3800, read = 3800, setRange = true },
    { CH_CPU = -1, CH_VBAT = -2, ADC_RANGE_3_8 = 2, ADC_RANGE_1_2 = 1, ADC_RANGE_MAX = 2, ADC_RANGE_MIN = 1 },
    { "close" })
