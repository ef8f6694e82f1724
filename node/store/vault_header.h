/* SPDX-License-Identifier: ISC */
/* vault_header.h - the first block of a vault: how it is locked. Nothing here tells what is inside.
 *
 *     magic 8 | version u32 | lock u8 | ops u64 | memory u64 | salt 16 | id 16 | wrapped key 72 |
 *     checksum 32 | zeros, to ES_VAULT_HEADER_BYTES
 *
 * The checksum keys nothing: it tells a damaged block from a wrong passphrase. Whoever changes the
 * block and makes a new checksum is caught by the wrapped key, whose associated data is everything
 * before it. */
#ifndef ES_STORE_VAULT_HEADER_H
#define ES_STORE_VAULT_HEADER_H

#include "node/store/error.h"
#include "node/store/vault_seal.h"

#define ES_VAULT_VERSION 1
#define ES_VAULT_SALT_BYTES 16
#define ES_VAULT_WRAPPED_BYTES (ES_KEY_BYTES + ES_VAULT_SEAL_BYTES)

/* One page: the pages behind it stay aligned with the blocks of the disk. */
#define ES_VAULT_HEADER_BYTES 4096

/* What Argon2id may be asked to spend: the file says it before anything is authenticated. */
#define ES_VAULT_OPS_MAX 16
#define ES_VAULT_MEMORY_BYTES_MAX (UINT64_C(1) << 30)

/* Part of the file format. */
enum es_vault_lock {
    ES_VAULT_LOCK_PASSPHRASE = 1,
    ES_VAULT_LOCK_KEY_FILE = 2,
};

/* Argon2id: passes over the memory, and the memory. */
struct es_vault_cost {
    uint64_t ops;
    uint64_t memory_bytes;
};

struct es_vault_header {
    enum es_vault_lock lock;
    struct es_vault_cost cost; /* zeros with a key file */
    uint8_t salt[ES_VAULT_SALT_BYTES];
    struct es_vault_id id;
    uint8_t wrapped[ES_VAULT_WRAPPED_BYTES];
};

/* What the wrapped key is tied to: the encoded bytes before it. */
#define ES_VAULT_BOUND_BYTES (8 + 4 + 1 + 8 + 8 + ES_VAULT_SALT_BYTES + ES_VAULT_ID_BYTES)
void es_vault_header_bound(const struct es_vault_header *header,
                           uint8_t ret[static ES_VAULT_BOUND_BYTES]);

void es_vault_header_encode(const struct es_vault_header *header,
                            uint8_t ret[static ES_VAULT_HEADER_BYTES]);

/* ES_STORE_FOREIGN, ES_STORE_NEWER, ES_STORE_DAMAGED. */
enum es_store_err es_vault_header_decode(struct es_slice bytes, struct es_vault_header *ret);

#endif
