/* SPDX-License-Identifier: ISC */
/* queue.h - frames of one link that ZeroMQ has not taken yet, with a budget of bytes. */
#ifndef ES_LINK_QUEUE_H
#define ES_LINK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <zmq.h>

/* What a frame costs beside its bytes: many short ones fill a queue as well. */
#define ES_QUEUED_OVERHEAD_BYTES 256

struct es_queued {
    STAILQ_ENTRY(es_queued) next;
    zmq_msg_t message;
};

struct es_queue {
    STAILQ_HEAD(, es_queued) frames;
    size_t bytes; /* with the overhead */
};

void es_queue_init(struct es_queue *queue);
void es_queue_clear(struct es_queue *queue);
bool es_queue_empty(const struct es_queue *queue);

/* Takes the message over and leaves an empty one; false when there is no memory. */
bool es_queue_push(struct es_queue *queue, zmq_msg_t *message);

/* The oldest message, to be sent in place; NULL when empty. */
zmq_msg_t *es_queue_head(const struct es_queue *queue);

/* Drops the oldest; len is what it held before it was sent. */
void es_queue_pop(struct es_queue *queue, size_t len);

#endif
