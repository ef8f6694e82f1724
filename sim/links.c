/* SPDX-License-Identifier: ISC */
/* links.c - listeners, connections and the frames on them.
 *
 * A link is what the ZeroMQ adapter makes of a TCP connection: the dialler hears when it is made and
 * when it ends, the listener hears of it with the first frame and never of its end. */
#include <string.h>

#include "node/crypto/dh.h"
#include "node/wire/network.h"
#include "sim/audit/audit.h"
#include "sim/heal.h"
#include "sim/network.h"
#include "sim/record.h"

static struct es_sim_link *link_of(struct es_sim_world *world, const struct es_sim_node *node,
                                   uint32_t number, unsigned *ret_end)
{
    for (size_t i = node->n_ends; i-- > 0;) {
        struct es_sim_link *link = &world->links[node->ends[i]];

        for (unsigned end = 0; end < 2; end++)
            if (link->open[end] && link->node[end] == node->number && link->number[end] == number &&
                link->network[end] == node->network && (end == 0 || link->known)) {
                *ret_end = end;
                return link;
            }
    }
    return NULL;
}

static bool is_open_at(const struct es_sim_link *link, const struct es_sim_node *node)
{
    return (link->open[0] && link->node[0] == node->number) ||
           (link->open[1] && link->node[1] == node->number);
}

size_t es_sim_links_at(const struct es_sim_world *world, const struct es_sim_node *node)
{
    size_t n = 0;

    for (size_t i = 0; i < node->n_ends; i++)
        n += is_open_at(&world->links[node->ends[i]], node);
    return n;
}

/* Notes a link at one of its nodes; what has ended there is forgotten when the list is full. */
static void add_end(struct es_sim_world *world, struct es_sim_node *node, uint32_t place)
{
    size_t n = 0;

    if (node->n_ends == node->cap_ends) {
        for (size_t i = 0; i < node->n_ends; i++)
            if (is_open_at(&world->links[node->ends[i]], node))
                node->ends[n++] = node->ends[i];
        node->n_ends = n;
    }
    if (2 * node->n_ends >= node->cap_ends) {
        node->cap_ends = node->cap_ends == 0 ? 16 : 2 * node->cap_ends;
        node->ends = es_sim_resize(node->ends, node->cap_ends * sizeof(node->ends[0]));
    }
    node->ends[node->n_ends++] = place;
}

static void report_down(struct es_sim_world *world, struct es_sim_node *node, uint64_t after_ms,
                        uint32_t number, enum es_link_end end)
{
    const struct es_report report = {.kind = ES_REPORT_LINK_DOWN,
                                     .down = {.link = number, .end = end}};

    es_sim_report_later(world, node, after_ms, &report);
}

/* One end hears that the link is gone, if it is still the same network process: behind the frames that
 * are under way to it. */
static void tell_end(struct es_sim_world *world, const struct es_sim_link *link, unsigned end)
{
    struct es_sim_node *node = &world->nodes[link->node[end]];
    uint64_t after_ms = es_sim_delay(world, node);

    if (world->now_ms + after_ms < link->last_ms[end])
        after_ms = link->last_ms[end] - world->now_ms;
    if (node->up && node->network == link->network[end])
        report_down(world, node, after_ms, link->number[end], ES_LINK_CLOSED);
}

/* Ends a link by one of its ends, which takes nothing from it any more. The dialler hears of it, unless
 * the two are cut off from each other; the listener never does. */
static void end_link(struct es_sim_world *world, struct es_sim_link *link, unsigned by)
{
    bool told = by == 0 || (link->open[0] && !es_sim_is_cut(world, link->node[1], link->node[0]));

    link->open[by] = false;
    if (told)
        tell_end(world, link, 0);
}

/* As when a router forgets the connection: what is under way is gone. */
static void break_link(struct es_sim_world *world, struct es_sim_link *link)
{
    link->open[1] = false;
    end_link(world, link, 0);
}

static void order_dial(struct es_sim_world *world, struct es_sim_node *node,
                       const struct es_order *order)
{
    uint8_t bytes[ES_DATAGRAM_BYTES_MAX];
    struct es_writer writer = es_writer(bytes, sizeof(bytes));

    es_order_write(&writer, order);
    es_sim_queue_push(&world->queue,
                      &(struct es_sim_event){.at_ms = world->now_ms + es_sim_delay(world, node),
                                             .kind = ES_SIM_DIAL,
                                             .node = node->number,
                                             .a = node->network,
                                             .bytes = bytes,
                                             .len = es_writer_len(&writer)});
}

static const struct es_sim_listener *listener_at(const struct es_sim_node *node,
                                                 const struct es_order *dial)
{
    for (size_t i = 0; node != NULL && node->up && i < ES_SIM_LISTENERS_MAX; i++) {
        const struct es_sim_listener *listener = &node->listeners[i];

        if (listener->open && listener->port == dial->dial.to.port &&
            memcmp(listener->key.bytes, dial->dial.server_key.bytes, ES_KEY_BYTES) == 0)
            return listener;
    }
    return NULL;
}

static struct es_sim_link *add_link(struct es_sim_world *world)
{
    if (world->n_links == world->cap_links) {
        world->cap_links = world->cap_links == 0 ? 64 : 2 * world->cap_links;
        world->links = es_sim_resize(world->links, world->cap_links * sizeof(world->links[0]));
    }
    return &world->links[world->n_links++];
}

void es_sim_links_dial(struct es_sim_world *world, const struct es_sim_event *event)
{
    struct es_sim_node *from = &world->nodes[event->node];
    struct es_reader reader = es_reader(es_slice(event->bytes, event->len));
    struct es_report up = {.kind = ES_REPORT_LINK_UP};
    const struct es_sim_listener *listener;
    struct es_sim_link *link;
    struct es_sim_node *to;
    struct es_order dial;

    if (!from->up || from->network != event->a || !es_order_next(&reader, &dial))
        return;
    to = es_sim_node_at(world, dial.dial.to.host);
    listener = listener_at(to, &dial);
    if (to != NULL && (es_sim_is_cut(world, from->number, to->number) ||
                       es_sim_is_cut(world, to->number, from->number))) {
        report_down(world, from, ES_DIAL_MS, dial.dial.link, ES_LINK_UNREACHABLE);
        return;
    }
    if (listener == NULL) {
        report_down(world, from, es_sim_delay(world, from), dial.dial.link, ES_LINK_REFUSED);
        return;
    }
    link = add_link(world);
    *link = (struct es_sim_link){
        .open = {true, true},
        .node = {from->number, to->number},
        .number = {dial.dial.link, to->next_inbound++},
        .network = {from->network, to->network},
        .listener = listener->number,
        .server_key = dial.dial.server_key,
    };
    add_end(world, from, (uint32_t)(link - world->links));
    if (to != from)
        add_end(world, to, (uint32_t)(link - world->links));
    es_sim_bytes(&from->links, link->client_key.bytes, sizeof(link->client_key.bytes));
    up.up.link = dial.dial.link;
    up.up.server_key = link->server_key;
    up.up.client_key = link->client_key;
    es_sim_host_of(to->number, up.up.host);
    es_sim_node_report(world, from, &up);
}

/* When the link has carried this too; 0: so much waits already that the network process ends it. */
static uint64_t carried_at(struct es_sim_world *world, struct es_sim_node *node,
                           struct es_sim_link *link, unsigned to, size_t len)
{
    const struct es_sim_options *options = &world->options;
    uint64_t now_us = world->now_ms * 1000;

    if (options->rate == 0 || world->calm)
        return world->now_ms;
    if (link->free_us[to] < now_us)
        link->free_us[to] = now_us;
    if ((link->free_us[to] - now_us) * options->rate / 1000000 + len > options->queue_bytes &&
        es_sim_happens(world, node, ES_SIM_ID_LINK_FULL))
        return 0;
    link->free_us[to] += len * 1000000 / options->rate;
    return link->free_us[to] / 1000;
}

enum order { IN_ORDER, LATE };
/* An envelope that is late is so by up to this. */
#define LATE_MS_MAX 3000

/* As a connection does: everything arrives once and in order, though it may take its time. */
static void send_frame(struct es_sim_world *world, struct es_sim_node *node,
                       struct es_sim_link *link, unsigned to, struct es_slice bytes,
                       enum order order)
{
    uint64_t at_ms = carried_at(world, node, link, to, bytes.len);

    if (at_ms == 0) {
        break_link(world, link);
        return;
    }
    at_ms += es_sim_delay(world, node);
    if (order == LATE) {
        at_ms += es_sim_below(&node->faults[ES_SIM_ID_ENVELOPE_REORDER], LATE_MS_MAX);
    } else {
        if (es_sim_strikes(world, node, ES_SIM_ID_LINK_STALL, world->options.stall)) {
            uint64_t stall_ms =
                es_sim_below(&node->faults[ES_SIM_ID_LINK_STALL], world->options.stall_ms_max + 1);

            if (es_sim_happens(world, node, ES_SIM_ID_LINK_STALL))
                at_ms += stall_ms;
        }
        if (at_ms < link->last_ms[to])
            at_ms = link->last_ms[to];
        link->last_ms[to] = at_ms;
    }
    es_sim_record_sent(world, world->queue.sequence, node->number, link->node[to], at_ms, bytes);
    es_sim_queue_push(&world->queue,
                      &(struct es_sim_event){.at_ms = at_ms,
                                             .kind = ES_SIM_FRAME,
                                             .node = link->node[to],
                                             .a = (uint32_t)(link - world->links),
                                             .b = to,
                                             .bytes = (uint8_t *)(uintptr_t)bytes.ptr,
                                             .len = bytes.len});
}

static void order_frame(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_order *order)
{
    unsigned end;
    struct es_sim_link *link = link_of(world, node, order->frame.link, &end);
    uint8_t bytes[ES_FRAME_BYTES_MAX];
    size_t len = order->frame.bytes.len;
    struct es_sim_fate fate;

    if (link == NULL)
        return;
    world->frames_sent++;
    world->frame_bytes += len;
    es_sim_audit_frame(world, order->frame.bytes);
    if (!link->open[1 - end])
        return;
    if (es_sim_fault(world, node, ES_SIM_ID_LINK_CUT, world->options.link_cut)) {
        break_link(world, link);
        return;
    }
    memcpy(bytes, order->frame.bytes.ptr, len);
    if (world->watch.frame != NULL &&
        !world->watch.frame(world->watch.ctx, node->number, link->node[1 - end], bytes, &len))
        return;
    if (!es_sim_envelopes_fate(world, node, &link->burst[1 - end], es_slice(bytes, len), &fate)) {
        send_frame(world, node, link, 1 - end, es_slice(bytes, len), IN_ORDER);
        return;
    }
    if (fate.now_len > 0)
        send_frame(world, node, link, 1 - end, es_slice(fate.now, fate.now_len), IN_ORDER);
    if (fate.late_len > 0)
        send_frame(world, node, link, 1 - end, es_slice(fate.late, fate.late_len), LATE);
}

void es_sim_links_frame(struct es_sim_world *world, const struct es_sim_event *event)
{
    struct es_sim_link *link = &world->links[event->a];
    struct es_sim_node *node = &world->nodes[event->node];
    struct es_report report = {.kind = ES_REPORT_FRAME};

    world->frames++;
    if (!link->open[event->b] || !node->up || node->network != link->network[event->b] ||
        es_sim_is_cut(world, link->node[1 - event->b], link->node[event->b])) {
        es_sim_record_lost(world, event->sequence, event->node);
        return;
    }
    es_sim_record_arrived(world, event->sequence, event->node);
    es_sim_heal_heard(world, link->node[1 - event->b], event->node);
    if (event->b == 1 && !link->known) {
        struct es_report up = {.kind = ES_REPORT_LINK_UP,
                               .up = {.link = link->number[1],
                                      .listener = link->listener,
                                      .server_key = link->server_key,
                                      .client_key = link->client_key}};

        link->known = true;
        es_sim_host_of(link->node[0], up.up.host);
        es_sim_node_report(world, node, &up);
        link = &world->links[event->a];
        if (!node->up || node->network != link->network[1])
            return;
    }
    report.frame.link = link->number[event->b];
    report.frame.bytes = es_slice(event->bytes, event->len);
    es_sim_node_report(world, node, &report);
}

static void order_close(struct es_sim_world *world, struct es_sim_node *node, uint32_t number)
{
    unsigned end;
    struct es_sim_link *link = link_of(world, node, number, &end);

    if (link == NULL)
        return;
    end_link(world, link, end);
    if (end == 1)
        tell_end(world, link, 1);
}

/* --- Listeners -------------------------------------------------------------------------------- */

static void order_listen(struct es_sim_world *world, struct es_sim_node *node,
                         const struct es_order *order)
{
    struct es_report report = {.kind = ES_REPORT_LISTENING,
                               .listening = {.listener = order->listen.listener}};
    size_t at = 0;

    while (at < ES_SIM_LISTENERS_MAX && node->listeners[at].open)
        at++;
    if (at < ES_SIM_LISTENERS_MAX) {
        node->listeners[at] = (struct es_sim_listener){
            .open = true,
            .number = order->listen.listener,
            .port = (uint16_t)(order->listen.port_min + at),
            .key = es_dh_public_of(&order->listen.secret),
        };
        report.listening.port = node->listeners[at].port;
    }
    es_sim_report_later(world, node, es_sim_delay(world, node), &report);
}

static void order_unlisten(struct es_sim_world *world, struct es_sim_node *node, uint32_t number)
{
    for (size_t i = 0; i < ES_SIM_LISTENERS_MAX; i++)
        if (node->listeners[i].open && node->listeners[i].number == number)
            node->listeners[i].open = false;
    for (size_t i = 0; i < node->n_ends; i++) {
        struct es_sim_link *link = &world->links[node->ends[i]];

        if (link->open[1] && link->node[1] == node->number && link->network[1] == node->network &&
            link->listener == number) {
            end_link(world, link, 1);
            if (link->known)
                tell_end(world, link, 1);
        }
    }
}

/* --- What network.c calls ---------------------------------------------------------------------- */

void es_sim_links_order(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_order *order)
{
    if (order->kind == ES_ORDER_LISTEN)
        order_listen(world, node, order);
    else if (order->kind == ES_ORDER_UNLISTEN)
        order_unlisten(world, node, order->unlisten);
    else if (order->kind == ES_ORDER_DIAL)
        order_dial(world, node, order);
    else if (order->kind == ES_ORDER_CLOSE)
        order_close(world, node, order->close);
    else if (order->kind == ES_ORDER_FRAME)
        order_frame(world, node, order);
}

void es_sim_links_lost(struct es_sim_world *world, struct es_sim_node *node)
{
    memset(node->listeners, 0, sizeof(node->listeners));
    for (size_t i = 0; i < node->n_ends; i++) {
        struct es_sim_link *link = &world->links[node->ends[i]];

        if (link->open[1] && link->node[1] == node->number)
            end_link(world, link, 1);
        else if (link->open[0] && link->node[0] == node->number)
            link->open[0] = false;
    }
}
