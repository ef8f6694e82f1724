/* SPDX-License-Identifier: ISC */
/* proof.c - LINK envelopes (docs/protocol.md, section 8.2). */
#include "node/core/e2ee/proof.h"

#include <assert.h>

#include "node/core/e2ee/oneshot.h"
#include "node/wire/record.h"

_Static_assert(ES_PROOF_CAPACITY <= ES_ONESHOT_CAPACITY, "a proof fits 512 bytes");

static void proof_init(struct es_oneshot *oneshot, const struct es_key *link_key,
                       enum es_link_role role, const struct es_link_keys *keys)
{
    const uint8_t direction[] = {(uint8_t)role};
    const struct es_slice parts[] = {
        ES_SLICE_OF(direction),
        ES_SLICE_OF(keys->server.bytes),
        ES_SLICE_OF(keys->client.bytes),
    };

    es_oneshot_init(oneshot, link_key, "link", parts, 3);
}

struct es_tag es_proof_tag(const struct es_key *link_key, enum es_link_role role,
                           const struct es_link_keys *keys)
{
    struct es_oneshot oneshot;

    proof_init(&oneshot, link_key, role, keys);
    struct es_tag tag = oneshot.tag;

    es_wipe(&oneshot, sizeof(oneshot));
    return tag;
}

void es_proof_seal(const struct es_key *link_key, enum es_link_role role,
                   const struct es_link_keys *keys, uint16_t expiry, struct es_slice records,
                   const struct es_entropy *entropy, uint8_t *ret_envelope)
{
    struct es_oneshot oneshot;

    assert(records.len <= ES_PROOF_CAPACITY);
    proof_init(&oneshot, link_key, role, keys);
    es_oneshot_seal(&oneshot, expiry, records, entropy, ret_envelope);
    es_wipe(&oneshot, sizeof(oneshot));
}

void es_proof_random(uint16_t expiry, const struct es_entropy *entropy, uint8_t *ret_envelope)
{
    struct es_tag tag;

    entropy->random(entropy->ctx, tag.bytes, sizeof(tag.bytes));
    es_envelope_header(ret_envelope, ES_CLASS_512, expiry, &tag);
    entropy->random(entropy->ctx, ret_envelope + ES_ENVELOPE_HEADER_BYTES,
                    ES_ENVELOPE_BYTES_MIN - ES_ENVELOPE_HEADER_BYTES);
}

bool es_proof_open(const struct es_key *link_key, enum es_link_role role,
                   const struct es_link_keys *keys, struct es_slice envelope, uint8_t *ret_plain,
                   struct es_slice *ret_records)
{
    struct es_oneshot oneshot;
    struct es_slice records;

    proof_init(&oneshot, link_key, role, keys);
    bool opened = es_oneshot_open(&oneshot, envelope, ret_plain, &records);

    es_wipe(&oneshot, sizeof(oneshot));
    if (!opened)
        return false;
    if (!es_records_valid(records)) {
        es_wipe(ret_plain, ES_ONESHOT_CAPACITY + 1);
        return false;
    }
    *ret_records = records;
    return true;
}
