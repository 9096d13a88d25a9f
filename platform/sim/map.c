/*
 * map.c - the partition maps of the modem families.
 *
 * Where a comment names a source, flash size and the borders of the regions come from the public
 * SDK of that chip; how they are divided between slots, staging and journal is always ours. What
 * no public source gave is marked "assumed". None of it was measured on a modem.
 */
#include "platform/sim/map.h"

#include <string.h>

#define KB 1024u
#define MB (1024u * KB)

static const struct fota_map maps[FOTA_FAMILIES] =
    {
        /* No modem: two slots, and room for all else. */
        [FOTA_FAMILY_GENERIC] =
            {
                .name = "generic",
                .flash_size = 16 * MB,
                .program_unit = 16,
                .slot = {0x10000, 0x600000, 4 * KB},
                .staging = {0xC10000, 0x3E0000, 4 * KB},
                .journal = {0xFF0000, 0x2000, 4 * KB},
                .other = {0x610000, 0x600000, 4 * KB},
            },
        /*
         * ASR1603, ASR1606. Public: 8 MB, erase 4K, page 256, `system` at 0x24000, about 0.5 MB of
         * file system free. Assumed: the ends of slot and staging.
         */
        [FOTA_FAMILY_ASR8] =
            {
                .name = "asr8",
                .flash_size = 8 * MB,
                .program_unit = 256,
                .slot = {0x24000, 0x5DC000, 4 * KB},
                .staging = {0x700000, 0x80000, 4 * KB},
                .journal = {0x780000, 0x2000, 4 * KB},
            },
        /*
         * ASR1603 with 16 MB. Public: as above, about 1 MB free for a package that is staged as a
         * file. Assumed: the ends of slot and staging.
         */
        [FOTA_FAMILY_ASR16] =
            {
                .name = "asr16",
                .flash_size = 16 * MB,
                .program_unit = 256,
                .slot = {0x24000, 0xBDC000, 4 * KB},
                .staging = {0xE00000, 0x100000, 4 * KB},
                .journal = {0xF00000, 0x2000, 4 * KB},
            },
        /* ASR1803S: assumed, all of it. */
        [FOTA_FAMILY_ASR1803] =
            {
                .name = "asr1803",
                .flash_size = 16 * MB,
                .program_unit = 256,
                .slot = {0x40000, 0x780000, 64 * KB},
                .staging = {0xF40000, 0x80000, 64 * KB},
                .journal = {0xFC0000, 0x20000, 64 * KB},
                .other = {0x7C0000, 0x780000, 64 * KB},
            },
        /*
         * UIS8910. Public: 8 MB, app of 0x2F0000 at 0x10000 behind 64K of boot, FSYS of 0x1A0000 at
         * 0x300000 with erase 32K and logical 512 bytes. Staging and journal lie in FSYS. Assumed:
         * the app's erase unit.
         */
        [FOTA_FAMILY_UNISOC8910] =
            {
                .name = "unisoc8910",
                .flash_size = 8 * MB,
                .program_unit = 512,
                .slot = {0x10000, 0x2F0000, 64 * KB},
                .staging = {0x300000, 0x160000, 32 * KB},
                .journal = {0x460000, 0x10000, 32 * KB},
            },
        /*
         * UIS8850. Public: 4 MB, app of 0x17E000 at 0x30000, FSYS of 0x89000 at 0x1FF000 with erase
         * 4K. Staging and journal lie in FSYS. Assumed: the program unit.
         */
        [FOTA_FAMILY_UNISOC8850] =
            {
                .name = "unisoc8850",
                .flash_size = 4 * MB,
                .program_unit = 256,
                .slot = {0x30000, 0x17E000, 4 * KB},
                .staging = {0x1FF000, 0x79000, 4 * KB},
                .journal = {0x278000, 0x2000, 4 * KB},
            },
        /* MDM9x05. Public: it is NAND. Assumed: 32 MB, block 128K, page 2K, every border. */
        [FOTA_FAMILY_QCOM9205] =
            {
                .name = "qcom9205",
                .flash_size = 32 * MB,
                .program_unit = 2 * KB,
                .slot = {0x400000, 0x800000, 128 * KB},
                .staging = {0x1400000, 0x400000, 128 * KB},
                .journal = {0x1800000, 0x40000, 128 * KB},
                .other = {0xC00000, 0x800000, 128 * KB},
            },
        /*
         * EC618. Public: 4 MB, erase 4K, AP at 0x24000, FOTA area of 512K at 0x304000, file system
         * of 288K at 0x384000, whose tail the journal takes. Assumed: the program unit.
         */
        [FOTA_FAMILY_EIGEN618] =
            {
                .name = "eigen618",
                .flash_size = 4 * MB,
                .program_unit = 16,
                .slot = {0x24000, 0x2E0000, 4 * KB},
                .staging = {0x304000, 0x80000, 4 * KB},
                .journal = {0x3CA000, 0x2000, 4 * KB},
            },
        /* RDA NB-IoT. Public: it is tiny. Assumed: all of it. */
        [FOTA_FAMILY_RDA_NB] =
            {
                .name = "rda_nb",
                .flash_size = 1 * MB,
                .program_unit = 1,
                .slot = {0x10000, 0xA0000, 4 * KB},
                .staging = {0xB0000, 0x48000, 4 * KB},
                .journal = {0xF8000, 0x2000, 4 * KB},
            },
};

const struct fota_map *fota_sim_map(enum fota_family family)
{
    return &maps[(unsigned)family < FOTA_FAMILIES ? family : FOTA_FAMILY_GENERIC];
}

bool fota_sim_map_is_nand(const struct fota_map *map)
{
    return strcmp(map->name, maps[FOTA_FAMILY_QCOM9205].name) == 0;
}
