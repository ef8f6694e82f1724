/* SPDX-License-Identifier: ISC */
/* types.h - keys, tags and ids as structs of one array.
 *
 * The compiler tells them apart and `=` copies them. Secrets are compared with es_bytes_equal()
 * (constant time) and erased with es_wipe(). */
#ifndef ES_CRYPTO_TYPES_H
#define ES_CRYPTO_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ES_KEY_BYTES 32
#define ES_TAG_BYTES 16
#define ES_ID_BYTES 32
#define ES_NONCE_BYTES 24
#define ES_MAC_BYTES 16
#define ES_SIGNATURE_BYTES 64

/* A symmetric secret: message key, chain key, root key, tag seed, pre-shared key ... */
struct es_key {
    uint8_t bytes[ES_KEY_BYTES];
};

/* X25519. */
struct es_dh_public {
    uint8_t bytes[ES_KEY_BYTES];
};
struct es_dh_secret {
    uint8_t bytes[ES_KEY_BYTES];
};

/* Ed25519; the secret is the 32-byte seed, from which libsodium's 64-byte form is made when needed. */
struct es_sign_public {
    uint8_t bytes[ES_KEY_BYTES];
};
struct es_sign_secret {
    uint8_t bytes[ES_KEY_BYTES];
};

struct es_signature {
    uint8_t bytes[ES_SIGNATURE_BYTES];
};

/* An envelope's tag: one-time, random-looking, recognised by its addressee alone. */
struct es_tag {
    uint8_t bytes[ES_TAG_BYTES];
};

/* An envelope's id, or any other BLAKE2b-256 digest. */
struct es_id {
    uint8_t bytes[ES_ID_BYTES];
};

/* Constant-time comparison of len bytes. */
bool es_bytes_equal(const void *a, const void *b, size_t len);

/* Constant-time: are all len bytes zero? */
bool es_bytes_zero(const void *a, size_t len);

/* Overwrites len bytes with zeros; the compiler cannot drop it. */
void es_wipe(void *secret, size_t len);

#endif
