/* SPDX-License-Identifier: ISC */
/* records.h - the resource records of a publication (docs/protocol.md, section 9).
 *
 * Records of our own making instead of the services of Avahi: those have a lifetime of 75 minutes
 * and bring the machine's host name. */
#ifndef ES_DISCOVERY_RECORDS_H
#define ES_DISCOVERY_RECORDS_H

#include <avahi-common/address.h>

#include "discovery/beacon.h"
#include "discovery/interfaces.h"

#define ES_DOMAIN "local"

/* Everything that is advertised is forgotten this soon when its sender vanishes. */
#define ES_RECORD_TTL_S 120

struct es_record {
    char name[64];
    uint16_t type;
    AvahiIfIndex interface; /* AVAHI_IF_UNSPEC: on all */
    AvahiProtocol protocol;
    bool unique; /* nobody else can have this name */
    uint8_t data[ES_TXT_BYTES_MAX];
    size_t data_len;
};

/* As many as one entry group of avahi-daemon takes by default. Addresses beyond it are left out. */
#define ES_RECORDS_MAX 32

/* per_interface: name each interface instead of leaving it to a stack that uses just these. The
 * count is 0 when no interface has an address. */
size_t es_records_make(const struct es_publication *publication,
                       const struct es_interfaces *interfaces, bool per_interface,
                       struct es_record ret[static ES_RECORDS_MAX]);

#endif
