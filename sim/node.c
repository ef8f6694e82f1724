/* SPDX-License-Identifier: ISC */
/* node.c - one node: a core over its store; starting, stopping, inputs. */
#include <errno.h>
#include <string.h>

#include "node/store/memory.h"
#include "sim/audit/audit.h"
#include "sim/clock.h"
#include "sim/disk/store.h"
#include "sim/trace.h"

#define ARENA_BYTES_MAX (64u << 20)
/* One of so many chunks is not given. */
#define CHUNKS_MAX 4

static void draw(void *ctx, void *buf, size_t len)
{
    es_sim_bytes(ctx, buf, len);
}

static int read_back(void *ctx, enum es_row_kind kind, struct es_slice key, uint8_t *buf,
                     size_t cap, size_t *ret_len)
{
    struct es_sim_node *node = ctx;

    if (node->unreadable) {
        node->unreadable = false;
        return -EIO;
    }
    return node->reader->ops->get(node->reader, kind, key, buf, cap, ret_len);
}

static struct es_input input_of(const struct es_sim_world *world, const struct es_sim_node *node,
                                enum es_input_kind kind)
{
    return (struct es_input){
        .kind = kind,
        .now_ms = es_sim_clock_now(world, node),
        .wall_ms = es_sim_clock_wall(world, node),
    };
}

static void plan_wake(struct es_sim_world *world, struct es_sim_node *node)
{
    uint64_t at_ms = es_sim_clock_world(node, es_core_wake_at(node->core));

    if (at_ms < world->now_ms)
        at_ms = world->now_ms;
    es_sim_timers_set(&world->timers, node->number, at_ms);
}

void es_sim_node_crash(struct es_sim_world *world, struct es_sim_node *node)
{
    uint64_t down_ms = 1 + es_sim_below(&node->downs, world->options.down_ms_max + 1);

    world->crashes++;
    es_sim_trace_note(world, node, "crash");
    es_sim_audit_node(world, node);
    es_sim_node_stop(world, node);
    if (world->options.store == ES_SIM_STORE_SQLITE)
        es_sim_store_crash(node->store);
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + down_ms,
                                                            .kind = ES_SIM_RESTART,
                                                            .node = node->number});
}

void es_sim_node_drain(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_effects effects;

    while (node->up && es_core_take(node->core, &effects))
        es_sim_disk_write(world, node, &effects);
    if (node->up)
        plan_wake(world, node);
}

/* The node learns nothing of its end but that there is a new one, which knows nothing. */
static void replace_network(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_input network = input_of(world, node, ES_IN_NETWORK);

    es_sim_trace_note(world, node, "network process replaced");
    es_sim_network_lost(world, node);
    node->network++;
    node->next_inbound = ES_LINK_INBOUND;
    es_core_input(node->core, &network);
}

/* It gets no memory, or cannot read, from here on. */
static void strike(struct es_sim_world *world, struct es_sim_node *node)
{
    const struct es_sim_options *options = &world->options;

    if (es_sim_strikes(world, node, ES_SIM_ID_MEMORY, options->memory)) {
        uint64_t fails_in = 1 + es_sim_below(&node->faults[ES_SIM_ID_MEMORY], CHUNKS_MAX);

        if (es_sim_happens(world, node, ES_SIM_ID_MEMORY))
            node->arena.fails_in = fails_in;
    }
    if (es_sim_fault(world, node, ES_SIM_ID_UNREADABLE, options->unreadable))
        node->unreadable = true;
}

/* Only where there was such a fault: the daemon then begins again from what is on its disk. */
static bool may_fail(const struct es_sim_world *world, enum es_err err)
{
    return (err == ES_E_MEMORY && world->options.memory > 0) ||
           (err == ES_E_STORE && world->options.unreadable > 0);
}

static void give(struct es_sim_world *world, struct es_sim_node *node, const struct es_input *input)
{
    enum es_err err;

    strike(world, node);

    while ((err = es_core_input(node->core, input)) == ES_E_FULL && node->disk.n_batches > 0) {
        uint32_t life = node->life;

        es_sim_disk_sync(world, node); /* as the daemon, it waits for its disk */
        if (!node->up || node->life != life)
            return;
        es_sim_node_drain(world, node);
    }
    if (err == ES_OK &&
        es_sim_fault(world, node, ES_SIM_ID_NETWORK_CRASH, world->options.network_crash))
        replace_network(world, node);
    if (may_fail(world, err))
        es_sim_node_crash(world, node);
    else if (err != ES_OK)
        es_sim_violation(world, "node %u: input %d gave %s", node->number, (int)input->kind,
                         es_err_code(err));
    else
        es_sim_node_drain(world, node);
}

/* --- Starting and stopping --------------------------------------------------------------------- */

static int restore(void *ctx, const struct es_row *row)
{
    struct es_core *core = ctx;

    return es_core_input(core, &(struct es_input){.kind = ES_IN_ROW, .row = row}) == ES_OK
               ? 0
               : -EINVAL;
}

/* False: they cannot be read now. */
static bool restore_all(struct es_sim_world *world, struct es_sim_node *node)
{
    if (es_sim_fault(world, node, ES_SIM_ID_UNREADABLE, world->options.unreadable))
        return false;
    for (int kind = ES_ROW_SELF; kind < ES_ROW_KIND_END; kind++) {
        if (kind == ES_ROW_MESSAGE)
            continue;
        if (node->reader->ops->each(node->reader, (enum es_row_kind)kind, restore, node->core) != 0)
            es_sim_violation(world, "node %u: a row of kind %d is damaged", node->number, kind);
    }
    return true;
}

void es_sim_node_start(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_input start = input_of(world, node, ES_IN_START);
    struct es_input network = input_of(world, node, ES_IN_NETWORK);
    struct es_env env;

    if (node->store == NULL)
        node->store = world->options.store == ES_SIM_STORE_SQLITE ? es_sim_store_new(world, node)
                                                                  : es_store_memory_new();
    node->reader = node->store->ops->reader(node->store);
    node->arena.bytes_max = ARENA_BYTES_MAX;
    node->unreadable = false;
    env = (struct es_env){
        .entropy = {.ctx = &node->entropy, .random = draw},
        .arena = es_sim_arena(&node->arena),
        .store_ctx = node,
        .read = read_back,
        /* Who audits sees what lies in the memory of each node. */
        .scratch = world->audit == NULL ? world->scratch : NULL,
    };
    node->core = es_core_new(&env, &world->settings);
    node->up = true;
    es_sim_trace_note(world, node, "start");
    node->life++;
    node->network++;
    node->next_inbound = ES_LINK_INBOUND;
    if (!restore_all(world, node)) {
        es_sim_node_crash(world, node);
        return;
    }
    give(world, node, &start);
    if (node->up)
        give(world, node, &network);
    if (node->up && node->disk.n_batches == 0)
        es_sim_disk_sync(world, node); /* tidies what an earlier life left */
}

void es_sim_node_stop(struct es_sim_world *world, struct es_sim_node *node)
{
    if (!node->up)
        return;
    es_sim_network_lost(world, node);
    es_sim_timers_set(&world->timers, node->number, UINT64_MAX);
    node->up = false;
    node->clock.frozen_until_ms = 0;
    node->disk = (struct es_sim_disk){.n_batches = 0}; /* what was not synced is gone */
    es_core_free(node->core);
    node->core = NULL;
    node->reader->ops->free(node->reader);
    es_sim_arena_done(&node->arena);
}

/* --- Inputs ----------------------------------------------------------------------------------- */

void es_sim_node_report(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_report *report)
{
    struct es_input input = input_of(world, node, ES_IN_REPORT);

    if (!node->up)
        return;
    es_sim_trace_report(world, node, report);
    input.report = report;
    give(world, node, &input);
}

void es_sim_node_command(struct es_sim_world *world, struct es_sim_node *node,
                         const struct es_command *command)
{
    struct es_input input = input_of(world, node, ES_IN_COMMAND);

    if (!node->up)
        return;
    input.command = command;
    give(world, node, &input);
}

void es_sim_node_timer(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_input input = input_of(world, node, ES_IN_TIMER);

    give(world, node, &input);
}
