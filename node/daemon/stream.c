/* SPDX-License-Identifier: ISC */
/* stream.c - a ring of the last events, and who listens.
 *
 * A listener that does not read misses events, and is told how many once it reads again. */
#include "node/daemon/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listener {
    uint64_t client; /* 0: free */
    uint64_t missed;
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
static bool tell_missed(struct es_stream *stream, struct listener *listener, uint64_t number)
{
    char *line;
    bool ok;

    if (listener->missed == 0)
        return true;
    line = line_of(json_pack("{s:I, s:s, s:I}", "seq", (json_int_t)number, "event", "lagged",
                             "missed", (json_int_t)listener->missed));
    ok = line != NULL && es_server_event(stream->server, listener->client, line, strlen(line));
    free(line);
    if (ok)
        listener->missed = 0;
    return ok;
}

static void tell(struct es_stream *stream, struct listener *listener, uint64_t number)
{
    const char *line = stream->lines[number % ES_STREAM_EVENTS_MAX];

    if (line == NULL || !tell_missed(stream, listener, number - 1) ||
        !es_server_event(stream->server, listener->client, line, strlen(line)))
        listener->missed++;
}

void es_stream_put(struct es_stream *stream, json_t *event)
{
    uint64_t number = ++stream->last;
    char **line = &stream->lines[number % ES_STREAM_EVENTS_MAX];

    json_object_set_new(event, "seq", json_integer((json_int_t)number));
    free(*line);
    *line = line_of(event);
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        if (stream->listeners[i].client != 0)
            tell(stream, &stream->listeners[i], number);
}

uint64_t es_stream_last(const struct es_stream *stream)
{
    return stream->last;
}

void es_stream_listen(struct es_stream *stream, uint64_t client, uint64_t since)
{
    struct listener *listener = NULL;
    uint64_t first =
        stream->last > ES_STREAM_EVENTS_MAX ? stream->last - ES_STREAM_EVENTS_MAX + 1 : 1;

    es_stream_forget(stream, client);
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX && listener == NULL; i++)
        if (stream->listeners[i].client == 0)
            listener = &stream->listeners[i];
    if (listener == NULL)
        return; /* cannot be: there are as many places as clients */
    *listener = (struct listener){.client = client};
    if (since >= stream->last)
        return;
    if (since + 1 < first)
        listener->missed = first - since - 1;
    for (uint64_t number = since + 1 < first ? first : since + 1; number <= stream->last; number++)
        tell(stream, listener, number);
}

void es_stream_forget(struct es_stream *stream, uint64_t client)
{
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        if (stream->listeners[i].client == client)
            stream->listeners[i] = (struct listener){0};
}
