/* SPDX-License-Identifier: ISC */
/* oneshot.c - an envelope under a key of its own. The nonce is random although the key is used once:
 * who seals twice because its state went back must not repeat one. */
#include "node/core/e2ee/oneshot.h"

#include <assert.h>
#include <string.h>

#include "node/crypto/aead.h"
#include "node/crypto/kdf.h"

#define NONCE_AT ES_ENVELOPE_HEADER_BYTES
#define SEALED_AT (NONCE_AT + ES_NONCE_BYTES)
#define PLAIN_BYTES (ES_ONESHOT_CAPACITY + 1)
#define AD_BYTES (2 + ES_TAG_BYTES)

void es_oneshot_init(struct es_oneshot *oneshot, const struct es_key *secret, const char *label,
                     const struct es_slice *parts, size_t n_parts)
{
    struct es_key blocks[2];

    es_kdf(secret, label, parts, n_parts, 0, 2, blocks);
    memcpy(oneshot->tag.bytes, blocks[0].bytes, sizeof(oneshot->tag.bytes));
    oneshot->key = blocks[1];
    es_wipe(blocks, sizeof(blocks));
}

static void write_ad(uint8_t ad[static AD_BYTES], const uint8_t *envelope)
{
    memcpy(ad, envelope, 2);
    memcpy(ad + 2, envelope + ES_ENVELOPE_TAG_AT, ES_TAG_BYTES);
}

void es_oneshot_seal(const struct es_oneshot *oneshot, uint16_t expiry, struct es_slice plain,
                     const struct es_entropy *entropy, uint8_t *ret_envelope)
{
    uint8_t *nonce = ret_envelope + NONCE_AT;
    uint8_t *sealed = ret_envelope + SEALED_AT;
    uint8_t ad[AD_BYTES];

    assert(plain.len <= ES_ONESHOT_CAPACITY);
    es_envelope_header(ret_envelope, ES_CLASS_512, expiry, &oneshot->tag);
    entropy->random(entropy->ctx, nonce, ES_NONCE_BYTES);
    write_ad(ad, ret_envelope);
    if (plain.len > 0)
        memcpy(sealed, plain.ptr, plain.len);
    es_pad(sealed, plain.len, PLAIN_BYTES);
    es_aead_seal(&oneshot->key, nonce, ES_SLICE_OF(ad), es_slice(sealed, PLAIN_BYTES), sealed);
}

bool es_oneshot_open(const struct es_oneshot *oneshot, struct es_slice envelope, uint8_t *ret_plain,
                     struct es_slice *ret_unpadded)
{
    struct es_envelope outer;
    uint8_t ad[AD_BYTES];
    size_t len;

    if (!es_envelope_decode(envelope, &outer) || outer.cls != ES_CLASS_512)
        return false;
    write_ad(ad, envelope.ptr);
    if (!es_aead_open(&oneshot->key, envelope.ptr + NONCE_AT, ES_SLICE_OF(ad),
                      es_slice(envelope.ptr + SEALED_AT, PLAIN_BYTES + ES_MAC_BYTES), ret_plain))
        return false;
    if (!es_unpad(es_slice(ret_plain, PLAIN_BYTES), &len)) {
        es_wipe(ret_plain, PLAIN_BYTES);
        return false;
    }
    *ret_unpadded = es_slice(ret_plain, len);
    return true;
}
