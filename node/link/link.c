/* SPDX-License-Identifier: ISC */
/* link.c - the life of a link, dialled or inbound: what it hears, what it sends, how it ends. */
#include "node/link/links.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

int es_number_compare(const void *a, const void *b)
{
    uint32_t left, right;

    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

struct es_link *es_link_find(const struct es_links *links, uint32_t number)
{
    void *node = tfind(&number, &links->by_number, es_number_compare);

    /* The key is the first member. */
    return node != NULL ? *(struct es_link **)node : NULL;
}

struct es_link *es_link_new(struct es_links *links, uint32_t number, enum es_link_phase phase)
{
    struct es_link *link = calloc(1, sizeof(*link));
    void *node;

    if (link == NULL)
        return NULL;
    link->number = number;
    node = tsearch(&link->number, &links->by_number, es_number_compare);
    if (node == NULL || *(struct es_link **)node != link) {
        free(link);
        return NULL;
    }
    link->phase = phase;
    link->deadline_ms = UINT64_MAX;
    es_queue_init(&link->queue);
    TAILQ_INSERT_TAIL(&links->all, link, next);
    return link;
}

void es_link_set_deadline(struct es_links *links, struct es_link *link, uint64_t deadline_ms)
{
    link->deadline_ms = deadline_ms;
    if (deadline_ms < links->next_deadline_ms)
        links->next_deadline_ms = deadline_ms;
}

static void report(struct es_links *links, const struct es_report *report)
{
    if (!links->user.report(links->user.ctx, report))
        links->reading = false;
}

void es_link_report_up(struct es_links *links, struct es_link *link)
{
    struct es_report up = {.kind = ES_REPORT_LINK_UP};

    up.up.link = link->number;
    up.up.listener = link->listener != NULL ? link->listener->number : 0;
    up.up.server_key = link->server_key;
    up.up.client_key = link->client_key;
    memcpy(up.up.host, link->host, sizeof(up.up.host));
    report(links, &up);
}

/* --- Ending ----------------------------------------------------------------------------------- */

static void clear_queue(struct es_links *links, struct es_link *link)
{
    links->queued_bytes -= link->queue.bytes;
    es_queue_clear(&link->queue);
}

static void let_go(struct es_links *links, struct es_link *link, int linger_ms)
{
    clear_queue(links, link);
    if (link->listener != NULL)
        es_listener_forget(link->listener, link);
    if (link->connection != NULL)
        es_connection_forget(&links->connections, link->connection);
    link->connection = NULL;
    /* The monitor last: ZeroMQ's thread would wait for somebody to take its events. */
    es_socket_close(&links->sockets, &link->socket, linger_ms);
    es_socket_close(&links->sockets, &link->monitor, 0);
    link->phase = ES_PHASE_OVER;
    TAILQ_REMOVE(&links->all, link, next);
    TAILQ_INSERT_TAIL(&links->buried, link, next);
}

void es_link_bury(struct es_links *links, struct es_link *link)
{
    if (link->phase != ES_PHASE_OVER)
        (void)tdelete(&link->number, &links->by_number, es_number_compare);
    let_go(links, link, 0);
}

void es_links_free_buried(struct es_links *links)
{
    struct es_link *link;

    while ((link = TAILQ_FIRST(&links->buried)) != NULL) {
        TAILQ_REMOVE(&links->buried, link, next);
        free(link);
    }
}

void es_link_report_down(struct es_links *links, struct es_link *link, enum es_link_end end)
{
    struct es_report down = {.kind = ES_REPORT_LINK_DOWN, .down = {link->number, end}};

    report(links, &down);
    (void)tdelete(&link->number, &links->by_number, es_number_compare);
    link->phase = ES_PHASE_OVER;
}

void es_link_over(struct es_links *links, struct es_link *link, enum es_link_end end)
{
    int linger_ms = link->phase == ES_PHASE_CLOSING ? ES_CLOSE_MS : 0;

    es_link_report_down(links, link, end);
    if (link->listener == NULL) {
        let_go(links, link, linger_ms);
        return;
    }
    clear_queue(links, link);
    if (link->connection != NULL) {
        es_connection_cut(&links->connections, link->connection);
        link->deadline_ms = UINT64_MAX;
    } else {
        es_link_set_deadline(links, link, links->now_ms + ES_SETTLE_MS);
    }
}

void es_link_left(struct es_links *links, struct es_link *link)
{
    switch (link->phase) {
    case ES_PHASE_DIALLING:
        es_link_over(links, link, ES_LINK_REFUSED);
        break;
    case ES_PHASE_OPEN:
        clear_queue(links, link);
        link->phase = ES_PHASE_LEAVING;
        link->left_ms = links->now_ms;
        es_link_set_deadline(links, link, links->now_ms + ES_SETTLE_MS);
        break;
    case ES_PHASE_CLOSING:
        es_link_over(links, link, ES_LINK_CLOSED);
        break;
    case ES_PHASE_LEAVING:
        break;
    case ES_PHASE_OVER:
        es_link_set_deadline(links, link, links->now_ms + ES_SETTLE_MS);
        break;
    }
}

void es_links_disconnected(struct es_links *links, struct es_connection *connection)
{
    struct es_link *link = connection->link;

    es_connection_ended(&links->connections, connection);
    if (link != NULL) {
        link->connection = NULL;
        es_link_left(links, link);
    }
}

/* Everything that came before the end of a connection is read: nothing is pending on the socket. */
static bool settled(const struct es_links *links, const struct es_link *link)
{
    const struct es_socket *socket =
        link->listener != NULL ? &link->listener->socket : &link->socket;

    return links->reading &&
           (!socket->pending || links->now_ms >= link->left_ms + ES_SETTLE_MS_MAX);
}

void es_link_deadline(struct es_links *links, struct es_link *link)
{
    switch (link->phase) {
    case ES_PHASE_DIALLING:
        es_link_over(links, link, ES_LINK_UNREACHABLE);
        break;
    case ES_PHASE_OPEN:
        break;
    case ES_PHASE_CLOSING:
        es_link_over(links, link, ES_LINK_CLOSED);
        break;
    case ES_PHASE_LEAVING:
        if (settled(links, link))
            es_link_over(links, link, ES_LINK_CLOSED);
        else
            link->deadline_ms = links->now_ms + ES_SETTLE_MS;
        break;
    case ES_PHASE_OVER:
        es_link_bury(links, link);
        break;
    }
}

/* --- Hearing ---------------------------------------------------------------------------------- */

void es_drain_message(struct es_socket *socket)
{
    uint8_t none;
    int more;
    size_t len = sizeof(more);

    while (zmq_getsockopt(socket->zmq, ZMQ_RCVMORE, &more, &len) == 0 && more != 0)
        if (zmq_recv(socket->zmq, &none, 0, ZMQ_DONTWAIT) < 0)
            return;
}

bool es_message_is_frame(zmq_msg_t *message)
{
    return zmq_msg_more(message) == 0 && zmq_msg_size(message) > 0 &&
           zmq_msg_size(message) <= ES_FRAME_BYTES_MAX;
}

void es_link_heard(struct es_links *links, struct es_link *link, zmq_msg_t *message)
{
    struct es_report frame = {.kind = ES_REPORT_FRAME};

    if (link->connection != NULL)
        link->connection->delivered = true;
    if (link->phase != ES_PHASE_OPEN && link->phase != ES_PHASE_LEAVING)
        return;
    if (!es_message_is_frame(message)) {
        links->counts.oversized++;
        es_link_over(links, link, ES_LINK_MALFORMED);
        return;
    }
    frame.frame.link = link->number;
    frame.frame.bytes = es_slice(zmq_msg_data(message), zmq_msg_size(message));
    report(links, &frame);
}

/* --- Sending ---------------------------------------------------------------------------------- */

enum sent { SENT, SENT_NOT_NOW, SENT_NEVER };

/* Hands one message to ZeroMQ, which takes it or leaves it untouched. */
static enum sent hand_over(struct es_link *link, zmq_msg_t *message)
{
    void *zmq = link->listener != NULL ? link->listener->socket.zmq : link->socket.zmq;

    if (link->listener != NULL) {
        uint8_t routing_id[ES_ROUTING_ID_BYTES] = {0};

        memcpy(routing_id + 1, &link->routing_number, sizeof(link->routing_number));
        if (zmq_send(zmq, routing_id, sizeof(routing_id), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
            return zmq_errno() == EHOSTUNREACH ? SENT_NEVER : SENT_NOT_NOW;
    }
    return zmq_msg_send(message, zmq, ZMQ_DONTWAIT) >= 0 ? SENT : SENT_NOT_NOW;
}

void es_link_pump(struct es_links *links, struct es_link *link)
{
    zmq_msg_t *message;

    if (link->phase != ES_PHASE_OPEN && link->phase != ES_PHASE_CLOSING)
        return;
    while ((message = es_queue_head(&link->queue)) != NULL) {
        size_t before = link->queue.bytes;
        size_t len = zmq_msg_size(message);
        enum sent sent = hand_over(link, message);

        if (sent == SENT_NOT_NOW)
            return;
        if (sent == SENT_NEVER) {
            es_link_left(links, link);
            return;
        }
        es_queue_pop(&link->queue, len);
        links->queued_bytes -= before - link->queue.bytes;
    }
    /* What ZeroMQ has taken leaves after the socket is closed. A listener stays: there the peer has
     * until the deadline to read and hang up. */
    if (link->phase == ES_PHASE_CLOSING && link->listener == NULL)
        es_link_over(links, link, ES_LINK_CLOSED);
}

static struct es_link *longest_queue(const struct es_links *links)
{
    struct es_link *longest = TAILQ_FIRST(&links->all);
    struct es_link *link;

    TAILQ_FOREACH(link, &links->all, next)
    if (link->queue.bytes > longest->queue.bytes)
        longest = link;
    return longest;
}

static void enqueue(struct es_links *links, struct es_link *link, zmq_msg_t *message)
{
    size_t before = link->queue.bytes;

    if (!es_queue_push(&link->queue, message)) {
        es_link_over(links, link, ES_LINK_OVERFLOW);
        return;
    }
    links->queued_bytes += link->queue.bytes - before;
    if (link->queue.bytes > ES_QUEUE_BYTES_MAX)
        es_link_over(links, link, ES_LINK_OVERFLOW);
    else if (links->queued_bytes > ES_QUEUES_BYTES_MAX)
        es_link_over(links, longest_queue(links), ES_LINK_OVERFLOW);
}

/* Sending may have taken in commands of the socket: it gets its turn. */
static void touch(struct es_links *links, struct es_link *link)
{
    es_socket_touch(&links->sockets,
                    link->listener != NULL ? &link->listener->socket : &link->socket);
    links->touched = true;
}

void es_link_send(struct es_links *links, struct es_link *link, struct es_slice bytes)
{
    enum sent sent = SENT_NOT_NOW;
    zmq_msg_t message;

    if (link->phase != ES_PHASE_DIALLING && link->phase != ES_PHASE_OPEN)
        return;
    if (zmq_msg_init_size(&message, bytes.len) != 0) {
        es_link_over(links, link, ES_LINK_OVERFLOW);
        return;
    }
    memcpy(zmq_msg_data(&message), bytes.ptr, bytes.len);
    if (link->phase == ES_PHASE_OPEN && es_queue_empty(&link->queue))
        sent = hand_over(link, &message);
    touch(links, link);
    if (sent == SENT_NOT_NOW)
        enqueue(links, link, &message);
    else if (sent == SENT_NEVER)
        es_link_left(links, link);
    (void)zmq_msg_close(&message);
}

void es_link_close(struct es_links *links, struct es_link *link)
{
    if (link->phase != ES_PHASE_OPEN) {
        if (link->phase != ES_PHASE_CLOSING)
            es_link_over(links, link, ES_LINK_CLOSED);
        return;
    }
    link->phase = ES_PHASE_CLOSING;
    es_link_set_deadline(links, link, links->now_ms + ES_CLOSE_MS);
    es_link_pump(links, link);
    touch(links, link);
}
