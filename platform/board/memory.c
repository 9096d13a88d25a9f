/*
 * memory.c - the heap of a boot loader: what mbedTLS takes for a signature, and gives back nearly
 * in the order of a stack.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *below;
    size_t used; /* 0: returned, but one above it is not */
};

extern uint8_t __heap_start[], __heap_end[];

static struct block *top;
static uint8_t *end;

void *calloc(size_t count, size_t size)
{
    size_t bytes = sizeof(struct block) + (count * size + 7) / 8 * 8;
    struct block *block;

    if (!top)
        end = __heap_start;
    if (bytes > (size_t)(__heap_end - end))
        return NULL;
    block = (struct block *)end;
    *block = (struct block){top, bytes};
    top = block;
    end += bytes;
    return memset(block + 1, 0, bytes - sizeof *block);
}

void free(void *data)
{
    if (!data)
        return;
    ((struct block *)data - 1)->used = 0;
    while (top && !top->used) {
        end = (uint8_t *)top;
        top = top->below;
    }
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}
