/* SPDX-License-Identifier: ISC */
/* interfaces.h - this host's addresses on networks where nodes can find each other. */
#ifndef ES_DISCOVERY_INTERFACES_H
#define ES_DISCOVERY_INTERFACES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct es_interface_address {
    char name[IF_NAMESIZE];
    int index;
    sa_family_t family;
    uint8_t bytes[16]; /* 4 of them for AF_INET */
    uint8_t mask[16];
    bool loopback;
};

/* A host with many containers has an address for each; the first interfaces are the real ones. What
 * does not fit is not used. */
#define ES_INTERFACE_ADDRESSES_MAX 128

struct es_interfaces {
    struct es_interface_address list[ES_INTERFACE_ADDRESSES_MAX];
    size_t n;
};

/* Is name among these, separated by commas? An empty list names all. */
bool es_interfaces_named(const char *names, const char *name);

/* What is up, has a carrier and can multicast, in the kernel's order; empty when nothing can be
 * read. */
void es_interfaces_read(const char *names, struct es_interfaces *ret);
bool es_interfaces_equal(const struct es_interfaces *a, const struct es_interfaces *b);

/* Is this address the first of its interface? For walks over interfaces. */
bool es_interfaces_first(const struct es_interfaces *interfaces, size_t i);

/* Different networks, the loopback interface not counted. */
uint16_t es_interfaces_count(const struct es_interfaces *interfaces);
/* Their names, separated by commas, as far as they fit into cap bytes. */
void es_interfaces_list(const struct es_interfaces *interfaces, char *ret, size_t cap);

/* The address of an interface that others should dial, or NULL: of IPv4 rather a configured one, of
 * IPv6 rather the link-local one, which every neighbour can reach and nobody else. */
const struct es_interface_address *es_interfaces_best(const struct es_interfaces *interfaces,
                                                      int index, sa_family_t family);

/* The interface's address on whose network this address lies, or NULL: whatever an advert says, a
 * node dials only into its own segments (docs/protocol.md, section 9). */
const struct es_interface_address *es_interfaces_reach(const struct es_interfaces *interfaces,
                                                       int index, sa_family_t family,
                                                       const uint8_t *bytes);

bool es_address_link_local(sa_family_t family, const uint8_t *bytes);

/* A socket that becomes readable when links or addresses change, or -1. */
int es_interfaces_watch(void);
/* Empties it. */
void es_interfaces_drain(int fd);

#endif
