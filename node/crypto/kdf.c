/* SPDX-License-Identifier: ISC */
/* kdf.c - BLAKE2b with key, salt and personalisation. */
#include "node/crypto/kdf.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

_Static_assert(crypto_generichash_blake2b_PERSONALBYTES == ES_KDF_LABEL_BYTES_MAX,
               "a label is BLAKE2b's personalisation");

static void absorb(crypto_generichash_blake2b_state *state, const struct es_slice *parts,
                   size_t n_parts)
{
    for (size_t i = 0; i < n_parts; i++)
        crypto_generichash_blake2b_update(state, parts[i].ptr, parts[i].len);
}

void es_kdf(const struct es_key *key, const char *label, const struct es_slice *parts,
            size_t n_parts, uint32_t first, uint32_t n_blocks, struct es_key *ret_blocks)
{
    uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
    uint8_t salt[crypto_generichash_blake2b_SALTBYTES] = {0};
    crypto_generichash_blake2b_state state;
    size_t label_len = strlen(label);

    assert(label_len <= sizeof(personal));
    memcpy(personal, label, label_len);
    for (uint32_t i = 0; i < n_blocks; i++) {
        uint32_t index = first + i;
        for (size_t b = 0; b < sizeof(index); b++)
            salt[b] = (uint8_t)(index >> (8 * b));
        crypto_generichash_blake2b_init_salt_personal(&state, key->bytes, sizeof(key->bytes),
                                                      ES_KEY_BYTES, salt, personal);
        absorb(&state, parts, n_parts);
        crypto_generichash_blake2b_final(&state, ret_blocks[i].bytes, ES_KEY_BYTES);
    }
    sodium_memzero(&state, sizeof(state));
}

struct es_id es_hash(const struct es_slice *parts, size_t n_parts)
{
    crypto_generichash_blake2b_state state;
    struct es_id id;

    crypto_generichash_blake2b_init(&state, NULL, 0, sizeof(id.bytes));
    absorb(&state, parts, n_parts);
    crypto_generichash_blake2b_final(&state, id.bytes, sizeof(id.bytes));
    sodium_memzero(&state, sizeof(state));
    return id;
}

void es_mac(const struct es_key *key, const struct es_slice *parts, size_t n_parts, uint8_t *ret,
            size_t ret_len)
{
    crypto_generichash_blake2b_state state;

    assert(ret_len >= crypto_generichash_blake2b_BYTES_MIN);
    assert(ret_len <= crypto_generichash_blake2b_BYTES_MAX);
    crypto_generichash_blake2b_init(&state, key->bytes, sizeof(key->bytes), ret_len);
    absorb(&state, parts, n_parts);
    crypto_generichash_blake2b_final(&state, ret, ret_len);
    sodium_memzero(&state, sizeof(state));
}
