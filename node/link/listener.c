/* SPDX-License-Identifier: ISC */
/* listener.c - a ROUTER with its own key and ports: who connects to us.
 *
 * A connection becomes a link with its first message, because only a message tells which key and
 * which descriptor belong to a routing id. They are read from its payload: the part that holds the
 * routing id lacks them when ZeroMQ has prefetched the message. */
#include "node/link/links.h"

#include <assert.h>
#include <errno.h>
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/crypto/dh.h"

/* ZeroMQ has this option since 4.3.0; its header shows it only to drafts of the interface. A library
 * without it refuses it, and then there is no listener. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

/* A client that has not completed its handshake by then is dropped by ZeroMQ. */
#define HANDSHAKE_MS 3000

static struct es_listener *find(const struct es_links *links, uint32_t number)
{
    struct es_listener *listener;

    TAILQ_FOREACH(listener, &links->listeners, next)
    if (listener->number == number)
        break;
    return listener;
}

static int set_options(struct es_socket *socket, const struct es_dh_secret *secret)
{
    static const struct {
        int option;
        int value;
    } OPTIONS[] = {
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_ROUTER_HANDOVER, 0},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_CURVE_SERVER, 1},
        /* Without it ZeroMQ admits everybody while no handler answers. */
        {ZMQ_ZAP_ENFORCE_DOMAIN, 1},
    };

    for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++) {
        int rc = es_socket_set(socket, OPTIONS[i].option, OPTIONS[i].value);

        if (rc < 0)
            return rc;
    }
    if (zmq_setsockopt(socket->zmq, ZMQ_ZAP_DOMAIN, ES_ZAP_DOMAIN, strlen(ES_ZAP_DOMAIN)) != 0)
        return -zmq_errno();
    return es_socket_set_key(socket, ZMQ_CURVE_SECRETKEY, secret->bytes);
}

/* The port that the socket listens on, 0 when unknown. */
static uint16_t bound_port(struct es_socket *socket)
{
    char uri[ES_ENDPOINT_TEXT_BYTES_MAX];
    size_t len = sizeof(uri);
    const char *colon;

    if (zmq_getsockopt(socket->zmq, ZMQ_LAST_ENDPOINT, uri, &len) != 0)
        return 0;
    colon = strrchr(uri, ':');
    return colon != NULL ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

/* Tries each port of the range once, beginning at a random one. */
static uint16_t bind_somewhere(struct es_links *links, struct es_socket *socket,
                               const struct es_order *order)
{
    uint32_t span = (uint32_t)order->listen.port_max - order->listen.port_min + 1;
    struct es_endpoint at;
    uint32_t start;

    memcpy(at.host, order->listen.host, sizeof(at.host));
    if (at.host[0] == '\0')
        snprintf(at.host, sizeof(at.host), "*");
    links->entropy.random(links->entropy.ctx, &start, sizeof(start));
    for (uint32_t i = 0; i < span; i++) {
        char uri[ES_ENDPOINT_TEXT_BYTES_MAX];

        at.port = (uint16_t)(order->listen.port_min + (start % span + i) % span);
        if (!es_socket_uri(&at, uri))
            return 0;
        if (zmq_bind(socket->zmq, uri) == 0)
            return bound_port(socket);
        if (zmq_errno() != EADDRINUSE)
            return 0;
    }
    return 0;
}

static uint16_t open_listener(struct es_links *links, struct es_listener *listener,
                              const struct es_order *order)
{
    if (order->listen.port_min > order->listen.port_max ||
        es_socket_open(&links->sockets, &listener->socket, ES_SOCKET_LISTENER, listener,
                       ZMQ_ROUTER) < 0 ||
        set_options(&listener->socket, &order->listen.secret) < 0 ||
        es_monitor_open(&links->sockets, &listener->monitor, ES_SOCKET_LISTENER_MONITOR, listener,
                        &listener->socket, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) < 0)
        return 0;
    return bind_somewhere(links, &listener->socket, order);
}

bool es_listener_order(struct es_links *links, const struct es_order *order)
{
    struct es_report listening = {.kind = ES_REPORT_LISTENING,
                                  .listening = {.listener = order->listen.listener}};
    struct es_listener *listener;

    if (find(links, order->listen.listener) != NULL)
        return false;
    listener = calloc(1, sizeof(*listener));
    if (listener != NULL) {
        listener->number = order->listen.listener;
        listener->server_key = es_dh_public_of(&order->listen.secret);
        TAILQ_INSERT_TAIL(&links->listeners, listener, next);
        listening.listening.port = open_listener(links, listener, order);
        if (listening.listening.port == 0)
            es_listener_close(links, listener, 0);
    }
    (void)links->user.report(links->user.ctx, &listening);
    return true;
}

void es_listener_close(struct es_links *links, struct es_listener *listener, int linger_ms)
{
    struct es_link *link, *after;

    for (link = TAILQ_FIRST(&links->all); link != NULL; link = after) {
        after = TAILQ_NEXT(link, next);
        if (link->listener != listener)
            continue;
        es_link_pump(links, link);
        if (link->phase != ES_PHASE_OVER)
            es_link_report_down(links, link, ES_LINK_CLOSED);
        es_link_bury(links, link);
    }
    for (size_t fd = 0; fd < links->connections.by_fd_len; fd++) {
        struct es_connection *connection = es_connection_at(&links->connections, (int)fd);

        if (connection != NULL && connection->listener == listener)
            es_connection_forget(&links->connections, connection);
    }
    /* The monitor last: ZeroMQ's thread would wait for somebody to take its events. */
    es_socket_close(&links->sockets, &listener->socket, linger_ms);
    es_socket_close(&links->sockets, &listener->monitor, 0);
    TAILQ_REMOVE(&links->listeners, listener, next);
    free(listener);
}

bool es_listener_unlisten(struct es_links *links, uint32_t number)
{
    struct es_listener *listener = find(links, number);

    if (listener != NULL)
        es_listener_close(links, listener, ES_CLOSE_MS);
    return true;
}

void es_listener_monitor(struct es_links *links, struct es_listener *listener)
{
    struct es_monitor_event event;

    while (es_monitor_next(&listener->monitor, &event)) {
        int fd = (int)event.value;
        struct es_connection *connection = es_connection_at(&links->connections, fd);

        if (event.event == ZMQ_EVENT_ACCEPTED) {
            /* It stood on another socket, whose monitor will tell its end only later. */
            if (connection != NULL)
                es_links_disconnected(links, connection);
            es_connection_accepted(&links->connections, fd, listener, links->now_ms);
        } else if (connection != NULL && connection->listener == listener) {
            es_links_disconnected(links, connection);
        }
    }
}

/* --- Hearing ---------------------------------------------------------------------------------- */

static struct es_link *link_at(const struct es_listener *listener, uint32_t routing_number)
{
    void *node = tfind(&routing_number, &listener->by_routing_number, es_number_compare);

    if (node == NULL)
        return NULL;
    return (struct es_link *)(*(char **)node - offsetof(struct es_link, routing_number));
}

void es_listener_forget(struct es_listener *listener, struct es_link *link)
{
    (void)tdelete(&link->routing_number, &listener->by_routing_number, es_number_compare);
}

/* The zap handler puts the client's key there, in hexadecimal. */
static bool client_key_of(zmq_msg_t *message, struct es_dh_public *ret)
{
    const char *user_id = zmq_msg_gets(message, "User-Id");
    size_t len;

    return user_id != NULL &&
           sodium_hex2bin(ret->bytes, sizeof(ret->bytes), user_id, strlen(user_id), NULL, &len,
                          NULL) == 0 &&
           len == sizeof(ret->bytes);
}

static struct es_link *make_link(struct es_links *links, struct es_listener *listener,
                                 uint32_t routing_number, struct es_connection *connection,
                                 const struct es_dh_public *client_key)
{
    struct es_link *link = es_link_new(links, links->next_inbound, ES_PHASE_OPEN);

    if (link == NULL)
        return NULL;
    link->routing_number = routing_number;
    link->listener = listener;
    if (tsearch(&link->routing_number, &listener->by_routing_number, es_number_compare) == NULL) {
        es_link_bury(links, link);
        return NULL;
    }
    links->next_inbound++;
    link->connection = connection;
    link->server_key = listener->server_key;
    link->client_key = *client_key;
    es_address_format(&connection->peer, link->host);
    es_connection_opened(&links->connections, connection, link);
    es_link_report_up(links, link);
    return link;
}

/* May this connection, whose first message this is, become a link? If not it is cut and counted. */
static bool admit(struct es_links *links, struct es_connection *connection, bool chosen_id,
                  zmq_msg_t *message, struct es_dh_public *ret_client_key)
{
    uint64_t *refusal = NULL;

    if (!es_message_is_frame(message))
        refusal = &links->counts.oversized;
    else if (chosen_id || connection->link != NULL ||
             links->connections.open_count >= ES_LINKS_MAX ||
             connection->source->open_count >= ES_SOURCE_LINKS_MAX ||
             !client_key_of(message, ret_client_key))
        refusal = &links->counts.denied;
    if (refusal == NULL)
        return true;
    (*refusal)++;
    es_connection_cut(&links->connections, connection);
    return false;
}

/* The link that a message came by, made with its first one. NULL for what is to be dropped, also
 * when its connection has ended before it became a link. */
static struct es_link *link_of(struct es_links *links, struct es_listener *listener,
                               const uint8_t id[static ES_ROUTING_ID_BYTES], int id_len,
                               zmq_msg_t *message)
{
    bool chosen_id = id_len != ES_ROUTING_ID_BYTES || id[0] != 0;
    struct es_connection *connection;
    struct es_dh_public client_key;
    uint32_t routing_number;

    memcpy(&routing_number, id + 1, sizeof(routing_number));
    if (!chosen_id) {
        struct es_link *link = link_at(listener, routing_number);

        if (link != NULL)
            return link;
    }
    /* What happened to the descriptor before this message was told before it. */
    es_listener_monitor(links, listener);
    connection = es_connection_at(&links->connections, zmq_msg_get(message, ZMQ_SRCFD));
    if (connection == NULL || connection->listener != listener || connection->cut ||
        !admit(links, connection, chosen_id, message, &client_key))
        return NULL;
    return make_link(links, listener, routing_number, connection, &client_key);
}

static bool read_one(struct es_links *links, struct es_listener *listener)
{
    uint8_t id[ES_ROUTING_ID_BYTES] = {0};
    int id_len = zmq_recv(listener->socket.zmq, id, sizeof(id), ZMQ_DONTWAIT);
    zmq_msg_t message;

    if (id_len < 0)
        return false;
    (void)zmq_msg_init(&message);
    if (zmq_msg_recv(&message, listener->socket.zmq, ZMQ_DONTWAIT) >= 0) {
        struct es_link *link = link_of(links, listener, id, id_len, &message);

        if (link != NULL)
            es_link_heard(links, link, &message);
        es_drain_message(&listener->socket);
    }
    (void)zmq_msg_close(&message);
    return true;
}

void es_listener_read(struct es_links *links, struct es_listener *listener)
{
    for (size_t i = 0; i < ES_LISTENER_BATCH && links->reading; i++)
        if (!read_one(links, listener))
            return;
}
