/*
 * syscalls.c - what newlib asks of an operating system: memory between __heap_start and __heap_end,
 * the console, files that can be read (files.h), the time. Everything else fails.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include "platform/board/board.h"
#include "platform/board/files.h"
#include "platform/board/semihost.h"

#define FILES 8
#define FIRST 3 /* descriptor behind stdin, stdout, stderr */

extern uint8_t __heap_start[], __heap_end[];

static struct {
    bool used;
    struct board_file file;
    uint32_t at;
} files[FILES];

static int fail(int error)
{
    errno = error;
    return -1;
}

void *_sbrk(ptrdiff_t increment)
{
    static uint8_t *end;
    uint8_t *before;

    if (!end)
        end = __heap_start;
    if (increment > __heap_end - end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    before = end;
    end += increment;
    return before;
}

int _write(int fd, const char *data, int length)
{
    if (fd < 1 || fd > 2)
        return fail(EBADF);
    for (int i = 0; i < length; i++)
        board_put(BOARD_CONSOLE, (uint8_t)data[i]);
    return length;
}

int _open(const char *path, int flags, int mode)
{
    (void)mode;
    if (flags & 3) /* O_WRONLY, O_RDWR */
        return fail(EROFS);
    for (int i = 0; i < FILES; i++) {
        if (files[i].used)
            continue;
        if (!board_file_find(path, &files[i].file))
            return fail(ENOENT);
        files[i].used = true;
        files[i].at = 0;
        return FIRST + i;
    }
    return fail(ENFILE);
}

static bool is_open(int fd)
{
    return fd >= FIRST && fd < FIRST + FILES && files[fd - FIRST].used;
}

int _read(int fd, char *data, int length)
{
    uint32_t left;

    if (!is_open(fd))
        return fd == 0 ? 0 : fail(EBADF);
    left = files[fd - FIRST].file.size - files[fd - FIRST].at;
    if ((uint32_t)length > left)
        length = (int)left;
    if (!board_file_read(&files[fd - FIRST].file, files[fd - FIRST].at, data, (size_t)length))
        return fail(EIO);
    files[fd - FIRST].at += (uint32_t)length;
    return length;
}

int _lseek(int fd, int offset, int whence)
{
    uint32_t base;

    if (!is_open(fd))
        return fail(fd < FIRST ? ESPIPE : EBADF);
    base = whence == SEEK_SET   ? 0
           : whence == SEEK_CUR ? files[fd - FIRST].at
                                : files[fd - FIRST].file.size;
    if ((int64_t)base + offset < 0 || (int64_t)base + offset > files[fd - FIRST].file.size)
        return fail(EINVAL);
    files[fd - FIRST].at = base + (uint32_t)offset;
    return (int)files[fd - FIRST].at;
}

int _close(int fd)
{
    if (!is_open(fd))
        return fail(EBADF);
    files[fd - FIRST].used = false;
    return 0;
}

int _fstat(int fd, struct stat *status)
{
    memset(status, 0, sizeof *status);
    status->st_mode = is_open(fd) ? S_IFREG : S_IFCHR;
    status->st_size = is_open(fd) ? (off_t)files[fd - FIRST].file.size : 0;
    return 0;
}

int _stat(const char *path, struct stat *status)
{
    struct board_file file;

    if (!board_file_find(path, &file))
        return fail(ENOENT);
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFREG;
    status->st_size = (off_t)file.size;
    return 0;
}

int _isatty(int fd)
{
    return fd >= 0 && fd < FIRST;
}

int _gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    now->tv_sec = (time_t)board_time();
    now->tv_usec = 0;
    return 0;
}

clock_t _times(struct tms *buffer)
{
    clock_t now = (clock_t)(board_ms() * CLOCKS_PER_SEC / 1000);

    buffer->tms_utime = now;
    buffer->tms_stime = buffer->tms_cutime = buffer->tms_cstime = 0;
    return now;
}

int _unlink(const char *path)
{
    (void)path;
    return fail(EROFS);
}

int _link(const char *from, const char *to)
{
    (void)from;
    (void)to;
    return fail(EROFS);
}

int _fork(void)
{
    return fail(ENOSYS);
}

int _wait(int *status)
{
    (void)status;
    return fail(ECHILD);
}

int _execve(const char *path, char *const argv[], char *const environment[])
{
    (void)path;
    (void)argv;
    (void)environment;
    return fail(ENOSYS);
}

int _kill(int pid, int signal)
{
    (void)pid;
    (void)signal;
    return fail(EINVAL);
}

int _getpid(void)
{
    return 1;
}

void _exit(int status)
{
    semihost_exit(status);
}
