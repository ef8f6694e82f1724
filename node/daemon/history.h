/* SPDX-License-Identifier: ISC */
/* history.h - the thread that reads pages of conversations, so that a long page never delays a
 * message. It has a read-only connection of its own; what a page means is the core thread's affair. */
#ifndef ES_DAEMON_HISTORY_H
#define ES_DAEMON_HISTORY_H

#include "node/env/store.h"

/* Pages asked for and not taken yet: a client asks for one after the other. One more is refused. */
#define ES_HISTORY_JOBS_MAX 64
/* A page ends with the row that reaches this. */
#define ES_HISTORY_PAGE_BYTES (256u << 10)

struct es_history;

/* One page of bodies in the order of the query; slices live until es_history_page_free(). */
struct es_history_page {
    uint64_t number; /* what es_history_ask() was given */
    int result;
    struct es_page query;
    size_t n;
    bool more; /* rows may follow */
    uint64_t orders[ES_STORE_PAGE_ROWS_MAX];
    struct es_slice bodies[ES_STORE_PAGE_ROWS_MAX];
    uint8_t *bytes;
};

/* NULL with errno. */
struct es_history *es_history_new(struct es_store *store);
/* Ends the thread; pages not given out are dropped. NULL is fine. */
void es_history_free(struct es_history *history);

/* Readable when a page waits. */
int es_history_fd(const struct es_history *history);
/* False: too many wait. */
bool es_history_ask(struct es_history *history, const struct es_page *query, uint64_t number);
/* The next page that was read, freed by the caller. NULL: none. */
struct es_history_page *es_history_next(struct es_history *history);
void es_history_page_free(struct es_history_page *page);

#endif
