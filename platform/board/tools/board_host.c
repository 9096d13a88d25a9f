/*
 * board_host.c - prepares a board on the host:
 *
 *   board_host product MODEL KEY.pem...                      product.c, to standard output
 *   board_host geometry                                     of the map, for fota pack --geometry
 *   board_host flash PACKAGE FILES.tar|- BOOT.bin|- OUT.bin  the whole NOR as a factory leaves it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fota_model.h"
#include "package.h"
#include "platform/board/board.h"
#include "slot.h"
#include "tools/key.h"

static void die(const char *path, const char *why)
{
    fprintf(stderr, "board_host: %s: %s\n", path, why);
    exit(1);
}

/* Reads at most `max` bytes of a file into `data`. */
static size_t read_file(const char *path, void *data, size_t max)
{
    FILE *file = fopen(path, "rb");
    size_t length;

    if (!file)
        die(path, "cannot be read");
    length = fread(data, 1, max, file);
    if (fgetc(file) != EOF)
        die(path, "is too large for its place");
    fclose(file);
    return length;
}

static void print_bytes(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%s0x%02X", i ? ", " : "", bytes[i]);
}

static int product(int count, char **words)
{
    const struct fota_model *model = fota_model_find(words[0]);

    if (!model)
        die(words[0], "is no model");
    printf("#include \"platform/board/product.h\"\n\n"
           "const struct fota_model product_model = {\n"
           "    \"%s\", \"%s\", \"%s\", 0x%X, (enum fota_family)%d, %d, %d,\n};\n"
           "const struct fota_key product_keys[] = {\n",
           model->name, model->chip, model->core, (unsigned)model->features, (int)model->family,
           model->asynchronous, model->code_second);
    for (int i = 1; i < count; i++) {
        char pem[4 * FOTA_PEM_MAX];
        struct fota_keypair key;

        if (fota_keypair_parse(pem, read_file(words[i], pem, sizeof pem), &key) != 0)
            die(words[i], "is no key (P-256, PEM)");
        printf("    {{");
        print_bytes(key.id, sizeof key.id);
        printf("}, {");
        print_bytes(key.point, sizeof key.point);
        printf("}, false},\n");
        fota_keypair_clear(&key);
    }
    printf("};\nconst size_t product_key_count = %d;\n", count - 1);
    return 0;
}

static void put_package(uint8_t *cells, const char *path)
{
    const struct fota_region *slot = &board_map.slot;
    uint8_t *package = malloc(slot->size);
    size_t length = read_file(path, package, slot->size);
    struct fota_manifest manifest;
    struct fota_fault fault;
    size_t header;

    if (fota_package_measure(package, length, &header, &fault) != 0 ||
        fota_package_parse(package, header, &manifest, &fault) != 0 ||
        length != header + manifest.payload.length)
        die(path, "is no whole package");
    if (manifest.payload.length > fota_slot_capacity(&board_map))
        die(path, "is too large for the slot");
    memcpy(cells + slot->offset, package + header, manifest.payload.length);
    memcpy(cells + fota_slot_manifest(&board_map.slot), package, header);
    free(package);
}

static int flash(char **words)
{
    uint8_t *cells = malloc(board_map.flash_size);
    FILE *out = fopen(words[3], "wb");

    if (!out)
        die(words[3], "cannot be written");
    memset(cells, 0xFF, board_map.flash_size);
    put_package(cells, words[0]);
    if (strcmp(words[1], "-") != 0)
        read_file(words[1], cells + board_files.offset, board_files.size);
    if (strcmp(words[2], "-") != 0)
        read_file(words[2], cells, board_map.slot.offset);
    if (fwrite(cells, 1, board_map.flash_size, out) != board_map.flash_size || fclose(out) != 0)
        die(words[3], "cannot be written");
    free(cells);
    return 0;
}

static int geometry(void)
{
    printf("%u/%u,%u/%u%s\n", board_map.slot.size, board_map.slot.erase_unit,
           board_map.staging.size, board_map.staging.erase_unit, board_map.other.size ? ",ab" : "");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "geometry") == 0)
        return geometry();
    if (argc >= 4 && strcmp(argv[1], "product") == 0)
        return product(argc - 2, argv + 2);
    if (argc == 6 && strcmp(argv[1], "flash") == 0)
        return flash(argv + 2);
    fprintf(
        stderr,
        "usage: board_host product MODEL KEY.pem... | flash PACKAGE FILES.tar BOOT.bin OUT.bin\n");
    return 2;
}
