/* SPDX-License-Identifier: ISC */
/* state.h - inside of the audit of one world. */
#ifndef ES_SIM_AUDIT_STATE_H
#define ES_SIM_AUDIT_STATE_H

#include "node/core/e2ee/identity.h"
#include "sim/audit/report.h"
#include "sim/audit/tokens.h"
#include "sim/world.h"

/* A leak that is planted into a copy of the n-th piece of a surface. */
struct es_sim_plant {
    uint64_t countdown;
    bool planted, found;
};

/* Under which number a node knows another. */
struct es_sim_known {
    uint32_t contact, node;
};

/* What the audit knows of a node from the rows that it committed. */
struct es_sim_subject {
    bool has_identity;
    struct es_identity identity;
    struct es_sim_known *known;
    size_t n_known, cap_known;
};

struct es_sim_audit {
    struct es_sim_tokens *tokens;
    struct es_sim_rng rng;
    struct es_sim_subject *subjects; /* one for each node */
    struct es_sim_plant plants[ES_SIM_SURFACES];
    struct es_sim_report report;
    bool *met; /* whose identity the present scan of a node has found */
};

/* --- secrets.c: what must stay secret --- */
void es_sim_audit_learn(struct es_sim_world *world, const struct es_sim_node *node,
                        const struct es_row *row);

/* --- controls.c --- */
void es_sim_audit_plan_plants(struct es_sim_audit *audit);
/* Plants a leak into a copy of this piece if it is the drawn one, and looks for it. */
void es_sim_audit_plant(struct es_sim_audit *audit, enum es_sim_surface surface, uint32_t node,
                        struct es_slice bytes);
void es_sim_audit_controls(struct es_sim_world *world);

#endif
