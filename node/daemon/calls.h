/* SPDX-License-Identifier: ISC */
/* calls.h - calls that wait: for the core's answer, or for what they asked to wait for. */
#ifndef ES_DAEMON_CALLS_H
#define ES_DAEMON_CALLS_H

#include <jansson.h>

#include "node/core/event.h"

/* All clients together; each waits for few. One more is refused as busy. */
#define ES_CALLS_MAX 4096

enum es_call_wait {
    ES_WAIT_ANSWER,    /* the core's answer to the command             */
    ES_WAIT_ACCEPTED,  /* the contact accepts, or it fails             */
    ES_WAIT_DELIVERED, /* the message is on the other side's disk      */
    ES_WAIT_READ,
    ES_WAIT_PONG,
    ES_WAIT_HISTORY, /* a page of the log */
};

struct es_call {
    uint64_t number; /* request number of the core's command; 0: free */
    uint64_t client;
    json_t *id; /* of the request; owned; NULL: a notification   */
    const char *method;
    enum es_call_wait wait;
    enum es_call_wait then; /* after the answer                        */
    uint64_t deadline_ms;   /* UINT64_MAX: none                        */
    uint32_t contact;
    struct es_message_id message;
    const char *state; /* of the message, so far */
    uint32_t uses;     /* invite                  */
    uint64_t since_ms; /* log                     */
};

struct es_calls {
    struct es_call *of; /* ES_CALLS_MAX */
    size_t n_used;      /* places ever used: what is looked through */
    uint64_t next_number;
};

bool es_calls_init(struct es_calls *calls);
void es_calls_done(struct es_calls *calls);
/* A free place with its number; takes a reference to id. NULL: all are used. */
struct es_call *es_calls_add(struct es_calls *calls, uint64_t client, json_t *id,
                             const char *method);
struct es_call *es_calls_find(struct es_calls *calls, uint64_t number);
/* The next one in use; *io_at starts at 0. NULL after the last. */
struct es_call *es_calls_next(struct es_calls *calls, size_t *io_at);
void es_calls_remove(struct es_call *call);
bool es_calls_has_client(struct es_calls *calls, uint64_t client);
void es_calls_remove_client(struct es_calls *calls, uint64_t client);
/* The next deadline of a call that has its first answer. */
uint64_t es_calls_wake_at(struct es_calls *calls);

#endif
