/* SPDX-License-Identifier: ISC */
/* segment.c - segments: adverts by multicast. */
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/network.h"
#include "sim/record.h"

/* How often adverts are announced again to those who missed them. */
#define ANNOUNCE_MS 20000

struct es_sim_range es_sim_segment_of(const struct es_sim_world *world, uint32_t node)
{
    uint32_t n = world->options.segment_nodes, end;

    if (n == 0)
        return (struct es_sim_range){0, world->options.nodes};
    end = (node / n + 1) * n;
    return (struct es_sim_range){node / n * n,
                                 end < world->options.nodes ? end : world->options.nodes};
}

static bool has_heard(const struct es_sim_node *node, uint32_t of)
{
    return (node->heard[of / 8] >> (of % 8) & 1) != 0;
}

static void set_heard(struct es_sim_node *node, uint32_t of, bool heard)
{
    uint8_t mask = (uint8_t)(1u << (of % 8));

    node->heard[of / 8] =
        (uint8_t)(heard ? node->heard[of / 8] | mask : node->heard[of / 8] & ~mask);
}

/* To those who have not heard it: a listener caches what it heard and reports it once. */
static void announce(struct es_sim_world *world, const struct es_sim_node *from)
{
    const struct es_sim_range segment = es_sim_segment_of(world, from->number);

    for (uint32_t i = segment.first; i < segment.end; i++) {
        struct es_sim_node *to = &world->nodes[i];
        uint64_t at_ms;

        if (!to->up || has_heard(to, from->number) || es_sim_is_cut(world, from->number, i) ||
            es_sim_fault(world, to, ES_SIM_ID_SEGMENT_LOSS, world->options.multicast_loss))
            continue;
        at_ms = world->now_ms + es_sim_delay(world, to) + 5;
        es_sim_record_sent(world, world->queue.sequence, from->number, i, at_ms, es_slice(NULL, 0));
        es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = at_ms,
                                                                .kind = ES_SIM_ADVERT,
                                                                .node = i,
                                                                .a = from->number,
                                                                .b = from->n_publications});
    }
}

/* What is heard is what stands there: an advert that was replaced meanwhile is not heard any more. */
void es_sim_segment_hear(struct es_sim_world *world, const struct es_sim_event *event)
{
    const struct es_sim_node *from = &world->nodes[event->a];
    struct es_report seen = {
        .kind = ES_REPORT_ADVERT_SEEN,
        .seen = {.at = {.port = from->publication.port}, .advert = from->publication.advert}};

    if (!from->advertised || from->n_publications != event->b) {
        es_sim_record_lost(world, event->sequence, event->node);
        return;
    }
    es_sim_record_arrived(world, event->sequence, event->node);
    es_sim_host_of(from->number, seen.seen.at.host);
    set_heard(&world->nodes[event->node], event->a, world->nodes[event->node].up);
    es_sim_node_report(world, &world->nodes[event->node], &seen);
}

void es_sim_segment_withdraw(struct es_sim_world *world, struct es_sim_node *from)
{
    const struct es_sim_range segment = es_sim_segment_of(world, from->number);
    struct es_report gone = {.kind = ES_REPORT_ADVERT_GONE,
                             .gone = {.link_key = from->publication.advert.link_key}};

    if (!from->advertised)
        return;
    from->advertised = false;
    for (uint32_t i = segment.first; i < segment.end; i++)
        if (world->nodes[i].up && i != from->number && !es_sim_is_cut(world, from->number, i) &&
            !es_sim_fault(world, &world->nodes[i], ES_SIM_ID_SEGMENT_LOSS,
                          world->options.multicast_loss))
            es_sim_report_later(world, &world->nodes[i], es_sim_delay(world, &world->nodes[i]) + 5,
                                &gone);
}

void es_sim_segment_advertise(struct es_sim_world *world, struct es_sim_node *node,
                              const struct es_publication *publication)
{
    const struct es_sim_range segment = es_sim_segment_of(world, node->number);

    es_sim_segment_withdraw(world, node);
    es_sim_audit_advert(world, publication);
    node->publication = *publication;
    node->advertised = true;
    node->n_publications++;
    for (uint32_t i = segment.first; i < segment.end; i++)
        set_heard(&world->nodes[i], node->number, false);
    announce(world, node);
}

void es_sim_segment_announce(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (world->nodes[i].up && world->nodes[i].advertised)
            announce(world, &world->nodes[i]);
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + ANNOUNCE_MS,
                                                            .kind = ES_SIM_ANNOUNCE});
}

/* No goodbye: it died. */
void es_sim_segment_lost(struct es_sim_world *world, struct es_sim_node *node)
{
    node->advertised = false;
    memset(node->heard, 0, (world->options.nodes + 7) / 8);
}
