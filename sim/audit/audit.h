/* SPDX-License-Identifier: ISC */
/* audit.h - who holds which secret of a run: nobody but those who may (P1 to P3).
 *
 * What is sent is scanned when it is sent and may hold nothing. Each row is scanned when it is
 * committed, each node's memory and store when it dies and at the end, against what that node may
 * hold. A clean result counts only because the same scan finds every token where it may be, and a
 * leak planted at a random place in a random encoding. Watching changes nothing of the run. */
#ifndef ES_SIM_AUDIT_H
#define ES_SIM_AUDIT_H

#include "sim/audit/report.h"
#include "sim/world.h"

/* Every call does nothing in a world that is not audited. */
void es_sim_audit_begin(struct es_sim_world *world);
void es_sim_audit_free(struct es_sim_world *world);

/* --- People wrote this: before it becomes a command --- */
void es_sim_audit_text(struct es_sim_world *world, uint32_t from, uint32_t to, uint32_t number);
void es_sim_audit_greeting(struct es_sim_world *world, uint32_t from, uint32_t to);
/* ... and was told that it is queued. */
void es_sim_audit_sent(struct es_sim_world *world, uint32_t from, uint32_t to, uint32_t number);

/* --- Surfaces --- */
void es_sim_audit_commit(struct es_sim_world *world, const struct es_sim_node *node,
                         const struct es_row *rows, size_t n_rows);
void es_sim_audit_frame(struct es_sim_world *world, struct es_slice bytes);
void es_sim_audit_advert(struct es_sim_world *world, const struct es_publication *publication);
/* Its memory, while its core is still there, and its store. */
void es_sim_audit_node(struct es_sim_world *world, const struct es_sim_node *node);

/* Everything that is up and every store; then the controls. What fails is a violation. */
void es_sim_audit_end(struct es_sim_world *world);
void es_sim_audit_report(const struct es_sim_world *world, struct es_sim_report *ret);

#endif
