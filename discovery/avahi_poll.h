/* SPDX-License-Identifier: ISC */
/* avahi_poll.h - Avahi's main-loop interface for a loop that somebody else runs.
 *
 * Avahi registers its sockets and timeouts here; the loop polls the sockets together with its own. */
#ifndef ES_DISCOVERY_AVAHI_POLL_H
#define ES_DISCOVERY_AVAHI_POLL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include <avahi-common/watch.h>

struct es_avahi_poll;

/* Asked before a socket is read: false when there is nothing to read after all. */
struct es_avahi_gate {
    void *ctx;
    bool (*admit)(void *ctx, int fd);
};

struct es_avahi_poll *es_avahi_poll_new(struct es_avahi_gate gate);
/* After everything that was registered has been freed by its owner. */
void es_avahi_poll_free(struct es_avahi_poll *poll);

const AvahiPoll *es_avahi_poll_api(struct es_avahi_poll *poll);

/* At most cap sockets; those beyond wait for a later turn. The timeout is -1 when nothing waits. A
 * socket whose last packet took long to digest rests for as long: the loop has other work. */
size_t es_avahi_poll_prepare(struct es_avahi_poll *poll, struct pollfd *ret_fds, size_t cap,
                             int *ret_timeout_ms);
/* Calls back for what is ready and what is due. */
void es_avahi_poll_dispatch(struct es_avahi_poll *poll, const struct pollfd *fds, size_t n_fds);

#endif
