/* SPDX-License-Identifier: ISC */
/* stream.h - events with sequence numbers, for `listen`. */
#ifndef ES_DAEMON_STREAM_H
#define ES_DAEMON_STREAM_H

#include <jansson.h>

#include "node/daemon/server.h"

/* Events kept for who comes back. */
#define ES_STREAM_EVENTS_MAX 4096

struct es_stream;

struct es_stream *es_stream_new(struct es_server *server);
void es_stream_free(struct es_stream *stream);

/* Takes an event object (the reference too), numbers it, keeps it, tells the listeners. */
void es_stream_put(struct es_stream *stream, json_t *event);
/* The number of the last event so far. */
uint64_t es_stream_last(const struct es_stream *stream);
/* From now on this client is told, of those after `since` first (UINT64_MAX: only new ones). */
void es_stream_listen(struct es_stream *stream, uint64_t client, uint64_t since);
bool es_stream_listens(struct es_stream *stream, uint64_t client);
/* Gives listeners what did not fit before. Once per turn of the loop. */
void es_stream_pump(struct es_stream *stream);
void es_stream_forget(struct es_stream *stream, uint64_t client);

#endif
