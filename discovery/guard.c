/* SPDX-License-Identifier: ISC */
/* guard.c - how many DNS records each neighbour may make the mDNS stack look at. */
#include "discovery/guard.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_BYTES 12
#define DROPS_PER_TURN 256

/* The place of an address, else that of whoever has been silent longest. */
static struct es_guard_source *find(struct es_guard *guard, const struct in6_addr *from)
{
    struct es_guard_source *oldest = &guard->sources[0];

    for (size_t i = 0; i < ES_GUARD_SOURCES; i++) {
        struct es_guard_source *source = &guard->sources[i];
        if (source->seen_ms != 0 && memcmp(&source->address, from, sizeof(*from)) == 0)
            return source;
        if (source->seen_ms < oldest->seen_ms)
            oldest = source;
    }
    *oldest = (struct es_guard_source){.address = *from};
    return oldest;
}

bool es_guard_spend(struct es_guard *guard, const struct in6_addr *from, uint32_t records,
                    uint64_t now_ms)
{
    struct es_guard_source *source = find(guard, from);
    const uint64_t since_ms = source->seen_ms != 0 ? now_ms - source->seen_ms : 0;
    const uint64_t earned = since_ms * ES_GUARD_PER_SECOND;

    source->spent = source->spent > earned ? source->spent - (uint32_t)earned : 0;
    source->seen_ms = now_ms > 0 ? now_ms : 1;
    if (records > ES_GUARD_BURST || source->spent > (ES_GUARD_BURST - records) * 1000)
        return false;
    source->spent += records * 1000;
    return true;
}

/* Questions and records that a packet says it has, and one for the packet: what it says is what the
 * stack goes by. */
static uint32_t records_of(const uint8_t header[static HEADER_BYTES])
{
    uint32_t records = 1;

    for (size_t i = 4; i < HEADER_BYTES; i += 2)
        records += (uint32_t)header[i] << 8 | header[i + 1];
    return records;
}

static bool address_of(const struct sockaddr_storage *from, struct in6_addr *ret)
{
    if (from->ss_family == AF_INET6) {
        *ret = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
        return true;
    }
    if (from->ss_family != AF_INET)
        return false;
    *ret = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&ret->s6_addr[12], &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    return true;
}

bool es_guard_admit(struct es_guard *guard, int fd, uint64_t now_ms)
{
    for (int i = 0; i < DROPS_PER_TURN; i++) {
        uint8_t header[HEADER_BYTES] = {0};
        struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
        socklen_t from_len = sizeof(from);
        struct in6_addr address;
        const ssize_t n = recvfrom(fd, header, sizeof(header), MSG_PEEK | MSG_DONTWAIT,
                                   (struct sockaddr *)&from, &from_len);
        if (n < 0)
            return errno != EAGAIN; /* nothing left, or for the stack to find out */
        if (!address_of(&from, &address) ||
            es_guard_spend(guard, &address, records_of(header), now_ms))
            return true;
        (void)recv(fd, header, sizeof(header), MSG_DONTWAIT);
    }
    return false;
}
