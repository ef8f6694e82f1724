/* SPDX-License-Identifier: ISC */
/* queue.c - a binary heap. */
#include "sim/queue.h"

#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

static bool before(const struct es_sim_event *a, const struct es_sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->sequence < b->sequence;
}

static void swap(struct es_sim_event *a, struct es_sim_event *b)
{
    struct es_sim_event event = *a;

    *a = *b;
    *b = event;
}

void es_sim_queue_put_back(struct es_sim_queue *queue, const struct es_sim_event *event)
{
    size_t at = queue->n++;

    if (queue->n > queue->cap) {
        queue->cap = queue->cap == 0 ? 256 : 2 * queue->cap;
        queue->heap = es_sim_resize(queue->heap, queue->cap * sizeof(queue->heap[0]));
    }
    queue->heap[at] = *event;
    while (at > 0 && before(&queue->heap[at], &queue->heap[(at - 1) / 2])) {
        swap(&queue->heap[at], &queue->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

void es_sim_queue_push(struct es_sim_queue *queue, const struct es_sim_event *event)
{
    struct es_sim_event copy = *event;

    copy.sequence = queue->sequence++;
    if (event->len > 0) {
        copy.bytes = es_sim_resize(NULL, event->len);
        memcpy(copy.bytes, event->bytes, event->len);
    }
    es_sim_queue_put_back(queue, &copy);
}

bool es_sim_queue_pop(struct es_sim_queue *queue, struct es_sim_event *ret)
{
    size_t at = 0;

    if (queue->n == 0)
        return false;
    *ret = queue->heap[0];
    queue->heap[0] = queue->heap[--queue->n];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < queue->n && before(&queue->heap[child + 1], &queue->heap[child]))
            child++;
        if (child >= queue->n || !before(&queue->heap[child], &queue->heap[at]))
            return true;
        swap(&queue->heap[child], &queue->heap[at]);
        at = child;
    }
}

void es_sim_queue_done(struct es_sim_queue *queue)
{
    for (size_t i = 0; i < queue->n; i++)
        free(queue->heap[i].bytes);
    free(queue->heap);
    memset(queue, 0, sizeof(*queue));
}
