/*
 * ast2600.h - what start.S and board.c of this board share. ASPEED AST2600 on its evaluation board,
 * as QEMU's ast2600-evb has it. Names of registers are those of ASPEED's AST2600 datasheet.
 */
#ifndef FOTA_BOARD_AST2600_H
#define FOTA_BOARD_AST2600_H

#include <stdint.h>

/* Maps memory to itself, with caches. */
void ast2600_start_mmu(void);

/* Where exceptions end; `address` is near the instruction. */
void ast2600_fault(uint32_t address) __attribute__((noreturn, used));

#endif
