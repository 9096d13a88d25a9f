/*
 * delta_m3.c - applies one patch on an emulated Cortex-M3 (QEMU's mps2-an385), for bench/delta.sh:
 * prints how many instructions the decoder took.
 *
 * With -icount shift=3 an instruction takes 8 ns of the emulated time, and SysTick counts 40 ns.
 * The loader puts the images and the patch into PSRAM, and their sizes, with the decoder's RAM,
 * behind.
 */
#include <stdint.h>
#include <string.h>

#include "patch.h"

#define OLD      ((const uint8_t *)0x21000000)
#define PATCH    ((const uint8_t *)0x21400000)
#define EXPECTED ((const uint8_t *)0x21800000)
#define MADE     ((uint8_t *)0x21c00000)
#define SIZES    ((const uint32_t *)0x21fffff0) /* of old, new and patch; RAM */

#define SYSTICK_CONTROL (*(volatile uint32_t *)0xe000e010)
#define SYSTICK_RELOAD  (*(volatile uint32_t *)0xe000e014)
#define SYSTICK_VALUE   (*(volatile uint32_t *)0xe000e018)
#define TICK_MASK       0xffffffu
#define TICK_PER        5u /* instructions */

static uint32_t memory[FOTA_PATCH_RAM_MAX / 4];
static uint64_t ticks;

static int semihost(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void finish(const char *text)
{
    semihost(4, text);                     /* SYS_WRITE0 */
    semihost(0x18, (const void *)0x20026); /* SYS_EXIT: ADP_Stopped_ApplicationExit */
    for (;;)
        ;
}

static int read_old(void *context, uint32_t offset, void *data, size_t length)
{
    (void)context;
    memcpy(data, OLD + offset, length);
    return 0;
}

static int read_new(void *context, uint32_t offset, void *data, size_t length)
{
    (void)context;
    memcpy(data, MADE + offset, length);
    return 0;
}

/* SysTick counts down, and round often enough between two polls. */
static void count_since(uint32_t before)
{
    ticks += (before - SYSTICK_VALUE) & TICK_MASK;
}

static int apply(struct fota_patch *patch)
{
    uint32_t pushed = 0, made = 0, before;
    struct fota_fault fault;
    size_t length;
    int state;

    do {
        uint8_t piece[512];

        before = SYSTICK_VALUE;
        state = fota_patch_poll(patch, piece, sizeof piece, &length, &fault);
        count_since(before);
        memcpy(MADE + made, piece, length);
        made += (uint32_t)length;
        before = SYSTICK_VALUE;
        if (state == FOTA_PATCH_WANTS)
            pushed += (uint32_t)fota_patch_sink(patch, PATCH + pushed, SIZES[2] - pushed);
        count_since(before);
    } while (state > 0 && state != FOTA_PATCH_DONE);
    return state == FOTA_PATCH_DONE && memcmp(MADE, EXPECTED, SIZES[1]) == 0;
}

static const char *decimal(uint64_t value)
{
    static char text[24] = "";
    char *at = text + sizeof text - 2;

    *at = '\n';
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    return at;
}

void start(void);

void start(void)
{
    static const struct fota_patch_readers readers = {read_old, read_new, NULL};
    const struct fota_patch_layout layout = {SIZES[2], SIZES[0], SIZES[1], SIZES[3], 0, 0};
    struct fota_patch *patch;
    struct fota_fault fault;

    SYSTICK_RELOAD = TICK_MASK;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5; /* on, the processor's clock */
    if (fota_patch_start(&patch, memory, sizeof memory, &layout, &readers, &fault))
        finish("start\n");
    finish(apply(patch) ? decimal(ticks * TICK_PER) : "wrong image\n");
}

__attribute__((section(".vectors"), used)) void *const vectors[] = {(void *)0x20400000,
                                                                    (void *)start};
