/* SPDX-License-Identifier: ISC */
/* guard.h - how many DNS records each neighbour may make the mDNS stack look at.
 *
 * The stack compares every pointer it hears with all it knows, so 200 forged packets cost seconds of
 * a loop that carries links as well. An honest neighbour sends a few records at a time. What exceeds
 * its sender's budget is dropped before the stack reads it. */
#ifndef ES_DISCOVERY_GUARD_H
#define ES_DISCOVERY_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* At once, as from a printer with a hundred services, and a second afterwards. */
#define ES_GUARD_BURST 512
#define ES_GUARD_PER_SECOND 32
/* Senders remembered; a forgotten one starts anew. */
#define ES_GUARD_SOURCES 256

struct es_guard_source {
    struct in6_addr address; /* of IPv4 the mapped form */
    uint64_t seen_ms;        /* 0: free place */
    uint32_t spent;          /* thousandths of a record */
};

struct es_guard {
    struct es_guard_source sources[ES_GUARD_SOURCES];
};

/* May this many records from this address be looked at now? */
bool es_guard_spend(struct es_guard *guard, const struct in6_addr *from, uint32_t records,
                    uint64_t now_ms);

/* Drops what exceeds budgets from the head of a socket's queue; true when something is left to read.
 * Sockets that are not of IP are left alone. */
bool es_guard_admit(struct es_guard *guard, int fd, uint64_t now_ms);

#endif
