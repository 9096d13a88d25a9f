/* Files and programs, where Lua's own library does not reach: folders, file modes, pipes. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua_tool.h"

#define INPUT_MAX  512u        /* bytes a pipe surely takes at once (POSIX: PIPE_BUF) */
#define OUTPUT_MAX (64 * 1024) /* bytes a signing command may print */

/* Lua would take a number for a string. */
static const char *check_string(lua_State *L, int index, size_t *length)
{
    luaL_checktype(L, index, LUA_TSTRING);
    return lua_tolstring(L, index, length);
}

/* ---- folders --------------------------------------------------------------------------------- */

static const char *entry_type(DIR *dir, const char *name)
{
    struct stat info;

    /* A link could lead out of the folder, or around in it. */
    if (fstatat(dirfd(dir), name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return "other";
    if (S_ISREG(info.st_mode))
        return "file";
    return S_ISDIR(info.st_mode) ? "folder" : "other";
}

int fota_tool_list(lua_State *L)
{
    const char *path = check_string(L, 1, NULL);
    DIR *dir = opendir(path);
    struct dirent *entry;
    int count = 0;

    if (!dir)
        return fota_tool_system_failure(L, path, errno);
    lua_newtable(L);
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        lua_createtable(L, 0, 2);
        fota_tool_set_text(L, "name", entry->d_name);
        fota_tool_set_text(L, "type", entry_type(dir, entry->d_name));
        lua_rawseti(L, -2, ++count);
    }
    closedir(dir);
    return 1;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, bytes, length);

        if (done < 0 && errno != EINTR)
            return errno;
        if (done > 0) {
            bytes += done;
            length -= (size_t)done;
        }
    }
    return 0;
}

/* Writes and closes; returns 0 or an errno. */
static int fill(int fd, const char *bytes, size_t length)
{
    int err = write_all(fd, bytes, length);

    if (close(fd) != 0 && !err)
        err = errno;
    return err;
}

/*
 * Writes to `temporary` (a template of mkstemp) and moves it over `path`: whoever reads `path` sees
 * the old file or the new one.
 */
static int replace_file(const char *path, char *temporary, mode_t mode, const char *bytes,
                        size_t length)
{
    int fd = mkstemp(temporary);
    int err;

    if (fd < 0)
        return errno;
    err = fchmod(fd, mode) == 0 ? 0 : errno;
    if (err)
        close(fd);
    else
        err = fill(fd, bytes, length);
    if (!err && rename(temporary, path) != 0)
        err = errno;
    if (err)
        unlink(temporary);
    return err;
}

static int create_file(const char *path, mode_t mode, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    int err;

    if (fd < 0)
        return errno;
    err = fill(fd, bytes, length);
    if (err)
        unlink(path);
    return err;
}

/* A device or a pipe cannot be replaced, and a link stays one. */
static int write_through(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    return fd < 0 ? errno : fill(fd, bytes, length);
}

static mode_t file_mode(bool is_private)
{
    mode_t mask = umask(0);

    umask(mask);
    return is_private ? 0600 : 0666 & ~mask;
}

int fota_tool_save(lua_State *L)
{
    const char *path = check_string(L, 1, NULL);
    struct fota_tool_reader r = {L, 3, NULL};
    bool is_private, replace;
    struct stat info;
    const char *bytes;
    size_t length;
    char *temporary;
    int err;

    bytes = check_string(L, 2, &length);
    luaL_checktype(L, 3, LUA_TTABLE);
    is_private = fota_tool_get_flag(&r, "private");
    replace = fota_tool_get_flag(&r, "replace");
    temporary = lua_newuserdata(L, strlen(path) + sizeof ".XXXXXX");
    strcpy(temporary, path);
    strcat(temporary, ".XXXXXX");
    if (!replace)
        err = create_file(path, file_mode(is_private), bytes, length);
    else if (!is_private && lstat(path, &info) == 0 && !S_ISREG(info.st_mode))
        err = write_through(path, bytes, length);
    else
        err = replace_file(path, temporary, file_mode(is_private), bytes, length);
    if (err)
        return fota_tool_system_failure(L, path, err);
    lua_pushboolean(L, true);
    return 1;
}

/* ---- programs -------------------------------------------------------------------------------- */

/* Reads until the end, at most `size` bytes; -1: there was more, or it failed. */
static int read_all(int fd, char *data, size_t size)
{
    size_t length = 0;

    for (;;) {
        ssize_t done = read(fd, data + length, size - length);

        if (done < 0 && errno == EINTR)
            continue;
        if (done == 0 && length < size)
            return (int)length;
        if (done <= 0)
            return -1;
        length += (size_t)done;
    }
}

/* In the child: `input` and `output` become its standard ones. */
static void become(const char *command, int input, int output)
{
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
        close(input);
        close(output);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
    _exit(127);
}

/* Starts the command with its input ready to be read; *output is the end to read from. */
static int start(const char *command, const char *input, size_t length, pid_t *child, int *output)
{
    int in[2], out[2];
    int err;

    if (pipe(in) != 0)
        return errno;
    if (pipe(out) != 0) {
        err = errno;
        close(in[0]);
        close(in[1]);
        return err;
    }
    /* Written before anybody can close the other end: a command may ignore its input. */
    err = write_all(in[1], input, length);
    close(in[1]);
    *child = err ? -1 : fork();
    if (*child == 0) {
        close(out[0]);
        become(command, in[0], out[1]);
    }
    if (*child < 0 && !err)
        err = errno;
    close(in[0]);
    close(out[1]);
    *output = out[0];
    if (err)
        close(out[0]);
    return err;
}

int fota_tool_run(lua_State *L)
{
    const char *command = check_string(L, 1, NULL);
    size_t length;
    const char *input = check_string(L, 2, &length);
    char *data = lua_newuserdata(L, OUTPUT_MAX);
    pid_t child = -1;
    int output = -1, status, got, err;

    luaL_argcheck(L, length <= INPUT_MAX, 2, "too long");
    fflush(NULL);
    err = start(command, input, length, &child, &output);
    if (err)
        return fota_tool_system_failure(L, "/bin/sh", err);
    got = read_all(output, data, OUTPUT_MAX);
    close(output);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fota_tool_system_failure(L, "/bin/sh", errno);
    if (got < 0)
        return fota_tool_failure(L, FOTA_ERR_ARGUMENT, "the command printed too much");
    lua_pushlstring(L, data, (size_t)got);
    /* As a shell reports it: a signal is 128 and its number. */
    fota_tool_push_number(L, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 2;
}

/* ---- this process ---------------------------------------------------------------------------- */

/* terminal() -> does a person read stderr? */
int fota_tool_terminal(lua_State *L)
{
    lua_pushboolean(L, isatty(STDERR_FILENO));
    return 1;
}

/* peak_memory() -> MB */
int fota_tool_peak_memory(lua_State *L)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    fota_tool_push_number(L, usage.ru_maxrss / 1024);
    return 1;
}
