/* SPDX-License-Identifier: ISC */
/* discovery.c - keeps a stack running and a publication standing on whatever network there is.
 *
 * Callbacks only note what happened. What follows from it is done by the tend_ functions, once in
 * each turn of the loop: nothing is opened or closed from within a callback. */
#include "discovery/discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <avahi-common/timeval.h>

#include "discovery/avahi_client.h"
#include "discovery/avahi_core.h"
#include "discovery/avahi_poll.h"
#include "discovery/beacon.h"
#include "discovery/guard.h"

/* A stack that fails is tried again after this, doubled each time. */
#define REOPEN_MS_MIN 1000
#define REOPEN_MS_MAX 30000
/* A flooded table is emptied by a fresh start at most this often. */
#define FLOOD_RESTART_MS 10000
/* Addresses come one after the other: the publication waits for the last. */
#define SETTLE_MS 300
/* After a fresh start every node that is still there has answered by then. */
#define STALE_MS 10000
/* Left to choose, a stack that is not ready by then gives way to the other. */
#define CHOICE_MS 5000
/* Avahi's timers run by the wall clock: they are set anew when it jumps by more. */
#define CLOCK_JUMP_MS 1000
#define CLOCK_JUMP_TURNS 3
/* New names after collisions: so many in a minute, then a minute of silence. */
#define COLLISIONS_MAX 3
#define COLLISIONS_MS 60000

#define NEVER UINT64_MAX

struct es_discovery {
    struct es_discovery_options options;
    char interface_names[256];
    struct es_avahi_poll *poll;
    int watch_fd;
    struct es_interfaces interfaces;
    struct es_browse browse;
    struct es_guard guard;

    const struct es_stack_ops *ops; /* NULL: discovery is off */
    struct es_stack_host host;
    struct es_stack *stack;
    char stack_name[ES_INSTANCE_CHARS + 1];
    bool stack_ready, stack_failed, was_ready;
    char stack_problem[ES_PROBLEM_BYTES_MAX];
    uint64_t reopen_at, reopen_wait, opened_at, sweep_at;

    struct es_publication publication;
    bool wanted;         /* to be published, else withdrawn */
    bool unpublished;    /* not yet carried out             */
    bool names_used;     /* never publish under them again  */
    const char *refusal; /* of the stack to publish         */
    uint64_t publish_at;
    unsigned collisions;
    uint64_t collisions_since;

    uint64_t now_ms;
    int64_t wall_lead_ms; /* of the wall clock over now_ms */
    unsigned jumps_seen;  /* in as many turns              */
    struct es_discovery_state state, reported;
    bool report_due;
};

/* --- What the stack says ---------------------------------------------------------------------- */

static void on_ready(void *ctx)
{
    struct es_discovery *discovery = ctx;

    discovery->stack_ready = discovery->was_ready = true;
    discovery->reopen_wait = REOPEN_MS_MIN;
    discovery->stack_problem[0] = '\0';
    discovery->unpublished = true;
    discovery->publish_at = discovery->now_ms;
    discovery->sweep_at = discovery->now_ms + STALE_MS;
}

static void on_published(void *ctx)
{
    struct es_discovery *discovery = ctx;
    discovery->state.published = true;
}

static void on_collided(void *ctx)
{
    struct es_discovery *discovery = ctx;

    if (discovery->now_ms - discovery->collisions_since > COLLISIONS_MS) {
        discovery->collisions = 0;
        discovery->collisions_since = discovery->now_ms;
    }
    discovery->collisions++;
    discovery->state.published = false;
    discovery->unpublished = true;
    discovery->publish_at = discovery->now_ms;
    if (discovery->collisions > COLLISIONS_MAX)
        discovery->publish_at = discovery->collisions_since + COLLISIONS_MS;
}

static void on_failed(void *ctx, const char *problem)
{
    struct es_discovery *discovery = ctx;

    discovery->stack_failed = true;
    (void)snprintf(discovery->stack_problem, sizeof(discovery->stack_problem), "%s", problem);
}

/* --- The stack's life ------------------------------------------------------------------------- */

static void random_name(const struct es_discovery *discovery, char ret[ES_INSTANCE_CHARS + 1])
{
    uint8_t bytes[10];

    discovery->options.entropy.random(discovery->options.entropy.ctx, bytes, sizeof(bytes));
    es_instance_name(bytes, ret);
}

static void close_stack(struct es_discovery *discovery)
{
    if (!discovery->stack)
        return;
    es_browse_suspend(&discovery->browse, &discovery->host.resolving);
    discovery->ops->close(discovery->stack);
    discovery->stack = NULL;
    discovery->stack_ready = false;
    discovery->sweep_at = NEVER;
    discovery->state.published = false;
}

static int64_t wall_lead_ms(const struct es_discovery *discovery)
{
    struct timeval wall;

    avahi_elapse_time(&wall, 0, 0);
    return (int64_t)wall.tv_sec * 1000 + (int64_t)wall.tv_usec / 1000 - (int64_t)discovery->now_ms;
}

static void open_stack(struct es_discovery *discovery)
{
    random_name(discovery, discovery->stack_name);
    discovery->stack_failed = false;
    discovery->opened_at = discovery->now_ms;
    discovery->wall_lead_ms = wall_lead_ms(discovery);
    discovery->jumps_seen = 0;
    discovery->host.resolving.resolve = discovery->ops->resolve;
    discovery->host.resolving.cancel = discovery->ops->cancel;
    discovery->stack = discovery->ops->open(&discovery->host);
    discovery->host.resolving.ctx = discovery->stack;
}

static const struct es_stack_ops *choose_ops(enum es_discovery_method method)
{
    switch (method) {
    case ES_DISCOVERY_AUTO:
    case ES_DISCOVERY_EMBEDDED:
        return &es_avahi_core_ops;
    case ES_DISCOVERY_AVAHI_DAEMON:
        return &es_avahi_client_ops;
    case ES_DISCOVERY_OFF:
        break;
    }
    return NULL;
}

/* Which one to use is open until one has worked: embedded first, then by turns
 * (docs/decisions/0001-embedded-avahi.md). */
static bool undecided(const struct es_discovery *discovery)
{
    return discovery->options.method == ES_DISCOVERY_AUTO && !discovery->was_ready;
}

/* A turn that was held up between the readings of the two clocks looks like a jump of the wall
 * clock, once: a jump is what stays. */
static bool clock_jumped(struct es_discovery *discovery)
{
    const int64_t lead_ms = wall_lead_ms(discovery);

    if (!discovery->stack || llabs(lead_ms - discovery->wall_lead_ms) <= CLOCK_JUMP_MS) {
        discovery->wall_lead_ms = lead_ms;
        discovery->jumps_seen = 0;
        return false;
    }
    return ++discovery->jumps_seen == CLOCK_JUMP_TURNS;
}

static void retry_later(struct es_discovery *discovery)
{
    close_stack(discovery);
    discovery->stack_failed = false;
    discovery->reopen_at = discovery->now_ms + discovery->reopen_wait;
    discovery->reopen_wait *= 2;
    if (discovery->reopen_wait > REOPEN_MS_MAX)
        discovery->reopen_wait = REOPEN_MS_MAX;
    if (undecided(discovery))
        discovery->ops =
            discovery->ops == &es_avahi_core_ops ? &es_avahi_client_ops : &es_avahi_core_ops;
}

static void tend_stack(struct es_discovery *discovery)
{
    const uint64_t now = discovery->now_ms, open_ms = now - discovery->opened_at;

    if (discovery->stack && undecided(discovery) && open_ms > CHOICE_MS)
        discovery->stack_failed = true;
    if (clock_jumped(discovery) || (discovery->browse.full && open_ms > FLOOD_RESTART_MS)) {
        close_stack(discovery);
        discovery->reopen_at = now;
    } else if (discovery->stack_failed) {
        retry_later(discovery);
    }
    if (!discovery->stack && now >= discovery->reopen_at)
        open_stack(discovery);
    if (now >= discovery->sweep_at) {
        es_browse_sweep(&discovery->browse);
        discovery->sweep_at = NEVER;
    }
    if (discovery->stack_ready)
        es_browse_continue(&discovery->browse, &discovery->host.resolving, now);
}

/* --- What is published ------------------------------------------------------------------------ */

static void publish(struct es_discovery *discovery)
{
    struct es_record records[ES_RECORDS_MAX];

    /* Names that neighbours have in their caches would bring them to the old addresses. */
    if (discovery->names_used) {
        random_name(discovery, discovery->publication.instance);
        random_name(discovery, discovery->publication.host);
    }
    const bool per_interface =
        discovery->ops->all_interfaces && discovery->interface_names[0] != '\0';
    const size_t n =
        es_records_make(&discovery->publication, &discovery->interfaces, per_interface, records);
    discovery->state.published = false;
    discovery->refusal = NULL;
    if (n == 0) {
        discovery->ops->withdraw(discovery->stack);
        return;
    }
    discovery->names_used = true;
    discovery->refusal = discovery->ops->publish(discovery->stack, records, n);
    if (discovery->refusal) {
        discovery->unpublished = true;
        discovery->publish_at = discovery->now_ms + REOPEN_MS_MAX;
    }
}

static void tend_publication(struct es_discovery *discovery)
{
    if (!discovery->stack_ready || !discovery->unpublished ||
        discovery->now_ms < discovery->publish_at)
        return;
    discovery->unpublished = false;
    if (discovery->wanted) {
        publish(discovery);
    } else {
        discovery->ops->withdraw(discovery->stack);
        discovery->state.published = false;
    }
}

static void tend_interfaces(struct es_discovery *discovery)
{
    struct es_interfaces now;

    es_interfaces_drain(discovery->watch_fd);
    es_interfaces_read(discovery->interface_names, &now);
    if (es_interfaces_equal(&now, &discovery->interfaces))
        return;
    discovery->interfaces = now;
    es_browse_reconsider(&discovery->browse);
    if (!discovery->unpublished || discovery->refusal) {
        discovery->unpublished = true;
        discovery->publish_at = discovery->now_ms + SETTLE_MS;
    }
}

/* --- State ------------------------------------------------------------------------------------ */

static const char *find_problem(const struct es_discovery *discovery)
{
    if (!discovery->ops)
        return "";
    if (discovery->stack_problem[0] != '\0')
        return discovery->stack_problem;
    if (!discovery->stack_ready)
        return discovery->ops->waiting;
    if (discovery->state.interfaces == 0 && discovery->interface_names[0] != '\0')
        return "none of the chosen network interfaces is connected";
    if (discovery->state.interfaces == 0)
        return "no network: only nodes on this computer can be found";
    if (discovery->refusal)
        return discovery->refusal;
    if (discovery->collisions > COLLISIONS_MAX && discovery->unpublished)
        return "somebody on this network claims our names";
    return "";
}

static void report_state(struct es_discovery *discovery)
{
    struct es_discovery_state *state = &discovery->state;

    state->method = discovery->ops ? discovery->ops->method : ES_DISCOVERY_OFF;
    state->interfaces = es_interfaces_count(&discovery->interfaces);
    state->own_heard = discovery->browse.own_heard;
    memset(state->interface_names, 0, sizeof(state->interface_names));
    es_interfaces_list(&discovery->interfaces, state->interface_names,
                       sizeof(state->interface_names));
    memset(state->problem, 0, sizeof(state->problem));
    (void)snprintf(state->problem, sizeof(state->problem), "%s", find_problem(discovery));

    const struct es_discovery_state *reported = &discovery->reported;
    if (!discovery->report_due && state->method == reported->method &&
        state->interfaces == reported->interfaces && state->published == reported->published &&
        state->own_heard == reported->own_heard &&
        strcmp(state->interface_names, reported->interface_names) == 0 &&
        strcmp(state->problem, reported->problem) == 0)
        return;
    discovery->report_due = false;
    discovery->reported = *state;
    discovery->options.callbacks.state(discovery->options.callbacks.ctx, &discovery->reported);
}

/* --- The handle ------------------------------------------------------------------------------- */

static bool admit(void *ctx, int fd)
{
    struct es_discovery *discovery = ctx;
    return es_guard_admit(&discovery->guard, fd, discovery->now_ms);
}

struct es_discovery *es_discovery_new(const struct es_discovery_options *options)
{
    struct es_discovery *discovery = calloc(1, sizeof(*discovery));

    if (!discovery)
        return NULL;
    discovery->poll = es_avahi_poll_new((struct es_avahi_gate){.ctx = discovery, .admit = admit});
    if (!discovery->poll) {
        free(discovery);
        return NULL;
    }
    discovery->options = *options;
    (void)snprintf(discovery->interface_names, sizeof(discovery->interface_names), "%s",
                   options->interfaces);
    discovery->options.interfaces = discovery->interface_names;
    discovery->browse.callbacks = options->callbacks;
    discovery->browse.entropy = options->entropy;
    discovery->browse.interfaces = &discovery->interfaces;
    discovery->ops = choose_ops(options->method);
    discovery->host = (struct es_stack_host){
        .ctx = discovery,
        .poll = es_avahi_poll_api(discovery->poll),
        .interfaces = discovery->interface_names,
        .random_host_name = discovery->stack_name,
        .browse = &discovery->browse,
        .ready = on_ready,
        .published = on_published,
        .collided = on_collided,
        .failed = on_failed,
    };
    discovery->reopen_wait = REOPEN_MS_MIN;
    discovery->sweep_at = NEVER;
    discovery->report_due = true;
    discovery->watch_fd = discovery->ops ? es_interfaces_watch() : -1;
    es_interfaces_read(discovery->interface_names, &discovery->interfaces);
    return discovery;
}

void es_discovery_free(struct es_discovery *discovery)
{
    if (!discovery)
        return;
    close_stack(discovery);
    es_avahi_poll_free(discovery->poll);
    if (discovery->watch_fd >= 0)
        close(discovery->watch_fd);
    free(discovery);
}

void es_discovery_publish(struct es_discovery *discovery, const struct es_publication *publication)
{
    discovery->publication = *publication;
    discovery->browse.own = publication->advert.link_key;
    discovery->browse.own_heard = false;
    discovery->names_used = false;
    discovery->wanted = true;
    discovery->unpublished = true;
    discovery->publish_at = discovery->now_ms;
}

void es_discovery_withdraw(struct es_discovery *discovery)
{
    discovery->wanted = false;
    discovery->unpublished = true;
    discovery->publish_at = discovery->now_ms;
}

/* When dispatch has something to do without any socket saying so. */
static uint64_t next_turn_at(const struct es_discovery *discovery)
{
    uint64_t at = discovery->sweep_at;

    if (discovery->report_due || discovery->stack_failed || discovery->jumps_seen > 0)
        return 0;
    if (!discovery->ops)
        return NEVER;
    if (!discovery->stack && discovery->reopen_at < at)
        at = discovery->reopen_at;
    if (discovery->stack && undecided(discovery) && discovery->opened_at + CHOICE_MS + 1 < at)
        at = discovery->opened_at + CHOICE_MS + 1;
    if (discovery->stack_ready && discovery->unpublished && discovery->publish_at < at)
        at = discovery->publish_at;
    if (discovery->browse.full && discovery->opened_at + FLOOD_RESTART_MS + 1 < at)
        at = discovery->opened_at + FLOOD_RESTART_MS + 1;
    return at;
}

size_t es_discovery_prepare(struct es_discovery *discovery, uint64_t now_ms,
                            struct pollfd ret_fds[static ES_DISCOVERY_FDS_MAX], int *ret_timeout_ms)
{
    size_t n = 0;

    if (discovery->watch_fd >= 0)
        ret_fds[n++] = (struct pollfd){.fd = discovery->watch_fd, .events = POLLIN};
    n += es_avahi_poll_prepare(discovery->poll, ret_fds + n, ES_DISCOVERY_FDS_MAX - n,
                               ret_timeout_ms);
    const uint64_t at = next_turn_at(discovery);
    const uint64_t wait = at > now_ms ? at - now_ms : 0;
    if (at != NEVER && (*ret_timeout_ms < 0 || wait < (uint64_t)*ret_timeout_ms))
        *ret_timeout_ms = (int)wait;
    return n;
}

void es_discovery_dispatch(struct es_discovery *discovery, uint64_t now_ms,
                           const struct pollfd *fds, size_t n_fds)
{
    const size_t own = discovery->watch_fd >= 0 && n_fds > 0 ? 1 : 0;

    discovery->now_ms = now_ms;
    if (own > 0 && fds[0].revents != 0)
        tend_interfaces(discovery);
    es_avahi_poll_dispatch(discovery->poll, fds + own, n_fds - own);
    if (discovery->ops) {
        tend_stack(discovery);
        tend_publication(discovery);
    }
    report_state(discovery);
}

uint64_t es_discovery_take_refused(struct es_discovery *discovery)
{
    const uint64_t refused = discovery->browse.refused;

    discovery->browse.refused = 0;
    return refused;
}
