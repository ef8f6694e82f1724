/* SPDX-License-Identifier: ISC */
/* faulty_store.c - one function between the writer and SQLite. */
#include "tests/support/faulty_store.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct faulty_store {
    struct es_store store;
    struct es_store *inner;
    struct store_home home;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex. */
    int err, after, times, tries;
    bool hold;
};

static int commit(struct es_store *store, const struct es_row *rows, size_t n_rows)
{
    struct faulty_store *faulty = (struct faulty_store *)store;
    int err = 0;

    pthread_mutex_lock(&faulty->mutex);
    while (faulty->hold)
        pthread_cond_wait(&faulty->changed, &faulty->mutex);
    faulty->tries++;
    if (faulty->after > 0) {
        faulty->after--;
    } else if (faulty->times != 0) {
        faulty->times -= faulty->times > 0;
        err = faulty->err;
    }
    pthread_mutex_unlock(&faulty->mutex);
    return err != 0 ? err : faulty->inner->ops->commit(faulty->inner, rows, n_rows);
}

static struct es_store_reader *reader(struct es_store *store)
{
    struct faulty_store *faulty = (struct faulty_store *)store;

    return faulty->inner->ops->reader(faulty->inner);
}

static uint64_t tick(struct es_store *store, uint64_t now_ms)
{
    struct faulty_store *faulty = (struct faulty_store *)store;

    return faulty->inner->ops->tick(faulty->inner, now_ms);
}

static const struct es_store_ops faulty_ops = {.commit = commit, .reader = reader, .tick = tick};

struct faulty_store *faulty_store_new(void)
{
    struct faulty_store *faulty = calloc(1, sizeof(*faulty));
    struct es_store_sqlite_options options;

    assert_non_null(faulty);
    faulty->store.ops = &faulty_ops;
    store_home_init(&faulty->home);
    options = store_home_options(&faulty->home, ES_STORE_CREATE);
    faulty->inner = store_must_open(&options);
    pthread_mutex_init(&faulty->mutex, NULL);
    pthread_cond_init(&faulty->changed, NULL);
    return faulty;
}

void faulty_store_free(struct faulty_store *faulty)
{
    faulty->inner->ops->free(faulty->inner);
    store_home_done(&faulty->home);
    pthread_cond_destroy(&faulty->changed);
    pthread_mutex_destroy(&faulty->mutex);
    free(faulty);
}

struct es_store *faulty_store_of(struct faulty_store *faulty)
{
    return &faulty->store;
}

void faulty_store_fail(struct faulty_store *faulty, int err, int after, int times)
{
    pthread_mutex_lock(&faulty->mutex);
    faulty->err = err;
    faulty->after = after;
    faulty->times = times;
    pthread_mutex_unlock(&faulty->mutex);
}

void faulty_store_hold(struct faulty_store *faulty, bool hold)
{
    pthread_mutex_lock(&faulty->mutex);
    faulty->hold = hold;
    pthread_cond_broadcast(&faulty->changed);
    pthread_mutex_unlock(&faulty->mutex);
}

int faulty_store_tries(struct faulty_store *faulty)
{
    int tries;

    pthread_mutex_lock(&faulty->mutex);
    tries = faulty->tries;
    pthread_mutex_unlock(&faulty->mutex);
    return tries;
}
