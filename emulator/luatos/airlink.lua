--- LuatOS's `airlink` on the emulated modem: there is no second chip.
return require("fota.emulator.luatos.inert").module("airlink", {
    init = true, config = true, start = true, stop = true, ready = false, sdata = false, irqmode = true,
    wakeupIrqmode = true, sfota = false, sfota_init = false, sfota_done = false, sfota_end = false,
    sfota_write = false, sver = 0,
}, {
    MODE_LOOPBACK = 2, MODE_SPI_SLAVE = 0, MODE_SPI_MASTER = 1, MODE_UART = 3, MODE_HSPI_MASTER = 4,
    CONF_SPI_ID = 0x100, CONF_SPI_CS = 0x101, CONF_SPI_RDY = 0x102, CONF_SPI_IRQ = 0x103,
    CONF_SPI_SPEED = 0x104, CONF_IRQ_TIMEOUT = 0x110, CONF_UART_ID = 0x120,
}, { "test", "cmd", "ping", "statistics", "slave_reboot", "pause", "power", "debug", "bindTransport" })
