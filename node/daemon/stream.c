/* SPDX-License-Identifier: ISC */
/* stream.c - a ring of the last events, and who listens.
 *
 * Each listener has its place in the ring: one that reads slowly gets everything later, one that is
 * overtaken is told how much it has missed. */
#include "node/daemon/stream.h"

#include <stdlib.h>
#include <string.h>

struct listener {
    uint64_t client; /* 0: free */
    uint64_t next;   /* event that it gets next */
};

struct es_stream {
    struct es_server *server;
    uint64_t last;
    char *lines[ES_STREAM_EVENTS_MAX]; /* event n stands at n % ES_STREAM_EVENTS_MAX */
    struct listener listeners[ES_SERVER_CLIENTS_MAX];
};

struct es_stream *es_stream_new(struct es_server *server)
{
    struct es_stream *stream = calloc(1, sizeof(*stream));

    if (stream != NULL)
        stream->server = server;
    return stream;
}

void es_stream_free(struct es_stream *stream)
{
    for (size_t i = 0; stream != NULL && i < ES_STREAM_EVENTS_MAX; i++)
        free(stream->lines[i]);
    free(stream);
}

static char *line_of(json_t *event)
{
    json_t *object =
        json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", "event", "params", event);
    char *line = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    return line;
}

/* The event that says that others were missed; it has the number of the last of them. */
static bool tell_missed(struct es_stream *stream, const struct listener *listener, uint64_t first)
{
    uint64_t missed = first - listener->next;
    char *line = line_of(json_pack("{s:I, s:s, s:I}", "seq", (json_int_t)(first - 1), "event",
                                   "lagged", "missed", (json_int_t)missed));
    bool ok = line != NULL && es_server_event(stream->server, listener->client, line, strlen(line));

    free(line);
    return ok;
}

/* As much as there is room for. */
static void tell(struct es_stream *stream, struct listener *listener)
{
    uint64_t first =
        stream->last > ES_STREAM_EVENTS_MAX ? stream->last - ES_STREAM_EVENTS_MAX + 1 : 1;

    if (listener->next < first) {
        if (!tell_missed(stream, listener, first))
            return;
        listener->next = first;
    }
    for (; listener->next <= stream->last; listener->next++) {
        const char *line = stream->lines[listener->next % ES_STREAM_EVENTS_MAX];

        /* Memory was out when an event has no line. */
        if (line != NULL && !es_server_event(stream->server, listener->client, line, strlen(line)))
            return;
    }
}

void es_stream_pump(struct es_stream *stream)
{
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        if (stream->listeners[i].client != 0)
            tell(stream, &stream->listeners[i]);
}

void es_stream_put(struct es_stream *stream, json_t *event)
{
    uint64_t number = ++stream->last;
    char **line = &stream->lines[number % ES_STREAM_EVENTS_MAX];

    json_object_set_new(event, "seq", json_integer((json_int_t)number));
    free(*line);
    *line = line_of(event);
    es_stream_pump(stream);
}

uint64_t es_stream_last(const struct es_stream *stream)
{
    return stream->last;
}

static struct listener *find(struct es_stream *stream, uint64_t client)
{
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        if (stream->listeners[i].client == client)
            return &stream->listeners[i];
    return NULL;
}

void es_stream_listen(struct es_stream *stream, uint64_t client, uint64_t since)
{
    struct listener *listener = find(stream, client);

    if (listener == NULL)
        listener = find(stream, 0);
    if (listener == NULL)
        return; /* cannot be: there are as many places as clients */
    *listener = (struct listener){.client = client,
                                  .next = since < stream->last ? since + 1 : stream->last + 1};
    tell(stream, listener);
}

bool es_stream_listens(struct es_stream *stream, uint64_t client)
{
    return find(stream, client) != NULL;
}

void es_stream_forget(struct es_stream *stream, uint64_t client)
{
    struct listener *listener = find(stream, client);

    if (listener != NULL)
        *listener = (struct listener){0};
}
