/* SPDX-License-Identifier: ISC */
/* spacetime.h - a trace as a picture: a column for each node, time downwards, frames between them. */
#ifndef ES_SIM_SPACETIME_H
#define ES_SIM_SPACETIME_H

#include "sim/lines.h"

#define ES_SIM_SPACETIME_FRAMES_MAX 2000

/* An <svg> element: the last `frames_max` frames of the trace. What had a part in the violation, if there is
 * one, stands out. */
void es_sim_spacetime(const struct es_sim_lines *lines, size_t frames_max, FILE *out);

#endif
