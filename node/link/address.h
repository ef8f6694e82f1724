/* SPDX-License-Identifier: ISC */
/* address.h - the numeric address of the other side of a connection.
 *
 * IPv4 is kept in its mapped form, so that one host has one address whatever socket it came by. */
#ifndef ES_LINK_ADDRESS_H
#define ES_LINK_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "node/wire/limits.h"

struct es_address {
    uint8_t ip[16];
    uint32_t scope; /* interface index of a link-local address, else 0 */
};

/* "192.0.2.1", "::ffff:192.0.2.1", "fe80::1%eth0"; false for anything else. */
bool es_address_parse(const char *host, struct es_address *ret);

/* Who is connected to this TCP socket; false when nobody is any more. */
bool es_address_of_peer(int fd, struct es_address *ret, uint16_t *ret_port);

/* The one form that es_address_parse() and people read. */
void es_address_format(const struct es_address *address, char ret[static ES_HOST_BYTES_MAX]);

bool es_address_equal(const struct es_address *a, const struct es_address *b);

#endif
