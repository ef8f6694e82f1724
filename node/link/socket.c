/* SPDX-License-Identifier: ISC */
/* socket.c - options of our sockets, their descriptors in epoll, their monitors. */
#include "node/link/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zmq.h>

#include "node/wire/limits.h"

#define READY_MAX 64

/* One thread serves the connections. Names are looked up by a second one, because ZeroMQ asks the
 * resolver from its thread and everything there waits for the answer. */
#define IO_THREADS 2

/* Four sockets for each of ES_LINKS_MAX dialled links and as many while they close. */
#define SOCKETS_MAX (8 * ES_LINKS_MAX)

/* Messages that ZeroMQ keeps for one link in each direction: enough to keep it going, few enough
 * that all links together stay within the memory of the process. */
#define LINK_MESSAGES_MAX 4

/* Kernel buffers of one connection, for the same reason. At 1 ms they carry 128 MB/s. */
#define LINK_BUFFER_BYTES (128 * 1024)

/* A longer message ends the connection inside ZeroMQ. Somewhat longer ones come through, so that
 * their sender is told apart from one that hangs up. */
#define MESSAGE_BYTES_MAX (ES_FRAME_BYTES_MAX + 1024)

static const struct {
    int option;
    int value;
} LINK_OPTIONS[] = {
    {ZMQ_LINGER, 0},
    {ZMQ_IPV6, 1},
    {ZMQ_SNDHWM, LINK_MESSAGES_MAX},
    {ZMQ_RCVHWM, LINK_MESSAGES_MAX},
    {ZMQ_SNDBUF, LINK_BUFFER_BYTES},
    {ZMQ_RCVBUF, LINK_BUFFER_BYTES},
    {ZMQ_BACKLOG, 256},
};

bool es_sockets_init(struct es_sockets *sockets)
{
    *sockets = (struct es_sockets){.epoll = -1};
    for (size_t kind = 0; kind < ES_SOCKET_KINDS; kind++)
        TAILQ_INIT(&sockets->pending[kind]);
    sockets->zmq = zmq_ctx_new();
    sockets->epoll = epoll_create1(EPOLL_CLOEXEC);
    return sockets->zmq != NULL && sockets->epoll >= 0 &&
           zmq_ctx_set(sockets->zmq, ZMQ_IO_THREADS, IO_THREADS) == 0 &&
           zmq_ctx_set(sockets->zmq, ZMQ_MAX_SOCKETS, SOCKETS_MAX) == 0;
}

void es_sockets_done(struct es_sockets *sockets)
{
    if (sockets->zmq != NULL)
        while (zmq_ctx_term(sockets->zmq) != 0 && zmq_errno() == EINTR)
            ;
    if (sockets->epoll >= 0)
        close(sockets->epoll);
}

int es_socket_set(struct es_socket *socket, int option, int value)
{
    return zmq_setsockopt(socket->zmq, option, &value, sizeof(value)) == 0 ? 0 : -zmq_errno();
}

int es_socket_set_key(struct es_socket *socket, int option, const uint8_t key[static ES_KEY_BYTES])
{
    return zmq_setsockopt(socket->zmq, option, key, ES_KEY_BYTES) == 0 ? 0 : -zmq_errno();
}

static int set_link_options(struct es_socket *socket)
{
    int64_t message_bytes_max = MESSAGE_BYTES_MAX;
    uint64_t affinity = 1;

    for (size_t i = 0; i < sizeof(LINK_OPTIONS) / sizeof(LINK_OPTIONS[0]); i++) {
        int rc = es_socket_set(socket, LINK_OPTIONS[i].option, LINK_OPTIONS[i].value);

        if (rc < 0)
            return rc;
    }
    if (zmq_setsockopt(socket->zmq, ZMQ_MAXMSGSIZE, &message_bytes_max,
                       sizeof(message_bytes_max)) != 0 ||
        zmq_setsockopt(socket->zmq, ZMQ_AFFINITY, &affinity, sizeof(affinity)) != 0)
        return -zmq_errno();
    return 0;
}

/* Its descriptor joins the epoll set. */
static int join(struct es_sockets *sockets, struct es_socket *socket)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = socket}};
    size_t len = sizeof(socket->fd);

    if (zmq_getsockopt(socket->zmq, ZMQ_FD, &socket->fd, &len) != 0)
        return -zmq_errno();
    if (epoll_ctl(sockets->epoll, EPOLL_CTL_ADD, socket->fd, &event) != 0)
        return -errno;
    es_socket_touch(sockets, socket);
    return 0;
}

static int make(struct es_sockets *sockets, struct es_socket *ret, enum es_socket_kind kind,
                void *owner, int type)
{
    *ret = (struct es_socket){.kind = kind, .owner = owner, .fd = -1};
    ret->zmq = zmq_socket(sockets->zmq, type);
    return ret->zmq != NULL ? 0 : -zmq_errno();
}

int es_socket_open(struct es_sockets *sockets, struct es_socket *ret, enum es_socket_kind kind,
                   void *owner, int type)
{
    int rc = make(sockets, ret, kind, owner, type);

    if (rc == 0)
        rc = set_link_options(ret);
    if (rc == 0)
        rc = join(sockets, ret);
    if (rc < 0)
        es_socket_close(sockets, ret, 0);
    return rc;
}

void es_socket_close(struct es_sockets *sockets, struct es_socket *socket, int linger_ms)
{
    if (socket->zmq == NULL)
        return;
    if (socket->pending)
        TAILQ_REMOVE(&sockets->pending[socket->kind], socket, next);
    if (socket->fd >= 0)
        (void)epoll_ctl(sockets->epoll, EPOLL_CTL_DEL, socket->fd, NULL);
    (void)zmq_socket_monitor(socket->zmq, NULL, 0);
    (void)es_socket_set(socket, ZMQ_LINGER, linger_ms);
    (void)zmq_close(socket->zmq);
    socket->zmq = NULL;
    socket->fd = -1;
    socket->pending = false;
}

int es_monitor_open(struct es_sockets *sockets, struct es_socket *ret, enum es_socket_kind kind,
                    void *owner, struct es_socket *socket, int events)
{
    char name[48];
    int rc = make(sockets, ret, kind, owner, ZMQ_PAIR);

    /* Without a limit: ZeroMQ's thread would stand still while its events find no place. They are
     * read in every turn, also while the node does not read. */
    if (rc == 0)
        rc = es_socket_set(ret, ZMQ_RCVHWM, 0);
    snprintf(name, sizeof(name), "inproc://earshot-monitor-%u", sockets->monitor_count++);
    if (rc == 0 &&
        (zmq_socket_monitor(socket->zmq, name, events) != 0 || zmq_connect(ret->zmq, name) != 0))
        rc = -zmq_errno();
    if (rc == 0)
        rc = join(sockets, ret);
    if (rc < 0)
        es_socket_close(sockets, ret, 0);
    return rc;
}

bool es_monitor_next(struct es_socket *monitor, struct es_monitor_event *ret)
{
    uint8_t bytes[sizeof(ret->event) + sizeof(ret->value)];
    char endpoint[1];

    if (zmq_recv(monitor->zmq, bytes, sizeof(bytes), ZMQ_DONTWAIT) != sizeof(bytes))
        return false;
    memcpy(&ret->event, bytes, sizeof(ret->event));
    memcpy(&ret->value, bytes + sizeof(ret->event), sizeof(ret->value));
    /* The second part, our own endpoint, says nothing that is needed. */
    (void)zmq_recv(monitor->zmq, endpoint, sizeof(endpoint), ZMQ_DONTWAIT);
    return true;
}

int es_socket_events(struct es_socket *socket)
{
    int events = 0;
    size_t len = sizeof(events);

    if (socket->zmq != NULL)
        (void)zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &len);
    return events;
}

void es_socket_touch(struct es_sockets *sockets, struct es_socket *socket)
{
    if (socket->zmq == NULL || socket->pending)
        return;
    socket->pending = true;
    TAILQ_INSERT_TAIL(&sockets->pending[socket->kind], socket, next);
}

struct es_socket *es_socket_take(struct es_sockets *sockets, enum es_socket_kind kind)
{
    struct es_socket *socket = TAILQ_FIRST(&sockets->pending[kind]);

    if (socket != NULL) {
        TAILQ_REMOVE(&sockets->pending[kind], socket, next);
        socket->pending = false;
    }
    return socket;
}

void es_sockets_collect(struct es_sockets *sockets)
{
    struct epoll_event ready[READY_MAX];
    int count = epoll_wait(sockets->epoll, ready, READY_MAX, 0);

    for (int i = 0; i < count; i++) {
        struct es_socket *socket = ready[i].data.ptr;

        if (socket == NULL)
            continue;
        /* Silences the descriptor also when nobody will read the socket for now. */
        (void)es_socket_events(socket);
        es_socket_touch(sockets, socket);
    }
}

bool es_socket_uri(const struct es_endpoint *endpoint, char ret[static ES_ENDPOINT_TEXT_BYTES_MAX])
{
    /* ZeroMQ gives some others a meaning: a semicolon ends the address to bind to first. */
    static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_:%*";
    const char *host = endpoint->host;

    if (host[0] == '\0' || host[strspn(host, ALLOWED)] != '\0')
        return false;
    es_endpoint_format(endpoint, NULL, ret);
    return true;
}
