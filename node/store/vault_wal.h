/* SPDX-License-Identifier: ISC */
/* vault_wal.h - where SQLite's log lies on disk: each piece in a wider slot of its own.
 *
 *     SQLite:  header 32 | { frame header 24 | page 4096 } ...
 *     disk:    slot(log key 32 | header 32) 104 | { slot(frame header) 64 | slot(page) 4096 } ...
 *
 * A generation of the log begins when SQLite writes its header. It gets a random key that stands
 * in the first slot, sealed by the vault's key; all other slots are sealed by that key. The next
 * generation's header overwrites it: what was logged before is gone, wherever its frames remain.
 * Frame numbers count from 1; the salts are bytes 16-23 of SQLite's header. */
#ifndef ES_STORE_VAULT_WAL_H
#define ES_STORE_VAULT_WAL_H

#include "node/store/vault.h"

#define ES_WAL_HEAD_BYTES 32
#define ES_WAL_FRAME_HEAD_BYTES 24
#define ES_WAL_FRAME_BYTES (ES_WAL_FRAME_HEAD_BYTES + ES_VAULT_PAGE_BYTES)

#define ES_WAL_HEAD_SLOT_BYTES (ES_KEY_BYTES + ES_WAL_HEAD_BYTES + ES_VAULT_SEAL_BYTES)
#define ES_WAL_FRAME_HEAD_SLOT_BYTES (ES_WAL_FRAME_HEAD_BYTES + ES_VAULT_SEAL_BYTES)
#define ES_WAL_FRAME_SLOTS_BYTES (ES_WAL_FRAME_HEAD_SLOT_BYTES + ES_VAULT_PAGE_BYTES)

/* One piece of the log as SQLite sees it, and the slot that holds it. */
struct es_wal_piece {
    enum es_vault_slot_kind kind;
    uint64_t frame;      /* from 1; 0 for the header        */
    uint64_t start;      /* first byte, as SQLite counts    */
    size_t len;          /* bytes as SQLite counts          */
    uint64_t disk_start; /* first byte of the slot on disk  */
    size_t disk_len;     /* length of the slot              */
};

/* The piece that SQLite's byte `offset` belongs to. */
struct es_wal_piece es_wal_piece_at(uint64_t offset);

/* Length of the log as SQLite sees it, when the file on disk has disk_len bytes: whole frames. */
uint64_t es_wal_len(uint64_t disk_len);

/* Length of the file on disk for a log of len bytes that ends with a whole piece. */
uint64_t es_wal_disk_len(uint64_t len);

#endif
