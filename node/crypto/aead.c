/* SPDX-License-Identifier: ISC */
/* aead.c - XChaCha20-Poly1305 over libsodium. */
#include "node/crypto/aead.h"

#include <sodium.h>

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == ES_KEY_BYTES, "key size");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == ES_NONCE_BYTES, "nonce size");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == ES_MAC_BYTES, "mac size");

void es_aead_seal(const struct es_key *key, const uint8_t nonce[static ES_NONCE_BYTES],
                  struct es_slice ad, struct es_slice plain, uint8_t *ret_sealed)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed, NULL, plain.ptr, plain.len, ad.ptr,
                                               ad.len, NULL, nonce, key->bytes);
}

bool es_aead_open(const struct es_key *key, const uint8_t nonce[static ES_NONCE_BYTES],
                  struct es_slice ad, struct es_slice sealed, uint8_t *ret_plain)
{
    if (sealed.len < ES_MAC_BYTES)
        return false;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, sealed.ptr, sealed.len,
                                                   ad.ptr, ad.len, nonce, key->bytes) == 0)
        return true;
    sodium_memzero(ret_plain, sealed.len - ES_MAC_BYTES);
    return false;
}
