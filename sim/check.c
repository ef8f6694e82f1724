/* SPDX-License-Identifier: ISC */
/* check.c - every message is shown exactly once, in its sender's order; what was reported delivered
 * is on the other side's disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/chat/rows.h"
#include "sim/heal.h"
#include "sim/world.h"

void es_sim_check_sent(struct es_sim_world *world, uint32_t from, uint32_t to, uint32_t number)
{
    struct es_sim_friend *friend = es_sim_load_friend(&world->nodes[from], to);

    if (friend->n_sent == friend->cap_sent) {
        friend->cap_sent = friend->cap_sent == 0 ? 32 : 2 * friend->cap_sent;
        friend->sent = es_sim_resize(friend->sent, friend->cap_sent * sizeof(friend->sent[0]));
    }
    friend->sent[friend->n_sent++] = number;
}

/* --- Delivered means: on the other side's disk --------------------------------------------------- */

/* It was there, and the receipt is late. */
static bool was_there(struct es_sim_node *node, uint32_t to, struct es_message_id id)
{
    const struct es_sim_friend *friend = es_sim_load_friend(node, to);

    for (uint32_t i = 0; friend != NULL && i < friend->next_text; i++)
        if (friend->texts[i].vanished && friend->texts[i].id.incarnation == id.incarnation &&
            friend->texts[i].id.sequence == id.sequence)
            return true;
    return false;
}

static void check_delivered(struct es_sim_world *world, struct es_sim_node *node,
                            const struct es_event *event)
{
    struct es_contact_view view;
    struct es_sim_node *peer;
    struct es_store_reader *reader;
    struct es_row_key key;
    uint8_t body[ES_ROW_BODY_BYTES_MAX];
    size_t len;

    world->delivered++;
    if (!es_core_contact(node->core, event->contact, &view))
        return;
    peer = es_sim_load_node(world, view.petname);
    if (was_there(node, peer->number, event->message))
        return;
    reader = peer->store->ops->reader(peer->store);
    key = es_key_message(es_sim_load_friend(peer, node->number)->contact, 0, event->message, 0);
    if (reader->ops->get(reader, ES_ROW_MESSAGE, es_row_key_slice(&key), body, sizeof(body),
                         &len) != 0)
        es_sim_violation(world,
                         "D1: node %u was told that %u has a message that is not on its disk",
                         node->number, peer->number);
    reader->ops->free(reader);
}

void es_sim_check_event(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_event *event)
{
    uint64_t words[3] = {world->now_ms, node->number, (uint64_t)event->kind};

    es_sim_hash(world, words, sizeof(words));
    if (event->kind == ES_EV_DELIVERED)
        check_delivered(world, node, event);
}

/* --- At the end: what each store shows ----------------------------------------------------------- */

struct shown {
    uint32_t from, to;
    uint32_t last;  /* number of the last text + 1 */
    uint64_t order; /* of the last row seen         */
    size_t n;
    struct es_sim_world *world;
    uint32_t *numbers;
    size_t cap;
};

static bool contains(const struct shown *shown, uint32_t number)
{
    for (size_t i = 0; i < shown->n; i++)
        if (shown->numbers[i] == number)
            return true;
    return false;
}

/* Its writer went back and gave its id once more before it knew: no order is promised with such a text
 * (docs/protocol.md, section 10.1). */
static bool is_id_of_another(const struct es_sim_friend *friend, uint32_t number)
{
    struct es_message_id id = friend->texts[number].id;

    for (uint32_t i = 0; i < friend->next_text; i++)
        if (i != number && id.sequence > 0 && friend->texts[i].id.incarnation == id.incarnation &&
            friend->texts[i].id.sequence == id.sequence)
            return true;
    return false;
}

/* It vanished with a disk, has an id that was given twice, or has another incarnation than the last one:
 * order is promised within one, and a node that was rolled back begins another (docs/protocol.md,
 * section 5). */
static bool may_be_late(const struct shown *shown, uint32_t number)
{
    const struct es_sim_friend *friend =
        es_sim_load_friend(&shown->world->nodes[shown->from], shown->to);

    return friend != NULL && number < friend->next_text && shown->last <= friend->next_text &&
           (friend->texts[number].vanished || is_id_of_another(friend, number) ||
            friend->texts[number].id.incarnation != friend->texts[shown->last - 1].id.incarnation);
}

static int note(struct shown *shown, uint32_t number)
{
    if (shown->n == shown->cap) {
        shown->cap = shown->cap == 0 ? 32 : 2 * shown->cap;
        shown->numbers = es_sim_resize(shown->numbers, shown->cap * sizeof(shown->numbers[0]));
    }
    shown->numbers[shown->n++] = number;
    return 0;
}

static int see(void *ctx, const struct es_row *row)
{
    struct shown *shown = ctx;
    struct es_message message;
    uint32_t from, to, number;

    shown->order = row->order;
    if (!es_message_decode(row->body, &message) || message.own)
        return 0;
    if (!es_sim_load_parse(message.text, &from, &to, &number) || from != shown->from ||
        to != shown->to) {
        es_sim_violation(shown->world, "D1: node %u shows a text that %u did not write", shown->to,
                         shown->from);
        return 1;
    }
    if (number + 1 <= shown->last && may_be_late(shown, number) && !contains(shown, number))
        return note(shown, number);
    if (number + 1 <= shown->last) {
        es_sim_violation(shown->world,
                         "D2/O2: node %u shows text %u of %u after text %u: twice or out of order",
                         to, number, from, shown->last - 1);
        return 1;
    }
    shown->last = number + 1;
    return note(shown, number);
}

static void read_all(struct es_store_reader *reader, struct shown *shown, uint32_t conversation)
{
    struct es_page page = {
        .conversation = conversation, .before = UINT64_MAX, .limit = ES_STORE_PAGE_ROWS_MAX};

    for (;;) {
        if (reader->ops->page(reader, &page, see, shown) != 0 || shown->order == page.after)
            return;
        page.after = shown->order;
    }
}

/* Collects what `to` shows of `from`, in order; the caller frees ret->numbers. */
static void collect(struct es_sim_world *world, uint32_t from, uint32_t to, struct shown *ret)
{
    struct es_sim_node *node = &world->nodes[to];
    struct es_store_reader *reader = node->store->ops->reader(node->store);

    *ret = (struct shown){.from = from, .to = to, .world = world};
    read_all(reader, ret, es_sim_load_friend(node, from)->contact);
    reader->ops->free(reader);
}

static size_t missing(struct es_sim_world *world, uint32_t from, const struct es_sim_friend *friend,
                      uint32_t *ret_first)
{
    struct shown shown;
    size_t n = 0;

    if (friend->n_sent == 0)
        return 0;
    collect(world, from, friend->node, &shown);
    for (size_t i = friend->n_sent; i-- > 0;)
        if (!contains(&shown, friend->sent[i]) &&
            !es_sim_heal_explains(world, from, friend, friend->sent[i])) {
            n++;
            *ret_first = friend->sent[i];
        }
    free(shown.numbers);
    return n;
}

bool es_sim_check_complete(const struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++) {
        const struct es_sim_node *node = &world->nodes[i];

        if (!es_sim_is_absent(world, i) && !node->outside &&
            (!node->up || es_sim_heal_awaited(world, node) > 0))
            return false;
    }
    return true;
}

void es_sim_check_end(struct es_sim_world *world)
{
    for (uint32_t from = 0; from < world->options.nodes; from++)
        for (size_t i = 0; i < world->nodes[from].n_friends; i++) {
            const struct es_sim_friend *friend = &world->nodes[from].friends[i];
            uint32_t first = 0;
            size_t n = missing(world, from, friend, &first);

            if (n > 0)
                es_sim_violation(world, "D3: %zu texts of %u have not reached %u, first text %u", n,
                                 from, friend->node, first);
        }
    if (world->delivered == 0 && world->options.core_share == 1000 && world->options.rot == 0)
        es_sim_violation(world, "D3: nothing was delivered at all");
    for (uint32_t i = 0; i < world->options.nodes; i++) {
        const struct es_sim_node *node = &world->nodes[i];
        uint32_t awaited = node->up ? es_sim_heal_awaited(world, node) : 0;

        if (awaited > 0)
            es_sim_violation(world, "D3: node %u still waits for %u acknowledgements", i, awaited);
    }
}
