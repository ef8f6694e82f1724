/* SPDX-License-Identifier: ISC */
/* record.h - the trace of a run for programs: JSON Lines as docs/trace.md says.
 *
 * Every call does nothing in a world that is not recorded. Recording changes nothing of a run. */
#ifndef ES_SIM_RECORD_H
#define ES_SIM_RECORD_H

#include <stdio.h>

#include "sim/world.h"

#define ES_SIM_RECORD_SCHEMA 1

struct es_sim_record {
    FILE *file;
    bool bytes; /* frames with what is in them        */
    uint64_t every_ms, next_ms;
    bool ended;
};

enum es_sim_text_stage {
    ES_SIM_TEXT_CREATED,    /* its writer pressed enter                          */
    ES_SIM_TEXT_FIRST_COPY, /* it is on the disk of another node than its writer's */
    ES_SIM_TEXT_SHOWN,      /* its reader was told                                */
    ES_SIM_TEXT_DELIVERED,  /* its writer was told so                             */
};

/* Meta and options. */
void es_sim_record_begin(struct es_sim_world *world);
/* Time has come to this: a sample when one is due. */
void es_sim_record_time(struct es_sim_world *world, uint64_t now_ms);
/* Violation if there is one, scan if there was one, end. */
void es_sim_record_end(struct es_sim_world *world);

/* Node NULL: of the whole. */
void es_sim_record_mark(struct es_sim_world *world, const struct es_sim_node *node,
                        const char *what);
void es_sim_record_fault(struct es_sim_world *world, const struct es_sim_node *node,
                         enum es_sim_id_kind kind, uint32_t n);
/* `n`: its place in the plan of its writer, when it is created. */
void es_sim_record_text(struct es_sim_world *world, enum es_sim_text_stage stage, uint32_t from,
                        uint32_t to, uint32_t number, uint32_t n);

/* A frame or, with an empty one, an advert sets out; `frame` is its event's sequence number. */
void es_sim_record_sent(struct es_sim_world *world, uint64_t frame, uint32_t from, uint32_t to,
                        uint64_t due_ms, struct es_slice bytes);
void es_sim_record_arrived(struct es_sim_world *world, uint64_t frame, uint32_t to);
void es_sim_record_lost(struct es_sim_world *world, uint64_t frame, uint32_t to);

#endif
