/*
 * start.c - from reset to main() on a Cortex-M3, for boot loader and application (ARMv7-M, B1.5).
 */
#include <stdint.h>
#include <string.h>

#include "platform/board/board.h"
#include "platform/board/sf2/sf2.h"

extern uint8_t __stack[], __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];

int main(void);

static void start(void) __attribute__((noreturn));

static void start(void)
{
    sf2_open_ram();
    memmove(__data_start, __data_load, (size_t)(__data_end - __data_start));
    memset(__bss_start, 0, (size_t)(__bss_end - __bss_start));
    main();
    board_reset();
}

/* A fault: says where, and starts anew, which the boot loader counts as a try. */
static void fault(void) __attribute__((naked));

static void fault(void)
{
    __asm__ volatile("mrs r0, msp\n b sf2_fault");
}

typedef void vector(void);

__attribute__((section(".vectors"), used)) const struct {
    const void *stack;
    vector *exceptions[15];
} vectors = {
    __stack,
    {start, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, sf2_tick},
};
