/* SPDX-License-Identifier: ISC */
/* connection.c - counting, watching and cutting TCP connections that belong to ZeroMQ. */
#include "node/link/connection.h"

#include <assert.h>
/* The kernel's own header: the C library's tcp_info ends before the byte counts. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READY_MAX 64

/* Silent connections that are asked whether they have received anything before one has to go. */
#define CANDIDATES 16

bool es_connections_init(struct es_connections *connections, struct es_admission *admission,
                         struct es_net_counts *counts)
{
    *connections = (struct es_connections){.admission = admission, .counts = counts};
    TAILQ_INIT(&connections->silent);
    connections->epoll = epoll_create1(EPOLL_CLOEXEC);
    return connections->epoll >= 0;
}

void es_connections_done(struct es_connections *connections)
{
    for (size_t i = 0; i < connections->by_fd_len; i++)
        free(connections->by_fd[i]);
    free(connections->by_fd);
    if (connections->epoll >= 0)
        close(connections->epoll);
}

struct es_connection *es_connection_at(const struct es_connections *connections, int fd)
{
    return fd >= 0 && (size_t)fd < connections->by_fd_len ? connections->by_fd[fd] : NULL;
}

static bool is_silent(const struct es_connection *connection)
{
    return connection->source != NULL && connection->link == NULL && !connection->cut;
}

/* Silence ends with the first message, with a cut, or with the connection. */
static void leave_silence(struct es_connections *connections, struct es_connection *connection)
{
    if (!is_silent(connection))
        return;
    TAILQ_REMOVE(&connections->silent, connection, silent);
    connections->silent_count--;
    connection->source->silent_count--;
}

void es_connection_forget(struct es_connections *connections, struct es_connection *connection)
{
    struct es_source *source = connection->source;

    leave_silence(connections, connection);
    if (source != NULL && connection->link != NULL) {
        source->open_count--;
        connections->open_count--;
    } else if (source != NULL && source->refused_count > 0) {
        source->refused_count--;
    }
    connections->busy_count -= connection->busy;
    connections->by_fd[connection->fd] = NULL;
    free(connection);
}

void es_connection_ended(struct es_connections *connections, struct es_connection *connection)
{
    if (is_silent(connection) && connection->source->refused_count == 0)
        connections->counts->failed++;
    es_connection_forget(connections, connection);
}

/* The next byte on fd is told once; the registration ends with the descriptor. */
static void watch(const struct es_connections *connections, int fd, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLONESHOT, .data = {.fd = fd}};

    (void)epoll_ctl(connections->epoll, operation, fd, &event);
}

static bool make_place(struct es_connections *connections, int fd)
{
    size_t len = connections->by_fd_len;
    struct es_connection **by_fd;

    if ((size_t)fd < len)
        return true;
    while (len <= (size_t)fd)
        len = len == 0 ? 64 : 2 * len;
    by_fd = realloc(connections->by_fd, len * sizeof(*by_fd));
    if (by_fd == NULL)
        return false;
    memset(by_fd + connections->by_fd_len, 0, (len - connections->by_fd_len) * sizeof(*by_fd));
    connections->by_fd = by_fd;
    connections->by_fd_len = len;
    return true;
}

static struct es_connection *track(struct es_connections *connections, int fd)
{
    struct es_connection *connection;

    assert(es_connection_at(connections, fd) == NULL);
    if (fd < 0 || !make_place(connections, fd))
        return NULL;
    connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return NULL;
    connection->fd = fd;
    if (!es_address_of_peer(fd, &connection->peer, &connection->port)) {
        free(connection);
        return NULL;
    }
    connections->by_fd[fd] = connection;
    watch(connections, fd, EPOLL_CTL_ADD);
    return connection;
}

static uint64_t bytes_received(const struct es_connection *connection)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);

    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return connection->seen_bytes;
    return info.tcpi_bytes_received;
}

/* The oldest silent connection of source (NULL: of all) gives way, but one in a handshake only when
 * none of the CANDIDATES oldest has never sent a byte. */
static struct es_connection *least_promising(const struct es_connections *connections,
                                             const struct es_source *source)
{
    struct es_connection *oldest = NULL, *connection;
    size_t seen_count = 0;

    TAILQ_FOREACH(connection, &connections->silent, silent)
    {
        if (source != NULL && connection->source != source)
            continue;
        if (bytes_received(connection) == 0)
            return connection;
        if (oldest == NULL)
            oldest = connection;
        if (++seen_count == CANDIDATES)
            break;
    }
    return oldest;
}

static void refuse(struct es_connections *connections, struct es_connection *connection)
{
    connections->counts->denied++;
    es_connection_cut(connections, connection);
}

void es_connection_accepted(struct es_connections *connections, int fd,
                            struct es_listener *listener, uint64_t now_ms)
{
    struct es_connection *connection = track(connections, fd);
    struct es_source *source;

    if (connection == NULL) {
        connections->counts->failed++;
        return;
    }
    connection->listener = listener;
    connection->accepted_ms = now_ms;
    source = es_admission_source(connections->admission, &connection->peer, now_ms);
    if (source == NULL || es_source_banned(source, now_ms)) {
        refuse(connections, connection);
        return;
    }
    connection->source = source;
    TAILQ_INSERT_TAIL(&connections->silent, connection, silent);
    connections->silent_count++;
    source->silent_count++;
    if (source->silent_count > ES_SOURCE_SILENT_MAX)
        refuse(connections, least_promising(connections, source));
    else if (connections->silent_count > ES_SILENT_MAX)
        refuse(connections, least_promising(connections, NULL));
}

struct es_connection *es_connection_dialled(struct es_connections *connections, int fd,
                                            struct es_link *link)
{
    struct es_connection *connection = track(connections, fd);

    if (connection != NULL)
        connection->link = link;
    return connection;
}

void es_connection_opened(struct es_connections *connections, struct es_connection *connection,
                          struct es_link *link)
{
    leave_silence(connections, connection);
    connection->link = link;
    connection->source->open_count++;
    connections->open_count++;
}

void es_connection_cut(struct es_connections *connections, struct es_connection *connection)
{
    struct es_address peer;
    uint16_t port;

    leave_silence(connections, connection);
    connection->cut = true;
    if (es_address_of_peer(connection->fd, &peer, &port) && port == connection->port &&
        es_address_equal(&peer, &connection->peer))
        (void)shutdown(connection->fd, SHUT_RDWR);
}

uint64_t es_connections_wake_ms(const struct es_connections *connections)
{
    const struct es_connection *oldest = TAILQ_FIRST(&connections->silent);
    uint64_t wake_ms = connections->busy_count > 0 ? connections->look_at_ms : UINT64_MAX;

    if (oldest != NULL && oldest->accepted_ms + ES_SILENT_MS < wake_ms)
        wake_ms = oldest->accepted_ms + ES_SILENT_MS;
    return wake_ms;
}

/* Which idle connections have received something? They are looked at from now on. */
static void collect_busy(struct es_connections *connections, uint64_t now_ms)
{
    struct epoll_event ready[READY_MAX];
    int count;

    do {
        count = epoll_wait(connections->epoll, ready, READY_MAX, 0);
        for (int i = 0; i < count; i++) {
            struct es_connection *connection = es_connection_at(connections, ready[i].data.fd);

            if (connection == NULL || connection->busy)
                continue;
            connection->busy = true;
            if (connections->busy_count++ == 0)
                connections->look_at_ms = now_ms + ES_LOOK_MS;
        }
    } while (count == READY_MAX);
}

static uint64_t unfinished_bytes(const struct es_connection *connection)
{
    return connection->cut ? 0 : connection->seen_bytes - connection->whole_bytes;
}

static void look_at(struct es_connections *connections, struct es_connection *connection)
{
    uint64_t received = bytes_received(connection);

    if (received == connection->seen_bytes) {
        connection->busy = false;
        connections->busy_count--;
        watch(connections, connection->fd, EPOLL_CTL_MOD);
    }
    connection->seen_bytes = received;
    if (connection->delivered) {
        connection->delivered = false;
        connection->whole_bytes = received;
    }
}

/* The connection that is to be cut for what it has on the way, or NULL. */
static struct es_connection *most_unfinished(const struct es_connections *connections)
{
    struct es_connection *most = NULL;
    uint64_t total = 0;

    for (size_t fd = 0; fd < connections->by_fd_len; fd++) {
        struct es_connection *connection = connections->by_fd[fd];

        if (connection == NULL)
            continue;
        total += unfinished_bytes(connection);
        if (most == NULL || unfinished_bytes(connection) > unfinished_bytes(most))
            most = connection;
    }
    if (total > ES_UNFINISHED_TOTAL_BYTES_MAX ||
        (most != NULL && unfinished_bytes(most) > ES_UNFINISHED_BYTES_MAX))
        return most;
    return NULL;
}

static void cut_old_silent(struct es_connections *connections, uint64_t now_ms)
{
    struct es_connection *oldest;

    while ((oldest = TAILQ_FIRST(&connections->silent)) != NULL &&
           now_ms >= oldest->accepted_ms + ES_SILENT_MS) {
        connections->counts->failed++;
        es_connection_cut(connections, oldest);
    }
}

void es_connections_look(struct es_connections *connections, uint64_t now_ms,
                         void (*unfinished)(void *ctx, struct es_connection *connection), void *ctx)
{
    struct es_connection *most;

    collect_busy(connections, now_ms);
    cut_old_silent(connections, now_ms);
    if (connections->busy_count == 0 || now_ms < connections->look_at_ms)
        return;
    connections->look_at_ms = now_ms + ES_LOOK_MS;
    for (size_t fd = 0; fd < connections->by_fd_len; fd++)
        if (connections->by_fd[fd] != NULL && connections->by_fd[fd]->busy)
            look_at(connections, connections->by_fd[fd]);
    while ((most = most_unfinished(connections)) != NULL)
        unfinished(ctx, most);
}
