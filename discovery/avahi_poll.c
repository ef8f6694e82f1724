/* SPDX-License-Identifier: ISC */
/* avahi_poll.c - Avahi's main-loop interface for a loop that somebody else runs.
 *
 * Callbacks register and free freely while lists are walked: what is freed is only marked, and
 * swept when no walk is under way; what is new is put in front, where the walk does not come by. */
#include "discovery/avahi_poll.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <avahi-common/timeval.h>

#define NOT_POLLED SIZE_MAX
/* A crowd that comes up together sends more at once than a socket holds by default. */
#define RECEIVE_BYTES (1 << 20)
/* Packets that are digested faster than this are no burden; a clock that jumped is no packet. */
#define REST_USEC_MIN 2000
#define REST_USEC_MAX 1000000

struct AvahiWatch {
    struct AvahiWatch *next;
    struct es_avahi_poll *poll;
    AvahiWatchCallback callback;
    void *userdata;
    size_t index; /* in the array of the last prepare */
    int fd;
    AvahiWatchEvent wanted, happened;
    struct timeval rests_until;
    bool dead;
};

struct AvahiTimeout {
    struct AvahiTimeout *next;
    struct es_avahi_poll *poll;
    AvahiTimeoutCallback callback;
    void *userdata;
    struct timeval due;
    bool armed, dead;
};

struct es_avahi_poll {
    AvahiPoll api;
    struct es_avahi_gate gate;
    struct AvahiWatch *watches;
    struct AvahiTimeout *timeouts;
};

static AvahiWatch *watch_new(const AvahiPoll *api, int fd, AvahiWatchEvent wanted,
                             AvahiWatchCallback callback, void *userdata)
{
    struct es_avahi_poll *poll = api->userdata;
    struct AvahiWatch *watch = calloc(1, sizeof(*watch));
    const int receive_bytes = RECEIVE_BYTES;

    if (!watch)
        return NULL;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    *watch = (struct AvahiWatch){
        .next = poll->watches,
        .poll = poll,
        .callback = callback,
        .userdata = userdata,
        .index = NOT_POLLED,
        .fd = fd,
        .wanted = wanted,
    };
    poll->watches = watch;
    return watch;
}

static void watch_update(AvahiWatch *watch, AvahiWatchEvent wanted)
{
    watch->wanted = wanted;
}

static AvahiWatchEvent watch_get_events(AvahiWatch *watch)
{
    return watch->happened;
}

static void watch_free(AvahiWatch *watch)
{
    watch->dead = true;
}

static void timeout_update(AvahiTimeout *timeout, const struct timeval *due)
{
    timeout->armed = due != NULL;
    if (due)
        timeout->due = *due;
}

static AvahiTimeout *timeout_new(const AvahiPoll *api, const struct timeval *due,
                                 AvahiTimeoutCallback callback, void *userdata)
{
    struct es_avahi_poll *poll = api->userdata;
    struct AvahiTimeout *timeout = calloc(1, sizeof(*timeout));

    if (!timeout)
        return NULL;
    *timeout = (struct AvahiTimeout){
        .next = poll->timeouts,
        .poll = poll,
        .callback = callback,
        .userdata = userdata,
    };
    timeout_update(timeout, due);
    poll->timeouts = timeout;
    return timeout;
}

static void timeout_free(AvahiTimeout *timeout)
{
    timeout->dead = true;
}

struct es_avahi_poll *es_avahi_poll_new(struct es_avahi_gate gate)
{
    struct es_avahi_poll *poll = calloc(1, sizeof(*poll));

    if (!poll)
        return NULL;
    poll->gate = gate;
    poll->api = (AvahiPoll){
        .userdata = poll,
        .watch_new = watch_new,
        .watch_update = watch_update,
        .watch_get_events = watch_get_events,
        .watch_free = watch_free,
        .timeout_new = timeout_new,
        .timeout_update = timeout_update,
        .timeout_free = timeout_free,
    };
    return poll;
}

static void sweep(struct es_avahi_poll *poll, bool all)
{
    for (struct AvahiWatch **at = &poll->watches; *at;) {
        struct AvahiWatch *watch = *at;
        if (!all && !watch->dead) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        free(watch);
    }
    for (struct AvahiTimeout **at = &poll->timeouts; *at;) {
        struct AvahiTimeout *timeout = *at;
        if (!all && !timeout->dead) {
            at = &timeout->next;
            continue;
        }
        *at = timeout->next;
        free(timeout);
    }
}

void es_avahi_poll_free(struct es_avahi_poll *poll)
{
    if (!poll)
        return;
    sweep(poll, true);
    free(poll);
}

const AvahiPoll *es_avahi_poll_api(struct es_avahi_poll *poll)
{
    return &poll->api;
}

static void wait_at_most(AvahiUsec *io_wait, const struct timeval *until)
{
    const AvahiUsec left = -avahi_age(until);

    if (*io_wait < 0 || left < *io_wait)
        *io_wait = left > 0 ? left : 0;
}

size_t es_avahi_poll_prepare(struct es_avahi_poll *poll, struct pollfd *ret_fds, size_t cap,
                             int *ret_timeout_ms)
{
    size_t n = 0;
    AvahiUsec wait = -1;

    sweep(poll, false);
    for (struct AvahiWatch *watch = poll->watches; watch; watch = watch->next) {
        const bool rests = avahi_age(&watch->rests_until) < 0;
        watch->index = n < cap && !rests ? n : NOT_POLLED;
        if (watch->index != NOT_POLLED)
            ret_fds[n++] = (struct pollfd){.fd = watch->fd, .events = (short)watch->wanted};
        else if (rests)
            wait_at_most(&wait, &watch->rests_until);
    }
    for (const struct AvahiTimeout *timeout = poll->timeouts; timeout; timeout = timeout->next)
        if (timeout->armed)
            wait_at_most(&wait, &timeout->due);
    /* Rounded up: waking a moment too early would spin until the moment has come. */
    const AvahiUsec wait_ms = wait < 0 ? -1 : (wait + 999) / 1000;
    *ret_timeout_ms = wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
    return n;
}

static void read_watch(struct es_avahi_poll *poll, struct AvahiWatch *watch, short events)
{
    struct timeval began;

    if ((events & POLLIN) != 0 && !poll->gate.admit(poll->gate.ctx, watch->fd))
        return;
    avahi_elapse_time(&began, 0, 0);
    watch->happened = (AvahiWatchEvent)events;
    watch->callback(watch, watch->fd, watch->happened, watch->userdata);
    watch->happened = 0;
    const AvahiUsec took = avahi_age(&began);
    if (took > REST_USEC_MIN) {
        avahi_elapse_time(&watch->rests_until, 0, 0);
        avahi_timeval_add(&watch->rests_until, took < REST_USEC_MAX ? took : REST_USEC_MAX);
    }
}

void es_avahi_poll_dispatch(struct es_avahi_poll *poll, const struct pollfd *fds, size_t n_fds)
{
    for (struct AvahiWatch *watch = poll->watches; watch; watch = watch->next)
        if (!watch->dead && watch->index < n_fds && fds[watch->index].revents != 0)
            read_watch(poll, watch, fds[watch->index].revents);
    for (struct AvahiTimeout *timeout = poll->timeouts; timeout; timeout = timeout->next) {
        if (timeout->dead || !timeout->armed || avahi_age(&timeout->due) < 0)
            continue;
        timeout->armed = false;
        timeout->callback(timeout, timeout->userdata);
    }
    sweep(poll, false);
}
