/* SPDX-License-Identifier: ISC */
/* memory.h - the store in memory (node/env/store.h), for the simulator's thousands of nodes.
 *
 * Deterministic: what it answers depends on what was committed, never on addresses. It belongs to
 * one thread, readers included, and nothing may be committed while a reader's callback runs.
 * Erased and replaced rows are overwritten. */
#ifndef ES_STORE_MEMORY_H
#define ES_STORE_MEMORY_H

#include "node/env/store.h"

/* NULL when memory is out. */
struct es_store *es_store_memory_new(void);

/* A second store that holds what is committed in this one: the disk image that a node starts from
 * again after a crash, a rollback or a theft. NULL when memory is out. */
struct es_store *es_store_memory_clone(const struct es_store *store);

#endif
