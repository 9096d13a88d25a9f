#include "platform/board/semihost.h"

#include <string.h>

enum operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_READ = 0x06,
    SYS_TIME = 0x11,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};

#define ADP_STOPPED_APPLICATION_EXIT 0x20026u
#define OPEN_RB                      1u

static uint32_t call(enum operation operation, const void *parameter)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = parameter;

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
#else
    __asm__ volatile("svc 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc", "lr");
#endif
    return r0;
}

void semihost_exit(int status)
{
    const uint32_t block[] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)status};

    for (;;)
        call(SYS_EXIT_EXTENDED, block);
}

int64_t semihost_time(void)
{
    return (int64_t)call(SYS_TIME, NULL);
}

bool semihost_read(const char *path, void *data, size_t length)
{
    uint32_t open[] = {(uint32_t)(uintptr_t)path, OPEN_RB, (uint32_t)strlen(path)};
    uint32_t handle = call(SYS_OPEN, open);
    uint32_t read[] = {handle, (uint32_t)(uintptr_t)data, (uint32_t)length};
    uint32_t missing;

    if (handle == UINT32_MAX)
        return false;
    missing = call(SYS_READ, read);
    call(SYS_CLOSE, &handle);
    return missing == 0;
}

static bool begins_with(const char *text, const char *word)
{
    while (*word && *text == *word) {
        text++;
        word++;
    }
    return !*word;
}

/* Words are few and short: strstr() would cost a boot loader 1 KB. */
bool semihost_asked(const char *word)
{
    char line[256] = "";
    uint32_t block[] = {(uint32_t)(uintptr_t)line, sizeof line};

    if (call(SYS_GET_CMDLINE, block) != 0)
        return false;
    for (const char *at = line; *at; at++)
        if (begins_with(at, word))
            return true;
    return false;
}
