/* SPDX-License-Identifier: ISC */
/* work.c - the proof of work of a request (docs/protocol.md, section 6.1): makes a flood of requests
 * cost its sender more than the trial openings cost the addressee. */
#include <string.h>

#include "node/core/e2ee/handshake.h"
#include "node/crypto/kdf.h"

/* The tag is random all over, so that a search resumed after a restart tries other tags; its second
 * half is counted up. */
#define COUNTER_AT 8

static struct es_id digest_of(const uint8_t *envelope)
{
    const struct es_slice parts[] = {
        es_slice(envelope, 2),
        es_slice(envelope + ES_ENVELOPE_HEADER_BYTES,
                 ES_ENVELOPE_BYTES_MIN - ES_ENVELOPE_HEADER_BYTES),
    };

    return es_hash(parts, 2);
}

static bool tag_works(const struct es_tag *tag, const struct es_id *digest, unsigned bits)
{
    const struct es_slice parts[] = {ES_SLICE_OF(tag->bytes), ES_SLICE_OF(digest->bytes)};
    struct es_id hash = es_hash(parts, 2);
    unsigned whole = bits / 8;

    for (unsigned i = 0; i < whole; i++)
        if (hash.bytes[i] != 0)
            return false;
    return bits % 8 == 0 || hash.bytes[whole] >> (8 - bits % 8) == 0;
}

bool es_work_valid(const uint8_t *envelope, unsigned bits)
{
    struct es_id digest = digest_of(envelope);
    struct es_tag tag;

    memcpy(tag.bytes, envelope + ES_ENVELOPE_TAG_AT, sizeof(tag.bytes));
    return tag_works(&tag, &digest, bits);
}

void es_work_begin(struct es_work *work, const uint8_t *envelope, const struct es_entropy *entropy)
{
    work->digest = digest_of(envelope);
    entropy->random(entropy->ctx, work->start.bytes, sizeof(work->start.bytes));
    work->counter = 0;
}

static struct es_tag tag_at(const struct es_work *work)
{
    struct es_tag tag = work->start;
    struct es_reader reader =
        es_reader(es_slice(tag.bytes + COUNTER_AT, sizeof(tag.bytes) - COUNTER_AT));
    uint64_t value = es_read_u64(&reader) + work->counter;
    struct es_writer writer = es_writer(tag.bytes + COUNTER_AT, sizeof(tag.bytes) - COUNTER_AT);

    es_write_u64(&writer, value);
    return tag;
}

bool es_work_search(struct es_work *work, unsigned bits, uint32_t tries, struct es_tag *ret_tag)
{
    for (uint32_t i = 0; i < tries; i++) {
        struct es_tag tag = tag_at(work);

        work->counter++;
        if (tag_works(&tag, &work->digest, bits)) {
            *ret_tag = tag;
            return true;
        }
    }
    return false;
}
