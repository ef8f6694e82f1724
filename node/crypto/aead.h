/* SPDX-License-Identifier: ISC */
/* aead.h - XChaCha20-Poly1305 (docs/protocol.md, section 2). Pure: nonces are arguments. */
#ifndef ES_CRYPTO_AEAD_H
#define ES_CRYPTO_AEAD_H

#include "node/crypto/types.h"
#include "node/wire/slice.h"

/* Encrypts plain into ret_sealed, which has room for plain.len + ES_MAC_BYTES; may be in place. */
void es_aead_seal(const struct es_key *key, const uint8_t nonce[static ES_NONCE_BYTES],
                  struct es_slice ad, struct es_slice plain, uint8_t *ret_sealed);

/* Opens sealed into ret_plain (room for sealed.len - ES_MAC_BYTES). False, with ret_plain zeroed,
 * when sealed is too short or its mac is wrong: the one error class there is. */
bool es_aead_open(const struct es_key *key, const uint8_t nonce[static ES_NONCE_BYTES],
                  struct es_slice ad, struct es_slice sealed, uint8_t *ret_plain);

#endif
