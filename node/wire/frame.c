/* SPDX-License-Identifier: ISC */
/* frame.c - encoding of what travels on a link (docs/protocol.md, section 7). */
#include "node/wire/frame.h"

#include <assert.h>
#include <string.h>

#include "node/wire/cursor.h"
#include "node/wire/envelope.h"

#define FRAME_KIND_BYTES 1

/* What the longest frame can hold is what the tables of struct es_frame have room for. */
_Static_assert(FRAME_KIND_BYTES + (ES_FRAME_ENVELOPES_MAX + 1) * (1 + ES_ENVELOPE_BYTES_MIN) >
                   ES_FRAME_BYTES_MAX,
               "a frame could hold more envelopes than its table");
_Static_assert(FRAME_KIND_BYTES + 2 * (1 + ES_ENVELOPE_BYTES_MAX) <= ES_FRAME_BYTES_MAX,
               "two of the largest envelopes fit a frame");
_Static_assert(FRAME_KIND_BYTES + ES_FRAME_ACKS_MAX * sizeof(struct es_ack_id) <=
                   ES_FRAME_BYTES_MAX,
               "a full ACK fits a frame");

/* --- Reading: each returns whether the content makes sense; the caller checks the length -------- */

static bool read_hello(struct es_reader *reader, struct es_hello *ret)
{
    ret->version_min = es_read_u8(reader);
    ret->version_max = es_read_u8(reader);
    ret->bucket = es_read_u16(reader);
    es_read_bytes(reader, ret->slots, sizeof(ret->slots));
    return ret->version_min >= 1 && ret->version_min <= ret->version_max;
}

static bool read_link(struct es_reader *reader, struct es_slice *ret)
{
    *ret = es_read_slice(reader, ES_ENVELOPE_BYTES_MIN);
    return es_envelope_bytes_at(*ret) == ES_ENVELOPE_BYTES_MIN;
}

static bool read_envelopes(struct es_reader *reader, struct es_frame *ret)
{
    size_t n = 0;

    while (es_reader_left(reader) > 0) {
        if (n == ES_FRAME_ENVELOPES_MAX)
            return false;
        ret->envelopes.copies[n] = es_read_u8(reader);
        size_t len = es_envelope_bytes_at(es_slice(reader->at, es_reader_left(reader)));

        if (len == 0)
            return false;
        ret->envelopes.at[n++] = es_read_slice(reader, len);
    }
    ret->envelopes.n = n;
    return n > 0;
}

static bool read_ack(struct es_reader *reader, struct es_frame *ret)
{
    ret->ack.ids = es_read_rest(reader);
    ret->ack.n = ret->ack.ids.len / sizeof(struct es_ack_id);
    return ret->ack.ids.len % sizeof(struct es_ack_id) == 0 && ret->ack.n > 0 &&
           ret->ack.n <= ES_FRAME_ACKS_MAX;
}

static bool read_moved(struct es_reader *reader, struct es_frame *ret)
{
    ret->moved.port = es_read_u16(reader);
    es_read_bytes(reader, ret->moved.key.bytes, sizeof(ret->moved.key.bytes));
    return ret->moved.port != 0;
}

static bool read_bye(struct es_reader *reader, struct es_frame *ret)
{
    uint8_t reason = es_read_u8(reader);

    ret->bye = (enum es_bye_reason)reason;
    return reason >= ES_BYE_CLOSING && reason <= ES_BYE_REFUSED;
}

static bool read_content(struct es_reader *reader, struct es_frame *ret)
{
    switch (ret->kind) {
    case ES_FRAME_HELLO:
        return read_hello(reader, &ret->hello);
    case ES_FRAME_LINK:
        return read_link(reader, &ret->link);
    case ES_FRAME_ENVELOPES:
        return read_envelopes(reader, ret);
    case ES_FRAME_ACK:
        return read_ack(reader, ret);
    case ES_FRAME_MOVED:
        return read_moved(reader, ret);
    case ES_FRAME_PING:
    case ES_FRAME_PONG:
        ret->token = es_read_u64(reader);
        return true;
    case ES_FRAME_BYE:
        return read_bye(reader, ret);
    }
    return false; /* an unknown kind */
}

bool es_frame_decode(struct es_slice bytes, struct es_frame *ret)
{
    struct es_reader reader = es_reader(bytes);

    memset(ret, 0, sizeof(*ret));
    if (bytes.len > ES_FRAME_BYTES_MAX)
        return false;
    ret->kind = (enum es_frame_kind)es_read_u8(&reader);
    if (read_content(&reader, ret) && es_reader_done(&reader))
        return true;
    memset(ret, 0, sizeof(*ret));
    return false;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static struct es_writer begin(uint8_t *buf, size_t cap, enum es_frame_kind kind)
{
    struct es_writer writer = es_writer(buf, cap < ES_FRAME_BYTES_MAX ? cap : ES_FRAME_BYTES_MAX);

    es_write_u8(&writer, (uint8_t)kind);
    return writer;
}

static size_t end(const struct es_writer *writer)
{
    return writer->failed ? 0 : es_writer_len(writer);
}

size_t es_frame_hello(uint8_t *buf, size_t cap, const struct es_hello *hello)
{
    struct es_writer writer = begin(buf, cap, ES_FRAME_HELLO);

    es_write_u8(&writer, hello->version_min);
    es_write_u8(&writer, hello->version_max);
    es_write_u16(&writer, hello->bucket);
    es_write_bytes(&writer, hello->slots, sizeof(hello->slots));
    return end(&writer);
}

size_t es_frame_link(uint8_t *buf, size_t cap, struct es_slice envelope)
{
    struct es_writer writer = begin(buf, cap, ES_FRAME_LINK);

    assert(envelope.len == ES_ENVELOPE_BYTES_MIN);
    es_write_bytes(&writer, envelope.ptr, envelope.len);
    return end(&writer);
}

size_t es_frame_ack(uint8_t *buf, size_t cap, const struct es_ack_id *ids, size_t n)
{
    struct es_writer writer = begin(buf, cap, ES_FRAME_ACK);

    assert(n > 0 && n <= ES_FRAME_ACKS_MAX);
    es_write_bytes(&writer, ids, n * sizeof(*ids));
    return end(&writer);
}

size_t es_frame_moved(uint8_t *buf, size_t cap, uint16_t port, const struct es_dh_public *key)
{
    struct es_writer writer = begin(buf, cap, ES_FRAME_MOVED);

    assert(port != 0);
    es_write_u16(&writer, port);
    es_write_bytes(&writer, key->bytes, sizeof(key->bytes));
    return end(&writer);
}

static size_t write_token(uint8_t *buf, size_t cap, enum es_frame_kind kind, uint64_t token)
{
    struct es_writer writer = begin(buf, cap, kind);

    es_write_u64(&writer, token);
    return end(&writer);
}

size_t es_frame_ping(uint8_t *buf, size_t cap, uint64_t token)
{
    return write_token(buf, cap, ES_FRAME_PING, token);
}

size_t es_frame_pong(uint8_t *buf, size_t cap, uint64_t token)
{
    return write_token(buf, cap, ES_FRAME_PONG, token);
}

size_t es_frame_bye(uint8_t *buf, size_t cap, enum es_bye_reason reason)
{
    struct es_writer writer = begin(buf, cap, ES_FRAME_BYE);

    es_write_u8(&writer, (uint8_t)reason);
    return end(&writer);
}

size_t es_frame_envelopes_begin(uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap, ES_FRAME_ENVELOPES);

    return end(&writer);
}

bool es_frame_envelopes_add(uint8_t *buf, size_t cap, size_t *io_len, uint8_t copies,
                            struct es_slice envelope)
{
    size_t room = (cap < ES_FRAME_BYTES_MAX ? cap : ES_FRAME_BYTES_MAX) - *io_len;

    assert(es_envelope_bytes_at(envelope) == envelope.len);
    if (1 + envelope.len > room)
        return false;
    struct es_writer writer = es_writer(buf + *io_len, room);

    es_write_u8(&writer, copies);
    es_write_bytes(&writer, envelope.ptr, envelope.len);
    *io_len += es_writer_len(&writer);
    return true;
}
