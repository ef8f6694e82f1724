/* SPDX-License-Identifier: ISC */
/* queue.h - what is to happen, in order of (time, sequence number). */
#ifndef ES_SIM_QUEUE_H
#define ES_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum es_sim_event_kind {
    ES_SIM_WAKE,     /* a node's timer: never queued, see timers.h  */
    ES_SIM_REPORT,   /* encoded reports arrive at a node             */
    ES_SIM_FRAME,    /* a frame arrives at the end of a link         */
    ES_SIM_DIAL,     /* a connection is made or fails                */
    ES_SIM_ANNOUNCE, /* adverts are announced again                  */
    ES_SIM_ADVERT,   /* an advert is heard                           */
    ES_SIM_SYNC,     /* a commit is durable                           */
    ES_SIM_RESTART,  /* a crashed node starts again                  */
    ES_SIM_ACTION,   /* the load: what people do                     */
    ES_SIM_FAULT,    /* of faults.c                                  */
};

struct es_sim_event {
    uint64_t at_ms;
    uint64_t sequence;
    enum es_sim_event_kind kind;
    uint32_t node;
    uint32_t a, b;  /* by kind: link, listener, other node, life     */
    uint8_t *bytes; /* owned by the event                            */
    size_t len;
};

struct es_sim_queue {
    struct es_sim_event *heap;
    size_t n, cap;
    uint64_t sequence;
};

/* Copies bytes (may be NULL). */
void es_sim_queue_push(struct es_sim_queue *queue, const struct es_sim_event *event);
/* What was popped, its bytes with it, and keeps its place among others of its time. */
void es_sim_queue_put_back(struct es_sim_queue *queue, const struct es_sim_event *event);
/* The earliest; its bytes are the caller's to free. False when there is none. */
bool es_sim_queue_pop(struct es_sim_queue *queue, struct es_sim_event *ret);
void es_sim_queue_done(struct es_sim_queue *queue);

#endif
