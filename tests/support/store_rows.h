/* SPDX-License-Identifier: ISC */
/* store_rows.h - rows for the tests of the store, and everything that a store holds as one digest. */
#ifndef ES_TESTS_STORE_ROWS_H
#define ES_TESTS_STORE_ROWS_H

#include "node/crypto/types.h"
#include "node/env/store.h"

/* Rows with texts for key and body. The texts are borrowed. */
struct es_row store_row(enum es_row_kind kind, const char *key, const char *body);
struct es_row store_row_erased(enum es_row_kind kind, const char *key);
struct es_row store_row_message(const char *key, uint32_t conversation, uint64_t order,
                                const char *body);

/* Commits one row; the test fails if that fails. */
void store_put(struct es_store *store, struct es_row row);

/* The row's body is this text; the test fails if not. body NULL: there is no such row. */
void store_expect(struct es_store *store, enum es_row_kind kind, const char *key, const char *body);

/* A digest of all rows of all kinds, in order, and of all pages. 0 or what a reader returned. */
int store_try_digest(struct es_store *store, struct es_id *ret);

/* The same; the test fails if anything cannot be read. */
struct es_id store_digest(struct es_store *store);

/* A batch of random rows, erasures among them; the same for the same state of *seed. */
#define STORE_BATCH_ROWS_MAX 16
struct store_batch {
    struct es_row rows[STORE_BATCH_ROWS_MAX];
    size_t n_rows;
    uint8_t keys[STORE_BATCH_ROWS_MAX][ES_ROW_KEY_BYTES_MAX];
    uint8_t *bodies;
};
void store_batch_init(struct store_batch *batch, uint64_t *seed);
void store_batch_done(struct store_batch *batch);

/* A reproducible number below limit. */
uint32_t store_pick(uint64_t *seed, uint32_t limit);

#endif
