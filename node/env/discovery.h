/* SPDX-License-Identifier: ISC */
/* discovery.h - what the node needs of discovery: to advertise itself and to hear of others.
 *
 * Recognising a contact's advert is the node's business (discovery/beacon.h); an adapter publishes
 * bytes and reports bytes. Adapters: discovery/avahi_core.h and discovery/avahi_client.h,
 * which run in the network process, in its one loop. */
#ifndef ES_ENV_DISCOVERY_H
#define ES_ENV_DISCOVERY_H

#include "node/crypto/types.h"
#include "node/wire/limits.h"

#define ES_SERVICE_TYPE "_earshot._tcp"

#define ES_ADVERT_NONCE_BYTES 8
#define ES_BEACON_BYTES 16
/* Instance and host names: this many base32 characters, random for each rotation period. */
#define ES_INSTANCE_CHARS 16

/* What the TXT record says (docs/protocol.md, section 9). */
struct es_advert {
    uint8_t nonce[ES_ADVERT_NONCE_BYTES];
    struct es_dh_public link_key;
    uint8_t beacon[ES_BEACON_BYTES];
    uint8_t signature[ES_SIGNATURE_BYTES]; /* XORed with the presence key's pad */
    /* Visible mode only. */
    bool visible;
    struct es_dh_public introduction;
    char name[ES_NAME_BYTES_MAX + 1]; /* as its sender claims it: any valid UTF-8 */
};

/* Numeric address, a link-local one with its interface ("fe80::1%eth0"), or, in what a person
 * asked for, a host name. */
struct es_endpoint {
    char host[ES_HOST_BYTES_MAX];
    uint16_t port;
};

/* What the node publishes: everything in it changes together each rotation period. */
struct es_publication {
    char instance[ES_INSTANCE_CHARS + 1];
    char host[ES_INSTANCE_CHARS + 1];
    uint16_t port;
    struct es_advert advert;
};

enum es_discovery_method {
    ES_DISCOVERY_OFF = 0,
    ES_DISCOVERY_EMBEDDED = 1,
    ES_DISCOVERY_AVAHI_DAEMON = 2,
    ES_DISCOVERY_AUTO = 3, /* in settings only: never reported */
};

#define ES_PROBLEM_BYTES_MAX 160
#define ES_INTERFACE_NAMES_BYTES_MAX 200

/* How it stands: reported at start and whenever it changes. */
struct es_discovery_state {
    enum es_discovery_method method;
    uint16_t interfaces; /* with multicast, in use                            */
    bool published;      /* the current publication stands                    */
    bool own_heard;      /* and was heard, as others hear it                  */
    /* Their names, separated by commas, as far as they fit. */
    char interface_names[ES_INTERFACE_NAMES_BYTES_MAX];
    char problem[ES_PROBLEM_BYTES_MAX]; /* for people: what is wrong; empty when nothing is   */
};

#endif
