/* SPDX-License-Identifier: ISC */
/* strangers.c - people without a node of their own, who bring again what they have heard, long after,
 * as it was or altered. Each comes from an address of his own and leaves at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/wire/frame.h"
#include "sim/clock.h"
#include "sim/faults.h"
#include "sim/network.h"
#include "sim/trace.h"

#define BROUGHT_MAX 8

/* Any envelope of the whole run is as likely to be kept as any other. */
void es_sim_strangers_hear(struct es_sim_world *world, struct es_slice envelope)
{
    uint64_t place = world->n_envelopes++;
    struct es_sim_heard *kept;

    if (world->options.stranger_visits == 0)
        return;
    if (place >= ES_SIM_HEARD_MAX)
        place = es_sim_below(&world->strangers, world->n_envelopes);
    if (place >= ES_SIM_HEARD_MAX)
        return;
    kept = &world->heard[place];
    kept->bytes = es_sim_resize(kept->bytes, envelope.len);
    kept->len = envelope.len;
    memcpy(kept->bytes, envelope.ptr, envelope.len);
}

/* False: the link has not survived it. */
static bool hand_over(struct es_sim_world *world, struct es_sim_node *node, uint32_t network,
                      uint32_t link, struct es_slice frame)
{
    const struct es_report report = {.kind = ES_REPORT_FRAME,
                                     .frame = {.link = link, .bytes = frame}};

    if (node->up && node->network == network)
        es_sim_node_report(world, node, &report);
    return node->up && node->network == network;
}

/* Some of what was heard; at times a bit of it is another. */
static size_t fill(struct es_sim_world *world, struct es_sim_rng *rng,
                   uint8_t frame[static ES_FRAME_BYTES_MAX])
{
    uint64_t n = world->n_envelopes < ES_SIM_HEARD_MAX ? world->n_envelopes : ES_SIM_HEARD_MAX;
    uint64_t brought = 1 + es_sim_below(rng, BROUGHT_MAX);
    size_t len = es_frame_envelopes_begin(frame, ES_FRAME_BYTES_MAX);

    while (brought-- > 0 && n > 0) {
        const struct es_sim_heard *heard = &world->heard[es_sim_below(rng, n)];

        es_frame_envelopes_add(frame, ES_FRAME_BYTES_MAX, &len, 0,
                               es_slice(heard->bytes, heard->len));
    }
    if (es_sim_chance(rng, world->options.stranger_altered)) {
        uint64_t bit = es_sim_below(rng, 8 * len);

        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    return len;
}

static const struct es_sim_listener *listener_of(const struct es_sim_node *node)
{
    for (size_t i = 0; i < ES_SIM_LISTENERS_MAX; i++)
        if (node->listeners[i].open)
            return &node->listeners[i];
    return NULL;
}

static void come_in(struct es_sim_world *world, struct es_sim_node *node,
                    const struct es_sim_listener *listener, uint32_t link, struct es_sim_rng *rng)
{
    struct es_report up = {
        .kind = ES_REPORT_LINK_UP,
        .up = {.link = link, .listener = listener->number, .server_key = listener->key}};

    es_sim_bytes(rng, up.up.client_key.bytes, sizeof(up.up.client_key.bytes));
    snprintf(up.up.host, sizeof(up.up.host), "10.255.%u.%u", world->n_visits >> 8 & 0xff,
             world->n_visits & 0xff);
    world->n_visits++;
    es_sim_trace_note(world, node, "a stranger brings old envelopes");
    es_sim_node_report(world, node, &up);
}

void es_sim_strangers_visit(struct es_sim_world *world, struct es_sim_node *node,
                            struct es_sim_rng *rng)
{
    static const uint8_t no_proof[ES_ENVELOPE_BYTES_MIN] = {ES_PROTOCOL_VERSION};
    const struct es_sim_listener *listener = listener_of(node);
    const struct es_hello hello = {.version_min = 1, .version_max = 1};
    uint8_t frame[ES_FRAME_BYTES_MAX];
    uint32_t network = node->network, link;
    struct es_report down = {.kind = ES_REPORT_LINK_DOWN, .down = {.end = ES_LINK_CLOSED}};

    if (!node->up || es_sim_clock_is_frozen(world, node) || listener == NULL ||
        world->n_envelopes == 0)
        return;
    link = node->next_inbound++;
    come_in(world, node, listener, link, rng);
    if (!hand_over(world, node, network, link,
                   es_slice(frame, es_frame_hello(frame, sizeof(frame), &hello))) ||
        !hand_over(world, node, network, link,
                   es_slice(frame, es_frame_link(frame, sizeof(frame), ES_SLICE_OF(no_proof)))) ||
        !hand_over(world, node, network, link, es_slice(frame, fill(world, rng, frame))))
        return;
    down.down.link = link;
    es_sim_node_report(world, node, &down);
}

void es_sim_strangers_done(struct es_sim_world *world)
{
    for (size_t i = 0; i < ES_SIM_HEARD_MAX; i++)
        free(world->heard[i].bytes);
}
