/* SPDX-License-Identifier: ISC */
/* dh.h - X25519 and the way from Ed25519 keys to it (docs/protocol.md, section 2). Pure. */
#ifndef ES_CRYPTO_DH_H
#define ES_CRYPTO_DH_H

#include "node/crypto/types.h"

/* The public key of a secret that is 32 random bytes. */
struct es_dh_public es_dh_public_of(const struct es_dh_secret *secret);

/* Shared secret. False (ret zeroed) when it is all zero: the peer sent a low-order point. */
bool es_dh(const struct es_dh_secret *secret, const struct es_dh_public *peer,
           struct es_key *ret_shared);

/* Ed25519 to X25519. The public form is refused unless the key is a canonical point of the main
 * subgroup. */
bool es_dh_public_from_sign(const struct es_sign_public *key, struct es_dh_public *ret);
void es_dh_secret_from_sign(const struct es_sign_secret *seed, struct es_dh_secret *ret);

#endif
