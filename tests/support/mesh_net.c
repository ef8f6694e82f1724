/* SPDX-License-Identifier: ISC */
/* mesh_net.c - the virtual network: what the network processes of all nodes would do. A listener is
 * not told when a dialler closes, as with ZeroMQ. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/crypto/dh.h"
#include "tests/support/mesh_rig.h"

enum { DIALLER, LISTENER };

static void report_down(struct rig_node *node, uint32_t link, enum es_link_end end, uint64_t in_ms)
{
    rig_later(node->rig, node, in_ms,
              &(struct es_report){.kind = ES_REPORT_LINK_DOWN, .down = {link, end}});
}

static struct rig_link *find_link(struct rig_node *node, uint32_t number, int *ret_side)
{
    struct rig *rig = node->rig;

    for (size_t i = 0; i < rig->n_links; i++) {
        for (int side = DIALLER; side <= LISTENER; side++) {
            if (rig->links[i].node[side] == node && rig->links[i].number[side] == number) {
                *ret_side = side;
                return &rig->links[i];
            }
        }
    }
    return NULL;
}

static void close_side(struct rig_link *link, int side)
{
    link->alive[side] = false;
    report_down(link->node[side], link->number[side], ES_LINK_CLOSED, RIG_DELAY_MS);
    if (side == LISTENER && link->alive[DIALLER] && !link->cut) {
        link->alive[DIALLER] = false;
        report_down(link->node[DIALLER], link->number[DIALLER], ES_LINK_CLOSED, RIG_DELAY_MS + 1);
    }
}

static void carry_listen(struct rig_node *node, const struct es_order *order)
{
    struct rig *rig = node->rig;
    struct es_report report = {.kind = ES_REPORT_LISTENING,
                               .listening = {order->listen.listener, 0}};

    if (!node->no_ports) {
        assert(rig->n_listeners < RIG_LISTENERS_MAX);
        report.listening.port = order->listen.port_min == order->listen.port_max
                                    ? order->listen.port_min
                                    : ++node->next_port;
        rig->listeners[rig->n_listeners++] =
            (struct rig_listener){node, order->listen.listener,
                                  es_dh_public_of(&order->listen.secret), report.listening.port};
    }
    rig_later(rig, node, 1, &report);
}

static void carry_unlisten(struct rig_node *node, uint32_t listener)
{
    struct rig *rig = node->rig;

    for (size_t i = 0; i < rig->n_listeners; i++) {
        if (rig->listeners[i].node == node && rig->listeners[i].number == listener)
            rig->listeners[i--] = rig->listeners[--rig->n_listeners];
    }
    for (size_t i = 0; i < rig->n_links; i++) {
        struct rig_link *link = &rig->links[i];

        if (link->node[LISTENER] == node && link->listener == listener && link->alive[LISTENER])
            close_side(link, LISTENER);
    }
}

static struct rig_listener *find_listener(struct rig *rig, const struct es_order *order)
{
    for (size_t i = 0; i < rig->n_listeners; i++) {
        struct rig_listener *listener = &rig->listeners[i];
        char host[ES_HOST_BYTES_MAX];

        rig_host(listener->node->number, host);
        if (listener->port == order->dial.to.port && strcmp(host, order->dial.to.host) == 0 &&
            memcmp(&listener->key, &order->dial.server_key, sizeof(listener->key)) == 0)
            return listener;
    }
    return NULL;
}

static void report_up(const struct rig_link *link, int side, const struct es_dh_public *server)
{
    struct rig_node *node = link->node[side];
    struct es_report report = {.kind = ES_REPORT_LINK_UP};

    report.up.link = link->number[side];
    report.up.listener = side == LISTENER ? link->listener : 0;
    report.up.server_key = *server;
    memset(&report.up.client_key, 0xc1, sizeof(report.up.client_key));
    memcpy(report.up.client_key.bytes, &link->number[LISTENER], sizeof(link->number[LISTENER]));
    report.up.client_key.bytes[8] = (uint8_t)link->node[DIALLER]->number;
    rig_host(link->node[1 - side]->number, report.up.host);
    rig_later(node->rig, node, RIG_DELAY_MS, &report);
}

static void carry_dial(struct rig_node *node, const struct es_order *order)
{
    struct rig *rig = node->rig;
    struct rig_listener *listener = find_listener(rig, order);
    struct rig_link *link;

    if (listener == NULL || rig->split) {
        report_down(node, order->dial.link, ES_LINK_UNREACHABLE, RIG_UNREACHABLE_MS);
        return;
    }
    if (rig->n_links == rig->links_cap) {
        rig->links_cap = rig->links_cap == 0 ? 16 : 2 * rig->links_cap;
        rig->links = realloc(rig->links, rig->links_cap * sizeof(*rig->links));
        assert(rig->links != NULL);
    }
    link = &rig->links[rig->n_links++];
    *link = (struct rig_link){.node = {node, listener->node},
                              .number = {order->dial.link, listener->node->next_inbound++},
                              .listener = listener->number,
                              .alive = {true, true}};
    report_up(link, LISTENER, &listener->key);
    report_up(link, DIALLER, &listener->key);
}

static void carry_frame(struct rig_node *node, const struct es_order *order)
{
    struct es_report report = {.kind = ES_REPORT_FRAME};
    int side;
    struct rig_link *link = find_link(node, order->frame.link, &side);

    if (link == NULL || !link->alive[side] || !link->alive[1 - side] || link->cut)
        return;
    report.frame.link = link->number[1 - side];
    report.frame.bytes = order->frame.bytes;
    rig_later(node->rig, link->node[1 - side], RIG_DELAY_MS, &report);
}

static void show_advert(const struct rig_node *of, struct rig_node *to)
{
    struct es_report report = {.kind = ES_REPORT_ADVERT_SEEN};

    report.seen.at.port = of->published.port;
    rig_host(of->number, report.seen.at.host);
    report.seen.advert = of->published.advert;
    rig_later(of->rig, to, RIG_DELAY_MS + 3, &report);
}

static void withdraw(struct rig_node *node)
{
    struct rig *rig = node->rig;

    for (size_t i = 0; i < rig->n_nodes && node->is_published && rig->adverts; i++) {
        if (&rig->node[i] != node)
            rig_later(rig, &rig->node[i], RIG_DELAY_MS + 3,
                      &(struct es_report){.kind = ES_REPORT_ADVERT_GONE,
                                          .gone = {node->published.advert.link_key}});
    }
    node->is_published = false;
}

static void advertise(struct rig_node *node, const struct es_publication *publication)
{
    withdraw(node);
    node->is_published = true;
    node->published = *publication;
    for (size_t i = 0; i < node->rig->n_nodes && node->rig->adverts; i++)
        show_advert(node, &node->rig->node[i]);
}

void rig_show_adverts(struct rig_node *node)
{
    for (size_t i = 0; i < node->rig->n_nodes; i++) {
        if (node->rig->node[i].is_published && &node->rig->node[i] != node)
            show_advert(&node->rig->node[i], node);
    }
}

void rig_carry_out(struct rig_node *node, const struct es_order *order)
{
    int side;
    struct rig_link *link;

    switch (order->kind) {
    case ES_ORDER_LISTEN:
        carry_listen(node, order);
        break;
    case ES_ORDER_UNLISTEN:
        carry_unlisten(node, order->unlisten);
        break;
    case ES_ORDER_DIAL:
        carry_dial(node, order);
        break;
    case ES_ORDER_CLOSE:
        link = find_link(node, order->close, &side);
        if (link != NULL && link->alive[side])
            close_side(link, side);
        break;
    case ES_ORDER_FRAME:
        carry_frame(node, order);
        break;
    case ES_ORDER_ADVERTISE:
        advertise(node, &order->advertise);
        break;
    case ES_ORDER_WITHDRAW:
        withdraw(node);
        break;
    case ES_ORDER_SETUP:
    case ES_ORDER_BAN:
        break;
    }
}

void rig_break(struct rig_node *node)
{
    struct rig *rig = node->rig;
    size_t n = 0;

    for (size_t i = 0; i < rig->n_listeners; i++) {
        if (rig->listeners[i].node != node)
            rig->listeners[n++] = rig->listeners[i];
    }
    rig->n_listeners = n;
    for (size_t i = 0; i < rig->n_links; i++) {
        struct rig_link *link = &rig->links[i];

        for (int side = DIALLER; side <= LISTENER; side++) {
            if (link->node[side] != node || !link->alive[side])
                continue;
            link->alive[side] = false;
            if (side == LISTENER && link->alive[DIALLER] && !link->cut)
                report_down(link->node[DIALLER], link->number[DIALLER], ES_LINK_CLOSED,
                            RIG_DELAY_MS);
        }
    }
    for (size_t i = 0; i < rig->n_events; i++) {
        if (rig->events[i].node == node) {
            free(rig->events[i].bytes);
            rig->events[i--] = rig->events[--rig->n_events];
        }
    }
    withdraw(node);
}
