/* SPDX-License-Identifier: ISC */
/* client.h - a connection to the node's control socket (docs/api.md).
 *
 * Requests may be sent without waiting for the answers of earlier ones; answers and events are
 * taken one by one. Deadlines are times of es_monotonic_ms(). */
#ifndef ES_CLI_CLIENT_H
#define ES_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ES_DEADLINE_NONE INT64_MAX

struct es_client {
    int fd; /* -1: not connected */
    char *in;
    size_t in_at, in_len, in_cap;
    size_t in_searched; /* up to here there is no newline */
    uint64_t last_id;
    json_t *kept; /* what came while another answer was awaited */
};

void es_client_init(struct es_client *client);

/* 0, or a negative errno: -ENOENT or -ECONNREFUSED when no node listens there. Paths longer than an
 * address of a socket holds are fine. */
int es_client_open(struct es_client *client, const char *path);
void es_client_close(struct es_client *client);

/* Process that listens at the other end; 0 when unknown. */
pid_t es_client_peer(const struct es_client *client);

/* Takes params over. 0 and *ret_id, or a negative errno: -EMSGSIZE when the request is longer than
 * a line may be, -EPIPE when the node has gone, -ETIMEDOUT. Answers that arrive meanwhile are kept. */
int es_client_request(struct es_client *client, const char *method, json_t *params,
                      int64_t deadline_ms, uint64_t *ret_id);

/* The next answer or event: *ret is a new reference. A deadline in the past: without waiting. 0, or
 * a negative errno: -ETIMEDOUT, -EPIPE when the node has gone, -EPROTO when it talks nonsense. */
int es_client_next(struct es_client *client, int64_t deadline_ms, json_t **ret);

/* Is there something that es_client_next() gives without reading? Then there is nothing to poll for. */
bool es_client_ready(const struct es_client *client);

/* The answer to one request; what comes before it is kept for es_client_next(). */
int es_client_answer(struct es_client *client, uint64_t id, int64_t deadline_ms, json_t **ret);

/* Is this object, as es_client_next() gives it, an event? Borrowed params, NULL for an answer. */
const json_t *es_client_event(const json_t *object);

#endif
