/* SPDX-License-Identifier: ISC */
/* load.c - identities, contacts by every way there is, then texts between all contacts.
 *
 * People repeat what was not confirmed: a node may have crashed before it answered. A text that was
 * not confirmed is never repeated under its number, so that showing it once at most stays checkable. */
#include "sim/load.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/audit/canary.h"
#include "sim/texts.h"

/* How often a person looks whether somebody asks, or tries again. */
#define LOOK_MS 500
/* Friends are not further apart. */
#define NEAR 6
#define SETUP_MS_MAX (10ull * 60 * 1000)

enum action {
    ACT_LOOK,  /* b: nothing */
    ACT_WRITE, /* b: to whom; above the lowest byte of a: which of its texts */
};

enum request_kind {
    ASK_INIT = 1,
    ASK_OTHER = 2,
    ASK_INVITE = 3, /* + the other node  */
    ASK_WRITE = 4,  /* + to and number    */
};

static uint64_t request_of(enum request_kind kind, uint32_t other, uint32_t number)
{
    return (uint64_t)kind << 56 | (uint64_t)other << 32 | number;
}

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

bool es_sim_load_address(const struct es_sim_world *world, uint32_t node,
                         struct es_sign_public *ret)
{
    *ret = world->nodes[node].address;
    return world->nodes[node].has_address;
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

/* Neighbours on a ring and a few of those within six places: who asks is the smaller number. */
static bool are_friends(uint32_t n, uint32_t a, uint32_t b)
{
    uint32_t apart = (a + n - b) % n;

    if (a == b || (apart > NEAR && apart < n - NEAR))
        return false;
    return apart == 1 || apart == n - 1 || (a + b) % (NEAR + 1) == 0;
}

void es_sim_load_init(struct es_sim_world *world)
{
    uint32_t n = world->options.nodes;

    for (uint32_t i = 0; i < n; i++) {
        struct es_sim_node *node = &world->nodes[i];

        for (uint32_t other = 0, slot = 0; other < n; other++) {
            if (!are_friends(n, i, other))
                continue;
            if (!es_sim_is_absent(world, i) && !es_sim_is_absent(world, other)) {
                assert(node->n_friends < ES_SIM_FRIENDS_MAX);
                node->friends[node->n_friends++] =
                    (struct es_sim_friend){.node = other, .slot = slot};
            }
            slot++;
        }
    }
}

void es_sim_load_done(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        for (size_t k = 0; k < world->nodes[i].n_friends; k++) {
            free(world->nodes[i].friends[k].sent);
            free(world->nodes[i].friends[k].texts);
        }
}

struct es_sim_friend *es_sim_load_friend(struct es_sim_node *node, uint32_t other)
{
    for (size_t i = 0; i < node->n_friends; i++)
        if (node->friends[i].node == other)
            return &node->friends[i];
    return NULL;
}

static void plan(struct es_sim_world *world, uint64_t after_ms, uint32_t node, uint32_t action,
                 uint32_t other)
{
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + after_ms,
                                                            .kind = ES_SIM_ACTION,
                                                            .node = node,
                                                            .a = action,
                                                            .b = other});
}

/* --- Becoming contacts ------------------------------------------------------------------------ */

static bool is_contact(const struct es_sim_world *world, const struct es_sim_node *node,
                       uint32_t other, enum es_contact_state *ret)
{
    char address[ES_ADDRESS_CHARS + 1];
    uint32_t contact;
    struct es_contact_view view;

    if (!world->nodes[other].has_address)
        return false;
    /* Whoever opened an invite goes by the name that they claim. */
    es_address_format(&world->nodes[other].address, address);
    if (es_core_resolve(node->core, text_of(address), &contact, NULL, 0) != ES_OK ||
        !es_core_contact(node->core, contact, &view))
        return false;
    *ret = view.state;
    return true;
}

static void add(struct es_sim_world *world, struct es_sim_node *node, uint32_t other)
{
    char name[ES_SIM_LOAD_NAME_BYTES], address[ES_ADDRESS_CHARS + 1];
    char greeting[ES_SIM_CANARY_CHARS + 1];
    struct es_command command = {.kind = ES_CMD_ADD, .request = request_of(ASK_OTHER, other, 0)};

    if (!world->nodes[other].has_address)
        return;
    es_sim_load_petname(world, node->number, other, name);
    es_sim_canary(world->options.seed, ES_SIM_CANARY_GREETING, node->number, other, 0, greeting);
    es_sim_audit_greeting(world, node->number, other);
    es_address_format(&world->nodes[other].address, address);
    command.who = text_of(address);
    command.add.petname = text_of(name);
    command.add.greeting = text_of(greeting);
    es_sim_node_command(world, node, &command);
}

static void invite(struct es_sim_world *world, struct es_sim_node *node, uint32_t other)
{
    es_sim_node_command(world, node,
                        &(struct es_command){.kind = ES_CMD_INVITE,
                                             .request = request_of(ASK_INVITE, other, 0),
                                             .invite = {.uses = 1, .for_ms = 600000}});
}

static void accept_all(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_request_view view;
    size_t at = 0;

    while (node->up && es_core_request_next(node->core, &at, &view)) {
        char address[ES_ADDRESS_CHARS + 1], name[ES_SIM_LOAD_NAME_BYTES] = "";
        uint32_t other;

        if (es_sim_load_owner(world, &view.address, &other))
            es_sim_load_petname(world, node->number, other, name);
        es_address_format(&view.address, address);
        es_sim_node_command(world, node,
                            &(struct es_command){.kind = ES_CMD_ACCEPT,
                                                 .request = request_of(ASK_OTHER, 0, 0),
                                                 .who = text_of(address),
                                                 .add = {.petname = text_of(name)}});
        at = 0;
    }
}

/* One of three ways, by the pair: asking, asking each other at once, an invite. */
static void look(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_self_view self;
    char name[ES_SIM_LOAD_NAME_BYTES];

    es_core_self(node->core, &self);
    if (!self.has_identity) {
        es_sim_load_name(world, node->number, name);
        es_sim_node_command(world, node,
                            &(struct es_command){.kind = ES_CMD_INIT,
                                                 .request = request_of(ASK_INIT, 0, 0),
                                                 .name = text_of(name)});
        return;
    }
    node->has_address = true;
    node->address = self.address;
    accept_all(world, node);
    for (size_t i = 0; node->up && i < node->n_friends; i++) {
        uint32_t other = node->friends[i].node;
        uint32_t way = (node->number + other) % 3;
        enum es_contact_state state;

        if (is_contact(world, node, other, &state))
            continue;
        if (way == 2 && node->number < other)
            invite(world, node, other);
        else if (way == 1 || (way == 0 && node->number < other))
            add(world, node, other);
    }
}

static void open_invite(struct es_sim_world *world, const struct es_event *event,
                        const struct es_sim_node *inviter)
{
    struct es_sim_node *opener = &world->nodes[(event->request >> 32) & 0xffffff];
    enum es_contact_state state;
    char name[ES_SIM_LOAD_NAME_BYTES];

    es_sim_load_petname(world, opener->number, inviter->number, name);
    if (!opener->up || is_contact(world, opener, inviter->number, &state))
        return;
    es_sim_node_command(world, opener,
                        &(struct es_command){.kind = ES_CMD_ADD,
                                             .request = request_of(ASK_OTHER, 0, 0),
                                             .who = event->text,
                                             .add = {.petname = text_of(name)}});
}

static bool all_friends(const struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        for (size_t k = 0; k < world->nodes[i].n_friends; k++) {
            enum es_contact_state state;

            if (!is_contact(world, &world->nodes[i], world->nodes[i].friends[k].node, &state) ||
                state != ES_CONTACT_ACCEPTED)
                return false;
        }
    return true;
}

void es_sim_load_setup(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (!es_sim_is_absent(world, i))
            plan(world, i, i, ACT_LOOK, 0);
    while (world->violation[0] == '\0') {
        es_sim_world_until(world, world->now_ms + LOOK_MS);
        if (all_friends(world))
            return;
        if (world->now_ms > SETUP_MS_MAX)
            es_sim_violation(world, "L1: not everybody became a contact of their friends");
    }
}

/* --- Writing ---------------------------------------------------------------------------------- */

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

void es_sim_load_plan(struct es_sim_world *world)
{
    for (uint32_t from = 0; from < world->options.nodes; from++)
        for (size_t k = 0; k < world->nodes[from].n_friends; k++)
            for (uint32_t i = 0; i < world->options.texts; i++) {
                const struct es_sim_friend *friend = &world->nodes[from].friends[k];
                uint32_t n = friend->slot * world->options.texts + i;

                if (is_written(world, from, n))
                    plan(world, draw_text(world, from, n).after_ms, from, ACT_WRITE | n << 8,
                         friend->node);
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
                             .request = request_of(ASK_WRITE, to, number),
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

    if ((event->a & 0xff) == ACT_LOOK) {
        if (node->up)
            look(world, node);
        plan(world, LOOK_MS, node->number, ACT_LOOK, 0);
    } else if (node->up) {
        write_text(world, node, event->b, event->a >> 8);
    } else {
        plan(world, LOOK_MS, node->number, event->a, event->b);
    }
}

void es_sim_load_event(struct es_sim_world *world, struct es_sim_node *node,
                       const struct es_event *event)
{
    enum request_kind kind = (enum request_kind)(event->request >> 56);

    if (event->kind != ES_EV_ANSWER || event->err != ES_OK)
        return;
    if (kind == ASK_INVITE)
        open_invite(world, event, node);
    if (kind != ASK_WRITE)
        return;
    es_sim_texts_queued(node, (event->request >> 32) & 0xffffff, (uint32_t)event->request,
                        event->message);
    es_sim_check_sent(world, node->number, (event->request >> 32) & 0xffffff,
                      (uint32_t)event->request);
    es_sim_audit_sent(world, node->number, (event->request >> 32) & 0xffffff,
                      (uint32_t)event->request);
}
