/*
 * board.c - AST2600 evaluation board: Cortex-A7, 88 KB SRAM, DRAM, 8 MB SPI NOR (W25Q64: erase
 * 4 KB, page 256 bytes) from which it boots.
 */
#include "platform/board/board.h"

#include <string.h>

#include "platform/board/ast2600/ast2600.h"
#include "platform/board/semihost.h"

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

const char board_name[] = "ast2600";

#define DRAM 0x80000000u

uint8_t *const board_image = (uint8_t *)DRAM;
const uint32_t board_image_max = 8u << 20;

static void barrier(void)
{
    __asm__ volatile("dsb\n isb" ::: "memory");
}

/* ---- MMU (ARMv7-A, B3.5) --------------------------------------------------------------------- */

#define SECTION  0xC02u                                   /* full access, domain 0 */
#define DEVICE   (SECTION | 1u << 4 | 1u << 2)            /* execute never */
#define CACHED   (SECTION | 1u << 12 | 1u << 3 | 1u << 2) /* write-back, write-allocate */
#define UNCACHED (SECTION | 1u << 12)
#define MEGABYTE 20u /* shift */

static uint32_t kind_of(uint32_t megabyte)
{
    if (megabyte == 0x83F) /* app.ld: what the NIC reads and writes */
        return UNCACHED;
    if (megabyte == 0x000 || megabyte == 0x100 || megabyte >= DRAM >> MEGABYTE)
        return CACHED;
    return DEVICE;
}

void ast2600_start_mmu(void)
{
    static uint32_t table[4096] __attribute__((aligned(16384)));
    uint32_t control;

    for (uint32_t i = 0; i < 4096; i++)
        table[i] = i << MEGABYTE | kind_of(i);
    __asm__ volatile("mcr p15, 0, %0, c2, c0, 0" ::"r"(table)); /* TTBR0 */
    __asm__ volatile("mcr p15, 0, %0, c3, c0, 0" ::"r"(1));     /* DACR: client of domain 0 */
    __asm__ volatile("mcr p15, 0, %0, c8, c7, 0" ::"r"(0));     /* TLBIALL */
    __asm__ volatile("mcr p15, 0, %0, c7, c5, 0" ::"r"(0));     /* ICIALLU */
    barrier();
    __asm__ volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(control));
    control |= 1u << 12 | 1u << 2 | 1u; /* SCTLR: I, C, M */
    __asm__ volatile("mcr p15, 0, %0, c1, c0, 0" ::"r"(control));
    barrier();
}

/* ---- clock ----------------------------------------------------------------------------------- */

#define COUNTER_HZ 1000000000u /* of the emulator; the chip's has 1125 MHz */
#define IDLE_MS    1u

#define GICD_CTLR      0x40461000u
#define GICD_ISENABLER 0x40461100u
#define GICC_CTLR      0x40462000u
#define GICC_PMR       0x40462004u
#define TIMER_IRQS     (1u << 29 | 1u << 30) /* secure and non-secure physical timer */

static uint64_t counter(void)
{
    uint32_t low, high;

    __asm__ volatile("isb\n mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high)); /* CNTPCT */
    return (uint64_t)high << 32 | low;
}

static uint64_t began;

uint64_t board_us(void)
{
    return (counter() - began) / (COUNTER_HZ / 1000000);
}

/* Interrupts stay masked: a pending one ends WFI all the same. */
void board_idle(void)
{
    __asm__ volatile("mcr p15, 0, %0, c14, c2, 0" ::"r"(COUNTER_HZ / 1000 * IDLE_MS)); /* TVAL */
    __asm__ volatile("mcr p15, 0, %0, c14, c2, 1\n isb" ::"r"(1));                     /* CTL */
    __asm__ volatile("dsb\n wfi");
    __asm__ volatile("mcr p15, 0, %0, c14, c2, 1\n isb" ::"r"(0));
}

static void start_clock(void)
{
    began = counter();
    REG(GICD_ISENABLER) = TIMER_IRQS;
    REG(GICD_CTLR) = 3;
    REG(GICC_PMR) = 0xFF;
    REG(GICC_CTLR) = 3;
}

/* ---- watchdogs: the first one resets, the second one watches --------------------------------- */

#define WDT1          0x1E785000u
#define WDT2          0x1E785040u
#define WDT_RELOAD    0x04u /* microseconds */
#define WDT_RESTART   0x08u
#define WDT_CTRL      0x0Cu
#define RESTART_MAGIC 0x4755u
#define CTRL_RESET    3u /* enable, reset the system */

static void start_watchdog(uint32_t wdt, uint32_t us)
{
    REG(wdt + WDT_CTRL) = 0;
    REG(wdt + WDT_RELOAD) = us;
    REG(wdt + WDT_RESTART) = RESTART_MAGIC;
    REG(wdt + WDT_CTRL) = CTRL_RESET;
}

void board_watchdog_start(void)
{
    start_watchdog(WDT2, BOARD_WATCHDOG_MS * 1000);
}

void board_watchdog_feed(void)
{
    REG(WDT2 + WDT_RESTART) = RESTART_MAGIC;
}

void board_reset(void)
{
    start_watchdog(WDT1, 16);
    for (;;)
        __asm__ volatile("wfi");
}

void board_run_image(void)
{
    uint32_t control;

    barrier();
    __asm__ volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(control));
    control &= ~1u; /* the application makes a table of its own */
    __asm__ volatile("mcr p15, 0, %0, c1, c0, 0\n isb\n bx %1" ::"r"(control), "r"(DRAM));
    __builtin_unreachable();
}

/* ---- UART (16550) ---------------------------------------------------------------------------- */

#define UART_RBR 0x00u /* RBR, THR */
#define UART_LSR 0x14u
#define LSR_DR   0x01u
#define LSR_THRE 0x20u

/* UART5, which the evaluation board has its console on, and UART1. */
static const uint32_t uarts[] = {0x1E784000u, 0x1E783000u};

void board_put(enum board_uart uart, uint8_t byte)
{
    while (!(REG(uarts[uart] + UART_LSR) & LSR_THRE))
        ;
    REG(uarts[uart] + UART_RBR) = byte;
}

int board_get(enum board_uart uart)
{
    return REG(uarts[uart] + UART_LSR) & LSR_DR ? (int)(REG(uarts[uart] + UART_RBR) & 0xFF) : -1;
}

/* ---- FMC (firmware memory controller) -------------------------------------------------------- */

#define FMC_CONF       0x1E620000u
#define FMC_CE0_CTRL   0x1E620010u
#define CONF_CE0_WRITE (1u << 16)
#define USER_SELECTED  3u
#define USER_RELEASED  7u

static volatile uint8_t *const window = (volatile uint8_t *)0x20000000u;

void board_spi(const uint8_t *command, size_t command_len, const uint8_t *out, size_t out_len,
               uint8_t *in, size_t in_len)
{
    REG(FMC_CONF) |= CONF_CE0_WRITE;
    REG(FMC_CE0_CTRL) = USER_SELECTED;
    for (size_t i = 0; i < command_len; i++)
        *window = command[i];
    for (size_t i = 0; i < out_len; i++)
        *window = out[i];
    for (size_t i = 0; i < in_len; i++)
        in[i] = *window;
    REG(FMC_CE0_CTRL) = USER_RELEASED;
}

/* ---- MAC (FTGMAC100) ------------------------------------------------------------------------- */

#define MAC            0x1E660000u
#define MAC_MADR       (MAC + 0x08) /* address, high */
#define MAC_LADR       (MAC + 0x0C)
#define MAC_TXPD       (MAC + 0x18) /* kicks */
#define MAC_RXPD       (MAC + 0x1C)
#define MAC_TXR_BADR   (MAC + 0x20) /* rings */
#define MAC_RXR_BADR   (MAC + 0x24)
#define MAC_DBLAC      (MAC + 0x38)
#define MAC_RBSR       (MAC + 0x4C)
#define MAC_MACCR      (MAC + 0x50)
#define MACCR_RESET    0x80000000u
#define MACCR_RUN      0x3010Fu   /* DMA and MAC both ways, full duplex, multicast, broadcast */
#define DBLAC_16       0x22000u   /* descriptors of 16 bytes */
#define OWN            (1u << 31) /* TX: the MAC's; RX: a frame is there */
#define END_OF_RING    (1u << 30)
#define FIRST_AND_LAST (3u << 28)
#define LENGTH         0x3FFFu
#define CRC_LENGTH     4u
#define RX_DESCRIPTORS 64u

struct descriptor {
    volatile uint32_t status, control, reserved, address;
};

#define DMA __attribute__((section(".dma"), aligned(16)))

const uint8_t board_mac[6] = {0x02, 0xF0, 0x7A, 0x00, 0x00, 0x02};

static DMA struct descriptor rx[RX_DESCRIPTORS];
static DMA struct descriptor tx;
static DMA uint8_t rx_frames[RX_DESCRIPTORS][BOARD_FRAME_MAX];
static DMA uint8_t tx_frame[BOARD_FRAME_MAX];
static uint32_t rx_next;

static uint32_t bus(const volatile void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

void board_nic_start(void)
{
    REG(MAC_MACCR) = MACCR_RESET;
    REG(MAC_MADR) = (uint32_t)board_mac[0] << 8 | board_mac[1];
    REG(MAC_LADR) = (uint32_t)board_mac[2] << 24 | (uint32_t)board_mac[3] << 16 |
                    (uint32_t)board_mac[4] << 8 | board_mac[5];
    memset(rx, 0, sizeof rx);
    memset(&tx, 0, sizeof tx);
    for (uint32_t i = 0; i < RX_DESCRIPTORS; i++)
        rx[i].address = bus(rx_frames[i]);
    rx[RX_DESCRIPTORS - 1].status = END_OF_RING;
    rx_next = 0;
    barrier();
    REG(MAC_DBLAC) = DBLAC_16;
    REG(MAC_RBSR) = BOARD_FRAME_MAX;
    REG(MAC_TXR_BADR) = bus(&tx);
    REG(MAC_RXR_BADR) = bus(rx);
    REG(MAC_MACCR) = MACCR_RUN;
}

bool board_nic_send(const uint8_t *frame, size_t length)
{
    if (tx.status & OWN || length > sizeof tx_frame)
        return false;
    memcpy(tx_frame, frame, length);
    tx.address = bus(tx_frame);
    tx.status = OWN | END_OF_RING | FIRST_AND_LAST | (uint32_t)length;
    barrier();
    REG(MAC_TXPD) = 1;
    return true;
}

bool board_nic_ready(void)
{
    return (rx[rx_next].status & OWN) != 0;
}

size_t board_nic_receive(uint8_t *frame)
{
    struct descriptor *d = &rx[rx_next];
    size_t length = d->status & LENGTH;

    if (!board_nic_ready())
        return 0;
    length = length > CRC_LENGTH ? length - CRC_LENGTH : 0;
    length = length < BOARD_FRAME_MAX ? length : BOARD_FRAME_MAX;
    memcpy(frame, rx_frames[rx_next], length);
    d->status = rx_next == RX_DESCRIPTORS - 1 ? END_OF_RING : 0;
    barrier();
    REG(MAC_RXPD) = 1;
    rx_next = (rx_next + 1) % RX_DESCRIPTORS;
    return length;
}

/* ---- the rest -------------------------------------------------------------------------------- */

#define SCU_RNG_DATA 0x1E6E2540u

void board_start(void)
{
    start_clock();
}

int64_t board_time(void)
{
    return semihost_time();
}

bool board_entropy(uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)REG(SCU_RNG_DATA);
    return true;
}

void ast2600_fault(uint32_t address)
{
    static const char text[] = "fault at 0x";

    for (const char *c = text; *c; c++)
        board_put(BOARD_CONSOLE, (uint8_t)*c);
    for (int shift = 28; shift >= 0; shift -= 4)
        board_put(BOARD_CONSOLE, (uint8_t) "0123456789abcdef"[address >> shift & 15]);
    board_put(BOARD_CONSOLE, '\n');
    board_reset();
}
