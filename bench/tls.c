/*
 * tls.c - what https costs: speed against mbedTLS's record layer alone, in the same process with
 * the same keys, handshakes, and RAM. Client and server share this process's memory; only the
 * client is measured. Prints Markdown.
 */
#define _POSIX_C_SOURCE 200809L

#include <malloc.h>
#include <time.h>

#include "tls_world.h"

#define RECORD     16384u
#define READ_SMALL 2048u /* bytes of one read of core/http.c */
#define TOTAL      (128u << 20)
#define SHAKES     100u

static size_t heap, heap_peak; /* bytes of mbedTLS, as the allocator rounds them */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *memory);
void __wrap_free(void *memory);

void *__wrap_calloc(size_t count, size_t size)
{
    void *memory = __real_calloc(count, size);

    heap += memory ? malloc_usable_size(memory) : 0;
    heap_peak = heap > heap_peak ? heap : heap_peak;
    return memory;
}

void __wrap_free(void *memory)
{
    heap -= memory ? malloc_usable_size(memory) : 0;
    __real_free(memory);
}

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int read_port(unsigned char *data, size_t size)
{
    return tls.ops->recv(tls.ctx, STREAM, data, size);
}

static int read_library(unsigned char *data, size_t size)
{
    return mbedtls_ssl_read(&context.sessions[0].ssl, data, size);
}

/* MB/s of the client's reads. */
static double speed(int (*read)(unsigned char *, size_t), size_t size)
{
    static unsigned char record[RECORD];
    static unsigned char data[RECORD];
    double spent = 0;

    for (size_t done = 0; done < TOTAL; done += RECORD) {
        size_t got = 0;
        double began;

        wire.down.written = wire.down.read = 0;
        if (mbedtls_ssl_write(&server.ssl, record, RECORD) != (int)RECORD)
            exit(1);
        began = seconds_now();
        while (got < RECORD) {
            int n = read(data, size);

            if (n <= 0)
                exit(1);
            got += (size_t)n;
        }
        spent += seconds_now() - began;
    }
    return TOTAL / 1e6 / spent;
}

/* Milliseconds of one handshake, both sides. */
static double handshake_ms(const struct fota_tls_params *params, bool whole)
{
    double began = seconds_now();

    for (unsigned i = 0; i < SHAKES; i++) {
        if (whole)
            fota_mbedtls_tls_drop(&context);
        if (connect_to(&server_identity, "fota.example", params) != 1)
            exit(1);
        hang_up();
    }
    return (seconds_now() - began) * 1000 / SHAKES;
}

static double best(int (*read)(unsigned char *, size_t), size_t size)
{
    double fastest = 0;

    for (int i = 0; i < 3; i++) {
        double now = speed(read, size);

        fastest = now > fastest ? now : fastest;
    }
    return fastest;
}

/* Heap of the client alone: at most while it shakes hands, and once it is connected. */
static size_t client_heap(const struct fota_tls_params *params, size_t *most)
{
    size_t before = heap, client;
    int result;

    new_wire();
    start_server(&server_identity, false, ANY);
    before = heap_peak = heap;
    result = tls.ops->start(tls.ctx, &wire_net, STREAM, "fota.example", params);
    client = heap - before;
    *most = heap_peak - before;
    while (result == 0) {
        before = heap_peak = heap;
        result = tls.ops->ready(tls.ctx, STREAM);
        if (client + heap_peak - before > *most)
            *most = client + heap_peak - before;
        client += heap - before; /* may wrap round, and back */
        serve();
    }
    if (result != 1)
        exit(1);
    hang_up();
    return client;
}

/* Only the RAM, a row of the table of configurations. */
static void print_ram(const struct fota_tls_params *params)
{
    size_t most, connected;

    (void)handshake_ms(params, true); /* what is made once has been made */
    fota_mbedtls_tls_drop(&context);
    connected = client_heap(params, &most);
    printf("| %u / %u | %zu | %zu |\n", (unsigned)MBEDTLS_SSL_IN_CONTENT_LEN,
           (unsigned)MBEDTLS_SSL_OUT_CONTENT_LEN, connected, most);
}

int main(int argc, char **argv)
{
    struct fota_tls_params params = verified();
    size_t most, connected;

    make_identities(NULL);
    open_world(NULL);
    params.exactly_1_2 = true;
    if (argc > 1 && strcmp(argv[1], "--ram") == 0) {
        print_ram(&params);
        return 0;
    }
    if (connect_to(&server_identity, "fota.example", &params) != 1)
        return 1;
    printf("### TLS\n\nmbedTLS %s, TLS 1.2, %s, ECDSA P-256; memory instead of a network.\n\n",
           MBEDTLS_VERSION_STRING, mbedtls_ssl_get_ciphersuite(&context.sessions[0].ssl));
    printf("| what | |\n|---|---:|\n");
    printf("| mbedTLS's record layer alone, reads of 16 KiB | %.0f MB/s |\n",
           best(read_library, RECORD));
    printf("| through the port, reads of 2 KiB as https makes them | %.0f MB/s |\n",
           best(read_port, READ_SMALL));
    hang_up();
    printf("| handshake, both sides | %.1f ms |\n", handshake_ms(&params, true));
    printf("| the same, going on with a session | %.1f ms |\n", handshake_ms(&params, false));
    fota_mbedtls_tls_drop(&context);
    connected = client_heap(&params, &most);
    printf("| context, room for %u connections | %zu bytes |\n", FOTA_MBEDTLS_SESSIONS,
           sizeof context);
    printf("| heap of a connection, records of up to %u bytes | %zu bytes |\n",
           (unsigned)MBEDTLS_SSL_IN_CONTENT_LEN, connected);
    printf("| the same, at most while it is made | %zu bytes |\n", most);
    close_world(NULL);
    free_identities(NULL);
    return 0;
}
