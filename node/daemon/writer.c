/* SPDX-License-Identifier: ISC */
/* writer.c - a ring of batches between the core's thread and the committing one. */
#include "node/daemon/writer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct job {
    struct es_effects effects;
    int result;
};

struct es_writer_thread {
    struct es_store *store;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int fd;
    /* Under the mutex. given >= done >= taken; job i stands at i % ES_BATCHES_IN_FLIGHT_MAX. */
    struct job jobs[ES_BATCHES_IN_FLIGHT_MAX];
    uint64_t given, done, taken;
    int failure; /* of an earlier batch: 0, or what every batch gets */
    bool stop;
};

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void signal_result(const struct es_writer_thread *writer)
{
    uint64_t one = 1;

    /* The counter cannot overflow: every result is one. */
    (void)!write(writer->fd, &one, sizeof(one));
}

/* Waits for a job, or until the store wants to be tidied. False: stop. */
static bool wait_for_job(struct es_writer_thread *writer, uint64_t tick_ms)
{
    while (writer->given == writer->done && !writer->stop) {
        struct timespec until = {.tv_sec = (time_t)(tick_ms / 1000),
                                 .tv_nsec = (long)(tick_ms % 1000) * 1000000};

        if (tick_ms == UINT64_MAX)
            pthread_cond_wait(&writer->wake, &writer->mutex);
        else if (pthread_cond_timedwait(&writer->wake, &writer->mutex, &until) == ETIMEDOUT)
            return true;
    }
    return writer->given != writer->done;
}

/* Called with the mutex, which is free while the disk works. */
static void do_job(struct es_writer_thread *writer)
{
    struct job *job = &writer->jobs[writer->done % ES_BATCHES_IN_FLIGHT_MAX];
    const struct es_effects *effects = &job->effects;
    int result = writer->failure;

    if (result == 0 && effects->n_rows > 0) {
        pthread_mutex_unlock(&writer->mutex);
        result = writer->store->ops->commit(writer->store, effects->rows, effects->n_rows);
        pthread_mutex_lock(&writer->mutex);
    }
    job->result = writer->failure = result;
    writer->done++;
    signal_result(writer);
}

static void *run(void *ctx)
{
    struct es_writer_thread *writer = ctx;
    const struct es_store_ops *ops = writer->store->ops;
    /* At once, for what an earlier run left. */
    uint64_t tick_ms = ops->tick == NULL ? UINT64_MAX : 0;

    pthread_mutex_lock(&writer->mutex);
    while (wait_for_job(writer, tick_ms)) {
        if (writer->given != writer->done)
            do_job(writer);
        if (writer->given != writer->done && monotonic_ms() < tick_ms)
            continue; /* people wait for these; tidying can wait a little */
        if (ops->tick == NULL)
            continue;
        pthread_mutex_unlock(&writer->mutex);
        tick_ms = ops->tick(writer->store, monotonic_ms());
        pthread_mutex_lock(&writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

static int init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int err = pthread_condattr_init(&attributes);

    if (err != 0)
        return err;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    err = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return err;
}

struct es_writer_thread *es_writer_thread_new(struct es_store *store)
{
    struct es_writer_thread *writer = calloc(1, sizeof(*writer));
    int err;

    if (writer == NULL)
        return NULL;
    writer->store = store;
    writer->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (writer->fd < 0) {
        free(writer);
        return NULL;
    }
    pthread_mutex_init(&writer->mutex, NULL);
    err = init_condition(&writer->wake);
    if (err == 0)
        err = pthread_create(&writer->thread, NULL, run, writer);
    if (err != 0) {
        close(writer->fd);
        free(writer);
        errno = err;
        return NULL;
    }
    return writer;
}

void es_writer_thread_free(struct es_writer_thread *writer)
{
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stop = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->mutex);
    close(writer->fd);
    free(writer);
}

int es_writer_thread_fd(const struct es_writer_thread *writer)
{
    return writer->fd;
}

void es_writer_thread_give(struct es_writer_thread *writer, const struct es_effects *effects)
{
    pthread_mutex_lock(&writer->mutex);
    assert(writer->given - writer->taken < ES_BATCHES_IN_FLIGHT_MAX);
    writer->jobs[writer->given % ES_BATCHES_IN_FLIGHT_MAX] = (struct job){.effects = *effects};
    writer->given++;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
}

void es_writer_thread_resume(struct es_writer_thread *writer)
{
    pthread_mutex_lock(&writer->mutex);
    assert(writer->taken == writer->given);
    writer->failure = 0;
    pthread_mutex_unlock(&writer->mutex);
}

bool es_writer_thread_result(struct es_writer_thread *writer, struct es_effects *ret_effects,
                             int *ret_result)
{
    uint64_t count;
    bool ready;

    pthread_mutex_lock(&writer->mutex);
    ready = writer->taken != writer->done;
    if (ready) {
        const struct job *job = &writer->jobs[writer->taken % ES_BATCHES_IN_FLIGHT_MAX];

        *ret_effects = job->effects;
        *ret_result = job->result;
        writer->taken++;
    } else {
        (void)!read(writer->fd, &count, sizeof(count));
    }
    pthread_mutex_unlock(&writer->mutex);
    return ready;
}
