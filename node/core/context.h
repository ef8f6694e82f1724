/* SPDX-License-Identifier: ISC */
/* context.h - what every part of the core is handed with an input: time, entropy, and where effects
 * go.
 *
 * Effects are copied into the open batch: callers may pass buffers on the stack. Within a batch the
 * last row of a key wins. */
#ifndef ES_CORE_CONTEXT_H
#define ES_CORE_CONTEXT_H

#include "node/core/counters.h"
#include "node/core/event.h"
#include "node/env/entropy.h"
#include "node/env/link.h"
#include "node/env/store.h"

struct es_batches;

struct es_context {
    uint64_t now_ms;
    uint64_t wall_ms;
    const struct es_entropy *entropy;
    const struct es_arena *arena;
    struct es_batches *batches;
    struct es_counters *counters;
    uint32_t sealed; /* envelopes sealed for this batch: at most ES_ENVELOPES_PER_BATCH_MAX */
};

void es_random(const struct es_context *context, void *buf, size_t len);
/* Uniform in [0, bound); bound > 0. */
uint64_t es_random_below(const struct es_context *context, uint64_t bound);

/* Effects. */
void es_emit_row(struct es_context *context, enum es_row_kind kind, struct es_slice key,
                 struct es_slice body);
void es_emit_message(struct es_context *context, struct es_slice key, struct es_slice body,
                     uint32_t conversation, uint64_t order);
void es_emit_erase(struct es_context *context, enum es_row_kind kind, struct es_slice key);
/* Erases every row of the kind whose key begins with prefix. */
void es_emit_erase_prefix(struct es_context *context, enum es_row_kind kind,
                          struct es_slice prefix);
void es_emit_order(struct es_context *context, const struct es_order *order);
/* A frame on a link: bytes are copied. */
void es_emit_frame(struct es_context *context, uint32_t link, struct es_slice bytes);
void es_emit_event(struct es_context *context, const struct es_event *event);

#endif
