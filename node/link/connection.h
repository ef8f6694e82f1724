/* SPDX-License-Identifier: ISC */
/* connection.h - the TCP connections below ZeroMQ's sockets, by file descriptor.
 *
 * ZeroMQ has no call that ends one connection of a listener, none that limits how many may wait in
 * a handshake, and none that limits a multipart message, which it buffers whole. All three are done
 * here from outside: its monitors tell each descriptor, and shutdown() makes its own thread see the
 * end of the stream and clean up. A descriptor is never closed or read here; one that was given to
 * another connection meanwhile is recognised by its peer. */
#ifndef ES_LINK_CONNECTION_H
#define ES_LINK_CONNECTION_H

#include <sys/queue.h>

#include "node/env/link.h"
#include "node/link/admission.h"

/* All inbound connections that have not sent a message yet: each is a descriptor, so this bounds
 * them. An old one is cut in favour of the newest. */
#define ES_SILENT_MAX 1024

/* A connection that sends no message within this time after it was accepted is cut. */
#define ES_SILENT_MS 6000

/* What may come on a connection between two whole messages: 30 frames of the largest size. More is
 * a multipart message without end. Well above what waits in ZeroMQ and the kernel while nobody
 * reads. */
#define ES_UNFINISHED_BYTES_MAX (2 * 1024 * 1024)

/* The same over all connections: the one that has most is cut. Together with what waits to be sent
 * it leaves room in the memory of the process for what comes between two looks. */
#define ES_UNFINISHED_TOTAL_BYTES_MAX (96 * 1024 * 1024)

/* How often busy connections are looked at. At 1 Gbit/s 12 MiB come between two looks. */
#define ES_LOOK_MS 100

struct es_link;
struct es_listener;

struct es_connection {
    int fd;
    struct es_address peer;
    uint16_t port;
    struct es_listener *listener; /* NULL: dialled */
    struct es_source *source;     /* NULL: dialled, or refused at once */
    struct es_link *link;         /* NULL: has not sent a message yet */
    bool cut;
    uint64_t accepted_ms;
    /* Bytes that TCP had received when a message was last seen whole, and at the last look. */
    uint64_t whole_bytes;
    uint64_t seen_bytes;
    bool delivered; /* a whole message since the last look */
    bool busy;      /* received something lately: looked at until it stops */
    TAILQ_ENTRY(es_connection) silent;
};

struct es_connections {
    struct es_admission *admission;
    struct es_net_counts *counts;
    int epoll; /* tells when an idle connection receives something */
    struct es_connection **by_fd;
    size_t by_fd_len;
    size_t busy_count;
    size_t silent_count;
    size_t open_count;
    uint64_t look_at_ms;
    TAILQ_HEAD(, es_connection) silent; /* oldest first */
};

/* What is refused or fails here is counted in counts. */
bool es_connections_init(struct es_connections *connections, struct es_admission *admission,
                         struct es_net_counts *counts);
void es_connections_done(struct es_connections *connections);

/* The connection at a descriptor, or NULL. */
struct es_connection *es_connection_at(const struct es_connections *connections, int fd);

/* A listener has accepted fd. It is cut when its source is banned; when there are too many silent
 * ones, an old one is. */
void es_connection_accepted(struct es_connections *connections, int fd,
                            struct es_listener *listener, uint64_t now_ms);

/* A dialled link is connected by fd. NULL when it has ended already. */
struct es_connection *es_connection_dialled(struct es_connections *connections, int fd,
                                            struct es_link *link);

/* The first message has come: an inbound connection becomes a link. */
void es_connection_opened(struct es_connections *connections, struct es_connection *connection,
                          struct es_link *link);

/* ZeroMQ has closed it. One that never became a link, and was not cut, has failed. */
void es_connection_ended(struct es_connections *connections, struct es_connection *connection);

/* Its socket is closed. */
void es_connection_forget(struct es_connections *connections, struct es_connection *connection);

/* Makes ZeroMQ close it; it stays in the table until then. */
void es_connection_cut(struct es_connections *connections, struct es_connection *connection);

/* When es_connections_look() is due; UINT64_MAX: nothing is going on. */
uint64_t es_connections_wake_ms(const struct es_connections *connections);

/* Looks at busy and silent connections. Cuts silent ones that are too old and calls unfinished, which
 * must cut it, for each that has too much on the way. */
void es_connections_look(struct es_connections *connections, uint64_t now_ms,
                         void (*unfinished)(void *ctx, struct es_connection *connection),
                         void *ctx);

#endif
