/* SPDX-License-Identifier: ISC */
/* network.c - a node's network process: who carries out which order, and who reaches whom. */
#include "sim/network.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/wire/network.h"
#include "sim/trace.h"

/* What no world may depend on. */
static uint64_t machine_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_nsec / 64 % 2;
}

uint64_t es_sim_delay(struct es_sim_world *world, struct es_sim_node *node)
{
    uint64_t delay_ms = es_sim_below(&node->links, world->options.delay_ms_max + 1);

    if (world->options.delay_constant)
        delay_ms = world->options.delay_ms_max;
    return 1 + delay_ms + (world->options.mutant == ES_SIM_MUTANT_ASK_THE_CLOCK ? machine_ms() : 0);
}

void es_sim_report_later(struct es_sim_world *world, struct es_sim_node *node, uint64_t after_ms,
                         const struct es_report *report)
{
    uint8_t bytes[ES_DATAGRAM_BYTES_MAX];
    struct es_writer writer = es_writer(bytes, sizeof(bytes));

    es_report_write(&writer, report);
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + after_ms,
                                                            .kind = ES_SIM_REPORT,
                                                            .node = node->number,
                                                            .a = node->network,
                                                            .bytes = bytes,
                                                            .len = es_writer_len(&writer)});
}

void es_sim_host_of(uint32_t node, char ret[static ES_HOST_BYTES_MAX])
{
    memset(ret, 0, ES_HOST_BYTES_MAX);
    snprintf(ret, ES_HOST_BYTES_MAX, "10.%u.%u.%u", (node + 1) >> 16, ((node + 1) >> 8) & 0xff,
             (node + 1) & 0xff);
}

struct es_sim_node *es_sim_node_at(struct es_sim_world *world, const char *host)
{
    uint32_t a, b, c, number;

    if (sscanf(host, "10.%u.%u.%u", &a, &b, &c) != 3)
        return NULL;
    number = (a << 16 | b << 8 | c) - 1;
    return number < world->options.nodes ? &world->nodes[number] : NULL;
}

void es_sim_network_order(struct es_sim_world *world, struct es_sim_node *node,
                          const struct es_order *order)
{
    es_sim_trace_order(world, node, order);
    switch (order->kind) {
    case ES_ORDER_SETUP:
    case ES_ORDER_BAN:
        break;
    case ES_ORDER_LISTEN:
    case ES_ORDER_UNLISTEN:
    case ES_ORDER_DIAL:
    case ES_ORDER_CLOSE:
    case ES_ORDER_FRAME:
        es_sim_links_order(world, node, order);
        break;
    case ES_ORDER_ADVERTISE:
        es_sim_segment_advertise(world, node, &order->advertise);
        break;
    case ES_ORDER_WITHDRAW:
        es_sim_segment_withdraw(world, node);
        break;
    }
}

void es_sim_network_event(struct es_sim_world *world, const struct es_sim_event *event)
{
    struct es_sim_node *node = &world->nodes[event->node];

    if (event->kind == ES_SIM_FRAME) {
        es_sim_links_frame(world, event);
    } else if (event->kind == ES_SIM_DIAL) {
        es_sim_links_dial(world, event);
    } else if (event->kind == ES_SIM_ANNOUNCE) {
        es_sim_segment_announce(world);
    } else if (event->kind == ES_SIM_ADVERT) {
        es_sim_segment_hear(world, event);
    } else if (event->kind == ES_SIM_REPORT && node->up && node->network == event->a) {
        struct es_reader reader = es_reader(es_slice(event->bytes, event->len));
        struct es_report report;

        if (es_report_next(&reader, &report))
            es_sim_node_report(world, node, &report);
    }
}

void es_sim_network_lost(struct es_sim_world *world, struct es_sim_node *node)
{
    es_sim_segment_lost(world, node);
    es_sim_links_lost(world, node);
}
