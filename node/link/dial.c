/* SPDX-License-Identifier: ISC */
/* dial.c - a DEALER under a fresh key for each link that we dial.
 *
 * ZeroMQ never connects a second time by itself: a new connection is a new link with a new key, and
 * whether to dial again is for the node to say. */
#include "node/link/links.h"

#include <string.h>

#include "node/crypto/dh.h"

/* ZeroMQ's own time-out comes after ours, so that its failures mean that the other side refused. */
#define HANDSHAKE_MS (2 * ES_DIAL_MS)

/* Never, in effect: the socket is closed long before. Forbidding it outright (-1), or asking for
 * ZMQ_IMMEDIATE, makes ZeroMQ throw away the frames that came before the end of a connection. */
#define RECONNECT_MS (3600 * 1000)

#define EVENTS                                                                                     \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED |                             \
     ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                        \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

static int set_keys(struct es_links *links, struct es_link *link)
{
    struct es_dh_secret secret;
    int rc;

    links->entropy.random(links->entropy.ctx, &secret, sizeof(secret));
    link->client_key = es_dh_public_of(&secret);
    rc = es_socket_set_key(&link->socket, ZMQ_CURVE_SERVERKEY, link->server_key.bytes);
    if (rc == 0)
        rc = es_socket_set_key(&link->socket, ZMQ_CURVE_PUBLICKEY, link->client_key.bytes);
    if (rc == 0)
        rc = es_socket_set_key(&link->socket, ZMQ_CURVE_SECRETKEY, secret.bytes);
    es_wipe(&secret, sizeof(secret));
    return rc;
}

static int set_options(struct es_link *link)
{
    struct es_address address;
    uint64_t second_thread = 2;
    int rc = es_socket_set(&link->socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);

    if (rc == 0)
        rc = es_socket_set(&link->socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    /* A name: its look-up must not hold up other links. */
    if (rc == 0 && !es_address_parse(link->host, &address) &&
        zmq_setsockopt(link->socket.zmq, ZMQ_AFFINITY, &second_thread, sizeof(second_thread)) != 0)
        rc = -zmq_errno();
    return rc;
}

static bool connect_link(struct es_links *links, struct es_link *link, const struct es_endpoint *to)
{
    char uri[ES_ENDPOINT_TEXT_BYTES_MAX];

    return es_socket_uri(to, uri) &&
           es_socket_open(&links->sockets, &link->socket, ES_SOCKET_DIAL, link, ZMQ_DEALER) == 0 &&
           set_keys(links, link) == 0 && set_options(link) == 0 &&
           es_monitor_open(&links->sockets, &link->monitor, ES_SOCKET_DIAL_MONITOR, link,
                           &link->socket, EVENTS) == 0 &&
           zmq_connect(link->socket.zmq, uri) == 0;
}

bool es_dial_order(struct es_links *links, const struct es_order *order)
{
    struct es_link *link;

    if (order->dial.link >= ES_LINK_INBOUND)
        return false;
    link = es_link_new(links, order->dial.link, ES_PHASE_DIALLING);
    if (link == NULL)
        return false;
    link->server_key = order->dial.server_key;
    memcpy(link->host, order->dial.to.host, sizeof(link->host));
    if (connect_link(links, link, &order->dial.to))
        es_link_set_deadline(links, link, links->now_ms + ES_DIAL_MS);
    else
        es_link_over(links, link, ES_LINK_UNREACHABLE);
    return true;
}

static void connected(struct es_links *links, struct es_link *link, int fd)
{
    struct es_connection *before = es_connection_at(&links->connections, fd);

    /* It stood on another socket, whose monitor will tell its end only later. */
    if (before != NULL)
        es_links_disconnected(links, before);
    link->connection = es_connection_dialled(&links->connections, fd, link);
}

static void disconnected(struct es_links *links, struct es_link *link)
{
    if (link->connection != NULL)
        es_links_disconnected(links, link->connection);
    else
        es_link_left(links, link);
}

static void handle(struct es_links *links, struct es_link *link,
                   const struct es_monitor_event *event)
{
    switch (event->event) {
    case ZMQ_EVENT_CONNECTED:
        connected(links, link, (int)event->value);
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        link->phase = ES_PHASE_OPEN;
        link->deadline_ms = UINT64_MAX;
        es_link_report_up(links, link);
        es_link_pump(links, link);
        es_socket_touch(&links->sockets, &link->socket);
        break;
    case ZMQ_EVENT_CLOSED:
        es_link_over(links, link, ES_LINK_UNREACHABLE);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        disconnected(links, link);
        break;
    default: /* a failed handshake */
        es_link_over(links, link, ES_LINK_REFUSED);
        break;
    }
}

void es_dial_monitor(struct es_links *links, struct es_link *link)
{
    struct es_monitor_event event;

    while (link->phase != ES_PHASE_OVER && es_monitor_next(&link->monitor, &event))
        handle(links, link, &event);
}

static bool read_one(struct es_links *links, struct es_link *link)
{
    zmq_msg_t message;
    bool got;

    (void)zmq_msg_init(&message);
    got = zmq_msg_recv(&message, link->socket.zmq, ZMQ_DONTWAIT) >= 0;
    if (got)
        es_link_heard(links, link, &message);
    (void)zmq_msg_close(&message);
    return got;
}

void es_dial_read(struct es_links *links, struct es_link *link)
{
    /* The handshake is told before the first message, perhaps after this turn has asked. */
    if (link->phase == ES_PHASE_DIALLING)
        es_dial_monitor(links, link);
    if (link->phase == ES_PHASE_DIALLING)
        return;
    for (size_t i = 0; i < ES_DIAL_BATCH && links->reading && link->phase != ES_PHASE_OVER; i++)
        if (!read_one(links, link))
            return;
}
