/* SPDX-License-Identifier: ISC */
/* load.c - who people are, and the texts that they write to their contacts.
 *
 * A text that was not confirmed is never repeated under its number, so that showing it once at most
 * stays checkable. */
#include "sim/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/audit/canary.h"
#include "sim/texts.h"

/* Whoever finds their node down tries again after this. */
#define AGAIN_MS 500

static struct es_slice text_of(const char *text)
{
    return es_slice(text, strlen(text));
}

void es_sim_load_name(const struct es_sim_world *world, uint32_t node,
                      char ret[static ES_SIM_LOAD_NAME_BYTES])
{
    char canary[ES_SIM_CANARY_CHARS + 1];

    es_sim_canary(world->options.seed, ES_SIM_CANARY_NAME, node, 0, 0, canary);
    snprintf(ret, ES_SIM_LOAD_NAME_BYTES, "n%u-%s", node, canary);
}

void es_sim_load_petname(const struct es_sim_world *world, uint32_t node, uint32_t other,
                         char ret[static ES_SIM_LOAD_NAME_BYTES])
{
    char canary[ES_SIM_CANARY_CHARS + 1];

    es_sim_canary(world->options.seed, ES_SIM_CANARY_PETNAME, node, other, 0, canary);
    snprintf(ret, ES_SIM_LOAD_NAME_BYTES, "p%u-%s", other, canary);
}

struct es_sim_node *es_sim_load_node(struct es_sim_world *world, const char *petname)
{
    return &world->nodes[strtoul(petname + 1, NULL, 10) % world->options.nodes];
}

bool es_sim_load_owner(const struct es_sim_world *world, const struct es_sign_public *address,
                       uint32_t *ret)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (world->nodes[i].has_address &&
            memcmp(world->nodes[i].address.bytes, address->bytes, ES_KEY_BYTES) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

/* What is drawn of a text: of each by itself, so that leaving one out shifts no other. */
struct drawn_text {
    uint64_t after_ms, bytes;
};

static struct drawn_text draw_text(const struct es_sim_world *world, uint32_t from, uint32_t n)
{
    struct es_sim_rng rng = es_sim_rng(world->options.seed, ES_SIM_TEXTS, (uint64_t)from << 32 | n);
    struct drawn_text text = {.after_ms = 1 + es_sim_below(&rng, world->options.chaos_ms)};
    bool is_long = es_sim_below(&rng, 8) == 0;
    uint64_t bytes = es_sim_below(&rng, world->options.text_bytes_max + 1);

    text.bytes = is_long ? bytes : 20;
    return text;
}

static bool is_written(const struct es_sim_world *world, uint32_t from, uint32_t n)
{
    const struct es_sim_options *options = &world->options;

    return !es_sim_ids_contain(&options->without, ES_SIM_ID_TEXT, from, n) &&
           (!options->only_texts.given ||
            es_sim_ids_contain(&options->only_texts, ES_SIM_ID_TEXT, from, n));
}

static void plan(struct es_sim_world *world, uint64_t after_ms, uint32_t from, uint32_t to,
                 uint32_t n)
{
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + after_ms,
                                                            .kind = ES_SIM_ACTION,
                                                            .node = from,
                                                            .a = ES_SIM_WRITE | n << 8,
                                                            .b = to});
}

void es_sim_load_plan(struct es_sim_world *world)
{
    for (uint32_t from = 0; from < world->options.nodes; from++)
        for (size_t k = 0; k < world->nodes[from].n_friends; k++)
            for (uint32_t i = 0; i < world->options.texts; i++) {
                const struct es_sim_friend *friend = &world->nodes[from].friends[k];
                uint32_t n = friend->slot * world->options.texts + i;

                if (is_written(world, from, n))
                    plan(world, draw_text(world, from, n).after_ms, from, friend->node, n);
            }
}

static void write_text(struct es_sim_world *world, struct es_sim_node *node, uint32_t to,
                       uint32_t n)
{
    char text[2048], address[ES_ADDRESS_CHARS + 1], canary[ES_SIM_CANARY_CHARS + 1];
    uint32_t number = es_sim_load_friend(node, to)->next_text;
    uint64_t length = draw_text(world, node->number, n).bytes;
    int len;

    es_sim_canary(world->options.seed, ES_SIM_CANARY_TEXT, node->number, to, number, canary);
    es_sim_audit_text(world, node->number, to, number);
    len =
        snprintf(text, sizeof(text), "from %u to %u text %u %s ", node->number, to, number, canary);
    memset(text + len, '.', length);
    es_sim_texts_written(world, node, to, n, (uint32_t)len + (uint32_t)length);
    es_address_format(&world->nodes[to].address, address);
    es_sim_node_command(
        world, node,
        &(struct es_command){.kind = ES_CMD_SEND,
                             .request = es_sim_request(ES_SIM_ASK_WRITE, to, number),
                             .who = text_of(address),
                             .send = {.text = es_slice(text, (size_t)len + length)}});
}

bool es_sim_load_parse(struct es_slice text, uint32_t *ret_from, uint32_t *ret_to,
                       uint32_t *ret_number)
{
    char copy[64] = {0};

    memcpy(copy, text.ptr, text.len < sizeof(copy) - 1 ? text.len : sizeof(copy) - 1);
    return sscanf(copy, "from %u to %u text %u ", ret_from, ret_to, ret_number) == 3;
}

void es_sim_load_action(struct es_sim_world *world, const struct es_sim_event *event)
{
    struct es_sim_node *node = &world->nodes[event->node];

    if ((event->a & 0xff) == ES_SIM_LOOK)
        es_sim_contacts_look(world, node);
    else if (node->up)
        write_text(world, node, event->b, event->a >> 8);
    else
        plan(world, AGAIN_MS, node->number, event->b, event->a >> 8);
}

void es_sim_load_event(struct es_sim_world *world, struct es_sim_node *node,
                       const struct es_event *event)
{
    uint32_t other = es_sim_request_other(event->request);

    if (event->kind != ES_EV_ANSWER)
        return;
    if (es_sim_request_kind(event->request) == ES_SIM_ASK_INVITE)
        es_sim_contacts_invited(world, node, event);
    if (es_sim_request_kind(event->request) != ES_SIM_ASK_WRITE || event->err != ES_OK)
        return;
    es_sim_texts_queued(node, other, (uint32_t)event->request, event->message);
    es_sim_check_sent(world, node->number, other, (uint32_t)event->request);
    es_sim_audit_sent(world, node->number, other, (uint32_t)event->request);
}
