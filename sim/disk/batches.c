/* SPDX-License-Identifier: ISC */
/* batches.c - a node's disk: batches become durable one after another, each after a while, as on the
 * daemon's writer thread; and the points at which a node dies while it works through one. */
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/disk/store.h"
#include "sim/texts.h"
#include "sim/trace.h"

static void pass_on(struct es_sim_world *world, struct es_sim_node *node,
                    const struct es_effects *effects, size_t n_orders)
{
    for (size_t i = 0; i < n_orders; i++)
        es_sim_network_order(world, node, &effects->orders[i]);
}

/* False: its disk failed, and says itself whether it may (disk/store.h). The daemon then drops the
 * core, whose memory is ahead of the disk. */
static bool commit(struct es_sim_world *world, struct es_sim_node *node,
                   const struct es_effects *effects)
{
    if (node->store->ops->commit(node->store, effects->rows, effects->n_rows) == 0) {
        es_sim_texts_commit(world, node, effects->rows, effects->n_rows);
        es_sim_audit_commit(world, node, effects->rows, effects->n_rows);
        return true;
    }
    if (world->options.store == ES_SIM_STORE_MEMORY)
        es_sim_violation(world, "node %u: the store refused a batch", node->number);
    return false;
}

/* As the daemon's writer: after commits, and when the store asks for it. */
static void tidy(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_sim_disk *disk = &node->disk;
    uint64_t at_ms;

    if (node->store->ops->tick == NULL)
        return;
    at_ms = node->store->ops->tick(node->store, world->now_ms);
    if (es_sim_store_is_off(node->store)) {
        es_sim_node_crash(world, node);
        return;
    }
    if (at_ms == UINT64_MAX || at_ms == disk->tidy_ms)
        return;
    disk->tidy_ms = at_ms;
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = at_ms,
                                                            .kind = ES_SIM_SYNC,
                                                            .node = node->number,
                                                            .a = node->life});
}

/* Where it dies while it works through this batch; ES_SIM_CRASH_POINTS: nowhere. */
static uint64_t crash_point(struct es_sim_world *world, struct es_sim_node *node)
{
    uint64_t point;

    if (++node->batches == node->crash_at)
        return node->crash_point;
    if (!es_sim_strikes(world, node, ES_SIM_ID_NODE_CRASH, world->options.crash))
        return ES_SIM_CRASH_POINTS;
    point = es_sim_below(&node->faults[ES_SIM_ID_NODE_CRASH], ES_SIM_CRASH_POINTS);
    return es_sim_happens(world, node, ES_SIM_ID_NODE_CRASH) ? point : ES_SIM_CRASH_POINTS;
}

/* Works through one batch as the daemon does, unless it dies at one of the points between. */
static bool work_through(struct es_sim_world *world, struct es_sim_node *node,
                         const struct es_effects *effects)
{
    bool sends_first = world->options.mutant == ES_SIM_MUTANT_SEND_BEFORE_COMMIT;
    uint64_t point = crash_point(world, node);

    if (sends_first)
        pass_on(world, node, effects, effects->n_orders);
    if (point == 0) /* before the commit */
        return false;
    if (!commit(world, node, effects))
        return false;
    if (point == 1) /* after it, before anything left */
        return false;
    if (!sends_first)
        pass_on(world, node, effects, point == 2 ? effects->n_orders / 2 : effects->n_orders);
    if (point <= 3) /* between two orders; before anybody was told */
        return false;
    for (size_t i = 0; i < effects->n_events; i++) {
        es_sim_trace_event(world, node, &effects->events[i]);
        if (world->watch.event != NULL)
            world->watch.event(world->watch.ctx, node, &effects->events[i]);
    }
    return true;
}

/* So much longer does this one take. */
static uint64_t slow_ms(struct es_sim_world *world, struct es_sim_node *node)
{
    uint64_t ms;

    if (!es_sim_strikes(world, node, ES_SIM_ID_SLOW, world->options.slow))
        return 0;
    ms = es_sim_log_uniform(&node->faults[ES_SIM_ID_SLOW], 1, world->options.slow_ms_max);
    return es_sim_happens(world, node, ES_SIM_ID_SLOW) ? ms : 0;
}

void es_sim_disk_write(struct es_sim_world *world, struct es_sim_node *node,
                       const struct es_effects *effects)
{
    struct es_sim_disk *disk = &node->disk;

    uint64_t takes_ms = slow_ms(world, node);

    disk->batches[disk->n_batches++] = *effects;
    if (world->options.sync_ms_max == 0 && takes_ms == 0 && disk->n_batches == 1) {
        es_sim_disk_sync(world, node);
        return;
    }
    if (world->options.sync_ms_max > 0)
        takes_ms += es_sim_below(&node->syncs, world->options.sync_ms_max + 1);
    if (disk->last_ms < world->now_ms)
        disk->last_ms = world->now_ms;
    disk->last_ms += takes_ms;
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = disk->last_ms,
                                                            .kind = ES_SIM_SYNC,
                                                            .node = node->number,
                                                            .a = node->life});
}

void es_sim_disk_sync(struct es_sim_world *world, struct es_sim_node *node)
{
    struct es_sim_disk *disk = &node->disk;
    struct es_effects oldest = disk->batches[0];

    if (disk->n_batches ==
        0) { /* the node waited for this one before, or nothing is to be synced */
        tidy(world, node);
        return;
    }
    if (!work_through(world, node, &oldest)) {
        es_sim_node_crash(world, node);
        return;
    }
    es_core_durable(node->core);
    disk->n_batches--;
    memmove(disk->batches, disk->batches + 1, disk->n_batches * sizeof(disk->batches[0]));
    tidy(world, node);
}
