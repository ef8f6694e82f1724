/* SPDX-License-Identifier: ISC */
/* vault_seal.c - sealing one slot of a vault file. */
#include "node/store/vault_seal.h"

#include <assert.h>

#include "node/crypto/aead.h"
#include "node/wire/cursor.h"

#define PLACE_BYTES (ES_VAULT_ID_BYTES + 1 + 8 + 8)

static void encode_place(const struct es_vault_place *place, uint8_t ret[static PLACE_BYTES])
{
    struct es_writer writer = es_writer(ret, PLACE_BYTES);

    es_write_bytes(&writer, place->vault.bytes, sizeof(place->vault.bytes));
    es_write_u8(&writer, (uint8_t)place->kind);
    es_write_u64(&writer, place->salts);
    es_write_u64(&writer, place->number);
    assert(!writer.failed && es_writer_len(&writer) == PLACE_BYTES);
}

void es_vault_seal(const struct es_key *key, const struct es_entropy *entropy,
                   const struct es_vault_place *place, struct es_slice plain, uint8_t *ret_slot)
{
    uint8_t ad[PLACE_BYTES];
    uint8_t *nonce = ret_slot + plain.len + ES_MAC_BYTES;

    encode_place(place, ad);
    entropy->random(entropy->ctx, nonce, ES_NONCE_BYTES);
    es_aead_seal(key, nonce, ES_SLICE_OF(ad), plain, ret_slot);
}

bool es_vault_unseal(const struct es_key *key, const struct es_vault_place *place,
                     struct es_slice slot, uint8_t *ret_plain)
{
    uint8_t ad[PLACE_BYTES];

    assert(slot.len >= ES_VAULT_SEAL_BYTES);
    encode_place(place, ad);
    return es_aead_open(key, slot.ptr + slot.len - ES_NONCE_BYTES, ES_SLICE_OF(ad),
                        es_slice(slot.ptr, slot.len - ES_NONCE_BYTES), ret_plain);
}
