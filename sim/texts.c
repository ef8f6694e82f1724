/* SPDX-License-Identifier: ISC */
/* texts.c - the life of each text of the load, for traces and for the figures of a run. */
#include "sim/texts.h"

#include <stdlib.h>

#include "sim/load.h"
#include "sim/record.h"

void es_sim_texts_written(struct es_sim_world *world, struct es_sim_node *node, uint32_t to,
                          uint32_t n, uint32_t bytes)
{
    struct es_sim_friend *friend = es_sim_load_friend(node, to);

    if (friend->next_text == friend->cap_texts) {
        friend->cap_texts = friend->cap_texts == 0 ? 32 : 2 * friend->cap_texts;
        friend->texts = es_sim_resize(friend->texts, friend->cap_texts * sizeof(friend->texts[0]));
    }
    friend->texts[friend->next_text] =
        (struct es_sim_text){.written_ms = world->now_ms, .bytes = bytes};
    es_sim_record_text(world, ES_SIM_TEXT_CREATED, node->number, to, friend->next_text, n);
    friend->next_text++;
}

static bool same_id(const struct es_message_id *a, const struct es_message_id *b)
{
    return a->incarnation == b->incarnation && a->sequence == b->sequence;
}

void es_sim_texts_queued(struct es_sim_node *node, uint32_t to, uint32_t number,
                         struct es_message_id id)
{
    struct es_sim_friend *friend = es_sim_load_friend(node, to);

    if (friend != NULL && number < friend->next_text)
        friend->texts[number].id = id;
}

/* NULL: nobody of the load wrote it to this node; a check says so. */
static struct es_sim_text *text_of(struct es_sim_world *world, uint32_t reader,
                                   struct es_slice body, uint32_t *ret_from, uint32_t *ret_number)
{
    struct es_message message;
    struct es_sim_friend *friend;
    uint32_t to;

    if (!es_message_decode(body, &message) || message.own ||
        !es_sim_load_parse(message.text, ret_from, &to, ret_number) || to != reader ||
        *ret_from >= world->options.nodes)
        return NULL;
    friend = es_sim_load_friend(&world->nodes[*ret_from], to);
    return friend != NULL && *ret_number < friend->next_text ? &friend->texts[*ret_number] : NULL;
}

void es_sim_texts_commit(struct es_sim_world *world, const struct es_sim_node *node,
                         const struct es_row *rows, size_t n_rows)
{
    uint32_t from, number;

    for (size_t i = 0; i < n_rows; i++) {
        struct es_sim_text *text = NULL;

        if (rows[i].kind == ES_ROW_MESSAGE)
            text = text_of(world, node->number, rows[i].body, &from, &number);
        if (text == NULL || text->arrived_ms > 0)
            continue;
        text->arrived_ms = world->now_ms;
        es_sim_record_text(world, ES_SIM_TEXT_FIRST_COPY, from, node->number, number, 0);
    }
}

static void delivered(struct es_sim_world *world, struct es_sim_node *node,
                      const struct es_event *event)
{
    struct es_contact_view view;
    struct es_sim_friend *friend;

    if (!es_core_contact(node->core, event->contact, &view))
        return;
    friend = es_sim_load_friend(node, es_sim_load_node(world, view.petname)->number);
    for (size_t i = 0; friend != NULL && i < friend->next_text; i++) {
        size_t number = (friend->last_delivered + i) % friend->next_text;
        struct es_sim_text *text = &friend->texts[number];

        if (!same_id(&text->id, &event->message) || text->delivered_ms > 0)
            continue;
        text->delivered_ms = world->now_ms;
        friend->last_delivered = number;
        es_sim_record_text(world, ES_SIM_TEXT_DELIVERED, node->number, friend->node,
                           (uint32_t)number, 0);
        return;
    }
}

void es_sim_texts_event(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_event *event)
{
    uint32_t from, number;

    if (event->kind == ES_EV_MESSAGE &&
        text_of(world, node->number, event->text, &from, &number) != NULL)
        es_sim_record_text(world, ES_SIM_TEXT_SHOWN, from, node->number, number, 0);
    else if (event->kind == ES_EV_DELIVERED)
        delivered(world, node, event);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void add_friend(const struct es_sim_friend *friend, struct es_sim_figures *figures,
                       uint64_t *took_ms)
{
    for (uint32_t i = 0; i < friend->next_text; i++) {
        const struct es_sim_text *text = &friend->texts[i];

        figures->queued += text->id.sequence > 0 || text->arrived_ms > 0;
        figures->delivered += text->delivered_ms > 0;
        if (text->arrived_ms == 0)
            continue;
        took_ms[figures->arrived++] = text->arrived_ms - text->written_ms;
        figures->latency_sum_ms += text->arrived_ms - text->written_ms;
    }
}

void es_sim_texts_figures(const struct es_sim_world *world, struct es_sim_figures *ret)
{
    static const uint64_t permille[] = {500, 900, 990, 1000};
    struct es_sim_figures figures = {.frames = world->frames_sent,
                                     .frame_bytes = world->frame_bytes};
    uint64_t *took_ms;

    for (uint32_t i = 0; i < world->options.nodes; i++)
        for (size_t k = 0; k < world->nodes[i].n_friends; k++)
            figures.written += world->nodes[i].friends[k].next_text;
    took_ms = es_sim_resize(NULL, (figures.written + 1) * sizeof(took_ms[0]));
    for (uint32_t i = 0; i < world->options.nodes; i++)
        for (size_t k = 0; k < world->nodes[i].n_friends; k++)
            add_friend(&world->nodes[i].friends[k], &figures, took_ms);
    if (figures.arrived > 0)
        qsort(took_ms, figures.arrived, sizeof(took_ms[0]), compare);
    for (size_t i = 0; figures.arrived > 0 && i < 4; i++)
        figures.latency_ms[i] = took_ms[(figures.arrived * permille[i] + 999) / 1000 - 1];
    free(took_ms);
    *ret = figures;
}
