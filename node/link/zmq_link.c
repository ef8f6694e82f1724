/* SPDX-License-Identifier: ISC */
/* zmq_link.c - one turn of the links: handshakes, events, messages, deadlines. */
#include "node/link/zmq_link.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "node/link/links.h"

struct es_links *es_links_new(const struct es_entropy *entropy, const struct es_links_user *user)
{
    struct es_links *links = calloc(1, sizeof(*links));
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};

    if (links == NULL)
        return NULL;
    links->entropy = *entropy;
    links->user = *user;
    links->next_inbound = ES_LINK_INBOUND;
    links->next_deadline_ms = UINT64_MAX;
    TAILQ_INIT(&links->listeners);
    TAILQ_INIT(&links->all);
    TAILQ_INIT(&links->buried);
    if (!es_sockets_init(&links->sockets) ||
        !es_connections_init(&links->connections, &links->admission, &links->counts) ||
        epoll_ctl(links->sockets.epoll, EPOLL_CTL_ADD, links->connections.epoll, &event) != 0 ||
        es_zap_open(links) < 0) {
        es_links_free(links);
        return NULL;
    }
    return links;
}

void es_links_free(struct es_links *links)
{
    struct es_listener *listener;
    struct es_link *link;

    if (links == NULL)
        return;
    while ((link = TAILQ_FIRST(&links->all)) != NULL)
        es_link_bury(links, link);
    while ((listener = TAILQ_FIRST(&links->listeners)) != NULL)
        es_listener_close(links, listener, 0);
    es_links_free_buried(links);
    es_socket_close(&links->sockets, &links->zap, 0);
    es_connections_done(&links->connections);
    es_sockets_done(&links->sockets);
    free(links);
}

static bool obey(struct es_links *links, const struct es_order *order)
{
    struct es_address address;
    struct es_link *link;

    switch (order->kind) {
    case ES_ORDER_LISTEN:
        return es_listener_order(links, order);
    case ES_ORDER_UNLISTEN:
        return es_listener_unlisten(links, order->unlisten);
    case ES_ORDER_DIAL:
        return es_dial_order(links, order);
    case ES_ORDER_CLOSE:
        link = es_link_find(links, order->close);
        if (link != NULL)
            es_link_close(links, link);
        return true;
    case ES_ORDER_FRAME:
        link = es_link_find(links, order->frame.link);
        if (link != NULL)
            es_link_send(links, link, order->frame.bytes);
        return true;
    case ES_ORDER_BAN:
        if (es_address_parse(order->ban.host, &address))
            (void)es_admission_ban(&links->admission, &address, order->ban.for_ms, links->now_ms);
        return true;
    case ES_ORDER_SETUP:
    case ES_ORDER_ADVERTISE:
    case ES_ORDER_WITHDRAW:
        break;
    }
    return false;
}

bool es_links_order(struct es_links *links, const struct es_order *order, uint64_t now_ms)
{
    bool obeyed;

    links->now_ms = now_ms;
    obeyed = obey(links, order);
    es_links_free_buried(links);
    return obeyed;
}

int es_links_fd(const struct es_links *links)
{
    return links->sockets.epoll;
}

static bool has_messages(const struct es_links *links)
{
    return !TAILQ_EMPTY(&links->sockets.pending[ES_SOCKET_LISTENER]) ||
           !TAILQ_EMPTY(&links->sockets.pending[ES_SOCKET_DIAL]);
}

uint64_t es_links_wake_ms(const struct es_links *links, bool reading)
{
    uint64_t look_ms = es_connections_wake_ms(&links->connections);

    if (links->touched || (reading && has_messages(links)))
        return links->now_ms;
    if (links->retry && links->now_ms + ES_RETRY_MS < look_ms)
        look_ms = links->now_ms + ES_RETRY_MS;
    return look_ms < links->next_deadline_ms ? look_ms : links->next_deadline_ms;
}

static void serve_listener(struct es_links *links, struct es_listener *listener)
{
    struct es_link *link;

    es_listener_read(links, listener);
    if (links->queued_bytes == 0)
        return;
    TAILQ_FOREACH(link, &links->all, next)
    if (link->listener == listener && !es_queue_empty(&link->queue)) {
        es_link_pump(links, link);
        links->retry = links->retry || !es_queue_empty(&link->queue);
    }
}

static void serve_dialled(struct es_links *links, struct es_link *link)
{
    es_dial_read(links, link);
    es_link_pump(links, link);
}

/* Both reading and sending take in commands that concern the other, and the descriptor will not
 * tell them again: so the last thing is to ask, once, whether there is more to do. */
static bool has_more(struct es_links *links, struct es_socket *socket)
{
    const struct es_link *link = socket->owner;
    int events = es_socket_events(socket);
    bool writable = socket->kind == ES_SOCKET_DIAL && (events & ZMQ_POLLOUT) != 0 &&
                    !es_queue_empty(&link->queue);

    links->touched = links->touched || writable;
    return writable || (events & ZMQ_POLLIN) != 0;
}

/* Each socket that is pending now gets its turn; the rest of its messages wait for the next. */
static void serve(struct es_links *links, enum es_socket_kind kind)
{
    struct es_socket *socket;
    size_t count = 0;

    TAILQ_FOREACH(socket, &links->sockets.pending[kind], next)
    count++;
    while (count-- > 0 && (socket = es_socket_take(&links->sockets, kind)) != NULL) {
        if (kind == ES_SOCKET_LISTENER)
            serve_listener(links, socket->owner);
        else
            serve_dialled(links, socket->owner);
        if (has_more(links, socket))
            es_socket_touch(&links->sockets, socket);
    }
}

static void pass_deadlines(struct es_links *links)
{
    struct es_link *link, *after;

    if (links->now_ms < links->next_deadline_ms)
        return;
    links->next_deadline_ms = UINT64_MAX;
    for (link = TAILQ_FIRST(&links->all); link != NULL; link = after) {
        after = TAILQ_NEXT(link, next);
        if (links->now_ms >= link->deadline_ms)
            es_link_deadline(links, link);
    }
    TAILQ_FOREACH(link, &links->all, next)
    es_link_set_deadline(links, link, link->deadline_ms);
}

/* More has come than fits whole messages: one of many parts that never ends. */
static void unfinished(void *ctx, struct es_connection *connection)
{
    struct es_links *links = ctx;
    struct es_link *link = connection->link;

    links->counts.oversized++;
    if (link != NULL && link->phase != ES_PHASE_OVER)
        es_link_over(links, link, ES_LINK_MALFORMED);
    else
        es_connection_cut(&links->connections, connection);
}

static void touch_listeners(struct es_links *links)
{
    struct es_listener *listener;

    TAILQ_FOREACH(listener, &links->listeners, next)
    es_socket_touch(&links->sockets, &listener->socket);
}

void es_links_run(struct es_links *links, uint64_t now_ms, bool reading)
{
    struct es_socket *socket;

    links->now_ms = now_ms;
    links->reading = reading;
    links->touched = false;
    if (links->retry)
        touch_listeners(links);
    links->retry = false;
    es_sockets_collect(&links->sockets);
    while ((socket = es_socket_take(&links->sockets, ES_SOCKET_LISTENER_MONITOR)) != NULL)
        es_listener_monitor(links, socket->owner);
    while ((socket = es_socket_take(&links->sockets, ES_SOCKET_DIAL_MONITOR)) != NULL)
        es_dial_monitor(links, socket->owner);
    while (es_socket_take(&links->sockets, ES_SOCKET_ZAP) != NULL)
        es_zap_run(links);
    serve(links, ES_SOCKET_LISTENER);
    serve(links, ES_SOCKET_DIAL);
    es_connections_look(&links->connections, now_ms, unfinished, links);
    pass_deadlines(links);
    es_links_free_buried(links);
}

struct es_net_counts es_links_take_counts(struct es_links *links)
{
    struct es_net_counts counts = links->counts;

    links->counts = (struct es_net_counts){0};
    return counts;
}
