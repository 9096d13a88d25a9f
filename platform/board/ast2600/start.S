/*
 * start.S - from reset to main() on a Cortex-A7, for boot loader and application (ARMv7-A, B1.8).
 */
    .syntax unified
    .arm
    .section .vectors, "ax"
    .global vectors
    .type vectors, %function

vectors:
    b start
    b fault         /* undefined instruction */
    b fault         /* supervisor call: the host takes semihosting's */
    b fault         /* prefetch abort */
    b fault         /* data abort */
    b fault
    b fault         /* IRQ, FIQ: masked for ever; they only end WFI */
    b fault

start:
    cpsid if
    mrc p15, 0, r0, c0, c0, 5   /* MPIDR */
    ands r0, r0, #3
park:
    wfine                       /* the second core has nothing to do */
    bne park
    ldr r0, =vectors
    mcr p15, 0, r0, c12, c0, 0  /* VBAR */
    ldr sp, =__stack
    ldr r0, =__data_start
    ldr r1, =__data_load
    ldr r2, =__data_end
    sub r2, r2, r0
    blx memmove
    ldr r0, =__bss_start
    ldr r2, =__bss_end
    sub r2, r2, r0
    mov r1, #0
    blx memset
    blx ast2600_start_mmu
    blx main
    blx board_reset

fault:
    mov r0, lr
    ldr sp, =__stack
    blx ast2600_fault
