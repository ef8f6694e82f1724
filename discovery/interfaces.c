/* SPDX-License-Identifier: ISC */
/* interfaces.c - this host's addresses, and word of their changes, from the kernel. */
#include "discovery/interfaces.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "node/wire/utf8.h"

static size_t address_len(sa_family_t family)
{
    return family == AF_INET ? 4 : 16;
}

bool es_interfaces_named(const char *names, const char *name)
{
    const size_t len = strlen(name);

    if (*names == '\0')
        return true;
    for (const char *at = names; *at != '\0';) {
        const size_t span = strcspn(at, ", ");
        if (span == len && strncmp(at, name, len) == 0)
            return true;
        at += span;
        at += strspn(at, ", ");
    }
    return false;
}

/* The conditions of avahi-core for using an interface, and a carrier. */
static bool usable(const struct ifaddrs *ifa, const char *names)
{
    const unsigned flags = ifa->ifa_flags;

    if (!ifa->ifa_addr || !ifa->ifa_netmask || !(flags & IFF_UP) || !(flags & IFF_RUNNING) ||
        (flags & IFF_POINTOPOINT) || !(flags & (IFF_MULTICAST | IFF_LOOPBACK)))
        return false;
    const sa_family_t family = ifa->ifa_addr->sa_family;
    return (family == AF_INET || family == AF_INET6) && es_interfaces_named(names, ifa->ifa_name);
}

static void copy_address(uint8_t ret[static 16], const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        memcpy(ret, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    else
        memcpy(ret, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
}

void es_interfaces_read(const char *names, struct es_interfaces *ret)
{
    struct ifaddrs *all;

    memset(ret, 0, sizeof(*ret));
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *ifa = all; ifa && ret->n < ES_INTERFACE_ADDRESSES_MAX;
         ifa = ifa->ifa_next) {
        struct es_interface_address *address = &ret->list[ret->n];
        const size_t name_len = strlen(ifa->ifa_name);
        const unsigned index = usable(ifa, names) ? if_nametoindex(ifa->ifa_name) : 0;
        if (index == 0 || name_len >= sizeof(address->name))
            continue;
        memcpy(address->name, ifa->ifa_name, name_len + 1);
        address->index = (int)index;
        address->family = ifa->ifa_addr->sa_family;
        copy_address(address->bytes, ifa->ifa_addr);
        copy_address(address->mask, ifa->ifa_netmask);
        address->loopback = (ifa->ifa_flags & IFF_LOOPBACK) != 0;
        ret->n++;
    }
    freeifaddrs(all);
}

bool es_interfaces_equal(const struct es_interfaces *a, const struct es_interfaces *b)
{
    bool equal = a->n == b->n;

    for (size_t i = 0; equal && i < a->n; i++) {
        const struct es_interface_address *x = &a->list[i], *y = &b->list[i];
        equal = x->index == y->index && x->family == y->family && strcmp(x->name, y->name) == 0 &&
                memcmp(x->bytes, y->bytes, sizeof(x->bytes)) == 0 &&
                memcmp(x->mask, y->mask, sizeof(x->mask)) == 0;
    }
    return equal;
}

bool es_interfaces_first(const struct es_interfaces *interfaces, size_t i)
{
    bool first = true;

    for (size_t j = 0; j < i && first; j++)
        first = interfaces->list[j].index != interfaces->list[i].index;
    return first;
}

uint16_t es_interfaces_count(const struct es_interfaces *interfaces)
{
    uint16_t count = 0;

    for (size_t i = 0; i < interfaces->n; i++)
        if (!interfaces->list[i].loopback && es_interfaces_first(interfaces, i))
            count++;
    return count;
}

void es_interfaces_list(const struct es_interfaces *interfaces, char *ret, size_t cap)
{
    size_t len = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < interfaces->n; i++) {
        const struct es_interface_address *address = &interfaces->list[i];
        size_t name_len = strlen(address->name);

        /* The kernel takes names that are no text: people could not read them. */
        if (address->loopback || !es_interfaces_first(interfaces, i) ||
            !es_utf8_valid(es_slice(address->name, name_len)) || len + name_len + 2 > cap)
            continue;
        if (len > 0)
            ret[len++] = ',';
        memcpy(ret + len, address->name, name_len + 1);
        len += name_len;
    }
}

bool es_address_link_local(sa_family_t family, const uint8_t *bytes)
{
    return family == AF_INET ? bytes[0] == 169 && bytes[1] == 254
                             : bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

const struct es_interface_address *es_interfaces_best(const struct es_interfaces *interfaces,
                                                      int index, sa_family_t family)
{
    const bool want_link_local = family == AF_INET6;
    const struct es_interface_address *best = NULL;

    for (size_t i = 0; i < interfaces->n; i++) {
        const struct es_interface_address *address = &interfaces->list[i];
        if (address->index != index || address->family != family)
            continue;
        if (es_address_link_local(family, address->bytes) == want_link_local)
            return address;
        best = best ? best : address;
    }
    return best;
}

/* A mask of all ones is no network: nobody else can be on it. */
static bool same_network(const struct es_interface_address *own, const uint8_t *bytes)
{
    const size_t len = address_len(own->family);
    bool same = true, single = true;

    for (size_t i = 0; i < len; i++) {
        same = same && ((own->bytes[i] ^ bytes[i]) & own->mask[i]) == 0;
        single = single && own->mask[i] == 0xff;
    }
    return same && (!single || memcmp(own->bytes, bytes, len) == 0);
}

const struct es_interface_address *es_interfaces_reach(const struct es_interfaces *interfaces,
                                                       int index, sa_family_t family,
                                                       const uint8_t *bytes)
{
    for (size_t i = 0; i < interfaces->n; i++) {
        const struct es_interface_address *own = &interfaces->list[i];
        if (own->index == index && own->family == family && same_network(own, bytes))
            return own;
    }
    return NULL;
}

int es_interfaces_watch(void)
{
    const struct sockaddr_nl groups = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (const struct sockaddr *)&groups, sizeof(groups)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void es_interfaces_drain(int fd)
{
    char buf[8192];

    /* ENOBUFS says that messages were lost: as good a sign of change as the messages. */
    while (recv(fd, buf, sizeof(buf), 0) > 0 || errno == ENOBUFS || errno == EINTR)
        errno = 0;
}
