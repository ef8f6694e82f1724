/* SPDX-License-Identifier: ISC */
/* writer.h - the one thread that commits: batches in order, one transaction each.
 *
 * While batch n syncs, the core collects batch n+1. The rows of a batch stay the core's; they are
 * valid until es_core_durable(). After a failed batch none is committed that came later: it may
 * depend on what is missing. */
#ifndef ES_DAEMON_WRITER_H
#define ES_DAEMON_WRITER_H

#include "node/core/core.h"

struct es_writer_thread;

/* The store is used by this thread alone from now on. NULL with errno on failure. */
struct es_writer_thread *es_writer_thread_new(struct es_store *store);
/* Finishes what it was given, then ends the thread. NULL is fine. */
void es_writer_thread_free(struct es_writer_thread *writer);

/* Readable when a result waits. */
int es_writer_thread_fd(const struct es_writer_thread *writer);
/* At most ES_BATCHES_IN_FLIGHT_MAX at a time. */
void es_writer_thread_give(struct es_writer_thread *writer, const struct es_effects *effects);
/* The result of the oldest batch: true when there is one, with what commit() gave. */
bool es_writer_thread_result(struct es_writer_thread *writer, struct es_effects *ret_effects,
                             int *ret_result);
/* Commits again after a failure; every result was taken. */
void es_writer_thread_resume(struct es_writer_thread *writer);

#endif
