/* SPDX-License-Identifier: ISC */
/* sign.c - Ed25519 over libsodium; every signature covers the name of what it signs. */
#include "node/crypto/sign.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

struct es_sign_public es_sign_public_of(const struct es_sign_secret *seed)
{
    struct es_sign_public public;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(public.bytes, secret, seed->bytes);
    sodium_memzero(secret, sizeof(secret));
    return public;
}

/* domain, its terminating zero, message: no two domains share a prefix this way. */
static size_t frame_message(uint8_t buf[static ES_SIGN_MESSAGE_BYTES_MAX], const char *domain,
                            struct es_slice message)
{
    size_t domain_len = strlen(domain) + 1;

    assert(domain_len + message.len <= ES_SIGN_MESSAGE_BYTES_MAX);
    memcpy(buf, domain, domain_len);
    memcpy(buf + domain_len, message.ptr, message.len);
    return domain_len + message.len;
}

void es_sign(const struct es_sign_secret *seed, const char *domain, struct es_slice message,
             struct es_signature *ret)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t buf[ES_SIGN_MESSAGE_BYTES_MAX];
    size_t len = frame_message(buf, domain, message);

    crypto_sign_seed_keypair(public, secret, seed->bytes);
    crypto_sign_detached(ret->bytes, NULL, buf, len, secret);
    sodium_memzero(secret, sizeof(secret));
}

bool es_sign_verify(const struct es_sign_public *key, const char *domain, struct es_slice message,
                    const struct es_signature *signature)
{
    uint8_t buf[ES_SIGN_MESSAGE_BYTES_MAX];
    size_t len = frame_message(buf, domain, message);

    return crypto_sign_verify_detached(signature->bytes, buf, len, key->bytes) == 0;
}
