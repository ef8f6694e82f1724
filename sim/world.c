/* SPDX-License-Identifier: ISC */
/* world.c - the run: set up, chaos, calm, converge, check. */
#include "sim/world.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/clock.h"
#include "sim/faults.h"
#include "sim/heal.h"
#include "sim/property.h"
#include "sim/record.h"
#include "sim/texts.h"

#define STEP_MS 1000
#define RENEWAL_MS (2ull * 60 * 60 * 1000)
#define CONTACTS_MAX 64

static void mutate(const struct es_sim_options *options)
{
    enum es_mutant of_core =
        options->mutant < ES_MUTANTS ? (enum es_mutant)options->mutant : ES_MUTANT_NONE;

    if (es_sim_mutate_core(of_core))
        return;
    fprintf(stderr, "earshot-sim: only earshot-sim-mutants has the fault %s\n",
            es_sim_mutant_table[of_core].name);
    exit(ES_SIM_COULD_NOT_RUN);
}

struct es_sim_world *es_sim_world_new(const struct es_sim_options *options)
{
    struct es_sim_world *world = es_sim_zeroed(sizeof(*world));

    world->options = *options;
    mutate(options);
    world->now_ms = 1;
    world->acting = ES_SIM_NOBODY;
    world->calm = true;
    crypto_generichash_init(&world->hash, NULL, 0, ES_SIM_HASH_BYTES);
    es_sim_timers_init(&world->timers, options->nodes);
    world->strangers = es_sim_rng(options->seed, ES_SIM_STRANGERS, 0);
    world->scratch = es_sim_resize(NULL, es_core_scratch_bytes());
    world->settings = es_settings_default();
    world->settings.work_bits = options->work_bits;
    world->settings.links_max = (uint16_t)options->links_max;
    world->settings.strangers_max = (uint16_t)options->strangers_max;
    world->settings.rotation_ms = options->rotation_ms;
    world->settings.contacts_max = CONTACTS_MAX;
    world->nodes = es_sim_zeroed(options->nodes * sizeof(world->nodes[0]));
    for (uint32_t i = 0; i < options->nodes; i++) {
        struct es_sim_node *node = &world->nodes[i];

        node->number = i;
        node->heard = es_sim_zeroed((options->nodes + 7) / 8);
        node->entropy = es_sim_rng(options->seed, ES_SIM_ENTROPY, i);
        node->links = es_sim_rng(options->seed, ES_SIM_LINKS, i);
        node->downs = es_sim_rng(options->seed, ES_SIM_DOWNS, i);
        node->syncs = es_sim_rng(options->seed, ES_SIM_SYNCS, i);
        for (int kind = 0; kind < ES_SIM_FAULT_KINDS; kind++)
            node->faults[kind] = es_sim_fault_stream(options->seed, (enum es_sim_id_kind)kind, i);
        es_sim_clock_init(world, node);
    }
    es_sim_friends_init(world);
    es_sim_audit_begin(world);
    return world;
}

void es_sim_world_free(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++) {
        struct es_sim_node *node = &world->nodes[i];

        es_sim_node_stop(world, node);
        if (node->store != NULL)
            node->store->ops->free(node->store);
        free(node->ends);
        free(node->heard);
    }
    es_sim_friends_done(world);
    es_sim_strangers_done(world);
    es_sim_audit_free(world);
    es_sim_queue_done(&world->queue);
    es_sim_timers_done(&world->timers);
    free(world->nodes);
    es_sim_partition_heal(world);
    free(world->links);
    free(world->scratch);
    free(world);
}

void es_sim_violation(struct es_sim_world *world, const char *format, ...)
{
    va_list args;

    if (world->violation[0] != '\0')
        return; /* the first one is the cause */
    world->violator = world->acting;
    va_start(args, format);
    vsnprintf(world->violation, sizeof(world->violation), format, args);
    va_end(args);
}

void es_sim_hash(struct es_sim_world *world, const void *bytes, size_t len)
{
    crypto_generichash_update(&world->hash, bytes, len);
}

void es_sim_world_hash(const struct es_sim_world *world, uint8_t ret[static ES_SIM_HASH_BYTES])
{
    crypto_generichash_state state = world->hash;

    crypto_generichash_final(&state, ret, ES_SIM_HASH_BYTES);
}

static void hash_event(struct es_sim_world *world, const struct es_sim_event *event)
{
    uint64_t words[6] = {event->at_ms, (uint64_t)event->kind, event->node, event->a, event->b,
                         event->len};

    es_sim_hash(world, words, sizeof(words));
    if (event->len > 0)
        es_sim_hash(world, event->bytes, event->len);
}

static void handle(struct es_sim_world *world, const struct es_sim_event *event)
{
    struct es_sim_node *node = &world->nodes[event->node];

    switch (event->kind) {
    case ES_SIM_WAKE:
        es_sim_node_timer(world, node);
        break;
    case ES_SIM_SYNC:
        if (node->up && node->life == event->a)
            es_sim_disk_sync(world, node);
        if (node->up && node->life == event->a)
            es_sim_node_drain(world, node);
        break;
    case ES_SIM_REPORT:
    case ES_SIM_FRAME:
    case ES_SIM_DIAL:
    case ES_SIM_ANNOUNCE:
    case ES_SIM_ADVERT:
        es_sim_network_event(world, event);
        break;
    case ES_SIM_RESTART:
        if (!node->outside)
            es_sim_node_start(world, node);
        break;
    case ES_SIM_ACTION:
        es_sim_load_action(world, event);
        break;
    case ES_SIM_FAULT:
        es_sim_faults_event(world, event);
        break;
    }
}

/* What comes next, but not after until_ms: at one time what happens to a node precedes its timer. */
static bool next_event(struct es_sim_world *world, uint64_t until_ms, struct es_sim_event *ret)
{
    uint64_t queued_ms = world->queue.n > 0 ? world->queue.heap[0].at_ms : UINT64_MAX;
    uint32_t node;
    uint64_t wake_ms = es_sim_timers_next(&world->timers, &node);

    if (queued_ms <= wake_ms && queued_ms <= until_ms)
        return es_sim_queue_pop(&world->queue, ret);
    if (wake_ms > until_ms)
        return false;
    *ret = (struct es_sim_event){.at_ms = wake_ms, .kind = ES_SIM_WAKE, .node = node};
    return true;
}

void es_sim_world_until(struct es_sim_world *world, uint64_t until_ms)
{
    struct es_sim_event event;
    uint8_t hash[ES_SIM_HASH_BYTES];

    while (world->violation[0] == '\0' && next_event(world, until_ms, &event)) {
        es_sim_record_time(world, event.at_ms);
        world->now_ms = event.at_ms;
        if (es_sim_clock_defers(world, &event))
            continue;
        world->events++;
        hash_event(world, &event);
        world->acting = event.node;
        handle(world, &event);
        world->acting = ES_SIM_NOBODY;
        if (world->steps != NULL) {
            es_sim_world_hash(world, hash);
            es_sim_steps_add(world->steps, &event, hash);
        }
        free(event.bytes);
    }
    if (world->now_ms < until_ms)
        world->now_ms = until_ms;
}

static void converge(struct es_sim_world *world)
{
    uint64_t until_ms = world->now_ms + world->options.converge_ms;

    if (world->options.store == ES_SIM_STORE_SQLITE && world->options.rollbacks > 0)
        until_ms += RENEWAL_MS; /* sessions are renewed once an hour at most */

    while (world->violation[0] == '\0' && world->now_ms < until_ms && !es_sim_check_complete(world))
        es_sim_world_until(world, world->now_ms + STEP_MS);
}

static void watch_event(void *ctx, struct es_sim_node *node, const struct es_event *event)
{
    es_sim_check_event(ctx, node, event);
    es_sim_load_event(ctx, node, event);
    es_sim_texts_event(ctx, node, event);
}

void es_sim_world_begin(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        if (!es_sim_is_absent(world, i))
            es_sim_node_start(world, &world->nodes[i]);
    es_sim_queue_push(&world->queue,
                      &(struct es_sim_event){.at_ms = world->now_ms, .kind = ES_SIM_ANNOUNCE});
}

void es_sim_world_setup(struct es_sim_world *world)
{
    world->watch = (struct es_sim_watch){.ctx = world, .event = watch_event};
    es_sim_record_begin(world);
    es_sim_world_begin(world);
    es_sim_contacts_setup(world);
}

bool es_sim_world_live(struct es_sim_world *world)
{
    es_sim_load_plan(world);
    es_sim_faults_plan(world);
    world->calm = false;
    es_sim_record_mark(world, NULL, "chaos");
    es_sim_world_until(world, world->now_ms + world->options.chaos_ms);
    world->calm = true;
    es_sim_heal(world);
    es_sim_record_mark(world, NULL, "converge");
    es_sim_world_until(world, world->now_ms + world->options.down_ms_max + STEP_MS);
    converge(world);
    if (world->violation[0] == '\0')
        es_sim_check_end(world);
    if (world->violation[0] == '\0')
        es_sim_audit_end(world);
    es_sim_record_end(world);
    return world->violation[0] == '\0';
}

bool es_sim_world_run(struct es_sim_world *world)
{
    es_sim_world_setup(world);
    return es_sim_world_live(world);
}
