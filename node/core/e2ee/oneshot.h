/* SPDX-License-Identifier: ISC */
/* oneshot.h - 512-byte envelopes outside any chain: tag and key of one KDF call, sealed once
 * (docs/protocol.md, section 6.2). LINK envelopes and refusals are such. */
#ifndef ES_E2EE_ONESHOT_H
#define ES_E2EE_ONESHOT_H

#include "node/env/entropy.h"
#include "node/wire/envelope.h"

/* Tag and key = KDF(secret, label, parts)[0..1]. */
struct es_oneshot {
    struct es_tag tag;
    struct es_key key;
};
void es_oneshot_init(struct es_oneshot *oneshot, const struct es_key *secret, const char *label,
                     const struct es_slice *parts, size_t n_parts);

/* header 20 | N 24 | AEAD(key, N, bytes 0 and 1 | tag; plain, padded) */
#define ES_ONESHOT_CAPACITY                                                                        \
    (ES_ENVELOPE_BYTES_MIN - ES_ENVELOPE_HEADER_BYTES - ES_NONCE_BYTES - ES_MAC_BYTES - 1)
void es_oneshot_seal(const struct es_oneshot *oneshot, uint16_t expiry, struct es_slice plain,
                     const struct es_entropy *entropy, uint8_t *ret_envelope);

/* ret_plain has ES_ENVELOPE_BYTES_MIN bytes, *ret_unpadded lies in it; wiped on failure. */
bool es_oneshot_open(const struct es_oneshot *oneshot, struct es_slice envelope, uint8_t *ret_plain,
                     struct es_slice *ret_unpadded);

#endif
