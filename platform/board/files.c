#include "platform/board/files.h"

#include <string.h>

#include "platform/board/board.h"

#define BLOCK    512u
#define NAME_MAX 100u
#define SIZE_AT  124u /* octal, 11 digits */
#define SIZE_LEN 11u
#define MAGIC_AT 257u
#define ROUND(n) (((n) + BLOCK - 1) / BLOCK * BLOCK)

extern const uint8_t __image_end[];

static const struct fota_flash *nor;

void board_files_open(const struct fota_flash *flash)
{
    nor = flash;
}

bool board_file_read(const struct board_file *file, uint32_t offset, void *data, size_t length)
{
    if (file->ram) {
        memcpy(data, file->ram + offset, length);
        return true;
    }
    return nor && nor->ops->read(nor->ctx, file->address + offset, data, length) == 0;
}

static uint32_t octal(const char *digits)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < SIZE_LEN && digits[i] >= '0' && digits[i] <= '7'; i++)
        value = value * 8 + (uint32_t)(digits[i] - '0');
    return value;
}

/* Looks through `archive`, a file of its own as far as reading goes. */
static bool find_in(const struct board_file *archive, const char *name, struct board_file *file)
{
    char header[BLOCK];
    uint32_t at = 0;

    while (at + BLOCK <= archive->size && board_file_read(archive, at, header, sizeof header) &&
           memcmp(header + MAGIC_AT, "ustar", 5) == 0) {
        uint32_t size = octal(header + SIZE_AT);

        at += BLOCK;
        if (size > archive->size - at)
            return false;
        if (strncmp(header, name, NAME_MAX) == 0) {
            file->ram = archive->ram ? archive->ram + at : NULL;
            file->address = archive->address + at;
            file->size = size;
            return true;
        }
        at += ROUND(size);
    }
    return false;
}

bool board_file_find(const char *path, struct board_file *file)
{
    const struct board_file image = {__image_end, 0,
                                     board_image_max - (uint32_t)(__image_end - board_image)};
    const struct board_file board = {NULL, board_files.offset, board_files.size};

    while (*path == '/')
        path++;
    return find_in(&image, path, file) || find_in(&board, path, file);
}
