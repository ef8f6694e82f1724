/* SPDX-License-Identifier: ISC */
/* endpoint.h - a listener's address as text: tcp://HOST:PORT/KEY. Pure.
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets, a link-local one with its
 * interface; KEY is the link key in 52 characters of base32. Whoever has it can dial; it says
 * nothing about who listens. */
#ifndef ES_WIRE_ENDPOINT_H
#define ES_WIRE_ENDPOINT_H

#include "node/env/discovery.h"
#include "node/wire/base32.h"

#define ES_ENDPOINT_KEY_CHARS ES_BASE32_CHARS(ES_KEY_BYTES)
/* With the zero at its end: tcp:// [ HOST ] : PORT / KEY. */
#define ES_ENDPOINT_TEXT_BYTES_MAX (6 + 2 + ES_HOST_BYTES_MAX + 1 + 5 + 1 + ES_ENDPOINT_KEY_CHARS)

/* False for whatever is not exactly one endpoint; the results are untouched then. */
bool es_endpoint_parse(const char *text, struct es_endpoint *ret_endpoint,
                       struct es_dh_public *ret_key);

/* Writes the text and a zero; key may be NULL: tcp://HOST:PORT, as ZeroMQ wants it. */
void es_endpoint_format(const struct es_endpoint *endpoint, const struct es_dh_public *key,
                        char ret[static ES_ENDPOINT_TEXT_BYTES_MAX]);

#endif
