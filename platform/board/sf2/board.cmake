set(BOARD_CPU -mcpu=cortex-m3 -mthumb)
set(BOARD_SOURCES sf2/board.c)
set(BOARD_START sf2/start.c)
