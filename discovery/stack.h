/* SPDX-License-Identifier: ISC */
/* stack.h - what discovery.c needs of an mDNS stack, and what a stack tells it.
 *
 * A stack is opened, publishes at most one set of records, browses for the one service type, and is
 * closed; one that failed is closed and opened anew by discovery.c, never repaired. Callbacks of the
 * host may come out of any call to the stack and out of the poll interface; they only note what
 * happened, except that adverts go straight into the table. */
#ifndef ES_DISCOVERY_STACK_H
#define ES_DISCOVERY_STACK_H

#include <avahi-common/defs.h>
#include <avahi-common/watch.h>

#include "discovery/browse.h"
#include "discovery/records.h"

struct es_stack; /* each adapter has its own */

struct es_stack_host {
    void *ctx;
    const AvahiPoll *poll;
    const char *interfaces;       /* names separated by commas; empty: all */
    const char *random_host_name; /* for stacks that must have one; it is published nowhere */
    struct es_browse *browse;
    struct es_resolving resolving;
    /* Records may be published now. */
    void (*ready)(void *ctx);
    /* The records stand. */
    void (*published)(void *ctx);
    /* Somebody else has one of the names: they have been withdrawn. */
    void (*collided)(void *ctx);
    /* The stack is lost; the text is for people. */
    void (*failed)(void *ctx, const char *problem);
};

struct es_stack_ops {
    enum es_discovery_method method;
    /* Does it use other interfaces than those asked for? Then each record names its own. */
    bool all_interfaces;
    /* Why it may take a while to get ready. */
    const char *waiting;
    /* The host is borrowed until close. NULL: host->failed() has been told why. */
    struct es_stack *(*open)(const struct es_stack_host *host);
    /* What was published is withdrawn with a goodbye. */
    void (*close)(struct es_stack *stack);
    /* In place of what was published before: the new records stand before the old ones go. NULL, or,
     * with nothing changed, why the stack refuses them. */
    const char *(*publish)(struct es_stack *stack, const struct es_record *records, size_t n);
    void (*withdraw)(struct es_stack *stack);
    void *(*resolve)(void *stack, const struct es_instance *instance);
    void (*cancel)(void *resolver);
};

/* --- stack.c: what both adapters make of Avahi's events ------------------------------------------ */

/* The state of the records that are published now: tells the host. */
void es_stack_group_changed(const struct es_stack_host *host, AvahiEntryGroupState state);
/* A resolver has ended. The adapter frees it. address and txt are borrowed. */
void es_stack_resolved(const struct es_stack_host *host, AvahiResolverEvent event,
                       AvahiIfIndex interface, AvahiProtocol protocol, const char *name,
                       const AvahiAddress *address, uint16_t port, AvahiStringList *txt);

#endif
