/* SPDX-License-Identifier: ISC */
/* batch.c - growing arrays of effects over chunks that are used again and again. */
#include "node/core/batch.h"

#include <assert.h>
#include <string.h>

#include "node/wire/limits.h"

/* One input emits at most this much; a batch is closed for further inputs when it might not fit.
 * A window of gaps, and what is sealed before a batch is taken. */
#define INPUT_ROWS_MAX (2 * ES_WINDOW_MAX + 4 * ES_ENVELOPES_PER_BATCH_MAX + 256)
#define INPUT_BYTES_MAX (4u << 20)
#define INPUT_ORDERS_MAX 2048
#define BATCH_ROWS_MAX (4 * INPUT_ROWS_MAX)
#define BATCH_ORDERS_MAX (2 * INPUT_ORDERS_MAX)
#define BATCH_BYTES_MAX (4 * INPUT_BYTES_MAX)

#define CHUNK_BYTES (16u << 10)
#define BATCHES (ES_BATCHES_IN_FLIGHT_MAX + 1)

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    uint8_t bytes[];
};

struct array {
    void *items;
    size_t item_bytes;
    size_t n;
    size_t cap;
};

struct batch {
    struct array rows;   /* struct es_row   */
    struct array orders; /* struct es_order */
    struct array events; /* struct es_event */
    struct array index;  /* uint32_t: 1 + place in rows, by hash of kind and key */
    struct chunk *chunks;
    struct chunk *filling;
    size_t bytes;
};

struct es_batches {
    const struct es_arena *arena;
    struct batch of[BATCHES];
    size_t open;    /* the batch that collects               */
    size_t n_taken; /* those before it, oldest first, in order */
    bool failed;
};

struct es_batches *es_batches_new(const struct es_arena *arena)
{
    struct es_batches *batches = arena->chunk(arena->ctx, sizeof(*batches));

    if (batches == NULL)
        return NULL;
    batches->arena = arena;
    for (size_t i = 0; i < BATCHES; i++) {
        batches->of[i].rows.item_bytes = sizeof(struct es_row);
        batches->of[i].orders.item_bytes = sizeof(struct es_order);
        batches->of[i].events.item_bytes = sizeof(struct es_event);
        batches->of[i].index.item_bytes = sizeof(uint32_t);
    }
    return batches;
}

static void wipe(struct array *array)
{
    if (array->items != NULL)
        es_wipe(array->items, array->n * array->item_bytes);
    array->n = 0;
}

static void clear(struct batch *batch)
{
    for (struct chunk *chunk = batch->chunks; chunk != NULL; chunk = chunk->next) {
        es_wipe(chunk->bytes, chunk->used);
        chunk->used = 0;
    }
    batch->filling = batch->chunks;
    batch->bytes = 0;
    wipe(&batch->rows);
    wipe(&batch->orders);
    wipe(&batch->events);
    if (batch->index.items != NULL)
        memset(batch->index.items, 0, batch->index.cap * sizeof(uint32_t));
}

void es_batches_done(struct es_batches *batches)
{
    for (size_t i = 0; i < BATCHES; i++)
        clear(&batches->of[i]);
}

static struct batch *open_batch(struct es_batches *batches)
{
    return &batches->of[batches->open];
}

/* Grows by doubling; the smaller array stays in the arena, unused: together as large as this one. */
static bool grow(struct es_batches *batches, struct array *array)
{
    size_t cap = array->cap == 0 ? 16 : 2 * array->cap;
    void *items = batches->arena->chunk(batches->arena->ctx, cap * array->item_bytes);

    if (items == NULL) {
        batches->failed = true;
        return false;
    }
    if (array->n > 0) {
        memcpy(items, array->items, array->n * array->item_bytes);
        es_wipe(array->items, array->n * array->item_bytes);
    }
    array->items = items;
    array->cap = cap;
    return true;
}

static void *push(struct es_batches *batches, struct array *array)
{
    if (array->n == array->cap && !grow(batches, array))
        return NULL;
    return (uint8_t *)array->items + array->item_bytes * array->n++;
}

static struct chunk *add_chunk(struct es_batches *batches, struct batch *batch, size_t len)
{
    size_t size = len > CHUNK_BYTES ? len : CHUNK_BYTES;
    struct chunk *chunk = batches->arena->chunk(batches->arena->ctx, sizeof(*chunk) + size);

    if (chunk == NULL) {
        batches->failed = true;
        return NULL;
    }
    chunk->size = size;
    if (batch->filling == NULL) {
        batch->chunks = chunk;
    } else {
        chunk->next = batch->filling->next;
        batch->filling->next = chunk;
    }
    batch->filling = chunk;
    return chunk;
}

/* Copies bytes into the batch; an empty slice when memory is used up. */
static struct es_slice keep(struct es_batches *batches, struct es_slice bytes)
{
    struct batch *batch = open_batch(batches);
    struct chunk *chunk = batch->filling;
    uint8_t *copy;

    if (bytes.len == 0)
        return es_slice(NULL, 0);
    while (chunk != NULL && chunk->size - chunk->used < bytes.len) {
        if (chunk->next == NULL) {
            chunk = NULL;
            break;
        }
        chunk = chunk->next;
        batch->filling = chunk;
    }
    if (chunk == NULL)
        chunk = add_chunk(batches, batch, bytes.len);
    if (chunk == NULL)
        return es_slice(NULL, 0);
    copy = chunk->bytes + chunk->used;
    memcpy(copy, bytes.ptr, bytes.len);
    chunk->used += bytes.len;
    batch->bytes += bytes.len;
    return es_slice(copy, bytes.len);
}

bool es_batches_have_room(const struct es_batches *batches)
{
    const struct batch *batch = &batches->of[batches->open];

    return batch->rows.n + INPUT_ROWS_MAX <= BATCH_ROWS_MAX &&
           batch->orders.n + INPUT_ORDERS_MAX <= BATCH_ORDERS_MAX &&
           batch->bytes + INPUT_BYTES_MAX <= BATCH_BYTES_MAX;
}

bool es_batches_failed(const struct es_batches *batches)
{
    return batches->failed;
}

/* --- Rows by key ------------------------------------------------------------------------------ */

static size_t hash_key(enum es_row_kind kind, struct es_slice key)
{
    uint64_t hash =
        1469598103934665603ull ^ (uint64_t)kind; /* FNV-1a: our own keys, not a stranger's */

    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.ptr[i]) * 1099511628211ull;
    return (size_t)(hash ^ (hash >> 29));
}

/* The index slot of a row, or the empty slot where it would be. cap is a power of two, never full. */
static uint32_t *slot_of(const struct batch *batch, enum es_row_kind kind, struct es_slice key)
{
    const struct es_row *rows = batch->rows.items;
    uint32_t *slots = batch->index.items;
    size_t mask = batch->index.cap - 1;

    for (size_t at = hash_key(kind, key) & mask;; at = (at + 1) & mask) {
        const struct es_row *row;

        if (slots[at] == 0)
            return &slots[at];
        row = &rows[slots[at] - 1];
        if (row->kind == kind && row->key.len == key.len &&
            memcmp(row->key.ptr, key.ptr, key.len) == 0)
            return &slots[at];
    }
}

static bool index_has_room(struct es_batches *batches, struct batch *batch)
{
    const struct es_row *rows = batch->rows.items;

    if (2 * (batch->rows.n + 1) <= batch->index.cap)
        return true;
    batch->index.n = 0; /* nothing to copy: all slots are filled again */
    if (!grow(batches, &batch->index))
        return false;
    for (size_t i = 0; i < batch->rows.n; i++)
        *slot_of(batch, rows[i].kind, rows[i].key) = (uint32_t)i + 1;
    return true;
}

static void put_row(struct es_context *context, const struct es_row *row)
{
    struct es_batches *batches = context->batches;
    struct batch *batch = open_batch(batches);
    struct es_row *rows;
    uint32_t *slot;

    assert(row->key.len > 0 && row->key.len <= ES_ROW_KEY_BYTES_MAX);
    assert(row->body.len <= ES_ROW_BODY_BYTES_MAX);
    if (!index_has_room(batches, batch))
        return;
    slot = slot_of(batch, row->kind, row->key);
    if (*slot == 0) {
        struct es_row *fresh = push(batches, &batch->rows);

        if (fresh == NULL)
            return;
        *slot = (uint32_t)batch->rows.n;
        fresh->key = keep(batches, row->key);
    }
    rows = batch->rows.items;
    rows += *slot - 1;
    rows->kind = row->kind;
    rows->erase = row->erase;
    rows->prefix = row->prefix;
    rows->conversation = row->conversation;
    rows->order = row->order;
    if (rows->body.len == row->body.len && row->body.len > 0)
        memcpy((uint8_t *)(uintptr_t)rows->body.ptr, row->body.ptr, row->body.len);
    else
        rows->body = keep(batches, row->body);
}

const struct es_row *es_batches_find(const struct es_batches *batches, enum es_row_kind kind,
                                     struct es_slice key)
{
    for (size_t back = 0; back <= batches->n_taken; back++) {
        const struct batch *batch = &batches->of[(batches->open + BATCHES - back) % BATCHES];
        uint32_t slot;

        if (batch->rows.n == 0)
            continue;
        slot = *slot_of(batch, kind, key);
        if (slot != 0)
            return (const struct es_row *)batch->rows.items + (slot - 1);
    }
    return NULL;
}

/* --- Taking and finishing --------------------------------------------------------------------- */

bool es_batches_full(const struct es_batches *batches)
{
    return batches->n_taken == ES_BATCHES_IN_FLIGHT_MAX;
}

bool es_batches_take(struct es_batches *batches, struct es_effects *ret)
{
    struct batch *batch = open_batch(batches);

    if (es_batches_full(batches) || batches->failed)
        return false;
    if (batch->rows.n == 0 && batch->orders.n == 0 && batch->events.n == 0)
        return false;
    *ret = (struct es_effects){
        .rows = batch->rows.items,
        .n_rows = batch->rows.n,
        .orders = batch->orders.items,
        .n_orders = batch->orders.n,
        .events = batch->events.items,
        .n_events = batch->events.n,
    };
    batches->open = (batches->open + 1) % BATCHES;
    batches->n_taken++;
    return true;
}

void es_batches_durable(struct es_batches *batches)
{
    assert(batches->n_taken > 0);
    clear(&batches->of[(batches->open + BATCHES - batches->n_taken) % BATCHES]);
    batches->n_taken--;
}

/* --- What the parts of the core call ---------------------------------------------------------- */

void es_random(const struct es_context *context, void *buf, size_t len)
{
    context->entropy->random(context->entropy->ctx, buf, len);
}

uint64_t es_random_below(const struct es_context *context, uint64_t bound)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t value;

    assert(bound > 0);
    do {
        es_random(context, &value, sizeof(value));
    } while (value >= limit);
    return value % bound;
}

void es_emit_row(struct es_context *context, enum es_row_kind kind, struct es_slice key,
                 struct es_slice body)
{
    put_row(context, &(struct es_row){.kind = kind, .key = key, .body = body});
}

void es_emit_message(struct es_context *context, struct es_slice key, struct es_slice body,
                     uint32_t conversation, uint64_t order)
{
    put_row(context, &(struct es_row){.kind = ES_ROW_MESSAGE,
                                      .key = key,
                                      .body = body,
                                      .conversation = conversation,
                                      .order = order});
}

void es_emit_erase(struct es_context *context, enum es_row_kind kind, struct es_slice key)
{
    put_row(context, &(struct es_row){.kind = kind, .erase = true, .key = key});
}

void es_emit_erase_prefix(struct es_context *context, enum es_row_kind kind, struct es_slice prefix)
{
    put_row(context, &(struct es_row){.kind = kind, .erase = true, .prefix = true, .key = prefix});
}

void es_emit_order(struct es_context *context, const struct es_order *order)
{
    struct es_batches *batches = context->batches;
    struct es_order *fresh = push(batches, &open_batch(batches)->orders);

    if (fresh == NULL)
        return;
    *fresh = *order;
    if (order->kind == ES_ORDER_FRAME)
        fresh->frame.bytes = keep(batches, order->frame.bytes);
}

void es_emit_frame(struct es_context *context, uint32_t link, struct es_slice bytes)
{
    es_emit_order(context, &(struct es_order){.kind = ES_ORDER_FRAME,
                                              .frame = {.link = link, .bytes = bytes}});
    es_count(context->counters, ES_COUNT_FRAMES_OUT);
}

void es_emit_event(struct es_context *context, const struct es_event *event)
{
    struct es_batches *batches = context->batches;
    struct es_event *fresh = push(batches, &open_batch(batches)->events);

    if (fresh == NULL)
        return;
    *fresh = *event;
    fresh->text = keep(batches, event->text);
}
