/* SPDX-License-Identifier: ISC */
/* admission.h - who may connect: limits and bans by source address.
 *
 * Client keys are thrown away after each connection, so an address is all that a stranger can be
 * counted by. Plain bookkeeping: no socket, no clock. */
#ifndef ES_LINK_ADMISSION_H
#define ES_LINK_ADMISSION_H

#include <stddef.h>

#include "node/link/address.h"

/* Addresses remembered, a segment of 500 hosts with two each. The one not heard of longest gives
 * way, never one with connections or a ban; when all have those, new addresses are refused. */
#define ES_SOURCES_MAX 1024

/* Handshakes of one address in a minute, and at once: a machine with sixty nodes that all change
 * their keys. 600 cost some 120 ms of the processor. */
#define ES_SOURCE_HANDSHAKES_PER_MINUTE 600
#define ES_SOURCE_HANDSHAKES_BURST 600

/* Open links from one address: a machine with sixty nodes. */
#define ES_SOURCE_LINKS_MAX 64

/* Connections of one address that have not sent a message yet. An honest one sends within
 * milliseconds, so an old one is cut in favour of the newest. */
#define ES_SOURCE_SILENT_MAX 128

struct es_source {
    struct es_address address;
    bool used;
    uint64_t heard_ms; /* last time anything came from there */
    uint64_t banned_until_ms;
    /* Handshakes that may begin now, in units of 1/60000 (so that each millisecond adds a whole
     * number). */
    uint64_t credit;
    uint64_t credited_ms;
    /* Kept by node/link/connection.c: */
    size_t silent_count;
    size_t open_count;
    size_t refused_count; /* handshakes refused whose connection has not ended yet */
};

struct es_admission {
    struct es_source sources[ES_SOURCES_MAX];
};

/* The source at this address, made when it is new; NULL when there is no place. */
struct es_source *es_admission_source(struct es_admission *admission,
                                      const struct es_address *address, uint64_t now_ms);

/* A later ban replaces an earlier one; false when there is no place to remember it. */
bool es_admission_ban(struct es_admission *admission, const struct es_address *address,
                      uint32_t for_ms, uint64_t now_ms);

bool es_source_banned(const struct es_source *source, uint64_t now_ms);

/* May a handshake from there go on? Takes one from its credit. */
bool es_source_handshake(struct es_source *source, uint64_t now_ms);

#endif
