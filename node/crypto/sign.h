/* SPDX-License-Identifier: ISC */
/* sign.h - Ed25519 (docs/protocol.md, section 2). Pure. */
#ifndef ES_CRYPTO_SIGN_H
#define ES_CRYPTO_SIGN_H

#include "node/crypto/types.h"
#include "node/wire/slice.h"

struct es_sign_public es_sign_public_of(const struct es_sign_secret *seed);

/* Signs the concatenation of domain (a string of its own per kind of object) and message,
 * which together have at most ES_SIGN_MESSAGE_BYTES_MAX bytes. */
#define ES_SIGN_MESSAGE_BYTES_MAX 256
void es_sign(const struct es_sign_secret *seed, const char *domain, struct es_slice message,
             struct es_signature *ret);

bool es_sign_verify(const struct es_sign_public *key, const char *domain, struct es_slice message,
                    const struct es_signature *signature);

#endif
