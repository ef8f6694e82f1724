/* SPDX-License-Identifier: ISC */
/* net_loop.c - one thread: the pair, ZeroMQ's sockets, discovery's sockets, their deadlines.
 *
 * While the node does not read, ZeroMQ is not read either (so peers have to wait) and multicast
 * packets are lost in the kernel (they are repeated); orders are obeyed all the same, so that the
 * two processes never wait for each other. */
#include "node/daemon/net_loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "discovery/discovery.h"
#include "node/daemon/net_outbox.h"
#include "node/link/zmq_link.h"

/* Datagrams of orders taken in one turn: links and discovery get theirs in between. */
#define ORDERS_BATCH 32

#define COUNTS_EVERY_MS 1000

enum { FD_PAIR, FD_LINKS, FD_DISCOVERY, FDS_MAX = FD_DISCOVERY + ES_DISCOVERY_FDS_MAX };

struct net {
    int pair;
    struct es_entropy entropy;
    struct es_net_outbox outbox;
    struct es_links *links;
    struct es_discovery *discovery; /* NULL before ES_ORDER_SETUP */
    struct es_net_counts counts;    /* not yet reported */
    uint64_t counted_ms;
    uint64_t now_ms;
    bool ended;
    const char *complaint; /* why it ended, when it is not that the pair was closed */
    uint8_t orders[ES_DATAGRAM_BYTES_MAX + 1];
};

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void end(struct net *net, const char *complaint)
{
    net->ended = true;
    net->complaint = complaint;
}

/* --- Reports ---------------------------------------------------------------------------------- */

static bool put(void *ctx, const struct es_report *report)
{
    struct net *net = ctx;

    if (!es_net_outbox_put(&net->outbox, report))
        end(net, "the node does not read");
    return es_net_outbox_room(&net->outbox);
}

static void seen(void *ctx, const struct es_endpoint *at, const struct es_advert *advert)
{
    struct es_report report = {.kind = ES_REPORT_ADVERT_SEEN, .seen = {*at, *advert}};

    (void)put(ctx, &report);
}

static void gone(void *ctx, const struct es_dh_public *link_key)
{
    struct es_report report = {.kind = ES_REPORT_ADVERT_GONE, .gone = {*link_key}};

    (void)put(ctx, &report);
}

static void state(void *ctx, const struct es_discovery_state *discovery)
{
    struct es_report report = {.kind = ES_REPORT_DISCOVERY, .discovery = *discovery};

    (void)put(ctx, &report);
}

static bool any_counts(const struct es_net_counts *counts)
{
    return counts->denied != 0 || counts->failed != 0 || counts->oversized != 0 ||
           counts->adverts != 0;
}

static void report_counts(struct net *net)
{
    struct es_net_counts more = es_links_take_counts(net->links);
    struct es_report report = {.kind = ES_REPORT_COUNTS};

    net->counts.denied += more.denied;
    net->counts.failed += more.failed;
    net->counts.oversized += more.oversized;
    net->counts.adverts += es_discovery_take_refused(net->discovery);
    if (!any_counts(&net->counts) || net->now_ms < net->counted_ms + COUNTS_EVERY_MS)
        return;
    report.counts = net->counts;
    (void)put(net, &report);
    net->counts = (struct es_net_counts){0};
    net->counted_ms = net->now_ms;
}

/* --- Orders ----------------------------------------------------------------------------------- */

static bool set_up(struct net *net, const struct es_order *order)
{
    struct es_discovery_options options = {
        .method = order->setup.method,
        .interfaces = order->setup.interfaces,
        .entropy = net->entropy,
        .callbacks = {.ctx = net, .seen = seen, .gone = gone, .state = state},
    };

    if (net->discovery != NULL)
        return false;
    net->discovery = es_discovery_new(&options);
    return net->discovery != NULL;
}

static bool obey(struct net *net, const struct es_order *order)
{
    if (order->kind == ES_ORDER_SETUP)
        return set_up(net, order);
    if (net->discovery == NULL)
        return false;
    if (order->kind == ES_ORDER_ADVERTISE)
        es_discovery_publish(net->discovery, &order->advertise);
    else if (order->kind == ES_ORDER_WITHDRAW)
        es_discovery_withdraw(net->discovery);
    else
        return es_links_order(net->links, order, net->now_ms);
    return true;
}

/* One datagram; false when there is none. */
static bool read_orders(struct net *net)
{
    ssize_t len = recv(net->pair, net->orders, sizeof(net->orders), MSG_DONTWAIT);
    struct es_reader reader;
    struct es_order order;

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (len <= 0) {
        end(net, NULL);
        return false;
    }
    reader = es_reader(es_slice(net->orders, (size_t)len));
    while (!net->ended && es_order_next(&reader, &order))
        if (!obey(net, &order))
            end(net, "the node contradicts itself");
    if (reader.failed)
        end(net, "the node gives orders that this program does not know");
    /* The secrets of listeners were among them. */
    es_wipe(&order, sizeof(order));
    es_wipe(net->orders, (size_t)len);
    return !net->ended;
}

/* --- The loop --------------------------------------------------------------------------------- */

static int shorter(int timeout_ms, uint64_t now_ms, uint64_t wake_ms)
{
    uint64_t left_ms = wake_ms > now_ms ? wake_ms - now_ms : 0;

    if (wake_ms == UINT64_MAX || (timeout_ms >= 0 && left_ms >= (uint64_t)timeout_ms))
        return timeout_ms;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* Waits for anything to do. Returns how many of fds are discovery's; it is served only when it was
 * asked what it waits for. */
static size_t wait_for_work(struct net *net, struct pollfd fds[static FDS_MAX], bool serving)
{
    size_t n_discovery = 0;
    int timeout_ms = -1;

    fds[FD_PAIR] = (struct pollfd){.fd = net->pair, .events = POLLIN};
    fds[FD_LINKS] = (struct pollfd){.fd = es_links_fd(net->links), .events = POLLIN};
    if (net->outbox.count > 0)
        fds[FD_PAIR].events |= POLLOUT;
    if (serving)
        n_discovery =
            es_discovery_prepare(net->discovery, net->now_ms, fds + FD_DISCOVERY, &timeout_ms);
    if (net->discovery != NULL && any_counts(&net->counts))
        timeout_ms = shorter(timeout_ms, net->now_ms, net->counted_ms + COUNTS_EVERY_MS);
    timeout_ms = shorter(timeout_ms, net->now_ms,
                         es_links_wake_ms(net->links, es_net_outbox_room(&net->outbox)));
    if (poll(fds, FD_DISCOVERY + n_discovery, timeout_ms) < 0) {
        if (errno != EINTR)
            end(net, "poll failed");
        for (size_t i = 0; i < FD_DISCOVERY + n_discovery; i++)
            fds[i].revents = 0;
    }
    net->now_ms = monotonic_ms();
    return n_discovery;
}

static void turn(struct net *net)
{
    struct pollfd fds[FDS_MAX];
    bool serving = net->discovery != NULL && es_net_outbox_room(&net->outbox);
    size_t n_discovery = wait_for_work(net, fds, serving);

    if (fds[FD_PAIR].revents & (POLLIN | POLLHUP | POLLERR))
        for (size_t i = 0; i < ORDERS_BATCH && read_orders(net); i++)
            ;
    if (serving)
        es_discovery_dispatch(net->discovery, net->now_ms, fds + FD_DISCOVERY, n_discovery);
    es_links_run(net->links, net->now_ms, es_net_outbox_room(&net->outbox));
    if (net->discovery != NULL)
        report_counts(net);
    if (!net->ended && es_net_outbox_flush(&net->outbox, net->pair) == ES_NET_GONE)
        end(net, NULL);
}

int es_net_serve(int pair, const struct es_entropy *entropy)
{
    struct net net = {.pair = pair, .entropy = *entropy, .now_ms = monotonic_ms()};
    struct es_links_user user = {.ctx = &net, .report = put};

    net.links = es_links_new(entropy, &user);
    if (net.links == NULL || !es_net_outbox_init(&net.outbox))
        end(&net, "no memory, or ZeroMQ lacks what is needed");
    while (!net.ended)
        turn(&net);
    es_discovery_free(net.discovery);
    if (net.complaint != NULL)
        fprintf(stderr, "earshot-net: %s\n", net.complaint);
    return net.complaint != NULL ? EXIT_FAILURE : EXIT_SUCCESS;
}
