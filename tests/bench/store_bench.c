/* SPDX-License-Identifier: ISC */
/* store_bench.c - rows committed in a second: in memory, in clear, in the vault; and reads.
 *
 * A message is what its sender commits: the message, its outbox row with the sealed envelope, the
 * session and a counter. "batch" is how many messages share one commit. The stores take turns and
 * the median of their turns counts: a disk that others use too is slow now and then. Prints one JSON
 * object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "node/store/memory.h"
#include "tests/support/store_home.h"

#define ROWS_PER_MESSAGE 4
#define BATCH_MAX 64
#define TURNS 15
#define TURN_S 0.2

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct batch {
    struct es_row rows[BATCH_MAX * ROWS_PER_MESSAGE];
    uint8_t keys[BATCH_MAX][16];
};

static const uint8_t text[400];
static const uint8_t sealed[2048];
static const uint8_t session[1024];

/* Messages number..number+n-1: their keys ascend, as those of one author do. */
static void fill(struct batch *batch, uint32_t number, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct es_row *rows = &batch->rows[i * ROWS_PER_MESSAGE];
        uint32_t sequence = number + (uint32_t)i;
        uint8_t *key = batch->keys[i];

        memset(key, 0x5a, sizeof(batch->keys[i]));
        for (int byte = 0; byte < 4; byte++)
            key[12 + byte] = (uint8_t)(sequence >> (24 - 8 * byte));
        rows[0] = (struct es_row){.kind = ES_ROW_MESSAGE,
                                  .key = ES_SLICE_OF(batch->keys[i]),
                                  .body = ES_SLICE_OF(text),
                                  .conversation = 1,
                                  .order = sequence};
        rows[1] = (struct es_row){
            .kind = ES_ROW_OUTBOX, .key = ES_SLICE_OF(batch->keys[i]), .body = ES_SLICE_OF(sealed)};
        rows[2] = (struct es_row){
            .kind = ES_ROW_SESSION, .key = es_slice("session", 7), .body = ES_SLICE_OF(session)};
        rows[3] = (struct es_row){.kind = ES_ROW_SELF,
                                  .key = es_slice("counter", 7),
                                  .body = ES_SLICE_OF(batch->keys[i])};
    }
}

static double messages_per_s(struct es_store *store, size_t n)
{
    static struct batch batch;
    static uint32_t number = 1;
    double start = now_s();
    double passed;
    size_t n_messages = 0;

    do {
        fill(&batch, number, n);
        if (store->ops->commit(store, batch.rows, n * ROWS_PER_MESSAGE) != 0)
            return 0;
        number += (uint32_t)n;
        n_messages += n;
        passed = now_s() - start;
    } while (passed < TURN_S);
    return (double)n_messages / passed;
}

static int count_row(void *ctx, const struct es_row *row)
{
    size_t *n = ctx;

    (void)row;
    (*n)++;
    return 0;
}

/* Pages of 50, newest first, as somebody scrolls back. */
static double page_rows_per_s(struct es_store *store)
{
    struct es_store_reader *reader = store->ops->reader(store);
    struct es_page page = {.conversation = 1, .newest_first = true, .limit = 50};
    double start = now_s();
    double passed;
    size_t n = 0;

    page.before = UINT64_MAX;
    do {
        if (reader == NULL || reader->ops->page(reader, &page, count_row, &n) != 0)
            return 0;
        passed = now_s() - start;
    } while (passed < TURN_S);
    reader->ops->free(reader);
    return (double)n / passed;
}

enum figure { SINGLE, BATCHED, PAGE_ROWS, FIGURES };

struct subject {
    const char *name;
    struct store_home home;
    struct es_store *store;
    double figures[FIGURES][TURNS];
};

static void open_sqlite(struct subject *subject, enum es_store_at_rest at_rest)
{
    struct es_store_sqlite_options options;

    store_home_init(&subject->home);
    options = store_home_options(&subject->home, ES_STORE_CREATE);
    options.at_rest = at_rest;
    subject->store = store_must_open(&options);
}

static void take_turn(struct subject *subject, size_t turn)
{
    subject->figures[SINGLE][turn] = messages_per_s(subject->store, 1);
    subject->figures[BATCHED][turn] = messages_per_s(subject->store, BATCH_MAX);
    subject->figures[PAGE_ROWS][turn] = page_rows_per_s(subject->store);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(struct subject *subject, enum figure figure)
{
    double *turns = subject->figures[figure];

    qsort(turns, TURNS, sizeof(turns[0]), compare_doubles);
    return turns[TURNS / 2];
}

static void print(struct subject *subject)
{
    printf("\"%s\": {\"messages_per_s\": %.0f, \"messages_per_s_batch_%d\": %.0f, "
           "\"rows_per_s_batch_%d\": %.0f, \"page_rows_per_s\": %.0f}, ",
           subject->name, median(subject, SINGLE), BATCH_MAX, median(subject, BATCHED), BATCH_MAX,
           median(subject, BATCHED) * ROWS_PER_MESSAGE, median(subject, PAGE_ROWS));
}

int main(void)
{
    static struct subject memory = {.name = "memory"};
    static struct subject clear = {.name = "clear"};
    static struct subject vault = {.name = "vault"};
    struct subject *const subjects[] = {&memory, &clear, &vault};

    memory.store = es_store_memory_new();
    open_sqlite(&clear, ES_STORE_IN_CLEAR);
    open_sqlite(&vault, ES_STORE_IN_VAULT);
    for (size_t turn = 0; turn < TURNS; turn++)
        for (size_t i = 0; i < 3; i++)
            take_turn(subjects[i], turn);
    printf("{\"benchmark\": \"store\", ");
    for (size_t i = 0; i < 3; i++) {
        print(subjects[i]);
        subjects[i]->store->ops->free(subjects[i]->store);
    }
    printf("\"vault_to_clear\": {\"single\": %.2f, \"batch_%d\": %.2f, \"pages\": %.2f}}\n",
           median(&vault, SINGLE) / median(&clear, SINGLE), BATCH_MAX,
           median(&vault, BATCHED) / median(&clear, BATCHED),
           median(&vault, PAGE_ROWS) / median(&clear, PAGE_ROWS));
    store_home_done(&clear.home);
    store_home_done(&vault.home);
    return 0;
}
