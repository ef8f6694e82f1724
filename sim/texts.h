/* SPDX-License-Identifier: ISC */
/* texts.h - what became of each text: when it was written, shown and reported delivered. */
#ifndef ES_SIM_TEXTS_H
#define ES_SIM_TEXTS_H

#include "sim/world.h"

/* Its number is the friend's next_text, which this raises. `n` is its place in the node's plan. */
void es_sim_texts_written(struct es_sim_world *world, struct es_sim_node *node, uint32_t to,
                          uint32_t n, uint32_t bytes);
/* Its writer was told that it is queued. */
void es_sim_texts_queued(struct es_sim_node *node, uint32_t to, uint32_t number,
                         struct es_message_id id);
/* Rows became durable: those among them that bring a text. */
void es_sim_texts_commit(struct es_sim_world *world, const struct es_sim_node *node,
                         const struct es_row *rows, size_t n_rows);
/* People at a node were told this. */
void es_sim_texts_event(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_event *event);

/* Numbers of a whole run. Latency: from writing to the reader's disk. */
struct es_sim_figures {
    uint64_t written, queued, arrived, delivered; /* texts */
    uint64_t frames, frame_bytes;                 /* that set out */
    uint64_t latency_sum_ms;
    uint64_t latency_ms[4]; /* of those that arrived: half, 90 %, 99 %, all took at most this */
};
void es_sim_texts_figures(const struct es_sim_world *world, struct es_sim_figures *ret);

#endif
