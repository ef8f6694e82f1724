/* SPDX-License-Identifier: ISC */
/* history.c - two lists under one mutex: asked, and read. */
#include "node/daemon/history.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What stops a reader that has read enough. */
#define PAGE_FULL 1

struct job {
    struct job *next;
    struct es_history_page page;
};

struct list {
    struct job *head, *tail;
};

struct es_history {
    struct es_store_reader *reader;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int fd;
    /* Under the mutex. */
    struct list asked, done;
    size_t n;
    bool stop;
};

static void push(struct list *list, struct job *job)
{
    job->next = NULL;
    if (list->tail != NULL)
        list->tail->next = job;
    else
        list->head = job;
    list->tail = job;
}

static struct job *pop(struct list *list)
{
    struct job *job = list->head;

    if (job == NULL)
        return NULL;
    list->head = job->next;
    if (list->head == NULL)
        list->tail = NULL;
    return job;
}

/* --- The thread ----------------------------------------------------------------------------------- */

struct reading {
    struct es_history_page *page;
    size_t len, cap;
    size_t at[ES_STORE_PAGE_ROWS_MAX]; /* the bytes move while they grow */
};

static int take_row(void *ctx, const struct es_row *row)
{
    struct reading *reading = ctx;
    struct es_history_page *page = reading->page;

    if (reading->len + row->body.len > reading->cap) {
        size_t cap = 2 * (reading->len + row->body.len);
        uint8_t *larger = realloc(page->bytes, cap);

        if (larger == NULL)
            return -ENOMEM;
        page->bytes = larger;
        reading->cap = cap;
    }
    if (row->body.len > 0)
        memcpy(page->bytes + reading->len, row->body.ptr, row->body.len);
    reading->at[page->n] = reading->len;
    page->bodies[page->n].len = row->body.len;
    page->orders[page->n++] = row->order;
    reading->len += row->body.len;
    return reading->len < ES_HISTORY_PAGE_BYTES ? 0 : PAGE_FULL;
}

static void read_page(struct es_store_reader *reader, struct es_history_page *page)
{
    struct reading reading = {.page = page};

    page->result = reader->ops->page(reader, &page->query, take_row, &reading);
    page->more = page->result == PAGE_FULL || page->n == page->query.limit;
    if (page->result == PAGE_FULL)
        page->result = 0;
    for (size_t i = 0; i < page->n; i++)
        page->bodies[i].ptr = page->bytes + reading.at[i];
}

static void *run(void *ctx)
{
    struct es_history *history = ctx;
    uint64_t one = 1;

    pthread_mutex_lock(&history->mutex);
    while (!history->stop) {
        struct job *job = pop(&history->asked);

        if (job == NULL) {
            pthread_cond_wait(&history->wake, &history->mutex);
            continue;
        }
        pthread_mutex_unlock(&history->mutex);
        read_page(history->reader, &job->page);
        pthread_mutex_lock(&history->mutex);
        push(&history->done, job);
        (void)!write(history->fd, &one, sizeof(one));
    }
    pthread_mutex_unlock(&history->mutex);
    return NULL;
}

/* --- The core's side ------------------------------------------------------------------------------ */

struct es_history *es_history_new(struct es_store *store)
{
    struct es_history *history = calloc(1, sizeof(*history));

    if (history == NULL)
        return NULL;
    history->reader = store->ops->reader(store);
    history->fd = history->reader == NULL ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&history->mutex, NULL);
    pthread_cond_init(&history->wake, NULL);
    if (history->fd >= 0 && pthread_create(&history->thread, NULL, run, history) == 0)
        return history;
    if (history->fd >= 0)
        close(history->fd);
    if (history->reader != NULL)
        history->reader->ops->free(history->reader);
    free(history);
    return NULL;
}

void es_history_page_free(struct es_history_page *page)
{
    struct job *job = (struct job *)((char *)page - offsetof(struct job, page));

    free(page->bytes);
    free(job);
}

void es_history_free(struct es_history *history)
{
    struct job *job;

    if (history == NULL)
        return;
    pthread_mutex_lock(&history->mutex);
    history->stop = true;
    pthread_cond_signal(&history->wake);
    pthread_mutex_unlock(&history->mutex);
    pthread_join(history->thread, NULL);
    while ((job = pop(&history->asked)) != NULL || (job = pop(&history->done)) != NULL)
        es_history_page_free(&job->page);
    pthread_cond_destroy(&history->wake);
    pthread_mutex_destroy(&history->mutex);
    close(history->fd);
    history->reader->ops->free(history->reader);
    free(history);
}

int es_history_fd(const struct es_history *history)
{
    return history->fd;
}

bool es_history_ask(struct es_history *history, const struct es_page *query, uint64_t number)
{
    struct job *job = calloc(1, sizeof(*job));
    bool ok;

    if (job == NULL)
        return false;
    job->page.query = *query;
    job->page.number = number;
    pthread_mutex_lock(&history->mutex);
    ok = history->n < ES_HISTORY_JOBS_MAX;
    if (ok) {
        history->n++;
        push(&history->asked, job);
        pthread_cond_signal(&history->wake);
    }
    pthread_mutex_unlock(&history->mutex);
    if (!ok)
        free(job);
    return ok;
}

struct es_history_page *es_history_next(struct es_history *history)
{
    struct job *job;
    uint64_t count;

    pthread_mutex_lock(&history->mutex);
    job = pop(&history->done);
    if (job != NULL)
        history->n--;
    else
        (void)!read(history->fd, &count, sizeof(count));
    pthread_mutex_unlock(&history->mutex);
    return job == NULL ? NULL : &job->page;
}
