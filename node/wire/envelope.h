/* SPDX-License-Identifier: ISC */
/* envelope.h - the layout of an envelope (docs/protocol.md, section 4). Pure. */
#ifndef ES_WIRE_ENVELOPE_H
#define ES_WIRE_ENVELOPE_H

#include "node/crypto/types.h"
#include "node/wire/limits.h"
#include "node/wire/slice.h"

#define ES_ENVELOPE_VERSION 1
#define ES_ENVELOPE_HEADER_BYTES 20
#define ES_ENVELOPE_TAG_AT 4

/* Expiry counts 6-hour buckets since 2025-01-01T00:00:00Z. */
#define ES_EXPIRY_BUCKET_MS (6ull * 60 * 60 * 1000)
#define ES_EXPIRY_EPOCH_MS 1735689600000ull

enum es_envelope_class {
    ES_CLASS_512 = 0,
    ES_CLASS_2K = 1,
    ES_CLASS_8K = 2,
    ES_CLASS_32K = 3,
};

/* Whole size of a class in bytes. */
size_t es_class_bytes(enum es_envelope_class cls);

struct es_envelope {
    enum es_envelope_class cls;
    uint16_t expiry;
    struct es_tag tag;
    struct es_slice sealed; /* borrowed: from byte 20 to the end of the class size */
};

/* Reads one whole envelope: bytes.len must be its class size. False when version, class or size do
 * not fit. */
bool es_envelope_decode(struct es_slice bytes, struct es_envelope *ret);

/* Length of the envelope that begins at bytes, by its class; 0 when there is none. */
size_t es_envelope_bytes_at(struct es_slice bytes);

/* Writes version, class, expiry and tag: the first 20 bytes. */
void es_envelope_header(uint8_t ret[static ES_ENVELOPE_HEADER_BYTES], enum es_envelope_class cls,
                        uint16_t expiry, const struct es_tag *tag);

/* The bucket of a wall-clock time, clamped to the range of u16. */
uint16_t es_expiry_bucket(uint64_t wall_ms);

/* Overwrites the expiry in place: neither id nor seal covers it. */
void es_envelope_restamp(uint8_t *envelope, uint16_t expiry);

/* id = BLAKE2b-256 of the whole envelope with the expiry zeroed. */
struct es_id es_envelope_id(struct es_slice envelope);

/* ISO 7816-4: 0x80, then zeros up to padded_len. plain_len < padded_len; in place. */
void es_pad(uint8_t *buf, size_t plain_len, size_t padded_len);

/* Length before the padding; false when the padding is malformed. Scans the whole buffer always. */
bool es_unpad(struct es_slice padded, size_t *ret_len);

#endif
