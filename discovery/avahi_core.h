/* SPDX-License-Identifier: ISC */
/* avahi_core.h - Avahi's mDNS stack inside this process: no daemon, no D-Bus. */
#ifndef ES_DISCOVERY_AVAHI_CORE_H
#define ES_DISCOVERY_AVAHI_CORE_H

#include "discovery/stack.h"

extern const struct es_stack_ops es_avahi_core_ops;

#endif
