/* SPDX-License-Identifier: ISC */
/* store_rows.c - rows for the tests of the store. */
#include "tests/support/store_rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/crypto/kdf.h"

#define CONVERSATIONS 4
#define BODY_BYTES_MAX 9000

struct es_row store_row(enum es_row_kind kind, const char *key, const char *body)
{
    return (struct es_row){
        .kind = kind, .key = es_slice(key, strlen(key)), .body = es_slice(body, strlen(body))};
}

struct es_row store_row_erased(enum es_row_kind kind, const char *key)
{
    return (struct es_row){.kind = kind, .erase = true, .key = es_slice(key, strlen(key))};
}

struct es_row store_row_message(const char *key, uint32_t conversation, uint64_t order,
                                const char *body)
{
    struct es_row row = store_row(ES_ROW_MESSAGE, key, body);

    row.conversation = conversation;
    row.order = order;
    return row;
}

void store_put(struct es_store *store, struct es_row row)
{
    assert_int_equal(store->ops->commit(store, &row, 1), 0);
}

void store_expect(struct es_store *store, enum es_row_kind kind, const char *key, const char *body)
{
    struct es_store_reader *reader = store->ops->reader(store);
    uint8_t buf[256];
    size_t len = 0;
    int err;

    assert_non_null(reader);
    err = reader->ops->get(reader, kind, es_slice(key, strlen(key)), buf, sizeof(buf), &len);
    reader->ops->free(reader);
    if (body == NULL) {
        assert_int_equal(err, -ENOENT);
        return;
    }
    assert_int_equal(err, 0);
    assert_int_equal(len, strlen(body));
    assert_memory_equal(buf, body, len);
}

/* A row with everything that a reader told of it, after what came before. */
static int digest_row(void *ctx, const struct es_row *row)
{
    struct es_id *digest = ctx;
    uint64_t numbers[] = {row->kind, row->erase, row->conversation, row->order, row->key.len};
    struct es_slice parts[] = {ES_SLICE_OF(digest->bytes), ES_SLICE_OF(numbers), row->key,
                               row->body};

    *digest = es_hash(parts, sizeof(parts) / sizeof(parts[0]));
    return 0;
}

int store_try_digest(struct es_store *store, struct es_id *ret)
{
    struct es_store_reader *reader = store->ops->reader(store);
    struct es_id digest = {{0}};
    int err = 0;

    if (reader == NULL)
        return -errno;
    for (enum es_row_kind kind = ES_ROW_SELF; err == 0 && kind < ES_ROW_KIND_END; kind++)
        err = reader->ops->each(reader, kind, digest_row, &digest);
    for (uint32_t conversation = 0; err == 0 && conversation < CONVERSATIONS; conversation++) {
        struct es_page page = {.conversation = conversation,
                               .before = UINT64_MAX,
                               .newest_first = conversation % 2 == 0,
                               .limit = ES_STORE_PAGE_ROWS_MAX};

        err = reader->ops->page(reader, &page, digest_row, &digest);
    }
    reader->ops->free(reader);
    *ret = digest;
    return err;
}

struct es_id store_digest(struct es_store *store)
{
    struct es_id digest;

    assert_int_equal(store_try_digest(store, &digest), 0);
    return digest;
}

uint32_t store_pick(uint64_t *seed, uint32_t limit)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % limit;
}

/* Few keys, so that rows are replaced and erased; of different lengths, one a prefix of another. */
static struct es_slice pick_key(uint8_t *key, uint64_t *seed)
{
    size_t len = 1 + store_pick(seed, 8);

    memset(key, (int)store_pick(seed, 3) * 0x7f, ES_ROW_KEY_BYTES_MAX);
    key[len - 1] = (uint8_t)store_pick(seed, 7);
    if (store_pick(seed, 16) == 0)
        len = ES_ROW_KEY_BYTES_MAX;
    return es_slice(key, len);
}

static uint64_t pick_order(uint64_t *seed)
{
    static const uint64_t orders[] = {0, 1, 2, 3, 1000, UINT64_C(1) << 63, UINT64_MAX};

    return orders[store_pick(seed, sizeof(orders) / sizeof(orders[0]))];
}

void store_batch_init(struct store_batch *batch, uint64_t *seed)
{
    batch->n_rows = 1 + store_pick(seed, STORE_BATCH_ROWS_MAX);
    batch->bodies = malloc(BODY_BYTES_MAX);
    assert_non_null(batch->bodies);
    for (size_t i = 0; i < BODY_BYTES_MAX; i++)
        batch->bodies[i] = (uint8_t)store_pick(seed, 256);
    for (size_t i = 0; i < batch->n_rows; i++) {
        struct es_row *row = &batch->rows[i];
        uint32_t body_max = store_pick(seed, 8) == 0 ? BODY_BYTES_MAX : 300;

        memset(row, 0, sizeof(*row));
        row->kind = (enum es_row_kind)(1 + store_pick(seed, ES_ROW_KIND_END - 1));
        if (store_pick(seed, 3) == 0)
            row->kind = ES_ROW_MESSAGE;
        row->key = pick_key(batch->keys[i], seed);
        row->erase = store_pick(seed, 4) == 0;
        row->prefix = row->erase && store_pick(seed, 8) == 0;
        row->body = es_slice(batch->bodies, store_pick(seed, body_max));
        row->conversation = store_pick(seed, CONVERSATIONS);
        row->order = pick_order(seed);
    }
}

void store_batch_done(struct store_batch *batch)
{
    free(batch->bodies);
}
