/* SPDX-License-Identifier: ISC */
/* contacts.c - the set-up: identities, then contacts by every way there is.
 *
 * Nothing fails meanwhile, but what travels takes its time: people look again until it is done. */
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/audit/canary.h"
#include "sim/load.h"
#include "sim/network.h"

/* How often a person looks whether somebody asks, or tries again. */
#define LOOK_MS 500
#define SETUP_MS_MAX (10ull * 60 * 1000)

static struct es_slice text_of(const char *text)
{
    return es_slice(text, strlen(text));
}

static void plan(struct es_sim_world *world, uint64_t after_ms, uint32_t node)
{
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + after_ms,
                                                            .kind = ES_SIM_ACTION,
                                                            .node = node,
                                                            .a = ES_SIM_LOOK});
}

/* --- Who is one already ------------------------------------------------------------------------ */

static bool is_contact(const struct es_sim_world *world, const struct es_sim_node *node,
                       struct es_sim_friend *friend)
{
    const struct es_sim_node *other = &world->nodes[friend->node];
    struct es_contact_view view;
    size_t at = 0;

    while (other->has_address && es_core_contact_next(node->core, &at, &view))
        if (view.has_address &&
            memcmp(view.address.bytes, other->address.bytes, ES_KEY_BYTES) == 0) {
            friend->contact = view.state == ES_CONTACT_ACCEPTED ? view.contact : 0;
            return true;
        }
    return false;
}

static bool has_all(const struct es_sim_node *node)
{
    for (size_t i = 0; i < node->n_friends; i++)
        if (node->friends[i].contact == 0)
            return false;
    return node->has_address;
}

/* What is not on a disk yet is lost with the first crash. */
static bool is_done(const struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (!es_sim_is_absent(world, i) &&
            (!has_all(&world->nodes[i]) || world->nodes[i].disk.n_batches > 0))
            return false;
    return true;
}

/* --- The three ways ----------------------------------------------------------------------------- */

/* A node keeps links to a few strangers. Where there are more of them people say where theirs is. */
static void connect(struct es_sim_world *world, struct es_sim_node *node, uint32_t to)
{
    const struct es_sim_range segment = es_sim_segment_of(world, node->number);
    const struct es_sim_node *other = &world->nodes[to];
    struct es_command command = {.kind = ES_CMD_CONNECT,
                                 .request = es_sim_request(ES_SIM_ASK_OTHER, to, 0)};

    if (segment.end - segment.first <= world->settings.strangers_max + 1u || !other->advertised)
        return;
    es_sim_host_of(to, command.connect.at.host);
    command.connect.at.port = other->publication.port;
    command.connect.key = other->publication.advert.link_key;
    es_sim_node_command(world, node, &command);
}

static void add(struct es_sim_world *world, struct es_sim_node *node, uint32_t other)
{
    char name[ES_SIM_LOAD_NAME_BYTES], address[ES_ADDRESS_CHARS + 1];
    char greeting[ES_SIM_CANARY_CHARS + 1];
    struct es_command command = {.kind = ES_CMD_ADD,
                                 .request = es_sim_request(ES_SIM_ASK_OTHER, other, 0)};

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
    connect(world, node, other);
}

static void invite(struct es_sim_world *world, struct es_sim_node *node,
                   struct es_sim_friend *friend)
{
    if (friend->invited)
        return;
    friend->invited = true;
    es_sim_node_command(
        world, node,
        &(struct es_command){.kind = ES_CMD_INVITE,
                             .request = es_sim_request(ES_SIM_ASK_INVITE, friend->node, 0),
                             .invite = {.uses = 1, .for_ms = SETUP_MS_MAX}});
}

void es_sim_contacts_invited(struct es_sim_world *world, struct es_sim_node *inviter,
                             const struct es_event *answer)
{
    struct es_sim_node *opener = &world->nodes[es_sim_request_other(answer->request)];
    char name[ES_SIM_LOAD_NAME_BYTES];

    if (answer->err != ES_OK || !opener->up) {
        es_sim_load_friend(inviter, opener->number)->invited = false;
        return;
    }
    es_sim_load_petname(world, opener->number, inviter->number, name);
    es_sim_node_command(
        world, opener,
        &(struct es_command){.kind = ES_CMD_ADD,
                             .request = es_sim_request(ES_SIM_ASK_OTHER, inviter->number, 0),
                             .who = answer->text,
                             .add = {.petname = text_of(name)}});
    connect(world, opener, inviter->number);
}

/* --- Looking ------------------------------------------------------------------------------------ */

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
                                                 .request = es_sim_request(ES_SIM_ASK_OTHER, 0, 0),
                                                 .who = text_of(address),
                                                 .add = {.petname = text_of(name)}});
        at = 0;
    }
}

static void make_identity(struct es_sim_world *world, struct es_sim_node *node)
{
    char name[ES_SIM_LOAD_NAME_BYTES];

    es_sim_load_name(world, node->number, name);
    es_sim_node_command(world, node,
                        &(struct es_command){.kind = ES_CMD_INIT,
                                             .request = es_sim_request(ES_SIM_ASK_INIT, 0, 0),
                                             .name = text_of(name)});
}

/* One of three ways, by the pair: asking, asking each other at once, an invite. */
static void befriend(struct es_sim_world *world, struct es_sim_node *node)
{
    for (size_t i = 0; node->up && i < node->n_friends; i++) {
        struct es_sim_friend *friend = &node->friends[i];
        uint32_t way = (node->number + friend->node) % 3;

        if (friend->contact != 0 || is_contact(world, node, friend))
            continue;
        if (way == 2 && node->number < friend->node)
            invite(world, node, friend);
        else if (way == 1 || (way == 0 && node->number < friend->node))
            add(world, node, friend->node);
    }
}

void es_sim_contacts_look(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_self_view self;

    if (!node->up) {
        plan(world, LOOK_MS, node->number);
        return;
    }
    es_core_self(node->core, &self);
    node->has_address = self.has_identity;
    node->address = self.address;
    if (!self.has_identity)
        make_identity(world, node);
    else
        accept_all(world, node);
    if (node->has_address)
        befriend(world, node);
    if (!has_all(node))
        plan(world, LOOK_MS, node->number);
}

/* Strangers hold all its places: whoever is not a contact yet is refused (docs/protocol.md, section
 * 8.1). */
static bool is_crowded(const struct es_sim_world *world, uint32_t node)
{
    return es_sim_links_at(world, &world->nodes[node]) >= world->options.links_max;
}

static bool is_kept_out(const struct es_sim_world *world, const struct es_sim_node *node)
{
    for (size_t i = 0; i < node->n_friends; i++)
        if (node->friends[i].contact == 0 && !is_crowded(world, node->number) &&
            !is_crowded(world, node->friends[i].node))
            return false;
    return node->has_address;
}

/* No failure of the product when so few links are allowed that strangers hold them all. */
static void give_up(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (!es_sim_is_absent(world, i) && !is_kept_out(world, &world->nodes[i])) {
            es_sim_violation(world, "L1: node %u did not become a contact of its friends", i);
            return;
        }
    es_sim_violation(world, "W1: strangers hold all %u links: protocol.links is too low",
                     world->options.links_max);
}

void es_sim_contacts_setup(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (!es_sim_is_absent(world, i))
            plan(world, i % LOOK_MS, i);
    while (world->violation[0] == '\0' && !is_done(world)) {
        es_sim_world_until(world, world->now_ms + LOOK_MS);
        if (world->now_ms > SETUP_MS_MAX)
            give_up(world);
    }
}
