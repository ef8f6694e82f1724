/* SPDX-License-Identifier: ISC */
/* rollback.c - a node starts from an older image of its disk. What vanished with the newer one is not
 * looked for at the end; everything else must arrive, and everything once. */
#include <stdlib.h>

#include "node/core/chat/rows.h"
#include "sim/disk/store.h"
#include "sim/faults.h"
#include "sim/load.h"
#include "sim/trace.h"

#define BACK_MS_MAX 120000

struct text {
    uint32_t from, to, number;
    bool shown; /* or held until those before it are */
};

struct texts {
    struct text *all;
    size_t n, cap;
};

static int collect_text(void *ctx, const struct es_row *row)
{
    struct texts *texts = ctx;
    struct es_message message;
    struct text text = {.shown = row->order > 0};

    if (!es_message_decode(row->body, &message) ||
        !es_sim_load_parse(message.text, &text.from, &text.to, &text.number))
        return 0;
    if (texts->n == texts->cap) {
        texts->cap = texts->cap == 0 ? 64 : 2 * texts->cap;
        texts->all = es_sim_resize(texts->all, texts->cap * sizeof(texts->all[0]));
    }
    texts->all[texts->n++] = text;
    return 0;
}

/* What stands on the node's disk, its own and others'; the caller frees ret.all. */
static struct texts texts_of(const struct es_sim_node *node)
{
    struct es_store_reader *reader = node->store->ops->reader(node->store);
    struct texts texts = {.n = 0};

    reader->ops->each(reader, ES_ROW_MESSAGE, collect_text, &texts);
    reader->ops->free(reader);
    return texts;
}

/* A text that was shown and is only held again waits for others that vanished: their writer was told
 * that they arrived, and sends them no more. It is shown after three days (docs/protocol.md, section
 * 10.1). */
static bool is_left(const struct texts *texts, const struct text *text)
{
    for (size_t i = 0; i < texts->n; i++) {
        const struct text *left = &texts->all[i];

        if (left->from == text->from && left->to == text->to && left->number == text->number)
            return left->shown || !text->shown;
    }
    return false;
}

static void excuse(struct es_sim_world *world, const struct text *text)
{
    struct es_sim_friend *friend = es_sim_load_friend(&world->nodes[text->from], text->to);
    size_t n = 0;

    for (size_t i = 0; friend != NULL && i < friend->n_sent; i++)
        if (friend->sent[i] != text->number)
            friend->sent[n++] = friend->sent[i];
    if (friend == NULL)
        return;
    friend->n_sent = n;
    if (text->number < friend->next_text)
        friend->texts[text->number].vanished = true;
}

void es_sim_disk_keep(struct es_sim_world *world, struct es_sim_node *node, struct es_sim_rng *rng)
{
    if (node->ruined)
        return;
    es_sim_trace_note(world, node, "its disk is copied");
    es_sim_store_keep(node->store, rng);
    es_sim_faults_at(world, ES_SIM_ID_ROLLBACK, 1 + es_sim_below(rng, BACK_MS_MAX), node->number,
                     ES_SIM_LATER);
}

void es_sim_disk_go_back(struct es_sim_world *world, struct es_sim_node *node)
{
    struct texts before, after;
    bool was_up = node->up;

    if (node->ruined)
        return;
    before = texts_of(node);
    es_sim_trace_note(world, node, "its disk goes back");
    es_sim_node_stop(world, node);
    if (es_sim_store_go_back(node->store))
        node->back_ms = world->now_ms;
    after = texts_of(node);
    for (size_t i = 0; i < before.n; i++)
        if (!is_left(&after, &before.all[i]))
            excuse(world, &before.all[i]);
    free(before.all);
    free(after.all);
    if (was_up)
        es_sim_node_start(world, node);
}
