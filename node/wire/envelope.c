/* SPDX-License-Identifier: ISC */
/* envelope.c - header, id and padding of an envelope (docs/protocol.md, section 4). */
#include "node/wire/envelope.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "node/crypto/kdf.h"
#include "node/wire/cursor.h"

#define EXPIRY_AT 2

static const size_t class_bytes[ES_ENVELOPE_CLASSES] = {
    [ES_CLASS_512] = ES_ENVELOPE_BYTES_MIN,
    [ES_CLASS_2K] = 2048,
    [ES_CLASS_8K] = 8192,
    [ES_CLASS_32K] = ES_ENVELOPE_BYTES_MAX,
};

size_t es_class_bytes(enum es_envelope_class cls)
{
    assert(cls < ES_ENVELOPE_CLASSES);
    return class_bytes[cls];
}

size_t es_envelope_bytes_at(struct es_slice bytes)
{
    struct es_reader reader = es_reader(bytes);
    uint8_t version = es_read_u8(&reader);
    uint8_t cls = es_read_u8(&reader);

    if (reader.failed || version != ES_ENVELOPE_VERSION || cls >= ES_ENVELOPE_CLASSES)
        return 0;
    return class_bytes[cls] <= bytes.len ? class_bytes[cls] : 0;
}

bool es_envelope_decode(struct es_slice bytes, struct es_envelope *ret)
{
    size_t len = es_envelope_bytes_at(bytes);
    struct es_reader reader = es_reader(bytes);

    if (len == 0 || len != bytes.len)
        return false;
    (void)es_read_u8(&reader);
    ret->cls = (enum es_envelope_class)es_read_u8(&reader);
    ret->expiry = es_read_u16(&reader);
    es_read_bytes(&reader, ret->tag.bytes, sizeof(ret->tag.bytes));
    ret->sealed = es_read_rest(&reader);
    return es_reader_done(&reader);
}

void es_envelope_header(uint8_t ret[static ES_ENVELOPE_HEADER_BYTES], enum es_envelope_class cls,
                        uint16_t expiry, const struct es_tag *tag)
{
    struct es_writer writer = es_writer(ret, ES_ENVELOPE_HEADER_BYTES);

    assert(cls < ES_ENVELOPE_CLASSES);
    es_write_u8(&writer, ES_ENVELOPE_VERSION);
    es_write_u8(&writer, (uint8_t)cls);
    es_write_u16(&writer, expiry);
    es_write_bytes(&writer, tag->bytes, sizeof(tag->bytes));
    assert(!writer.failed && writer.at == writer.end);
}

uint16_t es_expiry_bucket(uint64_t wall_ms)
{
    if (wall_ms < ES_EXPIRY_EPOCH_MS)
        return 0;
    uint64_t bucket = (wall_ms - ES_EXPIRY_EPOCH_MS) / ES_EXPIRY_BUCKET_MS;

    return bucket < UINT16_MAX ? (uint16_t)bucket : UINT16_MAX;
}

void es_envelope_restamp(uint8_t *envelope, uint16_t expiry)
{
    struct es_writer writer = es_writer(envelope + EXPIRY_AT, sizeof(expiry));

    es_write_u16(&writer, expiry);
}

struct es_id es_envelope_id(struct es_slice envelope)
{
    static const uint8_t no_expiry[2] = {0};

    assert(envelope.len >= ES_ENVELOPE_HEADER_BYTES);
    const struct es_slice parts[] = {
        es_slice(envelope.ptr, EXPIRY_AT),
        ES_SLICE_OF(no_expiry),
        es_slice(envelope.ptr + ES_ENVELOPE_TAG_AT, envelope.len - ES_ENVELOPE_TAG_AT),
    };

    return es_hash(parts, sizeof(parts) / sizeof(parts[0]));
}

void es_pad(uint8_t *buf, size_t plain_len, size_t padded_len)
{
    assert(plain_len < padded_len);
    buf[plain_len] = 0x80;
    memset(buf + plain_len + 1, 0, padded_len - plain_len - 1);
}

bool es_unpad(struct es_slice padded, size_t *ret_len)
{
    size_t len;

    /* One block as long as the whole: constant time over all of it. */
    if (sodium_unpad(&len, padded.ptr, padded.len, padded.len) != 0)
        return false;
    *ret_len = len;
    return true;
}
