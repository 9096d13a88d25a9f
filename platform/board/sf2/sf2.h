/*
 * sf2.h - what start.c and board.c of this board share. SmartFusion2 M2S010 on Emcraft's SOM kit,
 * as QEMU's emcraft-sf2 has it. Names of registers are those of Microsemi's UG0331.
 */
#ifndef FOTA_BOARD_SF2_H
#define FOTA_BOARD_SF2_H

#include <stdint.h>

/* Lets code run from external DDR, which ARMv7-M's default map forbids. */
void sf2_open_ram(void);

/* SysTick's handler. */
void sf2_tick(void);

/* Where faults end; `frame` is the stack with the exception's frame. */
void sf2_fault(const uint32_t *frame) __attribute__((noreturn, used));

#endif
