/*
 * Fault injection: every instruction of the engine's verifying and booting code is skipped once,
 * and every conditional branch of it is turned once, at each of its first executions; nothing of
 * that may make an image run that is not good. Built and run by test/glitch.lua.
 *
 * A breakpoint is put on one instruction at a time, in a child process. Where it fires for the n-th
 * time the instruction is passed over (or the branch goes the other way); otherwise it is executed
 * by a single step. x86-64 and Linux only.
 *
 *     glitch INSTRUCTIONS [SCENARIO]
 *
 * INSTRUCTIONS has a line for each instruction: address and length, and for a conditional branch
 * its target (hexadecimal, decimal, hexadecimal).
 */
#define _GNU_SOURCE

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "rig.h"

#define EXECUTIONS 6u    /* of one instruction that are disturbed: the first ones */
#define TRAP_FLAG  0x100 /* of RFLAGS: single step */

/* Exit statuses of a child: what a disturbed start came to. */
enum { EXIT_SAFE = 10, EXIT_INSTALLED = 11, EXIT_NOT_REACHED = 12 };

struct instruction {
    uint64_t address, target; /* target 0: no conditional branch */
    unsigned length;
};

static struct {
    struct instruction at;
    unsigned execution; /* to disturb, from 1 */
    unsigned seen;
    bool turn, stepping;
    uint8_t byte;
} plan;

/* ---- the breakpoint -------------------------------------------------------------------------- */

static void poke(uint8_t value)
{
    *(volatile uint8_t *)(uintptr_t)plan.at.address = value;
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)signal, (void)info;
    if (plan.stepping) {
        plan.stepping = false;
        registers[REG_EFL] &= ~TRAP_FLAG;
        poke(0xCC);
        return;
    }
    registers[REG_RIP] = (greg_t)plan.at.address;
    poke(plan.byte);
    if (++plan.seen == plan.execution) {
        registers[REG_RIP] += plan.at.length;
        return;
    }
    plan.stepping = true;
    registers[REG_EFL] |= TRAP_FLAG;
}

/* The opposite condition is the opcode's lowest bit: 70 to 7F, and 0F 80 to 0F 8F. */
static void turn_branch(void)
{
    uint8_t *code = (uint8_t *)(uintptr_t)plan.at.address;

    code[code[0] == 0x0F ? 1 : 0] ^= 1;
}

static void on_branch(int signal, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)signal, (void)info;
    if (plan.stepping) { /* behind it, whichever way it went */
        plan.stepping = false;
        registers[REG_EFL] &= ~TRAP_FLAG;
        if (plan.seen == plan.execution)
            turn_branch();
        else
            poke(0xCC);
        return;
    }
    registers[REG_RIP] = (greg_t)plan.at.address;
    poke(plan.byte);
    if (++plan.seen == plan.execution)
        turn_branch();
    plan.stepping = true;
    registers[REG_EFL] |= TRAP_FLAG;
}

static void arm(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER};

    action.sa_sigaction = plan.turn ? on_branch : on_trap;
    sigaction(SIGTRAP, &action, NULL);
    plan.byte = *(uint8_t *)(uintptr_t)plan.at.address;
    poke(0xCC);
}

/* ---- scenarios: a modem with the old image, and something bad in its flash ------------------- */

static struct rig rig;
static struct rig_package bad;

static void put(uint32_t address, const uint8_t *data, size_t length)
{
    memcpy(fota_sim_flash_cells(rig.flash) + address, data, length);
}

static void put_into_slot(void)
{
    const struct fota_region *slot = rig_slot(&rig);

    put(slot->offset, bad.data + bad.header_length, bad.length - bad.header_length);
    put(fota_slot_manifest(slot), bad.data, bad.header_length);
}

/* As if a download had been trusted: the header, the payload and a record that says so. */
static void put_into_staging(void)
{
    struct fota_record r = rig_record(&rig);
    struct fota_manifest manifest;
    struct fota_fault fault;

    put(rig.map->staging.offset, bad.data, bad.header_length);
    put(fota_staging_payload(rig.map), bad.data + bad.header_length,
        bad.length - bad.header_length);
    fota_package_parse(bad.data, bad.header_length, &manifest, &fault);
    fota_package_digest(rig.port.crypto, bad.data, &manifest, r.digest);
    r.state = FOTA_STATE_STAGED;
    r.to_sequence = bad.sequence;
    r.package_size = (uint32_t)bad.length;
    rig_put_record(&rig, &r);
}

/* A byte in the middle of the payload: the last one of a coded stream may mean nothing. */
static void change_image(void)
{
    bad.data[(bad.header_length + bad.length) / 2] ^= 0x10;
}

static void slot_unsigned(void)
{
    put_into_slot();
}

static void slot_changed(void)
{
    change_image();
    put_into_slot();
}

static void staged(void)
{
    put_into_staging();
}

static void staged_changed(void)
{
    change_image();
    put_into_staging();
}

/* The confirmed image is of sequence 3: what is older must not come. */
static void staged_older(void)
{
    struct fota_record r;

    put_into_staging();
    r = rig_record(&rig);
    r.counter = 3;
    rig_put_record(&rig, &r);
}

/* A record that says what is staged is a resident updater, and in which state that is. */
static void claim_updater(uint8_t state)
{
    struct fota_record r = rig_record(&rig);

    r.flags |= FOTA_RECORD_MINI;
    r.state = state;
    rig_put_record(&rig, &r);
}

static void updater_staged(void)
{
    put_into_staging();
    claim_updater(FOTA_STATE_STAGED);
}

static void updater_changed(void)
{
    change_image();
    updater_staged();
}

static void updater_resident(void)
{
    put_into_staging();
    claim_updater(FOTA_STATE_UPDATING);
}

static void edit_updater(struct fota_manifest *m)
{
    m->present |= 1u << FOTA_FIELD_SET;
    m->set_stage = 1;
    m->set_stages = 2;
}

static void downloaded(void)
{
    rig_serve(&rig, &bad);
}

/* PLAIN: a good image that may be installed, but must not run as an updater. */
enum kind { FULL, DOWNLOAD, DELTA, MINI, PLAIN };

static const struct {
    const char *name;
    struct rig_spec spec; /* of the bad package */
    void (*prepare)(void);
    enum kind kind;
} scenarios[] = {
    {"an unsigned image in the slot", {.sequence = 2, .unsigned_ = true}, slot_unsigned, FULL},
    {"an image of a foreign key in the slot",
     {.sequence = 2, .foreign_key = true},
     slot_unsigned,
     FULL},
    {"a changed image in the slot", {.sequence = 2}, slot_changed, FULL},
    {"an unsigned package in staging", {.sequence = 2, .unsigned_ = true}, staged, FULL},
    {"a package of a foreign key in staging", {.sequence = 2, .foreign_key = true}, staged, FULL},
    {"a changed package in staging", {.sequence = 2}, staged_changed, FULL},
    {"a package for another model in staging", {.sequence = 2, .model = "EC800N"}, staged, FULL},
    {"an older package in staging", {.sequence = 2}, staged_older, FULL},
    {"a download of a foreign key", {.sequence = 2, .foreign_key = true}, downloaded, DOWNLOAD},
    {"a difference of a foreign key", {.sequence = 2, .foreign_key = true}, staged, DELTA},
    {"a changed difference", {.sequence = 2}, staged_changed, DELTA},
    {"an updater of a foreign key",
     {.sequence = 2, .foreign_key = true, .edit = edit_updater},
     updater_staged,
     MINI},
    {"a changed updater", {.sequence = 2, .edit = edit_updater}, updater_changed, MINI},
    {"a resident updater of a foreign key",
     {.sequence = 2, .foreign_key = true, .edit = edit_updater},
     updater_resident,
     MINI},
    {"an image as resident updater", {.sequence = 2}, updater_resident, PLAIN},
};

#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

static size_t current;

static const struct fota_map *map_of(size_t scenario)
{
    return rig_map(scenarios[scenario].kind >= MINI ? RIG_MAP_MINI : RIG_MAP_SECTOR);
}

/* What a disturbed engine cannot write to: it may write anywhere in its own memory. */
static uint8_t *reference;
#define REFERENCE 65536u /* more than an old package has, bytes */

static void keep_reference(void)
{
    if (!reference)
        reference =
            mmap(NULL, REFERENCE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(reference, REFERENCE, PROT_READ | PROT_WRITE);
    memcpy(reference, rig.old.data, rig.old.length);
    mprotect(reference, REFERENCE, PROT_READ);
}

static bool old_is_there(void)
{
    const struct fota_region *slot = &map_of(current)->slot;
    const uint8_t *cells = fota_sim_flash_cells(rig.flash);
    size_t header = rig.old.header_length;

    return memcmp(cells + slot->offset, reference + header, rig.old.length - header) == 0 &&
           memcmp(cells + fota_slot_manifest(slot), reference, header) == 0;
}

/* The next version of the old image, as a difference that is installed in place. */
static void make_difference(struct rig_spec spec)
{
    uint32_t unit = rig.map->slot.erase_unit;
    uint8_t *image = malloc(rig.old.image_length + 100);

    rig_image_edit(image, rig.old.image_length + 100, &rig.old);
    spec.image = image;
    spec.image_length = (uint32_t)rig.old.image_length + 100;
    spec.from = &rig.old;
    spec.segment = unit;
    spec.spare = 2 * unit;
    rig_package_make(&bad, &spec);
    free(image);
}

/* `good`: the package that is not bad, of a key that is trusted. */
static void prepare(size_t scenario, bool good)
{
    struct rig_spec spec = scenarios[scenario].spec;

    spec.foreign_key = spec.foreign_key && !good;
    rig_open(&rig, map_of(scenario));
    current = scenario;
    keep_reference();
    if (scenarios[scenario].kind == DELTA)
        make_difference(spec);
    else
        rig_package_make(&bad, &spec);
    scenarios[scenario].prepare();
}

static void put_away(void)
{
    rig_package_free(&bad);
    rig_close(&rig);
}

/* A start of the modem, and a second one, for what the first may have left behind. */
static int start_twice(size_t scenario)
{
    for (int i = 0; i < 2; i++) {
        unsigned steps = 0;
        int result;

        rig_forget(&rig);
        result = fota_boot_start(rig.boot, &rig.config);
        while (result == FOTA_BOOT_AGAIN && steps++ < 2000)
            result = fota_boot_step(rig.boot);
        if (result == FOTA_BOOT_RUN && fota_boot_proven(rig.boot, result) && !old_is_there() &&
            scenarios[scenario].kind != PLAIN)
            return EXIT_INSTALLED;
        if (result == FOTA_BOOT_UPDATER && fota_boot_proven(rig.boot, result))
            return EXIT_INSTALLED;
        if (i == 0 && result == FOTA_BOOT_RUN && scenarios[scenario].kind == DOWNLOAD) {
            rig_start(&rig);
            (void)rig_download(&rig);
        }
    }
    return EXIT_SAFE;
}

/* ---- disturbing it --------------------------------------------------------------------------- */

static void unprotect(const struct instruction *first, const struct instruction *last)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (uintptr_t)first->address / page * page;
    size_t size = (uintptr_t)last->address + last->length - from;

    if (mprotect((void *)from, size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        perror("mprotect");
        exit(2);
    }
}

/* One disturbed start in a child; its exit status, or EXIT_SAFE if it crashed or hung. */
static int disturbed(size_t scenario)
{
    static const struct itimerval limit = {{0, 0}, {0, 500000}};
    pid_t child = fork();
    int status;

    if (child == 0) {
        freopen("/dev/null", "w", stderr);
        setitimer(ITIMER_REAL, &limit, NULL);
        arm();
        status = start_twice(scenario);
        _exit(plan.seen < plan.execution ? EXIT_NOT_REACHED : status);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SAFE;
}

struct count {
    uint64_t planned, fired, installed;
};

static void try_all(size_t scenario, const struct instruction *list, size_t length, bool turn,
                    struct count *count)
{
    for (size_t i = 0; i < length; i++) {
        if (turn && list[i].target == 0)
            continue;
        for (unsigned n = 1; n <= EXECUTIONS; n++) {
            int status;

            memset(&plan, 0, sizeof plan);
            plan.at = list[i];
            plan.execution = n;
            plan.turn = turn;
            status = disturbed(scenario);
            if (status == EXIT_NOT_REACHED)
                break;
            count->fired++;
            if (status == EXIT_INSTALLED) {
                count->installed++;
                printf("INSTALLED: %s, %s at %" PRIx64 ", execution %u\n", scenarios[scenario].name,
                       turn ? "branch turned" : "instruction skipped", list[i].address, n);
            }
        }
    }
}

static size_t read_list(const char *path, struct instruction **list)
{
    FILE *file = fopen(path, "r");
    size_t length = 0, room = 4096;
    char line[100];

    *list = malloc(room * sizeof **list);
    while (file && *list && fgets(line, sizeof line, file)) {
        struct instruction in = {0, 0, 0};

        if (sscanf(line, "%" SCNx64 " %u %" SCNx64, &in.address, &in.length, &in.target) < 2)
            continue;
        if (length == room)
            *list = realloc(*list, (room *= 2) * sizeof **list);
        (*list)[length++] = in;
    }
    if (file)
        fclose(file);
    return length;
}

/* Undisturbed what is bad must be refused, and a good one in its place taken, else the scenario
 * tests nothing. */
static bool is_sound(size_t scenario)
{
    bool sound = true;

    memset(&plan, 0, sizeof plan);
    prepare(scenario, false);
    if (start_twice(scenario) != EXIT_SAFE)
        sound = false;
    put_away();
    if (scenarios[scenario].spec.foreign_key) {
        prepare(scenario, true);
        if (start_twice(scenario) != EXIT_INSTALLED)
            sound = false;
        put_away();
    }
    if (!sound)
        printf("NOT SOUND, undisturbed: %s\n", scenarios[scenario].name);
    return sound;
}

int main(int argc, char **argv)
{
    struct count skipped = {0, 0, 0}, turned = {0, 0, 0};
    struct instruction *list;
    size_t length, branches = 0;

    length = argc > 1 ? read_list(argv[1], &list) : 0;
    if (length == 0) {
        fprintf(stderr, "usage: glitch INSTRUCTIONS [SCENARIO]\n");
        return 2;
    }
    for (size_t i = 0; i < length; i++)
        branches += list[i].target != 0;
    unprotect(&list[0], &list[length - 1]);
    for (size_t s = 0; s < SCENARIOS; s++) {
        if (argc > 2 && strtoul(argv[2], NULL, 10) != s)
            continue;
        if (!is_sound(s))
            return 1;
        prepare(s, false);
        try_all(s, list, length, false, &skipped);
        try_all(s, list, length, true, &turned);
        printf("%s: %" PRIu64 " skipped, %" PRIu64 " turned so far\n", scenarios[s].name,
               skipped.fired, turned.fired);
        fflush(stdout);
        put_away();
    }
    printf("%zu instructions, %zu branches: skipped %" PRIu64 ", turned %" PRIu64
           ", installed %" PRIu64 "\n",
           length, branches, skipped.fired, turned.fired, skipped.installed + turned.installed);
    return skipped.fired && turned.fired && skipped.installed + turned.installed == 0 ? 0 : 1;
}
