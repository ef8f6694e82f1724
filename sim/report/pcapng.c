/* SPDX-License-Identifier: ISC */
/* pcapng.c - blocks as draft-ietf-opsawg-pcapng has them, in the byte order of this machine. */
#include "sim/report/pcapng.h"

#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define LINK_ETHERNET 1u
#define OPTION_COMMENT 1u
#define OPTION_RESOLUTION 9u
#define MILLISECONDS 3u /* 10^-3 */

#define ETHERNET_BYTES 14
#define IPV6_BYTES 40
#define TCP_BYTES 20
#define HEADER_BYTES (ETHERNET_BYTES + IPV6_BYTES + TCP_BYTES)
/* Of a frame in one packet: IPv6 counts to 65,535. */
#define CHUNK_BYTES 16384
#define BODY_BYTES_MAX (HEADER_BYTES + CHUNK_BYTES + 512)
#define PORT 7667

struct body {
    uint8_t bytes[BODY_BYTES_MAX];
    size_t len;
};

/* --- Blocks ------------------------------------------------------------------------------------- */

static void put(struct body *body, const void *bytes, size_t len)
{
    memcpy(body->bytes + body->len, bytes, len);
    body->len += len;
}

static void put_u16(struct body *body, uint16_t value)
{
    put(body, &value, sizeof(value));
}

static void put_u32(struct body *body, uint32_t value)
{
    put(body, &value, sizeof(value));
}

static void pad(struct body *body)
{
    static const uint8_t zeros[3];

    put(body, zeros, -body->len % 4);
}

static void put_option(struct body *body, uint16_t code, const void *bytes, size_t len)
{
    put_u16(body, code);
    put_u16(body, (uint16_t)len);
    put(body, bytes, len);
    pad(body);
}

static void write_block(uint32_t type, const struct body *body, FILE *out)
{
    uint32_t len = (uint32_t)body->len + 12;

    fwrite(&type, sizeof(type), 1, out);
    fwrite(&len, sizeof(len), 1, out);
    fwrite(body->bytes, 1, body->len, out);
    fwrite(&len, sizeof(len), 1, out);
}

static void write_begin(struct body *body, FILE *out)
{
    const uint8_t resolution = MILLISECONDS;

    body->len = 0;
    put_u32(body, 0x1a2b3c4d); /* this machine's byte order */
    put_u16(body, 1);
    put_u16(body, 0);
    put_u32(body, UINT32_MAX); /* 64 bits: how long the section is, which nobody knows yet */
    put_u32(body, UINT32_MAX);
    write_block(BLOCK_SECTION, body, out);
    body->len = 0;
    put_u16(body, LINK_ETHERNET);
    put_u16(body, 0);
    put_u32(body, 0); /* no limit of what is captured */
    put_option(body, OPTION_RESOLUTION, &resolution, 1);
    put_option(body, 0, NULL, 0);
    write_block(BLOCK_INTERFACE, body, out);
}

/* --- Headers ------------------------------------------------------------------------------------ */

static void put_be(uint8_t *at, uint64_t value, size_t n)
{
    while (n-- > 0) {
        at[n] = (uint8_t)value;
        value >>= 8;
    }
}

static uint32_t sum_words(const uint8_t *bytes, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* `payload` NULL: its bytes are not known, nor is the checksum. */
static void make_headers(const struct es_sim_line *frame, const uint8_t *payload, size_t len,
                         uint32_t sequence, uint8_t ret[static HEADER_BYTES])
{
    uint8_t *ip = ret + ETHERNET_BYTES, *tcp = ip + IPV6_BYTES;
    uint32_t sum;

    memset(ret, 0, HEADER_BYTES);
    ret[0] = ret[6] = 2; /* a local address */
    put_be(ret + 2, (uint64_t)frame->to + 1, 4);
    put_be(ret + 8, (uint64_t)frame->from + 1, 4);
    put_be(ret + 12, 0x86dd, 2);
    ip[0] = 0x60;
    put_be(ip + 4, TCP_BYTES + len, 2);
    ip[6] = 6; /* TCP */
    ip[7] = 64;
    ip[8] = ip[24] = 0xfd;
    put_be(ip + 20, (uint64_t)frame->from + 1, 4);
    put_be(ip + 36, (uint64_t)frame->to + 1, 4);
    put_be(tcp, PORT, 2);
    put_be(tcp + 2, PORT, 2);
    put_be(tcp + 4, sequence, 4);
    put_be(tcp + 12, 0x5018, 2); /* five words, PSH and ACK */
    put_be(tcp + 14, 0xffff, 2);
    if (payload == NULL)
        return;
    sum = sum_words(ip + 8, 32, (uint32_t)(TCP_BYTES + len) + 6);
    sum = sum_words(tcp, TCP_BYTES, sum);
    put_be(tcp + 16, 0xffff ^ sum_words(payload, len, sum), 2);
}

/* --- Frames ------------------------------------------------------------------------------------- */

/* How many bytes went from one node to another before: TCP's sequence numbers. */
struct streams {
    uint32_t *next;
    size_t n_nodes;
};

static void write_chunk(const struct es_sim_line *frame, const uint8_t *payload, size_t len,
                        uint32_t sequence, struct body *body, FILE *out)
{
    uint8_t headers[HEADER_BYTES];
    char comment[160];
    size_t captured = payload == NULL ? 0 : len;
    int n =
        snprintf(comment, sizeof(comment), "%s, frame %llu of node %u to node %u, due at %.3f s",
                 frame->what, (unsigned long long)frame->frame, frame->from, frame->to,
                 (double)frame->due / 1000);

    make_headers(frame, payload, len, sequence, headers);
    body->len = 0;
    put_u32(body, 0); /* the interface */
    put_u32(body, (uint32_t)(frame->t >> 32));
    put_u32(body, (uint32_t)frame->t);
    put_u32(body, (uint32_t)(HEADER_BYTES + captured));
    put_u32(body, (uint32_t)(HEADER_BYTES + len));
    put(body, headers, sizeof(headers));
    if (captured > 0)
        put(body, payload, captured);
    pad(body);
    put_option(body, OPTION_COMMENT, comment, (size_t)n);
    put_option(body, 0, NULL, 0);
    write_block(BLOCK_PACKET, body, out);
}

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) & 0xf;
}

/* What the trace has in hexadecimal; NULL: nothing, or not all. The caller frees. */
static uint8_t *bytes_of(const struct es_sim_line *frame)
{
    uint8_t *bytes;

    if (frame->data == NULL || strlen(frame->data) != 2 * (size_t)frame->bytes)
        return NULL;
    bytes = es_sim_resize(NULL, (size_t)frame->bytes + 1);
    for (size_t i = 0; i < frame->bytes; i++)
        bytes[i] = (uint8_t)(digit(frame->data[2 * i]) << 4 | digit(frame->data[2 * i + 1]));
    return bytes;
}

static void write_frame(const struct es_sim_line *frame, struct streams *streams, struct body *body,
                        FILE *out)
{
    uint32_t *next = &streams->next[frame->from * streams->n_nodes + frame->to];
    uint8_t *bytes = bytes_of(frame);

    for (size_t at = 0; at < frame->bytes; at += CHUNK_BYTES) {
        size_t len = frame->bytes - at < CHUNK_BYTES ? frame->bytes - at : CHUNK_BYTES;

        write_chunk(frame, bytes == NULL ? NULL : bytes + at, len, *next, body, out);
        *next += (uint32_t)len;
    }
    free(bytes);
}

void es_sim_pcapng_write(const struct es_sim_lines *lines, FILE *out)
{
    size_t n = (size_t)json_integer_value(json_object_get(lines->meta, "nodes"));
    struct streams streams = {.next = es_sim_zeroed((n * n + 1) * sizeof(streams.next[0])),
                              .n_nodes = n};
    struct body body = {.len = 0};

    write_begin(&body, out);
    for (size_t i = 0; i < lines->n; i++)
        if (lines->all[i].kind == ES_SIM_LINE_SENT && lines->all[i].from < n &&
            lines->all[i].to < n)
            write_frame(&lines->all[i], &streams, &body, out);
    free(streams.next);
}
