/* SPDX-License-Identifier: ISC */
/* stack.c - what both adapters make of Avahi's events. */
#include "discovery/stack.h"

void es_stack_group_changed(const struct es_stack_host *host, AvahiEntryGroupState state)
{
    switch (state) {
    case AVAHI_ENTRY_GROUP_ESTABLISHED:
        host->published(host->ctx);
        break;
    case AVAHI_ENTRY_GROUP_COLLISION:
    case AVAHI_ENTRY_GROUP_FAILURE:
        host->collided(host->ctx);
        break;
    case AVAHI_ENTRY_GROUP_UNCOMMITED:
    case AVAHI_ENTRY_GROUP_REGISTERING:
        break;
    }
}

void es_stack_resolved(const struct es_stack_host *host, AvahiResolverEvent event,
                       AvahiIfIndex interface, AvahiProtocol protocol, const char *name,
                       const AvahiAddress *address, uint16_t port, AvahiStringList *txt)
{
    if (event == AVAHI_RESOLVER_FOUND && address)
        es_browse_resolved(host->browse, interface, protocol, name, address, port, txt);
    else
        es_browse_unresolved(host->browse, interface, protocol, name);
}
