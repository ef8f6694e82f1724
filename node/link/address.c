/* SPDX-License-Identifier: ISC */
/* address.c - numeric addresses by the system's own functions. */
#include "node/link/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(ES_HOST_BYTES_MAX >= INET6_ADDRSTRLEN + IF_NAMESIZE, "every address has a text");

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void from_v4(const struct in_addr *v4, struct es_address *ret)
{
    *ret = (struct es_address){0};
    memcpy(ret->ip, MAPPED, sizeof(MAPPED));
    memcpy(ret->ip + sizeof(MAPPED), v4, sizeof(*v4));
}

bool es_address_parse(const char *host, struct es_address *ret)
{
    char text[ES_HOST_BYTES_MAX];
    struct es_address address = {0};
    struct in_addr v4;
    size_t len = strcspn(host, "%");

    if (inet_pton(AF_INET, host, &v4) == 1) {
        from_v4(&v4, ret);
        return true;
    }
    if (len >= sizeof(text))
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, address.ip) != 1)
        return false;
    if (host[len] == '%') {
        address.scope = if_nametoindex(host + len + 1);
        if (address.scope == 0)
            return false;
    }
    *ret = address;
    return true;
}

bool es_address_of_peer(int fd, struct es_address *ret, uint16_t *ret_port)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
        return false;
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer;

        from_v4(&v4->sin_addr, ret);
        *ret_port = ntohs(v4->sin_port);
        return true;
    }
    if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer;

        memcpy(ret->ip, &v6->sin6_addr, sizeof(ret->ip));
        ret->scope = v6->sin6_scope_id;
        *ret_port = ntohs(v6->sin6_port);
        return true;
    }
    return false;
}

void es_address_format(const struct es_address *address, char ret[static ES_HOST_BYTES_MAX])
{
    char interface[IF_NAMESIZE];
    size_t len;

    if (memcmp(address->ip, MAPPED, sizeof(MAPPED)) == 0) {
        inet_ntop(AF_INET, address->ip + sizeof(MAPPED), ret, ES_HOST_BYTES_MAX);
        return;
    }
    inet_ntop(AF_INET6, address->ip, ret, ES_HOST_BYTES_MAX);
    len = strlen(ret);
    if (address->scope != 0 && if_indextoname(address->scope, interface) != NULL)
        snprintf(ret + len, ES_HOST_BYTES_MAX - len, "%%%s", interface);
}

bool es_address_equal(const struct es_address *a, const struct es_address *b)
{
    return a->scope == b->scope && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}
