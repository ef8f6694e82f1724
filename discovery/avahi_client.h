/* SPDX-License-Identifier: ISC */
/* avahi_client.h - the mDNS stack of a running avahi-daemon, by D-Bus.
 *
 * The daemon may come, go and restart. Its library waits for each answer: a daemon that hangs holds
 * up the network process (docs/decisions/0001-embedded-avahi.md). */
#ifndef ES_DISCOVERY_AVAHI_CLIENT_H
#define ES_DISCOVERY_AVAHI_CLIENT_H

#include "discovery/stack.h"

extern const struct es_stack_ops es_avahi_client_ops;

#endif
