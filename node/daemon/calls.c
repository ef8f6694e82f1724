/* SPDX-License-Identifier: ISC */
/* calls.c - a table of waiting calls. */
#include "node/daemon/calls.h"

#include <stdlib.h>

bool es_calls_init(struct es_calls *calls)
{
    *calls = (struct es_calls){.next_number = 1};
    calls->of = calloc(ES_CALLS_MAX, sizeof(calls->of[0]));
    return calls->of != NULL;
}

void es_calls_remove(struct es_call *call)
{
    json_decref(call->id);
    *call = (struct es_call){0};
}

void es_calls_done(struct es_calls *calls)
{
    for (size_t i = 0; i < calls->n_used; i++)
        if (calls->of[i].number != 0)
            es_calls_remove(&calls->of[i]);
    free(calls->of);
}

struct es_call *es_calls_add(struct es_calls *calls, uint64_t client, json_t *id,
                             const char *method)
{
    size_t at = 0;

    while (at < calls->n_used && calls->of[at].number != 0)
        at++;
    if (at == ES_CALLS_MAX)
        return NULL;
    if (at == calls->n_used)
        calls->n_used++;
    calls->of[at] = (struct es_call){
        .number = calls->next_number++,
        .client = client,
        .id = json_incref(id),
        .method = method,
        .deadline_ms = UINT64_MAX,
        .state = "queued",
    };
    return &calls->of[at];
}

struct es_call *es_calls_next(struct es_calls *calls, size_t *io_at)
{
    while (*io_at < calls->n_used) {
        struct es_call *call = &calls->of[(*io_at)++];

        if (call->number != 0)
            return call;
    }
    return NULL;
}

struct es_call *es_calls_find(struct es_calls *calls, uint64_t number)
{
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(calls, &at)) != NULL)
        if (call->number == number)
            return call;
    return NULL;
}

bool es_calls_has_client(struct es_calls *calls, uint64_t client)
{
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(calls, &at)) != NULL)
        if (call->client == client)
            return true;
    return false;
}

void es_calls_remove_client(struct es_calls *calls, uint64_t client)
{
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(calls, &at)) != NULL)
        if (call->client == client)
            es_calls_remove(call);
}

uint64_t es_calls_wake_at(struct es_calls *calls)
{
    uint64_t at_ms = UINT64_MAX;
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(calls, &at)) != NULL)
        if (call->wait != ES_WAIT_ANSWER && call->deadline_ms < at_ms)
            at_ms = call->deadline_ms;
    return at_ms;
}
