/*
 * glitch.h - included before each guarded source of the engine by test/glitch.lua: their code goes
 * into a section of its own, where single instructions are then skipped and branches turned.
 */
#pragma clang section text = "guarded"
