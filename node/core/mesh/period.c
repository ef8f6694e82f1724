/* SPDX-License-Identifier: ISC */
/* period.c - opens listeners, publishes, and tells links when the address has changed. */
#include "node/core/mesh/period.h"

#include <string.h>

#include "discovery/beacon.h"
#include "node/core/mesh/state.h"
#include "node/crypto/dh.h"
#include "node/crypto/kdf.h"

/* An order to listen is answered at once; a network process that does not is asked again. */
#define LISTEN_ANSWER_MS 10000
/* Who heard of the old address a moment ago still finds it. */
#define OVERLAP_MS 10000
#define FORMER_PERIODS 2
#define MOVED_FRAME_BYTES_MAX 64

static const uint32_t retry_ms[] = {1000, 3000, 10000, 30000, 60000};
#define RETRIES (sizeof(retry_ms) / sizeof(retry_ms[0]))

static uint64_t back_off_ms(uint8_t *io_failures)
{
    size_t at = *io_failures < RETRIES ? *io_failures : RETRIES - 1;

    if (*io_failures < RETRIES)
        ++*io_failures;
    return retry_ms[at];
}

/* --- Listeners -------------------------------------------------------------------------------- */

bool es_mesh_period_init(struct es_mesh *mesh, const struct es_arena *arena)
{
    size_t n = mesh->settings.n_lasting;

    if (n == 0)
        return true;
    mesh->period.lasting = arena->chunk(arena->ctx, n * sizeof(*mesh->period.lasting));
    return mesh->period.lasting != NULL;
}

static void listen(struct es_context *context, uint32_t number, const struct es_dh_secret *secret,
                   uint16_t port_min, uint16_t port_max, const char *host)
{
    struct es_order order = {
        .kind = ES_ORDER_LISTEN,
        .listen = {.listener = number,
                   .secret = *secret,
                   .port_min = port_min,
                   .port_max = port_max},
    };

    if (host != NULL)
        memcpy(order.listen.host, host, sizeof(order.listen.host));
    es_emit_order(context, &order);
    es_wipe(&order, sizeof(order));
}

static void unlisten(struct es_context *context, uint32_t number)
{
    es_emit_order(context, &(struct es_order){.kind = ES_ORDER_UNLISTEN, .unlisten = number});
}

static void close_former(struct es_mesh *mesh, struct es_context *context,
                         struct es_mesh_listener *former)
{
    uint32_t number = former->number;

    es_wipe(former, sizeof(*former));
    es_mesh_links_drop_listener(mesh, context, number);
    unlisten(context, number);
}

static void open_lasting(struct es_mesh *mesh, struct es_context *context, size_t i)
{
    struct es_mesh_lasting *lasting = &mesh->period.lasting[i];
    const struct es_lasting *wanted = &mesh->settings.lasting[i];

    lasting->number = ++mesh->period.last_listener;
    lasting->retry_ms = ES_NEVER;
    listen(context, lasting->number, &mesh->period.lasting_secret, wanted->port, wanted->port,
           wanted->host);
}

void es_mesh_period_next(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_period *period = &mesh->period;
    struct es_dh_secret secret;

    if (period->opening.number != 0)
        return;
    es_random(context, secret.bytes, sizeof(secret.bytes));
    period->opening = (struct es_mesh_listener){
        .number = ++period->last_listener,
        .key = es_dh_public_of(&secret),
        .until_ms = context->now_ms + LISTEN_ANSWER_MS,
    };
    period->rotate_ms = ES_NEVER;
    listen(context, period->opening.number, &secret, mesh->settings.port_min,
           mesh->settings.port_max, NULL);
    es_wipe(&secret, sizeof(secret));
}

void es_mesh_period_start(struct es_mesh *mesh, struct es_context *context,
                          const struct es_key *lasting_secret)
{
    struct es_mesh_period *period = &mesh->period;
    struct es_key secret;

    memset(&period->opening, 0, sizeof(period->opening));
    memset(&period->current, 0, sizeof(period->current));
    memset(period->former, 0, sizeof(period->former));
    period->failures = 0;
    es_kdf(lasting_secret, "lasting", NULL, 0, 0, 1, &secret);
    memcpy(period->lasting_secret.bytes, secret.bytes, sizeof(secret.bytes));
    es_wipe(&secret, sizeof(secret));
    period->lasting_key = es_dh_public_of(&period->lasting_secret);
    es_mesh_period_next(mesh, context);
    for (size_t i = 0; i < mesh->settings.n_lasting; i++) {
        memset(&period->lasting[i], 0, sizeof(period->lasting[i]));
        open_lasting(mesh, context, i);
    }
}

/* --- Periods ---------------------------------------------------------------------------------- */

void es_mesh_period_publish(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_period *period = &mesh->period;
    struct es_order order = {.kind = ES_ORDER_ADVERTISE};
    struct es_publication *publication = &order.advertise;

    if (period->current.number == 0)
        return;
    memcpy(publication->instance, period->instance, sizeof(publication->instance));
    memcpy(publication->host, period->host, sizeof(publication->host));
    publication->port = period->current.port;
    memcpy(publication->advert.nonce, period->nonce, sizeof(period->nonce));
    publication->advert.link_key = period->current.key;
    mesh->calls.sign_advert(mesh->calls.ctx, context, publication->port, &publication->advert);
    es_emit_order(context, &order);
}

static void draw_names(struct es_mesh_period *period, const struct es_context *context)
{
    uint8_t random[10];

    es_random(context, random, sizeof(random));
    es_instance_name(random, period->instance);
    es_random(context, random, sizeof(random));
    es_instance_name(random, period->host);
    es_random(context, period->nonce, sizeof(period->nonce));
}

static void tell(struct es_mesh *mesh, struct es_context *context, uint32_t link)
{
    uint8_t buf[MOVED_FRAME_BYTES_MAX];
    size_t len =
        es_frame_moved(buf, sizeof(buf), mesh->period.current.port, &mesh->period.current.key);

    es_emit_frame(context, link, es_slice(buf, len));
}

static bool is_former(const struct es_mesh_period *period, uint32_t listener)
{
    for (size_t i = 0; i < ES_FORMER_LISTENERS_MAX; i++) {
        if (period->former[i].number == listener)
            return listener != 0;
    }
    return false;
}

void es_mesh_period_tell(struct es_mesh *mesh, struct es_context *context, uint32_t link,
                         uint32_t listener)
{
    if (is_former(&mesh->period, listener))
        tell(mesh, context, link);
}

/* Links that came in by a lasting listener need not move, and whoever knows its address does not
 * learn the one of the period. */
static void tell_all(struct es_mesh *mesh, struct es_context *context)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        const struct es_mesh_link *link = mesh->links.at[i];

        if (link->state == ES_MESH_UP &&
            (!link->inbound || is_former(&mesh->period, link->listener)))
            tell(mesh, context, link->number);
    }
}

/* The present listener becomes a former one. */
static void set_aside(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_period *period = &mesh->period;
    struct es_mesh_listener *place = &period->former[0];

    for (size_t i = 1; i < ES_FORMER_LISTENERS_MAX && place->number != 0; i++) {
        if (period->former[i].number == 0 || period->former[i].since_ms < place->since_ms)
            place = &period->former[i];
    }
    if (place->number != 0)
        close_former(mesh, context, place);
    *place = period->current;
    place->since_ms = context->now_ms;
    place->until_ms = context->now_ms + FORMER_PERIODS * mesh->settings.rotation_ms;
}

static void begin_period(struct es_mesh *mesh, struct es_context *context, uint16_t port)
{
    struct es_mesh_period *period = &mesh->period;
    uint64_t spread_ms = mesh->settings.rotation_ms / 10;
    bool first = period->current.number == 0;

    if (!first) {
        set_aside(mesh, context);
        es_count(context->counters, ES_COUNT_ROTATIONS);
    }
    period->current = period->opening;
    period->current.port = port;
    period->current.since_ms = context->now_ms;
    memset(&period->opening, 0, sizeof(period->opening));
    period->failures = 0;
    period->rotate_ms = context->now_ms + mesh->settings.rotation_ms - spread_ms +
                        es_random_below(context, 2 * spread_ms + 1);
    draw_names(period, context);
    es_mesh_period_publish(mesh, context);
    if (period->drop_strangers)
        es_mesh_links_drop_strangers(mesh, context);
    period->drop_strangers = false;
    if (!first)
        tell_all(mesh, context);
    mesh->calls.listening(mesh->calls.ctx, context, SIZE_MAX, port);
}

/* No port, or no answer: the present listener stays, another attempt follows. */
static void could_not_begin(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_period *period = &mesh->period;

    memset(&period->opening, 0, sizeof(period->opening));
    period->rotate_ms = context->now_ms + back_off_ms(&period->failures);
}

static void lasting_listening(struct es_mesh *mesh, struct es_context *context, size_t i,
                              uint16_t port)
{
    struct es_mesh_lasting *lasting = &mesh->period.lasting[i];
    bool tell_it = port != 0 || lasting->failures == 0;

    lasting->port = port;
    if (port == 0) {
        lasting->number = 0;
        lasting->retry_ms = context->now_ms + back_off_ms(&lasting->failures);
    } else {
        lasting->failures = 0;
    }
    if (tell_it)
        mesh->calls.listening(mesh->calls.ctx, context, i, port);
}

void es_mesh_period_listening(struct es_mesh *mesh, struct es_context *context, uint32_t listener,
                              uint16_t port)
{
    struct es_mesh_period *period = &mesh->period;

    if (listener != 0 && listener == period->opening.number) {
        if (port == 0)
            could_not_begin(mesh, context);
        else
            begin_period(mesh, context, port);
        return;
    }
    for (size_t i = 0; i < mesh->settings.n_lasting; i++) {
        if (listener != 0 && listener == period->lasting[i].number &&
            period->lasting[i].port == 0) {
            lasting_listening(mesh, context, i, port);
            return;
        }
    }
    es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
}

/* --- Time ------------------------------------------------------------------------------------- */

static bool is_used(const struct es_mesh *mesh, uint32_t listener)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        if (mesh->links.at[i]->inbound && mesh->links.at[i]->listener == listener)
            return true;
    }
    return false;
}

void es_mesh_period_sweep(struct es_mesh *mesh, struct es_context *context)
{
    for (size_t i = 0; i < ES_FORMER_LISTENERS_MAX; i++) {
        struct es_mesh_listener *former = &mesh->period.former[i];

        if (former->number == 0 || context->now_ms < former->since_ms + OVERLAP_MS)
            continue;
        if (context->now_ms >= former->until_ms || !is_used(mesh, former->number))
            close_former(mesh, context, former);
    }
}

void es_mesh_period_timer(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_period *period = &mesh->period;

    if (period->opening.number != 0 && context->now_ms >= period->opening.until_ms) {
        unlisten(context, period->opening.number);
        could_not_begin(mesh, context);
    }
    if (context->now_ms >= period->rotate_ms)
        es_mesh_period_next(mesh, context);
    for (size_t i = 0; i < mesh->settings.n_lasting; i++) {
        if (context->now_ms >= period->lasting[i].retry_ms)
            open_lasting(mesh, context, i);
    }
}

uint64_t es_mesh_period_wake(const struct es_mesh *mesh)
{
    const struct es_mesh_period *period = &mesh->period;
    uint64_t wake_ms = period->rotate_ms;

    if (period->opening.number != 0)
        wake_ms = es_mesh_sooner(wake_ms, period->opening.until_ms);
    for (size_t i = 0; i < ES_FORMER_LISTENERS_MAX; i++) {
        const struct es_mesh_listener *former = &period->former[i];
        uint64_t overlap_ms = former->since_ms + OVERLAP_MS;

        if (former->number != 0)
            wake_ms = es_mesh_sooner(wake_ms,
                                     is_used(mesh, former->number) && overlap_ms < former->until_ms
                                         ? former->until_ms
                                         : overlap_ms);
    }
    for (size_t i = 0; i < mesh->settings.n_lasting; i++)
        wake_ms = es_mesh_sooner(wake_ms, period->lasting[i].retry_ms);
    return wake_ms;
}

/* --- Keys ------------------------------------------------------------------------------------- */

static const struct es_dh_public *key_if(const struct es_mesh_listener *listener, uint32_t number)
{
    return listener->number == number && number != 0 ? &listener->key : NULL;
}

const struct es_dh_public *es_mesh_listener_key(const struct es_mesh *mesh, uint32_t listener)
{
    const struct es_mesh_period *period = &mesh->period;
    const struct es_dh_public *key = key_if(&period->current, listener);

    for (size_t i = 0; key == NULL && i < ES_FORMER_LISTENERS_MAX; i++)
        key = key_if(&period->former[i], listener);
    for (size_t i = 0; key == NULL && i < mesh->settings.n_lasting; i++) {
        if (period->lasting[i].number == listener && period->lasting[i].port != 0)
            key = &period->lasting_key;
    }
    return key;
}

static bool has_key(const struct es_mesh_listener *listener, const struct es_dh_public *key)
{
    return listener->number != 0 && es_mesh_same_key(&listener->key, key);
}

bool es_mesh_is_own_key(const struct es_mesh *mesh, const struct es_dh_public *key)
{
    const struct es_mesh_period *period = &mesh->period;
    bool own = has_key(&period->current, key) || has_key(&period->opening, key) ||
               es_mesh_same_key(&period->lasting_key, key);

    for (size_t i = 0; !own && i < ES_FORMER_LISTENERS_MAX; i++)
        own = has_key(&period->former[i], key);
    return own;
}

/* Before the first listener stands the key is zero, the smallest: nothing is waited for. */
bool es_mesh_dials_first(const struct es_mesh *mesh, const struct es_dh_public *key)
{
    return memcmp(mesh->period.current.key.bytes, key->bytes, sizeof(key->bytes)) < 0;
}
