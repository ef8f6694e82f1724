/* SPDX-License-Identifier: ISC */
/* browse.h - which adverts are on the network: what a stack hears goes in, what is new comes out.
 *
 * Everything that comes in is hostile. A name that no node would choose is refused before anything
 * is asked about it; each new name is resolved once, a few at a time; the result is checked and
 * reported. A flood fills the table, which is said, so that the stack can be started afresh: a cache
 * full of forged names with lifetimes of years would hide everybody for good. */
#ifndef ES_DISCOVERY_BROWSE_H
#define ES_DISCOVERY_BROWSE_H

#include <avahi-common/address.h>
#include <avahi-common/strlst.h>

#include "discovery/discovery.h"
#include "discovery/interfaces.h"

/* Two for each node of a segment of 1,000: an advert appears once per interface and family. */
#define ES_INSTANCES_MAX 2048
/* Resolvers at a time: each asks the network several questions. */
#define ES_RESOLVERS_MAX 64
/* A resolver gives up after five seconds; lossy networks get another chance. While others wait for
 * its place it has less: most answers have come with the name, and neighbours need 150 ms. */
#define ES_RESOLVE_TRIES 3
#define ES_RESOLVE_MS_CROWDED 300

enum es_instance_state {
    ES_INSTANCE_WAITING,
    ES_INSTANCE_RESOLVING,
    ES_INSTANCE_RESOLVED,
    ES_INSTANCE_REFUSED, /* or never answered: not asked again while it is there */
};

struct es_instance {
    char name[ES_INSTANCE_CHARS + 1];
    AvahiIfIndex interface;
    AvahiProtocol protocol;
    enum es_instance_state state;
    uint8_t tries;
    bool stale;     /* from before a restart, not seen since */
    void *resolver; /* RESOLVING: the stack's, and since when */
    uint64_t since_ms;
    struct es_dh_public link_key; /* RESOLVED */
};

struct es_browse {
    struct es_discovery_callbacks callbacks;
    struct es_entropy entropy;
    const struct es_interfaces *interfaces; /* the current ones */
    struct es_dh_public own;                /* link key of what this node publishes itself */
    bool own_heard;                         /* that came back from the network              */
    uint64_t refused;
    bool full;        /* a name found no place */
    size_t n_waiting; /* for a resolver */
    size_t n_resolving;
    size_t n;
    struct es_instance rows[ES_INSTANCES_MAX];
};

/* What a stack can do for the table; resolve returns NULL when it cannot. */
struct es_resolving {
    void *ctx;
    void *(*resolve)(void *ctx, const struct es_instance *instance);
    void (*cancel)(void *resolver);
};

/* What the stack hears. A resolver is spent when its result or failure is reported: the stack frees
 * it. */
void es_browse_added(struct es_browse *browse, AvahiIfIndex interface, AvahiProtocol protocol,
                     const char *name);
void es_browse_removed(struct es_browse *browse, const struct es_resolving *resolving,
                       AvahiIfIndex interface, AvahiProtocol protocol, const char *name);
void es_browse_resolved(struct es_browse *browse, AvahiIfIndex interface, AvahiProtocol protocol,
                        const char *name, const AvahiAddress *address, uint16_t port,
                        AvahiStringList *txt);
void es_browse_unresolved(struct es_browse *browse, AvahiIfIndex interface, AvahiProtocol protocol,
                          const char *name);

/* Starts resolvers for names that wait. A flood of names does not keep a real one from its turn:
 * places go to the newest and to one chosen at random by turns. */
void es_browse_continue(struct es_browse *browse, const struct es_resolving *resolving,
                        uint64_t now_ms);

/* Other networks can be reached now: what was refused is looked at again. */
void es_browse_reconsider(struct es_browse *browse);

/* The stack is about to be closed: resolvers are cancelled, and what was seen counts as stale until
 * it is seen again. */
void es_browse_suspend(struct es_browse *browse, const struct es_resolving *resolving);
/* What is still stale is gone. */
void es_browse_sweep(struct es_browse *browse);

#endif
