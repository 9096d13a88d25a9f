#include "journal.h"

#include <string.h>

#include "bytes.h"
#include "crc32.h"
#include "flash.h"
#include "fota_error.h"

#define RECORD_MAGIC 0x4c4e524au /* "JRNL", little endian */
#define SEAL_MAGIC   0x4c414553u /* "SEAL" */
#define RECORD_SIZE  96u         /* bytes, before padding to the program unit */
#define RECORD_CRC   (RECORD_SIZE - 4)
#define PAIRS        4u /* places of snapshot and seal in a bank, where it has so many */

/* ---- one record ------------------------------------------------------------------------------ */

static void encode(uint8_t *p, const struct fota_record *r, uint32_t bank_sequence, uint16_t index)
{
    memset(p, 0, RECORD_SIZE);
    fota_put32(p, RECORD_MAGIC);
    fota_put32(p + 4, bank_sequence);
    fota_put16(p + 8, index);
    p[10] = r->state;
    p[11] = r->tries;
    p[12] = r->flags;
    p[13] = r->outcome;
    p[14] = r->stage;
    p[15] = r->spared;
    fota_put16(p + 16, (uint16_t)r->error);
    p[18] = r->key_generation;
    fota_put32(p + 20, r->progress);
    fota_put32(p + 24, r->counter);
    fota_put32(p + 28, r->from_sequence);
    fota_put32(p + 32, r->to_sequence);
    fota_put32(p + 36, r->package_size);
    fota_put64(p + 40, r->validator);
    memcpy(p + 48, r->digest, FOTA_DIGEST_SIZE);
    fota_put32(p + 80, r->replaced);
    memcpy(p + 84, r->reverted, sizeof r->reverted);
    fota_put32(p + RECORD_CRC, fota_crc32(0, p, RECORD_CRC));
}

static void decode(const uint8_t *p, struct fota_record *r)
{
    r->state = p[10];
    r->tries = p[11];
    r->flags = p[12];
    r->outcome = p[13];
    r->stage = p[14];
    r->spared = p[15];
    r->error = (int16_t)fota_get16(p + 16);
    r->key_generation = p[18];
    r->progress = fota_get32(p + 20);
    r->counter = fota_get32(p + 24);
    r->from_sequence = fota_get32(p + 28);
    r->to_sequence = fota_get32(p + 32);
    r->package_size = fota_get32(p + 36);
    r->validator = fota_get64(p + 40);
    memcpy(r->digest, p + 48, FOTA_DIGEST_SIZE);
    r->replaced = fota_get32(p + 80);
    memcpy(r->reverted, p + 84, sizeof r->reverted);
}

static bool is_record(const uint8_t *p, uint32_t slot)
{
    return fota_get32(p) == RECORD_MAGIC && fota_get16(p + 8) == slot &&
           p[10] <= FOTA_STATE_UPDATING &&
           fota_get32(p + RECORD_CRC) == fota_crc32(0, p, RECORD_CRC);
}

/* ---- banks ----------------------------------------------------------------------------------- */

static uint32_t bank_address(const struct fota_journal *j, unsigned bank)
{
    const struct fota_region *region = &j->port->map->journal;

    return region->offset + bank * region->erase_unit;
}

static uint32_t slots(const struct fota_journal *j)
{
    return j->port->map->journal.erase_unit / j->slot_size;
}

static uint32_t pairs(const struct fota_journal *j)
{
    return slots(j) / 2 < PAIRS ? slots(j) / 2 : PAIRS;
}

/* Cells that a power cut left unreadable are neither a record nor blank. They must not stop the
 * boot. */
static int read_slot(const struct fota_journal *j, unsigned bank, uint32_t slot, uint8_t *data)
{
    int err =
        fota_flash_read(j->port, bank_address(j, bank) + slot * j->slot_size, data, RECORD_SIZE);

    if (err != FOTA_ERR_FLASH_ECC)
        return err;
    memset(data, 0, RECORD_SIZE);
    return 0;
}

static bool is_blank(const uint8_t *data)
{
    for (size_t i = 0; i < RECORD_SIZE; i++)
        if (data[i] != 0xff)
            return false;
    return true;
}

static void make_seal(uint8_t *data)
{
    memset(data, 0, RECORD_SIZE);
    fota_put32(data, SEAL_MAGIC);
}

static bool is_whole_seal(const uint8_t *data)
{
    uint8_t seal[RECORD_SIZE];

    make_seal(seal);
    return memcmp(data, seal, sizeof seal) == 0;
}

/* What a bank says; `sequence` 0: it does not count. */
struct bank {
    uint32_t sequence;
    struct fota_record record;
    bool unsealed; /* the seal is not whole */
    bool doubtful; /* nothing after the record proves that it was finished */
};

/*
 * Finds the snapshot of a bank. By R1 it counts only if the seal after it was begun, because that
 * proves that the snapshot had been programmed completely. If the first pair did not read back as
 * it was programmed, one of the next pairs is valid; the last one that counts is good. Two records
 * that follow each other prove as much as such a pair.
 */
static int find_snapshot(const struct fota_journal *j, unsigned index, struct bank *bank,
                         uint32_t *first)
{
    uint8_t data[RECORD_SIZE];

    bank->unsealed = true;
    for (uint32_t slot = 2 * pairs(j); slot; slot -= 2) {
        int err = read_slot(j, index, slot - 1, data);
        bool whole = !err && is_whole_seal(data);

        if (err)
            return err;
        bank->unsealed = bank->unsealed && !whole;
        if (is_blank(data) || bank->sequence)
            continue;
        err = read_slot(j, index, slot - 2, data);
        if (err)
            return err;
        if (!is_record(data, slot - 2))
            continue;
        bank->sequence = fota_get32(data + 4);
        bank->doubtful = !whole;
        decode(data, &bank->record);
        *first = slot - 2;
    }
    return 0;
}

/* Reads a bank: its snapshot, and the records behind it. */
static int scan_bank(const struct fota_journal *j, unsigned index, struct bank *bank)
{
    uint8_t data[RECORD_SIZE];
    uint32_t first = 0;
    int err;

    memset(bank, 0, sizeof *bank);
    err = find_snapshot(j, index, bank, &first);
    if (err || bank->sequence == 0)
        return err;
    for (uint32_t slot = first + 1; slot < slots(j); slot++) {
        err = read_slot(j, index, slot, data);
        if (err)
            return err;
        if (is_record(data, slot) && fota_get32(data + 4) == bank->sequence) {
            decode(data, &bank->record);
            bank->doubtful = true;
        } else if (slot > first + 1) {
            break;
        }
    }
    return 0;
}

int fota_journal_open(struct fota_journal *journal, const struct fota_port *port, uint8_t *page)
{
    uint32_t unit = port->map->program_unit;
    struct bank banks[2];
    unsigned newest;

    memset(journal, 0, sizeof *journal);
    journal->port = port;
    journal->page = page;
    journal->slot_size = (RECORD_SIZE + unit - 1) / unit * unit;
    for (unsigned index = 0; index < 2; index++) {
        int err = scan_bank(journal, index, &banks[index]);

        if (err)
            return err;
    }
    newest = banks[1].sequence > banks[0].sequence;
    journal->bank_sequence = banks[newest].sequence;
    journal->bank = (uint8_t)newest;
    journal->record = banks[newest].record;
    journal->doubtful = banks[newest].doubtful;
    journal->unsealed = banks[newest].unsealed && banks[!newest].sequence != 0;
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Programs journal->page into a slot and reads the record back. */
static int program_slot(struct fota_journal *j, unsigned bank, uint32_t slot)
{
    const struct fota_flash *flash = &j->port->flash;
    uint32_t address = bank_address(j, bank) + slot * j->slot_size;
    uint8_t data[RECORD_SIZE];

    memset(j->page + RECORD_SIZE, 0xff, j->slot_size - RECORD_SIZE);
    if (flash->ops->program(flash->ctx, address, j->page, j->slot_size) != 0 ||
        read_slot(j, bank, slot, data) != 0 || memcmp(data, j->page, RECORD_SIZE) != 0)
        return FOTA_ERR_JOURNAL;
    return 0;
}

/*
 * R1, R6: the other bank is erased, never the one that holds the newest record. If the seal of this
 * bank is not whole, the bank may not count at the next start; then this one is written anew,
 * because the other one holds the newest record that is certain.
 */
static int move_to_other_bank(struct fota_journal *j, const struct fota_record *record)
{
    const struct fota_flash *flash = &j->port->flash;
    unsigned bank = j->bank_sequence == 0 ? 0 : j->unsealed ? j->bank : 1u - j->bank;
    int err = FOTA_ERR_JOURNAL;

    if (flash->ops->erase(flash->ctx, bank_address(j, bank), j->port->map->journal.erase_unit) != 0)
        return err;
    /* If one of a pair does not read back as it was programmed, the next pair is used. */
    for (j->next = 0; err && j->next < 2 * pairs(j); j->next += 2) {
        encode(j->page, record, j->bank_sequence + 1, j->next);
        err = program_slot(j, bank, j->next);
        if (err)
            continue;
        make_seal(j->page);
        err = program_slot(j, bank, j->next + 1u);
    }
    if (err)
        return err;
    j->bank = (uint8_t)bank;
    j->bank_sequence++;
    j->unsealed = false;
    j->owned = true;
    return 0;
}

int fota_journal_write(struct fota_journal *journal, const struct fota_record *record)
{
    int err = FOTA_ERR_JOURNAL;

    /* R2, R4: what an earlier power session left behind may read as blank without being blank. */
    if (journal->owned && journal->next < slots(journal)) {
        encode(journal->page, record, journal->bank_sequence, journal->next);
        err = program_slot(journal, journal->bank, journal->next);
        journal->next++;
    }
    /* Nothing is appended to a record that may be torn, either. */
    if (err)
        err = move_to_other_bank(journal, record);
    if (err) {
        journal->owned = false;
        return err;
    }
    journal->record = *record; /* which may be it */
    journal->doubtful = false; /* it returned */
    return 0;
}
