/* SPDX-License-Identifier: ISC */
/* batch.h - the effects of inputs that share one transaction.
 *
 * One batch is open and collects; those taken wait, in order, until they are reported durable. A
 * row that was emitted is found here before the store is asked for it. */
#ifndef ES_CORE_BATCH_H
#define ES_CORE_BATCH_H

#include "node/core/context.h"
#include "node/core/core.h"

struct es_batches;

/* NULL when the arena is used up. */
struct es_batches *es_batches_new(const struct es_arena *arena);
/* Erases what the batches hold: rows contain keys. */
void es_batches_done(struct es_batches *batches);

/* True while the open batch has room for the effects of any one input. */
bool es_batches_have_room(const struct es_batches *batches);
/* The arena was used up while effects were emitted: memory is ahead of what can be written. */
bool es_batches_failed(const struct es_batches *batches);

/* The row that a reader would see once every batch is durable: open batch first, then the taken ones
 * from the newest on. NULL: none of them says anything about it. */
const struct es_row *es_batches_find(const struct es_batches *batches, enum es_row_kind kind,
                                     struct es_slice key);

/* As many are taken and not durable as may be: none can be taken. */
bool es_batches_full(const struct es_batches *batches);
/* As es_core_take() and es_core_durable(). */
bool es_batches_take(struct es_batches *batches, struct es_effects *ret);
void es_batches_durable(struct es_batches *batches);

#endif
