/* SPDX-License-Identifier: ISC */
/* core.h - the node as a state machine: inputs in, effects out.
 *
 * No socket, file, clock, thread or entropy source is reachable from here but through what
 * es_core_new() was given. Slices inside an input are borrowed for the call. Everything inside a
 * batch's effects belongs to the core and stays valid until es_core_durable() for that batch. */
#ifndef ES_CORE_H
#define ES_CORE_H

#include "node/core/command.h"
#include "node/core/event.h"
#include "node/env/entropy.h"
#include "node/env/link.h"
#include "node/env/store.h"

struct es_core;

struct es_settings {
    uint64_t rotation_ms;        /* rotation period, before its jitter                      */
    uint16_t port_min, port_max; /* of the listener that rotates                            */
    enum es_discovery_method method;
    char interfaces[256];
    bool receipts;          /* tell when something was read                            */
    unsigned work_bits;     /* proof of work of requests: 20; fewer in simulations       */
    uint32_t contacts_max;  /* at most ES_CONTACTS_MAX                                   */
    uint16_t links_max;     /* at most ES_LINKS_MAX                                      */
    uint16_t strangers_max; /* links dialled to strangers                                */
    /* Lasting listeners and peers to dial; borrowed for the lifetime of the core. */
    const struct es_lasting *lasting;
    size_t n_lasting;
    const struct es_known_peer *peers;
    size_t n_peers;
};
struct es_lasting {
    char host[ES_HOST_BYTES_MAX]; /* empty: every address */
    uint16_t port;
};
struct es_known_peer {
    struct es_endpoint at;
    struct es_dh_public key;
};
/* The defaults of docs/protocol.md: 900 s, 42000-42099, auto, receipts, 20 bits. */
struct es_settings es_settings_default(void);

struct es_env {
    struct es_entropy entropy;
    struct es_arena arena;
    /* What the core reads back by primary key: committed rows. As es_reader_ops.get. */
    void *store_ctx;
    int (*read)(void *store_ctx, enum es_row_kind kind, struct es_slice key, uint8_t *buf,
                size_t cap, size_t *ret_len);
    /* es_core_scratch_bytes() bytes, aligned for any object, that cores which run one at a time may
     * share if each input is followed by es_core_take(), until that gives nothing, before another core
     * has one: nothing is kept there beyond. NULL: taken from the arena. */
    void *scratch;
};
size_t es_core_scratch_bytes(void);

enum es_input_kind {
    ES_IN_ROW,   /* one restored row; before ES_IN_START, kinds in rising order, no messages      */
    ES_IN_START, /* everything is restored: begin                                                  */
    ES_IN_NETWORK, /* the network process was started (again): it knows nothing, every link is gone  */
    ES_IN_REPORT, /* what it reports                                                                */
    ES_IN_COMMAND, /* what a person or script wants; answered by one ES_EV_ANSWER                     */
    ES_IN_TIMER, /* the time that effects asked for has come (earlier or later is fine)             */
};

struct es_input {
    enum es_input_kind kind;
    uint64_t now_ms;  /* monotonic; a value older than the last one counts as the last one */
    uint64_t wall_ms; /* stamps and expiry only */
    union {
        const struct es_row *row;
        const struct es_report *report;
        const struct es_command *command;
    };
};

struct es_effects {            /* whoever runs the core works through them in this order: */
    const struct es_row *rows; /* 1. one transaction, committed                           */
    size_t n_rows;
    const struct es_order *orders; /* 2. only then may the network learn of it               */
    size_t n_orders;
    const struct es_event *events; /* 3. people are told what is already true                */
    size_t n_events;
};

/* NULL when the arena is used up at once. env and settings are copied; what they point to stays. */
struct es_core *es_core_new(const struct es_env *env, const struct es_settings *settings);
/* Erases all secrets. The arena's owner frees the memory. */
void es_core_free(struct es_core *core);

/* ES_E_FULL: take first, then give the same input again. ES_E_ROW: a restored row is damaged.
 * ES_E_STORE: reading back failed, ES_E_MEMORY: the arena is used up: both as a failed commit, nothing
 * that was not taken happened. Everything else is ES_OK: hostile input is counted, a refused command is
 * answered. */
enum es_err es_core_input(struct es_core *core, const struct es_input *input);

/* Seals the open batch and gives its effects. False when there is nothing to do, or when
 * ES_BATCHES_IN_FLIGHT_MAX batches are not yet durable. */
bool es_core_take(struct es_core *core, struct es_effects *ret);

/* The oldest batch taken is committed, its orders and events were passed on: its effects are
 * invalid from now on. */
void es_core_durable(struct es_core *core);

/* When ES_IN_TIMER is due, monotonic; UINT64_MAX: never. Changes with every input. */
uint64_t es_core_wake_at(const struct es_core *core);

#endif
