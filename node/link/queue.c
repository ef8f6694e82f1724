/* SPDX-License-Identifier: ISC */
/* queue.c - a singly linked list of messages. */
#include "node/link/queue.h"

#include <stdlib.h>

void es_queue_init(struct es_queue *queue)
{
    STAILQ_INIT(&queue->frames);
    queue->bytes = 0;
}

bool es_queue_empty(const struct es_queue *queue)
{
    return STAILQ_EMPTY(&queue->frames);
}

void es_queue_clear(struct es_queue *queue)
{
    while (!es_queue_empty(queue))
        es_queue_pop(queue, zmq_msg_size(es_queue_head(queue)));
}

bool es_queue_push(struct es_queue *queue, zmq_msg_t *message)
{
    struct es_queued *queued = malloc(sizeof(*queued));

    if (queued == NULL)
        return false;
    queue->bytes += zmq_msg_size(message) + ES_QUEUED_OVERHEAD_BYTES;
    (void)zmq_msg_init(&queued->message);
    (void)zmq_msg_move(&queued->message, message);
    STAILQ_INSERT_TAIL(&queue->frames, queued, next);
    return true;
}

zmq_msg_t *es_queue_head(const struct es_queue *queue)
{
    struct es_queued *head = STAILQ_FIRST(&queue->frames);

    return head != NULL ? &head->message : NULL;
}

void es_queue_pop(struct es_queue *queue, size_t len)
{
    struct es_queued *head = STAILQ_FIRST(&queue->frames);

    STAILQ_REMOVE_HEAD(&queue->frames, next);
    queue->bytes -= len + ES_QUEUED_OVERHEAD_BYTES;
    (void)zmq_msg_close(&head->message);
    free(head);
}
