/*
 * board.c - SmartFusion2 on Emcraft's SOM kit: Cortex-M3 with 142 MHz, 64 KB eSRAM, 64 MB DDR,
 * 16 MB SPI NOR (S25FL128P: erase 64 KB, page 256 bytes).
 */
#include "platform/board/board.h"

#include <string.h>

#include "platform/board/semihost.h"
#include "platform/board/sf2/sf2.h"

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

const char board_name[] = "sf2";

#define DDR 0xA0000000u

uint8_t *const board_image = (uint8_t *)DDR;
const uint32_t board_image_max = 8u << 20;

/* ---- core (ARMv7-M, B3) ---------------------------------------------------------------------- */

#define SYSTICK_CSR 0xE000E010u /* enable, interrupt, processor clock */
#define SYSTICK_RVR 0xE000E014u
#define SYSTICK_CVR 0xE000E018u
#define VTOR        0xE000ED08u
#define AIRCR       0xE000ED0Cu
#define MPU_CTRL    0xE000ED94u
#define MPU_RBAR    0xE000ED9Cu
#define MPU_RASR    0xE000EDA0u

#define CLOCK_HZ 142000000u
#define TICK_MS  1u

static volatile uint64_t ticks;
static volatile uint32_t watchdog_ms; /* left; 0: not started */

static void barrier(void)
{
    __asm__ volatile("dsb\n isb" ::: "memory");
}

/* Full access, cacheable, bufferable; everything else as by default. */
void sf2_open_ram(void)
{
    REG(MPU_RBAR) = DDR;
    REG(MPU_RASR) = 3u << 24 | 1u << 17 | 1u << 16 | 25u << 1 | 1u;
    REG(MPU_CTRL) = 7; /* in fault handlers, too */
    barrier();
}

/* The chip has a watchdog (at 0x40005000), the emulator none: the tick stands in for it. */
void sf2_tick(void)
{
    ticks += TICK_MS;
    if (watchdog_ms == 0)
        return;
    watchdog_ms--;
    if (watchdog_ms == 0)
        board_reset();
}

/* The counter runs down, and starts again when `ticks` goes up. */
uint64_t board_us(void)
{
    uint64_t first, second;
    uint32_t left;

    do {
        first = ticks;
        left = REG(SYSTICK_CVR);
        second = ticks;
    } while (first != second);
    return first * 1000 + (TICK_MS * 1000 - left / (CLOCK_HZ / 1000000));
}

void board_idle(void)
{
    __asm__ volatile("wfi");
}

void board_reset(void)
{
    barrier();
    REG(AIRCR) = 0x05FA0004; /* VECTKEY, SYSRESETREQ */
    for (;;)
        ;
}

void board_run_image(void)
{
    const uint32_t *vectors = (const uint32_t *)board_image;

    REG(SYSTICK_CSR) = 0;
    REG(VTOR) = DDR;
    barrier();
    __asm__ volatile("msr msp, %0\n bx %1" ::"r"(vectors[0]), "r"(vectors[1]));
    __builtin_unreachable();
}

void board_watchdog_start(void)
{
    watchdog_ms = BOARD_WATCHDOG_MS;
}

void board_watchdog_feed(void)
{
    if (watchdog_ms)
        watchdog_ms = BOARD_WATCHDOG_MS;
}

static void start_tick(void)
{
    REG(SYSTICK_RVR) = CLOCK_HZ / 1000 * TICK_MS - 1;
    REG(SYSTICK_CVR) = 0;
    REG(SYSTICK_CSR) = 7;
}

/* ---- MMUART (16550) -------------------------------------------------------------------------- */

#define UART(n)  (0x40000000u + (n)*0x10000u)
#define UART_RBR 0x00u /* RBR, THR */
#define UART_LSR 0x14u
#define LSR_DR   0x01u
#define LSR_THRE 0x20u

void board_put(enum board_uart uart, uint8_t byte)
{
    while (!(REG(UART(uart) + UART_LSR) & LSR_THRE))
        ;
    REG(UART(uart) + UART_RBR) = byte;
}

int board_get(enum board_uart uart)
{
    return REG(UART(uart) + UART_LSR) & LSR_DR ? (int)(REG(UART(uart) + UART_RBR) & 0xFF) : -1;
}

/* ---- MSS SPI --------------------------------------------------------------------------------- */

#define SPI_CONTROL 0x40001000u
#define SPI_DFSIZE  0x40001004u
#define SPI_RX_DATA 0x40001010u
#define SPI_TX_DATA 0x40001014u

#define CONTROL_RESET   0x80000102u /* as it is after a reset, and disabled */
#define CONTROL_BIGFIFO (1u << 29)
#define CONTROL_SPS     (1u << 26) /* the chip stays selected between frames */
#define CONTROL_MASTER  (1u << 1)
#define CONTROL_ENABLE  (1u << 0)
#define CONTROL_FRAMES  8u /* shift of the number of frames until it is deselected */

static uint8_t exchange(uint8_t byte)
{
    REG(SPI_TX_DATA) = byte;
    return (uint8_t)REG(SPI_RX_DATA);
}

void board_spi(const uint8_t *command, size_t command_len, const uint8_t *out, size_t out_len,
               uint8_t *in, size_t in_len)
{
    uint32_t frames = (uint32_t)(command_len + out_len + in_len);

    REG(SPI_CONTROL) = CONTROL_RESET;
    REG(SPI_DFSIZE) = 8;
    REG(SPI_CONTROL) =
        CONTROL_BIGFIFO | CONTROL_SPS | CONTROL_MASTER | CONTROL_ENABLE | frames << CONTROL_FRAMES;
    for (size_t i = 0; i < command_len; i++)
        exchange(command[i]);
    for (size_t i = 0; i < out_len; i++)
        exchange(out[i]);
    for (size_t i = 0; i < in_len; i++)
        in[i] = exchange(0xFF);
}

/* ---- TSE MAC --------------------------------------------------------------------------------- */

#define MAC_CFG1       0x40041000u
#define MAC_STA1       0x40041040u
#define MAC_STA2       0x40041044u
#define DMA_TX_CTL     0x40041180u
#define DMA_TX_DESC    0x40041184u
#define DMA_TX_STATUS  0x40041188u
#define DMA_RX_CTL     0x4004118Cu
#define DMA_RX_DESC    0x40041190u
#define DMA_RX_STATUS  0x40041194u
#define CFG1_RESET     0x80000000u
#define CFG1_RX_TX     5u
#define DMA_ENABLE     1u
#define RX_OVERFLOW    4u
#define EMPTY          0x80000000u /* of a descriptor's size */
#define SIZE           0xFFFu
#define RX_DESCRIPTORS 64u

struct descriptor {
    volatile uint32_t address, size, next;
};

const uint8_t board_mac[6] = {0x02, 0xF0, 0x7A, 0x00, 0x00, 0x01};

static struct descriptor rx[RX_DESCRIPTORS], tx;
static uint8_t rx_frames[RX_DESCRIPTORS][BOARD_FRAME_MAX + 4], tx_frame[BOARD_FRAME_MAX];
static uint32_t rx_next;

static uint32_t bus(const volatile void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

void board_nic_start(void)
{
    REG(MAC_CFG1) = CFG1_RESET;
    REG(MAC_CFG1) = CFG1_RX_TX;
    REG(MAC_STA1) = (uint32_t)board_mac[0] << 24 | (uint32_t)board_mac[1] << 16 |
                    (uint32_t)board_mac[2] << 8 | board_mac[3];
    REG(MAC_STA2) = (uint32_t)board_mac[4] << 24 | (uint32_t)board_mac[5] << 16;
    for (uint32_t i = 0; i < RX_DESCRIPTORS; i++) {
        rx[i].address = bus(rx_frames[i]);
        rx[i].size = EMPTY;
        rx[i].next = bus(&rx[(i + 1) % RX_DESCRIPTORS]);
    }
    tx.address = bus(tx_frame);
    tx.size = EMPTY;
    tx.next = bus(&tx);
    rx_next = 0;
    barrier();
    REG(DMA_TX_DESC) = bus(&tx);
    REG(DMA_RX_DESC) = bus(&rx[0]);
    REG(DMA_RX_CTL) = DMA_ENABLE;
}

bool board_nic_send(const uint8_t *frame, size_t length)
{
    if (!(tx.size & EMPTY) || length > sizeof tx_frame)
        return false;
    memcpy(tx_frame, frame, length);
    tx.size = (uint32_t)length;
    barrier();
    REG(DMA_TX_DESC) = bus(&tx);
    REG(DMA_TX_CTL) = DMA_ENABLE;
    return true;
}

/* After an overflow the MAC stands still until it is told where to go on. */
static void restart_receiver(void)
{
    if (!(REG(DMA_RX_STATUS) & RX_OVERFLOW))
        return;
    REG(DMA_RX_STATUS) = RX_OVERFLOW;
    REG(DMA_RX_DESC) = bus(&rx[rx_next]);
    REG(DMA_RX_CTL) = DMA_ENABLE;
}

bool board_nic_ready(void)
{
    if (!(rx[rx_next].size & EMPTY))
        return true;
    restart_receiver();
    return false;
}

size_t board_nic_receive(uint8_t *frame)
{
    struct descriptor *d = &rx[rx_next];
    size_t length = d->size & SIZE;

    if (!board_nic_ready())
        return 0;
    length = length < BOARD_FRAME_MAX ? length : BOARD_FRAME_MAX;
    memcpy(frame, rx_frames[rx_next], length);
    d->size = EMPTY;
    barrier();
    rx_next = (rx_next + 1) % RX_DESCRIPTORS;
    return length;
}

/* ---- the rest -------------------------------------------------------------------------------- */

void board_start(void)
{
    start_tick();
}

int64_t board_time(void)
{
    return semihost_time();
}

bool board_entropy(uint8_t *data, size_t length)
{
    return semihost_read("/dev/urandom", data, length);
}

void sf2_fault(const uint32_t *frame)
{
    static const char text[] = "fault at 0x";

    for (const char *c = text; *c; c++)
        board_put(BOARD_CONSOLE, (uint8_t)*c);
    for (int shift = 28; shift >= 0; shift -= 4)
        board_put(BOARD_CONSOLE, (uint8_t) "0123456789abcdef"[frame[6] >> shift & 15]);
    board_put(BOARD_CONSOLE, '\n');
    board_reset();
}
