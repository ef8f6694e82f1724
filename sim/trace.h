/* SPDX-License-Identifier: ISC */
/* trace.h - one line for everything that happens, for people. */
#ifndef ES_SIM_TRACE_H
#define ES_SIM_TRACE_H

#include "sim/world.h"

void es_sim_trace_order(const struct es_sim_world *world, const struct es_sim_node *node,
                        const struct es_order *order);
void es_sim_trace_report(const struct es_sim_world *world, const struct es_sim_node *node,
                         const struct es_report *report);
void es_sim_trace_event(struct es_sim_world *world, const struct es_sim_node *node,
                        const struct es_event *event);
void es_sim_trace_note(struct es_sim_world *world, const struct es_sim_node *node,
                       const char *note);
/* "HELLO"; "?" for what is no frame. */
const char *es_sim_trace_frame_name(struct es_slice bytes);

#endif
