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

/* ---- the breakpoint ---------------------------------------------------------------------------
 */

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

/* ---- scenarios: a modem with the old image, and something bad in its flash --------------------
 */

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

static void change_image(void)
{
    bad.data[bad.header_length + 3] ^= 0x10;
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

static void downloaded(void)
{
    rig_serve(&rig, &bad);
}

static const struct {
    const char *name;
    struct rig_spec spec; /* of the bad package */
    void (*prepare)(void);
    bool download;
} scenarios[] = {
    {"an unsigned image in the slot", {.sequence = 2, .unsigned_ = true}, slot_unsigned, false},
    {"an image of a foreign key in the slot",
     {.sequence = 2, .foreign_key = true},
     slot_unsigned,
     false},
    {"a changed image in the slot", {.sequence = 2}, slot_changed, false},
    {"an unsigned package in staging", {.sequence = 2, .unsigned_ = true}, staged, false},
    {"a package of a foreign key in staging", {.sequence = 2, .foreign_key = true}, staged, false},
    {"a changed package in staging", {.sequence = 2}, staged_changed, false},
    {"a package for another model in staging", {.sequence = 2, .model = "EC800N"}, staged, false},
    {"an older package in staging", {.sequence = 2}, staged_older, false},
    {"a download of a foreign key", {.sequence = 2, .foreign_key = true}, downloaded, true},
};

#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

/* What a disturbed engine cannot write to: it may write anywhere in its own memory. */
static uint8_t *reference;

static void keep_reference(void)
{
    if (!reference)
        reference =
            mmap(NULL, rig.old.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(reference, rig.old.length, PROT_READ | PROT_WRITE);
    memcpy(reference, rig.old.data, rig.old.length);
    mprotect(reference, rig.old.length, PROT_READ);
}

static bool old_is_there(void)
{
    const struct fota_region *slot = &rig_map(RIG_MAP_SECTOR)->slot;
    const uint8_t *cells = fota_sim_flash_cells(rig.flash);
    size_t header = rig.old.header_length;

    return memcmp(cells + slot->offset, reference + header, rig.old.length - header) == 0 &&
           memcmp(cells + fota_slot_manifest(slot), reference, header) == 0;
}

static void prepare(size_t scenario)
{
    rig_open(&rig, rig_map(RIG_MAP_SECTOR));
    keep_reference();
    rig_package_make(&bad, &scenarios[scenario].spec);
    scenarios[scenario].prepare();
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
        if (result == FOTA_BOOT_RUN && fota_boot_proven(rig.boot) && !old_is_there())
            return EXIT_INSTALLED;
        if (i == 0 && result == FOTA_BOOT_RUN && scenarios[scenario].download) {
            rig_start(&rig);
            (void)rig_download(&rig);
        }
    }
    return EXIT_SAFE;
}

/* ---- disturbing it ----------------------------------------------------------------------------
 */

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
        prepare(s);
        /* Undisturbed it must be refused, else the scenario tests nothing. */
        memset(&plan, 0, sizeof plan);
        if (start_twice(s) != EXIT_SAFE) {
            printf("INSTALLED: %s, undisturbed\n", scenarios[s].name);
            return 1;
        }
        rig_package_free(&bad);
        rig_close(&rig);
        prepare(s);
        try_all(s, list, length, false, &skipped);
        try_all(s, list, length, true, &turned);
        printf("%s: %" PRIu64 " skipped, %" PRIu64 " turned so far\n", scenarios[s].name,
               skipped.fired, turned.fired);
        fflush(stdout);
        rig_package_free(&bad);
        rig_close(&rig);
    }
    printf("%zu instructions, %zu branches: skipped %" PRIu64 ", turned %" PRIu64
           ", installed %" PRIu64 "\n",
           length, branches, skipped.fired, turned.fired, skipped.installed + turned.installed);
    return skipped.fired && turned.fired && skipped.installed + turned.installed == 0 ? 0 : 1;
}
