set(BOARD_CPU -mcpu=cortex-a7 -mthumb -mfloat-abi=soft)
set(BOARD_SOURCES ast2600/board.c)
set(BOARD_START ast2600/start.S)
