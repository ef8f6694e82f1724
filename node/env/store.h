/* SPDX-License-Identifier: ISC */
/* store.h - what the node needs of a store: rows of bytes, by kind and key.
 *
 * The core writes rows and gets them back byte for byte; it alone knows what a body means
 * (node/core/rows.h). A batch of rows is one transaction: after commit() returned 0 it survives a
 * power cut, otherwise nothing of it happened. Of several rows with one kind and key in a batch the
 * last one counts.
 *
 * Adapters: node/store/sqlite.h (one file inside the vault) and node/store/memory.h. One contract
 * suite, tests/contract/store_test.c, runs against both. */
#ifndef ES_ENV_STORE_H
#define ES_ENV_STORE_H

#include <stdbool.h>

#include "node/wire/slice.h"

/* Kinds are part of the file format: append only. One table each. */
enum es_row_kind {
    ES_ROW_SELF = 1,        /* identity, name, counters, presence keys: a few rows          */
    ES_ROW_CONTACT = 2,     /* a person: address, petname, state, marks                     */
    ES_ROW_SESSION = 3,     /* one ratchet session, at most 1 KiB                           */
    ES_ROW_GAP = 4,         /* key of one envelope that has not arrived yet                 */
    ES_ROW_OUTBOX = 5,      /* a message not yet acknowledged, with its sealed bytes        */
    ES_ROW_MESSAGE = 6,     /* what people wrote: the only kind that grows without limit    */
    ES_ROW_HELD = 7,        /* a message waiting for an earlier one of its sender           */
    ES_ROW_REQUEST_IN = 8,  /* somebody asks to be a contact                                */
    ES_ROW_REQUEST_OUT = 9, /* this node asked                                              */
    ES_ROW_INVITE = 10,     /* an invite of ours                                            */
    ES_ROW_SEEN = 11,       /* a request seen: refused when it comes again                  */
    ES_ROW_PENDING = 12,    /* a handshake that waits for its acceptance                    */
    ES_ROW_KIND_END
};

#define ES_ROW_KEY_BYTES_MAX 64

struct es_row {
    enum es_row_kind kind;
    bool erase;           /* remove the row; body and order are ignored; absent is fine      */
    bool prefix;          /* with erase: remove every row of the kind whose key begins so    */
    struct es_slice key;  /* 1..ES_ROW_KEY_BYTES_MAX bytes; rows sort as memcmp sorts keys    */
    struct es_slice body; /* 0..ES_ROW_BODY_BYTES_MAX (node/wire/limits.h)                    */
    /* ES_ROW_MESSAGE only: conversation and place in it (0: held, not shown yet). */
    uint32_t conversation;
    uint64_t order;
};

/* Called once per row, in order; slices are borrowed for the call. Return non-zero to stop: each()
 * and page() then return that value. */
typedef int (*es_row_fn)(void *ctx, const struct es_row *row);

/* Rows of a conversation with order in (after, before), ascending or descending, at most limit
 * (<= ES_STORE_PAGE_ROWS_MAX). Rows with order 0 are never in a page. */
struct es_page {
    uint32_t conversation;
    uint64_t after;
    uint64_t before; /* UINT64_MAX: no bound */
    bool newest_first;
    size_t limit;
};
#define ES_STORE_PAGE_ROWS_MAX 256

/* A reader sees what is committed, on a connection of its own; it may live on another thread than
 * its store. No read transaction outlives a call. */
struct es_reader_ops;
struct es_store_reader {
    const struct es_reader_ops *ops;
};
struct es_reader_ops {
    /* Copies the body of one row to buf. 0, -ENOENT, -EMSGSIZE (cap too small), -EIO. */
    int (*get)(struct es_store_reader *reader, enum es_row_kind kind, struct es_slice key,
               uint8_t *buf, size_t cap, size_t *ret_len);
    /* All rows of a kind in key order. 0, -EIO or what fn returned. */
    int (*each)(struct es_store_reader *reader, enum es_row_kind kind, es_row_fn fn, void *ctx);
    /* One page of a conversation. 0, -EIO or what fn returned. */
    int (*page)(struct es_store_reader *reader, const struct es_page *page, es_row_fn fn,
                void *ctx);
    void (*free)(struct es_store_reader *reader);
};

/* The one writer. Used by one thread at a time. */
struct es_store_ops;
struct es_store {
    const struct es_store_ops *ops;
};
struct es_store_ops {
    /* One transaction, durable on return. 0, -ENOSPC (disk full), -EIO. After an error the store
     * still works and holds what it held before. */
    int (*commit)(struct es_store *store, const struct es_row *rows, size_t n_rows);
    /* A new reader, freed by the caller before the store. NULL on failure (errno set). */
    struct es_store_reader *(*reader)(struct es_store *store);
    /* To be called after opening, after commits and at the monotonic time that it returned last
     * (UINT64_MAX: never): what was erased is then overwritten. NULL: there is nothing to tidy. */
    uint64_t (*tick)(struct es_store *store, uint64_t now_ms);
    void (*free)(struct es_store *store);
};

#endif
