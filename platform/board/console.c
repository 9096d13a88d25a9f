#include "platform/board/console.h"

#include "platform/board/board.h"

static void put(const char *text)
{
    for (; *text; text++)
        board_put(BOARD_CONSOLE, (uint8_t)*text);
}

void console_line(const char *who, const char *text, const char *more)
{
    put(who);
    put(text);
    put(more);
    put("\n");
}
