/* SPDX-License-Identifier: ISC */
/* kdf.h - hashing and key derivation by BLAKE2b (docs/protocol.md, section 2). Pure. */
#ifndef ES_CRYPTO_KDF_H
#define ES_CRYPTO_KDF_H

#include "node/crypto/types.h"
#include "node/wire/slice.h"

#define ES_KDF_LABEL_BYTES_MAX 16

/* KDF(key, label, m)[first .. first+n_blocks-1]: one 32-byte block each, written to ret_blocks
 * (n_blocks * 32 bytes). m is the concatenation of parts; label has at most 16 characters. */
void es_kdf(const struct es_key *key, const char *label, const struct es_slice *parts,
            size_t n_parts, uint32_t first, uint32_t n_blocks, struct es_key *ret_blocks);

/* BLAKE2b-256 over the concatenation of parts. */
struct es_id es_hash(const struct es_slice *parts, size_t n_parts);

/* Keyed BLAKE2b of ret_len (16..64) bytes over the concatenation of parts. */
void es_mac(const struct es_key *key, const struct es_slice *parts, size_t n_parts, uint8_t *ret,
            size_t ret_len);

#endif
