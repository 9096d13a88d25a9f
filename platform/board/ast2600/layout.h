/* layout.h - how the NOR of this board is divided, in bytes: 8 MB, erase unit 4 KB, page 256. The
 * first megabyte is left to the boot loader; map_*.c says what lies between slot and journal. */
#ifndef FOTA_BOARD_LAYOUT_H
#define FOTA_BOARD_LAYOUT_H

#define KB 1024u
#define MB (1024u * KB)

#define BOARD_NAME     "ast2600"
#define FLASH_SIZE     (8 * MB)
#define PROGRAM_UNIT   256u
#define ERASE_UNIT     (4 * KB)
#define SLOT_AT        (1 * MB)
#define SLOT_SIZE      (1 * MB)
#define JOURNAL_AT     (5 * MB)
#define FILES_AT       (6 * MB)
#define FILES_SIZE     (2 * MB)
#define STAGED_PATCH   (64 * KB)  /* staging for a differential package */
#define STAGED_UPDATER (272 * KB) /* staging for a resident updater of at most 256 KB */

#endif
