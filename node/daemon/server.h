/* SPDX-License-Identifier: ISC */
/* server.h - the control socket: clients, lines in, lines out.
 *
 * A client is named by a number that is never used twice, so that an answer that comes late finds
 * nobody rather than somebody else. */
#ifndef ES_DAEMON_SERVER_H
#define ES_DAEMON_SERVER_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/env/control.h"

#define ES_SERVER_CLIENTS_MAX 64
/* What a client that does not read may leave waiting, before its events are dropped. */
#define ES_SERVER_OUTPUT_BYTES_MAX (1u << 20)

struct es_server;

struct es_server_calls {
    void *ctx;
    /* One line without its newline. */
    void (*line)(void *ctx, uint64_t client, const char *line, size_t len);
    void (*closed)(void *ctx, uint64_t client);
    /* Is more to be said to this client? One that has shut down its side is closed when not. */
    bool (*waits)(void *ctx, uint64_t client);
};

/* Listens at path (mode 0600). A socket that is left over is replaced; one that somebody listens at
 * (EADDRINUSE) or a file of another kind (EEXIST) is not. NULL with errno. */
struct es_server *es_server_new(const char *path, const struct es_server_calls *calls);
/* Closes everything and removes the socket. */
void es_server_free(struct es_server *server);

/* An answer: waits however long; the client's further lines are not read while too much waits. False
 * when the client is gone. Takes the reference to object. */
bool es_server_answer(struct es_server *server, uint64_t client, json_t *object);
/* An event: false when there is no room for it or the client is gone. Borrows line. */
bool es_server_event(struct es_server *server, uint64_t client, const char *line, size_t len);
/* True while output waits. */
bool es_server_busy(const struct es_server *server);

/* Fills at most ES_SERVER_CLIENTS_MAX + 1 entries. */
size_t es_server_pollfds(const struct es_server *server, struct pollfd *ret);
void es_server_dispatch(struct es_server *server, const struct pollfd *fds, size_t n);

#endif
