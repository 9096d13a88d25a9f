/*
 * nor_server.c - the cells of a board's NOR, outside of the emulator, so that its power can be cut
 * at any operation and what an emulated chip does not mind is minded:
 *
 *   nor_server --cells FILE [--cut N --mode MODE --seed N] [--report FILE] [--timeout S] -- QEMU...
 *
 * Starts QEMU with the chip's storage on an NBD server (this one) and the witness UART on a socket.
 * The driver on the board says after each operation that it is done, and waits here until its bytes
 * have arrived: so operation N is the same one in every run. At --cut its bytes are applied as MODE
 * says (before, first, second, random, after) and QEMU is killed.
 *
 * Exit status: QEMU's; 75 the power was cut; 124 it took longer than --timeout; 2 usage. The report
 * is one line: operations, programs, erases, fired, violations, and the first violation.
 */
#define _DEFAULT_SOURCE

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/board/board.h"
#include "platform/board/nor.h"

enum { STATUS_CUT = 75, STATUS_TIMEOUT = 124, ARGUMENTS_MAX = 64 };

enum mode { MODE_BEFORE, MODE_FIRST, MODE_SECOND, MODE_RANDOM, MODE_AFTER, MODES };

static const char *const mode_names[MODES] = {"before", "first", "second", "random", "after"};

static struct {
    const char *cells_path, *report;
    unsigned long cut, timeout_s;
    enum mode mode;
    uint64_t random;
} options = {.timeout_s = 120, .random = 1};

static uint8_t *cells;
static pid_t qemu;
static char folder[] = "/tmp/nor-XXXXXX";
static char nbd_path[64], witness_path[64];

static struct {
    unsigned long operations, programs, erases, violations;
    bool fired;
    char violation[160];
} seen;

static unsigned long acknowledged; /* operations of which the driver said that they are done */
static bool driver_waits;

static void die(const char *what)
{
    fprintf(stderr, "nor_server: %s: %s\n", what, strerror(errno));
    if (qemu > 0)
        kill(qemu, SIGKILL);
    exit(1);
}

__attribute__((format(printf, 1, 2))) static void violation(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (seen.violations++ == 0)
        vsnprintf(seen.violation, sizeof seen.violation, format, arguments);
    va_end(arguments);
}

/* ---- operations -------------------------------------------------------------------------------
 */

static bool is_blank(const uint8_t *bytes, size_t length)
{
    return bytes[0] == 0xFF && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* The region of the engine that holds `at`, NULL none. */
static const struct fota_region *region_of(uint64_t at)
{
    const struct fota_region *const regions[] = {&board_map.slot, &board_map.other,
                                                 &board_map.staging, &board_map.journal};

    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++)
        if (at >= regions[i]->offset && at - regions[i]->offset < regions[i]->size)
            return regions[i];
    return NULL;
}

static void check(bool erase, uint64_t at, uint32_t length)
{
    const struct fota_region *region = region_of(at);

    if (!region)
        violation("%s of %u bytes at 0x%llX: outside the owned regions",
                  erase ? "erase" : "program", length, (unsigned long long)at);
    else if (erase && (length != region->erase_unit || at % length != 0))
        violation("erase of %u bytes at 0x%llX: not one erase unit", length,
                  (unsigned long long)at);
    else if (!erase && (length != NOR_PAGE || at % NOR_PAGE != 0))
        violation("program of %u bytes at 0x%llX: not one page", length, (unsigned long long)at);
    else if (!erase && !is_blank(cells + at, length))
        violation("program at 0x%llX: the page was programmed since its erase",
                  (unsigned long long)at);
}

static uint64_t next_random(void)
{
    uint64_t z = options.random += UINT64_C(0x9E3779B97F4A7C15); /* SplitMix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* The bits of byte `at` of `length` that an operation which is cut still changes. */
static uint8_t done_bits(int depth, size_t at, size_t length)
{
    uint64_t bits = next_random();
    uint64_t result = bits;

    switch (options.mode) {
    case MODE_BEFORE: return 0;
    case MODE_FIRST: return at < length / 2 ? 0xFF : 0;
    case MODE_SECOND: return at < length / 2 ? 0 : 0xFF;
    case MODE_AFTER: return 0xFF;
    default: break;
    }
    /* Early or late: from one bit in eight to all but one. */
    for (int i = 1; i <= abs(depth); i++)
        result = depth < 0 ? result & bits >> 8 * i : result | bits >> 8 * i;
    return (uint8_t)result;
}

static void apply_torn(uint64_t at, const uint8_t *data, size_t length)
{
    int depth = (int)(next_random() % 5) - 2;

    for (size_t i = 0; i < length; i++) {
        uint8_t done = done_bits(depth, i, length);

        cells[at + i] = (uint8_t)((cells[at + i] & ~done) | (data[i] & done));
    }
}

static void cut_power(void)
{
    seen.fired = true;
    kill(qemu, SIGKILL);
}

/* Bytes that QEMU writes: one page after a program, one erase unit after an erase. */
static void operate(uint64_t at, const uint8_t *data, uint32_t length)
{
    bool erase = length > NOR_PAGE && is_blank(data, length);

    if (seen.fired)
        return; /* what was on its way when the power failed */
    seen.operations++;
    if (erase)
        seen.erases++;
    else
        seen.programs++;
    check(erase, at, length);
    if (seen.operations != options.cut) {
        memcpy(cells + at, data, length);
        return;
    }
    apply_torn(at, data, length);
    cut_power();
}

/* ---- NBD (protocol of the network block device, doc/proto.md of its project) ------------------
 */

#define NBD_MAGIC         UINT64_C(0x4E42444D41474943)
#define NBD_OPTION_MAGIC  UINT64_C(0x49484156454F5054)
#define NBD_OPTION_REPLY  UINT64_C(0x0003E889045565A9)
#define NBD_REQUEST       0x25609513u
#define NBD_REPLY         0x67446698u
#define NBD_FLAGS         3u /* fixed newstyle, no zeroes */
#define NBD_EXPORT_FLAGS  5u /* has flags, flush */
#define NBD_REP_ACK       1u
#define NBD_REP_INFO      3u
#define NBD_REP_ERR_UNSUP 0x80000001u

enum { NBD_OPT_ABORT = 2, NBD_OPT_INFO = 6, NBD_OPT_GO = 7 };
enum { NBD_INFO_EXPORT = 0, NBD_INFO_BLOCK_SIZE = 3 };
enum { NBD_CMD_READ = 0, NBD_CMD_WRITE = 1, NBD_CMD_DISC = 2, NBD_CMD_FLUSH = 3 };

static bool receive(int fd, void *data, size_t length)
{
    uint8_t *at = data;

    while (length > 0) {
        ssize_t got = read(fd, at, length);

        if (got <= 0)
            return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}

static bool transmit(int fd, const void *data, size_t length)
{
    const uint8_t *at = data;

    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

static uint8_t *put(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    return at + size;
}

static uint64_t get(const uint8_t *at, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static bool reply_option(int fd, uint32_t option, uint32_t type, const uint8_t *data, size_t length)
{
    uint8_t header[20];
    uint8_t *at = put(put(put(header, NBD_OPTION_REPLY, 8), option, 4), type, 4);

    put(at, length, 4);
    return transmit(fd, header, sizeof header) && transmit(fd, data, length);
}

/* Blocks of one byte: with the usual ones QEMU would read, change and write 512 bytes. */
static bool describe(int fd, uint32_t option)
{
    uint8_t export[12], blocks[14];

    put(put(put(export, NBD_INFO_EXPORT, 2), board_map.flash_size, 8), NBD_EXPORT_FLAGS, 2);
    put(put(put(put(blocks, NBD_INFO_BLOCK_SIZE, 2), 1, 4), 4096, 4), board_map.flash_size, 4);
    return reply_option(fd, option, NBD_REP_INFO, export, sizeof export) &&
           reply_option(fd, option, NBD_REP_INFO, blocks, sizeof blocks) &&
           reply_option(fd, option, NBD_REP_ACK, NULL, 0);
}

static bool greet(int fd)
{
    uint8_t hello[18], flags[4], option[16], data[1024];

    put(put(put(hello, NBD_MAGIC, 8), NBD_OPTION_MAGIC, 8), NBD_FLAGS, 2);
    if (!transmit(fd, hello, sizeof hello) || !receive(fd, flags, sizeof flags))
        return false;
    while (receive(fd, option, sizeof option)) {
        uint32_t number = (uint32_t)get(option + 8, 4), length = (uint32_t)get(option + 12, 4);

        if (length > sizeof data || !receive(fd, data, length) || number == NBD_OPT_ABORT)
            return false;
        if (number != NBD_OPT_GO && number != NBD_OPT_INFO) {
            if (!reply_option(fd, number, NBD_REP_ERR_UNSUP, NULL, 0))
                return false;
            continue;
        }
        if (!describe(fd, number))
            return false;
        if (number == NBD_OPT_GO)
            return true;
    }
    return false;
}

/* One request; false when QEMU has gone. */
static bool serve_request(int fd)
{
    static uint8_t data[1u << 20];
    uint8_t request[28], reply[16];
    uint32_t type, length;
    uint64_t at;

    if (!receive(fd, request, sizeof request) || get(request, 4) != NBD_REQUEST)
        return false;
    type = (uint32_t)get(request + 6, 2);
    at = get(request + 16, 8);
    length = (uint32_t)get(request + 24, 4);
    if (type == NBD_CMD_DISC)
        return false;
    if ((type == NBD_CMD_READ || type == NBD_CMD_WRITE) &&
        (at > board_map.flash_size || length > board_map.flash_size - at))
        return false;
    if (type == NBD_CMD_WRITE) {
        if (length > sizeof data || !receive(fd, data, length))
            return false;
        operate(at, data, length);
    }
    put(put(put(reply, NBD_REPLY, 4), 0, 4), get(request + 8, 8), 8);
    return transmit(fd, reply, sizeof reply) &&
           (type != NBD_CMD_READ || transmit(fd, cells + at, length));
}

/* ---- the witness ------------------------------------------------------------------------------
 */

/* Lets the driver go on once what it did has arrived. An operation that has no bytes is one that
 * the chip ignored; one with two writes crossed the end of a page. */
static void answer(int fd)
{
    if (!driver_waits || seen.operations <= acknowledged || seen.fired)
        return;
    acknowledged++;
    if (seen.operations != acknowledged) {
        violation("operation %lu changed more than one page", acknowledged);
        acknowledged = seen.operations;
    }
    driver_waits = false;
    if (!transmit(fd, ".", 1))
        return;
}

static bool hear(int fd)
{
    uint8_t byte;

    if (read(fd, &byte, 1) != 1)
        return false;
    driver_waits = true;
    return true;
}

/* ---- running it -------------------------------------------------------------------------------
 */

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0)
        die(path);
    return fd;
}

static void start_qemu(char **words, int count)
{
    static char drive[160], chardev[160];
    char *arguments[ARGUMENTS_MAX + 8];
    int n = 0;

    snprintf(drive, sizeof drive,
             "if=mtd,format=raw,file.driver=nbd,file.server.type=unix,file.server.path=%s",
             nbd_path);
    snprintf(chardev, sizeof chardev, "socket,id=witness,path=%s", witness_path);
    while (n < count && n < ARGUMENTS_MAX) {
        arguments[n] = words[n];
        n++;
    }
    arguments[n++] = "-chardev";
    arguments[n++] = chardev;
    arguments[n++] = "-serial";
    arguments[n++] = "chardev:witness";
    arguments[n++] = "-drive";
    arguments[n++] = drive;
    arguments[n] = NULL;
    qemu = fork();
    if (qemu < 0)
        die("fork");
    if (qemu == 0) {
        execvp(arguments[0], arguments);
        die(arguments[0]);
    }
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Until QEMU has gone; true when it took too long. */
static bool serve(int nbd_listener, int witness_listener)
{
    struct pollfd fds[2] = {{nbd_listener, POLLIN, 0}, {witness_listener, POLLIN, 0}};
    double end = now() + (double)options.timeout_s;
    bool greeted = false;

    for (;;) {
        siginfo_t ended = {0};

        if (poll(fds, 2, 100) == 0 &&
            (waitid(P_PID, (id_t)qemu, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid))
            return false;
        if (now() > end) {
            kill(qemu, SIGKILL);
            return true;
        }
        if (fds[1].revents) {
            if (fds[1].fd == witness_listener)
                fds[1].fd = accept(witness_listener, NULL, NULL);
            else if (!hear(fds[1].fd))
                fds[1].fd = -1;
        }
        if (fds[0].revents) {
            if (fds[0].fd == nbd_listener) {
                fds[0].fd = accept(nbd_listener, NULL, NULL);
                greeted = greet(fds[0].fd);
            } else if (!greeted || !serve_request(fds[0].fd)) {
                /* Closed: the killed QEMU has no write of its own under way any more. */
                return false;
            }
        }
        if (fds[1].fd >= 0 && fds[1].fd != witness_listener)
            answer(fds[1].fd);
    }
}

static void report(void)
{
    FILE *file = options.report ? fopen(options.report, "a") : NULL;

    if (!file)
        return;
    fprintf(file, "operations %lu programs %lu erases %lu fired %d violations %lu %s\n",
            seen.operations, seen.programs, seen.erases, seen.fired, seen.violations,
            seen.violation);
    fclose(file);
}

static void open_cells(void)
{
    int fd = open(options.cells_path, O_RDWR);

    if (fd < 0)
        die(options.cells_path);
    cells = mmap(NULL, board_map.flash_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (cells == MAP_FAILED)
        die(options.cells_path);
    close(fd);
}

static bool set_option(const char *name, const char *value)
{
    if (strcmp(name, "--cells") == 0)
        options.cells_path = value;
    else if (strcmp(name, "--report") == 0)
        options.report = value;
    else if (strcmp(name, "--cut") == 0)
        options.cut = strtoul(value, NULL, 10);
    else if (strcmp(name, "--seed") == 0)
        options.random = strtoull(value, NULL, 10);
    else if (strcmp(name, "--timeout") == 0)
        options.timeout_s = strtoul(value, NULL, 10);
    else if (strcmp(name, "--mode") == 0) {
        for (options.mode = 0; options.mode < MODES; options.mode++)
            if (strcmp(value, mode_names[options.mode]) == 0)
                return true;
        return false;
    } else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    int i = 1, status = 0;
    bool late;

    while (i + 1 < argc && strcmp(argv[i], "--") != 0 && set_option(argv[i], argv[i + 1]))
        i += 2;
    if (i + 1 >= argc || strcmp(argv[i], "--") != 0 || !options.cells_path) {
        fprintf(stderr, "nor_server: see the head of nor_server.c for how to call it\n");
        return 2;
    }
    open_cells();
    if (!mkdtemp(folder))
        die(folder);
    snprintf(nbd_path, sizeof nbd_path, "%s/nbd", folder);
    snprintf(witness_path, sizeof witness_path, "%s/witness", folder);
    int nbd = listen_at(nbd_path), witness = listen_at(witness_path);
    start_qemu(argv + i + 1, argc - i - 1);
    late = serve(nbd, witness);
    waitpid(qemu, &status, 0);
    unlink(nbd_path);
    unlink(witness_path);
    rmdir(folder);
    report();
    if (seen.fired)
        return STATUS_CUT;
    return late ? STATUS_TIMEOUT : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
