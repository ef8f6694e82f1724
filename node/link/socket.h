/* SPDX-License-Identifier: ISC */
/* socket.h - ZeroMQ sockets that wake one epoll descriptor.
 *
 * The descriptor that ZeroMQ gives for a socket says "there are commands", not "there are
 * messages", and any call may take the commands in. So a socket that was touched is pending until
 * it has been read dry; only then does its descriptor speak again. */
#ifndef ES_LINK_SOCKET_H
#define ES_LINK_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "node/crypto/types.h"
#include "node/wire/endpoint.h"

/* In the order in which they are served: what happened to a connection is known before what it
 * asks and says. */
enum es_socket_kind {
    ES_SOCKET_LISTENER_MONITOR = 0,
    ES_SOCKET_DIAL_MONITOR = 1,
    ES_SOCKET_ZAP = 2,
    ES_SOCKET_LISTENER = 3,
    ES_SOCKET_DIAL = 4,
    ES_SOCKET_KINDS = 5,
};

struct es_socket {
    enum es_socket_kind kind;
    void *zmq; /* NULL: closed */
    int fd;
    void *owner; /* struct es_listener or struct es_link */
    bool pending;
    TAILQ_ENTRY(es_socket) next;
};

struct es_sockets {
    void *zmq; /* the context */
    int epoll;
    uint32_t monitor_count; /* makes the names of monitors */
    TAILQ_HEAD(, es_socket) pending[ES_SOCKET_KINDS];
};

bool es_sockets_init(struct es_sockets *sockets);
/* All sockets must be closed. Waits for ZeroMQ's threads. */
void es_sockets_done(struct es_sockets *sockets);

/* Makes a socket with the options that all links have; negative errno. */
int es_socket_open(struct es_sockets *sockets, struct es_socket *ret, enum es_socket_kind kind,
                   void *owner, int type);
int es_socket_set(struct es_socket *socket, int option, int value);
int es_socket_set_key(struct es_socket *socket, int option, const uint8_t key[static ES_KEY_BYTES]);

/* Messages that were handed over leave within linger_ms or never. */
void es_socket_close(struct es_sockets *sockets, struct es_socket *socket, int linger_ms);

/* ret tells the events of socket. To be opened before the first bind or connect. */
int es_monitor_open(struct es_sockets *sockets, struct es_socket *ret, enum es_socket_kind kind,
                    void *owner, struct es_socket *socket, int events);

struct es_monitor_event {
    uint16_t event;
    uint32_t value; /* a file descriptor, an errno or a status: depends on the event */
};

/* The next event; false when there is none. */
bool es_monitor_next(struct es_socket *monitor, struct es_monitor_event *ret);

/* ZMQ_POLLIN, ZMQ_POLLOUT. Takes in all commands. */
int es_socket_events(struct es_socket *socket);

/* Puts the socket among the pending ones; false for one that is closed. */
void es_socket_touch(struct es_sockets *sockets, struct es_socket *socket);

/* Takes the next pending socket of a kind out, or NULL. */
struct es_socket *es_socket_take(struct es_sockets *sockets, enum es_socket_kind kind);

/* Collects the sockets whose descriptor speaks. Their commands are taken in. */
void es_sockets_collect(struct es_sockets *sockets);

/* tcp://HOST:PORT of a numeric address, a name or "*"; false when it is nothing of that. */
bool es_socket_uri(const struct es_endpoint *endpoint, char ret[static ES_ENDPOINT_TEXT_BYTES_MAX]);

#endif
