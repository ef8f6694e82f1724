/* SPDX-License-Identifier: ISC */
/* dh.c - X25519 over libsodium. */
#include "node/crypto/dh.h"

#include <sodium.h>

struct es_dh_public es_dh_public_of(const struct es_dh_secret *secret)
{
    struct es_dh_public public;

    crypto_scalarmult_base(public.bytes, secret->bytes);
    return public;
}

bool es_dh(const struct es_dh_secret *secret, const struct es_dh_public *peer,
           struct es_key *ret_shared)
{
    /* libsodium refuses the points that give zero; the second check does not rely on it. */
    if (crypto_scalarmult(ret_shared->bytes, secret->bytes, peer->bytes) != 0 ||
        es_bytes_zero(ret_shared->bytes, sizeof(ret_shared->bytes))) {
        es_wipe(ret_shared, sizeof(*ret_shared));
        return false;
    }
    return true;
}

bool es_dh_public_from_sign(const struct es_sign_public *key, struct es_dh_public *ret)
{
    if (crypto_core_ed25519_is_valid_point(key->bytes) != 1)
        return false;
    return crypto_sign_ed25519_pk_to_curve25519(ret->bytes, key->bytes) == 0;
}

void es_dh_secret_from_sign(const struct es_sign_secret *seed, struct es_dh_secret *ret)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(public, secret, seed->bytes);
    crypto_sign_ed25519_sk_to_curve25519(ret->bytes, secret);
    sodium_memzero(secret, sizeof(secret));
}
