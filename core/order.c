#include "order.h"

#include <string.h>

#include "bytes.h"
#include "crc32.h"
#include "flash.h"

/*
 * A head, then url, CA certificate, client certificate and client key, each terminated; one that
 * was not given is empty. Head: u32 magic, u32 bytes of all of it, u32 CRC-32 of what follows, u8
 * flags, u8 level, u16 0, u64 newest moment known.
 */
#define MAGIC     0x5244524fu /* "ORDR", little endian */
#define HEAD_SIZE 24u
#define CRC_FROM  12u /* first byte that the CRC covers */
#define TEXTS     4u

#define FLAG_EXACTLY_1_2 0x80u /* bits 0 to 3: the text was given */

static const char *text_of(const struct fota_order *order, unsigned i)
{
    const char *const texts[TEXTS] = {order->url, order->tls.ca_cert, order->tls.client_cert,
                                      order->tls.client_key};

    return texts[i];
}

bool fota_order_demands_tls(const struct fota_order *order)
{
    const struct fota_tls_params *tls = &order->tls;

    return tls->ca_cert || tls->client_cert || tls->client_key || tls->exactly_1_2 ||
           tls->level != FOTA_TLS_SERVER;
}

static uint32_t text_size(const struct fota_order *order, unsigned i)
{
    const char *text = text_of(order, i);

    return text ? (uint32_t)strlen(text) + 1 : 1;
}

uint32_t fota_order_size(const struct fota_order *order)
{
    uint32_t size = HEAD_SIZE;

    for (unsigned i = 0; i < TEXTS; i++)
        size += text_size(order, i);
    return size;
}

static void make_head(const struct fota_order *order, uint8_t head[HEAD_SIZE])
{
    uint32_t crc;

    memset(head, 0, HEAD_SIZE);
    fota_put32(head, MAGIC);
    fota_put32(head + 4, fota_order_size(order));
    for (unsigned i = 0; i < TEXTS; i++)
        if (text_of(order, i))
            head[12] |= (uint8_t)(1u << i);
    if (order->tls.exactly_1_2)
        head[12] |= FLAG_EXACTLY_1_2;
    head[13] = (uint8_t)order->tls.level;
    fota_put64(head + 16, (uint64_t)order->tls.newest_known);
    crc = fota_crc32(0, head + CRC_FROM, HEAD_SIZE - CRC_FROM);
    for (unsigned i = 0; i < TEXTS; i++)
        crc = fota_crc32(crc, text_of(order, i) ? text_of(order, i) : "", text_size(order, i));
    fota_put32(head + 8, crc);
}

/* Copies `length` bytes of the order from its byte `from` on. */
static void copy_bytes(const struct fota_order *order, uint32_t from, uint8_t *out, uint32_t length)
{
    uint8_t head[HEAD_SIZE];
    const void *part = head;
    uint32_t size = HEAD_SIZE;

    make_head(order, head);
    for (unsigned i = 0;; i++) {
        if (from < size) {
            uint32_t n = size - from < length ? size - from : length;

            memcpy(out, (const uint8_t *)part + from, n);
            out += n;
            length -= n;
            from += n;
        }
        if (length == 0)
            return;
        from -= size;
        part = text_of(order, i) ? text_of(order, i) : "";
        size = text_size(order, i);
    }
}

int fota_order_store(const struct fota_port *port, const struct fota_order *order, uint32_t unit,
                     uint8_t *page, struct fota_fault *fault)
{
    const struct fota_region *staging = &port->map->staging;
    uint32_t size = fota_order_size(order), each = fota_round_up(staging, size);
    uint32_t at = unit * staging->erase_unit % each, copy = unit * staging->erase_unit / each;
    uint32_t start = fota_order_address(port->map, copy) - staging->offset + at;
    uint32_t end = size < at + staging->erase_unit ? size : at + staging->erase_unit;
    struct fota_writer writer;
    int err = 1;

    fota_writer_start(&writer, port, staging, start, start + end - at, page);
    while (at < end && err > 0) {
        uint8_t *room;
        uint32_t n = (uint32_t)fota_writer_room(&writer, &room);

        copy_bytes(order, at, room, n);
        fota_writer_filled(&writer, n);
        at += n;
        do
            err = fota_writer_work(&writer, at == end, fault);
        while (err > 0);
        err = err ? err : 1;
    }
    return err < 0 ? err : end < size || copy + 1 < FOTA_ORDER_COPIES;
}

/* Finds the texts in `body` of `length` bytes. */
static int find_texts(char *body, uint32_t length, uint8_t flags, struct fota_order *order)
{
    const char **const texts[TEXTS] = {&order->url, &order->tls.ca_cert, &order->tls.client_cert,
                                       &order->tls.client_key};

    for (unsigned i = 0; i < TEXTS; i++) {
        const char *end = memchr(body, '\0', length);

        if (!end)
            return FOTA_ERR_INTEGRITY;
        *texts[i] = flags & 1u << i ? body : NULL;
        length -= (uint32_t)(end + 1 - body);
        body += end + 1 - body;
    }
    return order->url ? 0 : FOTA_ERR_INTEGRITY;
}

static int load_copy(const struct fota_port *port, uint32_t address, char *memory,
                     struct fota_order *order)
{
    uint8_t head[HEAD_SIZE];
    uint32_t size, crc;
    int err = fota_flash_read(port, address, head, HEAD_SIZE);

    if (err)
        return err;
    size = fota_get32(head + 4);
    if (fota_get32(head) != MAGIC || size <= HEAD_SIZE || size > FOTA_ORDER_MAX)
        return FOTA_ERR_INTEGRITY;
    size -= HEAD_SIZE;
    err = fota_flash_read(port, address + HEAD_SIZE, memory, size);
    if (err)
        return err;
    crc = fota_crc32(0, head + CRC_FROM, HEAD_SIZE - CRC_FROM);
    if (fota_crc32(crc, memory, size) != fota_get32(head + 8))
        return FOTA_ERR_INTEGRITY;
    memset(order, 0, sizeof *order);
    order->tls.exactly_1_2 = (head[12] & FLAG_EXACTLY_1_2) != 0;
    order->tls.level = (enum fota_tls_level)head[13];
    order->tls.newest_known = (int64_t)fota_get64(head + 16);
    return find_texts(memory, size, head[12], order);
}

int fota_order_load(const struct fota_port *port, char *memory, struct fota_order *order)
{
    int err = FOTA_ERR_INTEGRITY;

    for (uint32_t copy = 0; err && copy < FOTA_ORDER_COPIES; copy++)
        err = load_copy(port, fota_order_address(port->map, copy), memory, order);
    return err;
}
