/* SPDX-License-Identifier: ISC */
/* memory.c - rows in sorted arrays: one for each kind, and one of messages by their place. */
#include "node/store/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/crypto/types.h"
#include "node/wire/limits.h"

struct row {
    uint64_t order;
    uint32_t conversation;
    uint32_t key_len;
    uint32_t body_len;
    uint8_t bytes[]; /* key, body */
};

struct table {
    struct row **rows;
    size_t n;
    size_t cap;
};

struct memory_store {
    struct es_store base;
    unsigned reading; /* callbacks that run just now */
    struct table tables[ES_ROW_KIND_END];
    struct table placed; /* messages by (conversation, order, key); owned by their table */
};

/* --- Rows -------------------------------------------------------------------------------------- */

static struct es_slice row_key(const struct row *row)
{
    return es_slice(row->bytes, row->key_len);
}

static struct es_slice row_body(const struct row *row)
{
    return es_slice(row->bytes + row->key_len, row->body_len);
}

static size_t row_bytes(const struct row *row)
{
    return sizeof(*row) + row->key_len + row->body_len;
}

static struct row *row_new(const struct es_row *from)
{
    struct row *row = malloc(sizeof(*row) + from->key.len + from->body.len);
    bool placed = from->kind == ES_ROW_MESSAGE;

    if (row == NULL)
        return NULL;
    row->order = placed ? from->order : 0;
    row->conversation = placed ? from->conversation : 0;
    row->key_len = (uint32_t)from->key.len;
    row->body_len = (uint32_t)from->body.len;
    memcpy(row->bytes, from->key.ptr, from->key.len);
    if (from->body.len > 0)
        memcpy(row->bytes + from->key.len, from->body.ptr, from->body.len);
    return row;
}

static void row_free(struct row *row)
{
    if (row == NULL)
        return;
    es_wipe(row, row_bytes(row));
    free(row);
}

static int compare_keys(struct es_slice a, struct es_slice b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_places(const struct row *a, const struct row *b)
{
    if (a->conversation != b->conversation)
        return a->conversation < b->conversation ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return compare_keys(row_key(a), row_key(b));
}

/* --- Tables ------------------------------------------------------------------------------------ */

static bool table_reserve(struct table *table, size_t n_more)
{
    size_t cap = table->cap > 0 ? table->cap : 4;
    struct row **rows;

    if (table->cap - table->n >= n_more)
        return true;
    while (cap < table->n + n_more)
        cap *= 2;
    rows = realloc(table->rows, cap * sizeof(struct row *));
    if (rows == NULL)
        return false;
    table->rows = rows;
    table->cap = cap;
    return true;
}

static void table_insert(struct table *table, size_t at, struct row *row)
{
    assert(table->n < table->cap);
    memmove(&table->rows[at + 1], &table->rows[at], (table->n - at) * sizeof(struct row *));
    table->rows[at] = row;
    table->n++;
}

static void table_remove(struct table *table, size_t at)
{
    table->n--;
    memmove(&table->rows[at], &table->rows[at + 1], (table->n - at) * sizeof(struct row *));
}

/* Index of the first row whose key is not below key. */
static size_t find_key(const struct table *table, struct es_slice key)
{
    size_t low = 0;
    size_t high = table->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_keys(row_key(table->rows[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool key_at(const struct table *table, size_t at, struct es_slice key)
{
    return at < table->n && compare_keys(row_key(table->rows[at]), key) == 0;
}

static size_t find_row_by_place(const struct table *placed, const struct row *row)
{
    size_t low = 0;
    size_t high = placed->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_places(placed->rows[middle], row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Index of the first message of the conversation with an order above `after`. */
static size_t find_place(const struct table *placed, uint32_t conversation, uint64_t after)
{
    size_t low = 0;
    size_t high = placed->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct row *row = placed->rows[middle];
        bool below = row->conversation < conversation ||
                     (row->conversation == conversation && row->order <= after);

        if (below)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- Commit ------------------------------------------------------------------------------------ */

static void check_row(const struct es_row *row)
{
    assert(row->kind > 0 && row->kind < ES_ROW_KIND_END);
    assert(row->key.len >= 1 && row->key.len <= ES_ROW_KEY_BYTES_MAX);
    assert(row->erase || row->body.len <= ES_ROW_BODY_BYTES_MAX);
}

static void unplace(struct memory_store *store, const struct row *row)
{
    if (row->order > 0)
        table_remove(&store->placed, find_row_by_place(&store->placed, row));
}

static bool begins_with(const struct row *row, struct es_slice prefix)
{
    return row->key_len >= prefix.len && memcmp(row->bytes, prefix.ptr, prefix.len) == 0;
}

/* Those with one key, or all that begin with a prefix, are neighbours in the table. */
static void erase_rows(struct memory_store *store, const struct es_row *erased)
{
    struct table *table = &store->tables[erased->kind];
    size_t at = find_key(table, erased->key);
    size_t end = at;

    if (!erased->prefix)
        end += key_at(table, at, erased->key);
    while (erased->prefix && end < table->n && begins_with(table->rows[end], erased->key))
        end++;
    if (end == at)
        return;
    for (size_t i = at; i < end; i++) {
        unplace(store, table->rows[i]);
        row_free(table->rows[i]);
    }
    memmove(&table->rows[at], &table->rows[end], (table->n - end) * sizeof(struct row *));
    table->n -= end - at;
}

static void put_row(struct memory_store *store, enum es_row_kind kind, struct row *row)
{
    struct table *table = &store->tables[kind];
    size_t at = find_key(table, row_key(row));

    if (key_at(table, at, row_key(row))) {
        unplace(store, table->rows[at]);
        row_free(table->rows[at]);
        table->rows[at] = row;
    } else {
        table_insert(table, at, row);
    }
    if (row->order > 0)
        table_insert(&store->placed, find_row_by_place(&store->placed, row), row);
}

/* All memory that the batch needs, so that nothing can fail half way through. */
static bool reserve(struct memory_store *store, const struct es_row *rows, size_t n_rows,
                    struct row **ret_new)
{
    size_t n_puts[ES_ROW_KIND_END] = {0};

    for (size_t i = 0; i < n_rows; i++) {
        check_row(&rows[i]);
        if (rows[i].erase)
            continue;
        ret_new[i] = row_new(&rows[i]);
        if (ret_new[i] == NULL)
            return false;
        n_puts[rows[i].kind]++;
    }
    for (size_t kind = 0; kind < ES_ROW_KIND_END; kind++)
        if (n_puts[kind] > 0 && !table_reserve(&store->tables[kind], n_puts[kind]))
            return false;
    return n_puts[ES_ROW_MESSAGE] == 0 || table_reserve(&store->placed, n_puts[ES_ROW_MESSAGE]);
}

static int memory_commit(struct es_store *base, const struct es_row *rows, size_t n_rows)
{
    struct memory_store *store = (struct memory_store *)base;
    struct row **made;
    bool reserved;

    assert(store->reading == 0);
    if (n_rows == 0)
        return 0;
    made = calloc(n_rows, sizeof(struct row *));
    if (made == NULL)
        return -EIO;
    reserved = reserve(store, rows, n_rows, made);
    for (size_t i = 0; i < n_rows; i++) {
        if (!reserved)
            row_free(made[i]);
        else if (rows[i].erase)
            erase_rows(store, &rows[i]);
        else
            put_row(store, rows[i].kind, made[i]);
    }
    free(made);
    return reserved ? 0 : -EIO;
}

/* --- Readers ----------------------------------------------------------------------------------- */

struct memory_reader {
    struct es_store_reader base;
    struct memory_store *store;
};

static int memory_get(struct es_store_reader *base, enum es_row_kind kind, struct es_slice key,
                      uint8_t *buf, size_t cap, size_t *ret_len)
{
    const struct memory_store *store = ((struct memory_reader *)base)->store;
    const struct table *table = &store->tables[kind];
    size_t at = find_key(table, key);
    struct es_slice body;

    if (!key_at(table, at, key))
        return -ENOENT;
    body = row_body(table->rows[at]);
    if (body.len > cap)
        return -EMSGSIZE;
    if (body.len > 0)
        memcpy(buf, body.ptr, body.len);
    *ret_len = body.len;
    return 0;
}

static int give_row(struct memory_store *store, enum es_row_kind kind, const struct row *row,
                    es_row_fn fn, void *ctx)
{
    struct es_row given = {.kind = kind,
                           .key = row_key(row),
                           .body = row_body(row),
                           .conversation = row->conversation,
                           .order = row->order};
    int result;

    store->reading++;
    result = fn(ctx, &given);
    store->reading--;
    return result;
}

static int memory_each(struct es_store_reader *base, enum es_row_kind kind, es_row_fn fn, void *ctx)
{
    struct memory_store *store = ((struct memory_reader *)base)->store;
    const struct table *table = &store->tables[kind];
    int result = 0;

    for (size_t i = 0; result == 0 && i < table->n; i++)
        result = give_row(store, kind, table->rows[i], fn, ctx);
    return result;
}

static int memory_page(struct es_store_reader *base, const struct es_page *page, es_row_fn fn,
                       void *ctx)
{
    struct memory_store *store = ((struct memory_reader *)base)->store;
    const struct table *placed = &store->placed;
    size_t first = find_place(placed, page->conversation, page->after);
    size_t end = page->before == 0 ? first : 0;
    int result = 0;
    size_t n;

    assert(page->limit <= ES_STORE_PAGE_ROWS_MAX);
    if (page->before > 0)
        end = find_place(placed, page->conversation,
                         page->before == UINT64_MAX ? UINT64_MAX : page->before - 1);
    n = end > first ? end - first : 0;
    if (n > page->limit)
        n = page->limit;
    for (size_t i = 0; result == 0 && i < n; i++) {
        size_t at = page->newest_first ? end - 1 - i : first + i;

        result = give_row(store, ES_ROW_MESSAGE, placed->rows[at], fn, ctx);
    }
    return result;
}

static void memory_reader_free(struct es_store_reader *base)
{
    free(base);
}

static const struct es_reader_ops reader_ops = {
    .get = memory_get,
    .each = memory_each,
    .page = memory_page,
    .free = memory_reader_free,
};

static struct es_store_reader *memory_reader(struct es_store *base)
{
    struct memory_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return NULL;
    reader->base.ops = &reader_ops;
    reader->store = (struct memory_store *)base;
    return &reader->base;
}

/* --- Making, cloning, freeing ------------------------------------------------------------------ */

static void memory_free(struct es_store *base)
{
    struct memory_store *store = (struct memory_store *)base;

    if (store == NULL)
        return;
    for (size_t kind = 0; kind < ES_ROW_KIND_END; kind++) {
        for (size_t i = 0; i < store->tables[kind].n; i++)
            row_free(store->tables[kind].rows[i]);
        free(store->tables[kind].rows);
    }
    free(store->placed.rows);
    free(store);
}

static const struct es_store_ops store_ops = {
    .commit = memory_commit,
    .reader = memory_reader,
    .free = memory_free,
};

struct es_store *es_store_memory_new(void)
{
    struct memory_store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return NULL;
    store->base.ops = &store_ops;
    return &store->base;
}

static bool clone_table(const struct table *from, struct table *to)
{
    if (from->n > 0 && !table_reserve(to, from->n))
        return false;
    for (size_t i = 0; i < from->n; i++) {
        struct row *row = malloc(row_bytes(from->rows[i]));

        if (row == NULL)
            return false;
        memcpy(row, from->rows[i], row_bytes(from->rows[i]));
        to->rows[to->n++] = row;
    }
    return true;
}

struct es_store *es_store_memory_clone(const struct es_store *base)
{
    const struct memory_store *from = (const struct memory_store *)base;
    struct es_store *made = es_store_memory_new();
    struct memory_store *to = (struct memory_store *)made;
    const struct table *messages;
    bool cloned = made != NULL;

    for (size_t kind = 0; cloned && kind < ES_ROW_KIND_END; kind++)
        cloned = clone_table(&from->tables[kind], &to->tables[kind]);
    if (cloned && from->placed.n > 0)
        cloned = table_reserve(&to->placed, from->placed.n);
    if (!cloned) {
        memory_free(made);
        return NULL;
    }
    messages = &to->tables[ES_ROW_MESSAGE];
    for (size_t i = 0; i < messages->n; i++)
        if (messages->rows[i]->order > 0)
            table_insert(&to->placed, find_row_by_place(&to->placed, messages->rows[i]),
                         messages->rows[i]);
    return made;
}
