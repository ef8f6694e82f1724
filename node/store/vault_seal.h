/* SPDX-License-Identifier: ISC */
/* vault_seal.h - one slot of a vault file: sealed bytes, tied to the place where they stand.
 *
 *     slot = AEAD(key, nonce, place; plain) | nonce          ES_VAULT_SEAL_BYTES longer than plain
 *     place = database id 16 | file kind u8 | salts u64 | number u64
 *
 * The nonce is drawn anew at each write. Writing the same page twice, or on two copies of one disk
 * image, therefore never repeats one. */
#ifndef ES_STORE_VAULT_SEAL_H
#define ES_STORE_VAULT_SEAL_H

#include "node/crypto/types.h"
#include "node/env/entropy.h"
#include "node/wire/slice.h"

#define ES_VAULT_ID_BYTES 16
#define ES_VAULT_SEAL_BYTES (ES_NONCE_BYTES + ES_MAC_BYTES)

struct es_vault_id {
    uint8_t bytes[ES_VAULT_ID_BYTES];
};

/* Part of the file format. */
enum es_vault_slot_kind {
    ES_VAULT_PAGE = 1,       /* a page of the database                                      */
    ES_VAULT_WAL_HEAD = 2,   /* the key of a generation of the log, and SQLite's log header */
    ES_VAULT_FRAME_HEAD = 3, /* SQLite's frame header                                       */
    ES_VAULT_FRAME_PAGE = 4, /* a page in the log                                           */
};

struct es_vault_place {
    struct es_vault_id vault;
    enum es_vault_slot_kind kind;
    uint64_t salts;  /* of the log's generation; 0 outside of frames  */
    uint64_t number; /* page or frame number, from 1; 0 for WAL_HEAD  */
};

/* Seals plain into ret_slot (plain.len + ES_VAULT_SEAL_BYTES); may be in place. */
void es_vault_seal(const struct es_key *key, const struct es_entropy *entropy,
                   const struct es_vault_place *place, struct es_slice plain, uint8_t *ret_slot);

/* Opens a slot into ret_plain (slot.len - ES_VAULT_SEAL_BYTES). False, with ret_plain zeroed, when
 * the slot was not written by this vault for this place. */
bool es_vault_unseal(const struct es_key *key, const struct es_vault_place *place,
                     struct es_slice slot, uint8_t *ret_plain);

#endif
