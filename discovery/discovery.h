/* SPDX-License-Identifier: ISC */
/* discovery.h - one handle for however nodes find each other (docs/protocol.md, section 9).
 *
 * For the single-threaded loop of the network process: prepare, poll, dispatch. Callbacks come out
 * of es_discovery_dispatch() only, never out of another call, and may call nothing of this file.
 * Whatever happens to the network or to avahi-daemon is reported as state and repaired from within:
 * no call fails. */
#ifndef ES_DISCOVERY_DISCOVERY_H
#define ES_DISCOVERY_DISCOVERY_H

#include <poll.h>

#include "node/env/discovery.h"
#include "node/env/entropy.h"

struct es_discovery;

struct es_discovery_callbacks {
    void *ctx;
    /* An advert at one of its addresses; called once for each address. The advert is well-formed
     * and otherwise untrusted; the address lies on a network of one's own. */
    void (*seen)(void *ctx, const struct es_endpoint *at, const struct es_advert *advert);
    /* No address of an advert with this link key is advertised any more. */
    void (*gone)(void *ctx, const struct es_dh_public *link_key);
    /* Once at the start and whenever something in it changed. */
    void (*state)(void *ctx, const struct es_discovery_state *state);
};

struct es_discovery_options {
    enum es_discovery_method method;
    const char *interfaces; /* names separated by commas; empty: all with multicast; borrowed */
    struct es_entropy entropy;
    struct es_discovery_callbacks callbacks;
};

/* NULL when there is no memory. */
struct es_discovery *es_discovery_new(const struct es_discovery_options *options);
/* Withdraws what is published (with a goodbye to the segment) and frees. */
void es_discovery_free(struct es_discovery *discovery);

/* Replaces what was published before; repeated by itself after every change of the network. */
void es_discovery_publish(struct es_discovery *discovery, const struct es_publication *publication);
void es_discovery_withdraw(struct es_discovery *discovery);

/* Sockets that any method needs at most: two of mDNS or one of D-Bus, and those that watch
 * interfaces. */
#define ES_DISCOVERY_FDS_MAX 16

/* What to poll for and for how long at most (-1: no limit). now_ms is monotonic. */
size_t es_discovery_prepare(struct es_discovery *discovery, uint64_t now_ms,
                            struct pollfd ret_fds[static ES_DISCOVERY_FDS_MAX],
                            int *ret_timeout_ms);
/* With the fds of the last prepare, revents filled in. To be called after every poll. */
void es_discovery_dispatch(struct es_discovery *discovery, uint64_t now_ms,
                           const struct pollfd *fds, size_t n_fds);

/* Adverts refused since the last call: malformed, or leading to a foreign network. */
uint64_t es_discovery_take_refused(struct es_discovery *discovery);

#endif
