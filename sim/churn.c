/* SPDX-License-Identifier: ISC */
/* churn.c - people leave and come back. Their node ends as it should: it takes back its advert, and
 * what it has not written is gone. */
#include "sim/faults.h"
#include "sim/network.h"
#include "sim/trace.h"

/* Sessions and times off are short or long by this much: log-uniform up to what the options say. */
#define SPREAD 64

static uint64_t draw(struct es_sim_node *node, uint64_t most_ms)
{
    return es_sim_log_uniform(&node->faults[ES_SIM_ID_CHURN], most_ms / SPREAD + 1, most_ms);
}

void es_sim_churn_plan(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes && world->options.session_ms_max > 0; i++)
        es_sim_faults_at(world, ES_SIM_ID_CHURN,
                         draw(&world->nodes[i], world->options.session_ms_max), i, 0);
}

void es_sim_churn_leave(struct es_sim_world *world, struct es_sim_node *node)
{
    uint64_t away_ms = draw(node, world->options.away_ms_max);
    uint64_t session_ms = draw(node, world->options.session_ms_max);

    es_sim_faults_at(world, ES_SIM_ID_CHURN, away_ms + session_ms, node->number, 0);
    if (!es_sim_happens(world, node, ES_SIM_ID_CHURN) || !node->up)
        return; /* it is down already: it died */
    es_sim_trace_note(world, node, "leaves");
    es_sim_segment_withdraw(world, node);
    es_sim_node_stop(world, node);
    if (world->now_ms + away_ms > world->chaos_end_ms)
        away_ms = world->chaos_end_ms - world->now_ms;
    es_sim_queue_push(&world->queue, &(struct es_sim_event){.at_ms = world->now_ms + away_ms,
                                                            .kind = ES_SIM_RESTART,
                                                            .node = node->number});
}
