/* SPDX-License-Identifier: ISC */
/* lines.h - a trace read back: what record.c wrote, as docs/trace.md describes it. */
#ifndef ES_SIM_LINES_H
#define ES_SIM_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/world.h"

enum es_sim_line_kind {
    ES_SIM_LINE_MARK,
    ES_SIM_LINE_TEXT,
    ES_SIM_LINE_SENT,
    ES_SIM_LINE_ARRIVED,
    ES_SIM_LINE_LOST,
    ES_SIM_LINE_FAULT,
    ES_SIM_LINE_OTHER, /* sample, scan, and what a later schema adds */
};
#define ES_SIM_LINE_BYTES 80

struct es_sim_line {
    enum es_sim_line_kind kind;
    uint64_t t;
    uint32_t node;     /* at which it happens             */
    uint32_t from, to; /* of a text or a frame             */
    uint64_t frame;    /* its number                       */
    uint64_t due;
    uint32_t number;              /* of a text */
    uint32_t bytes;               /* of a frame */
    char what[ES_SIM_LINE_BYTES]; /* mark: what; text: stage; frame: kind; fault: id */
    char id[ES_SIM_LINE_BYTES];   /* of a text that is created, "" */
    char *data;                   /* NULL: not recorded */
};

struct es_sim_lines {
    struct es_sim_line *all;
    size_t n, cap;
    json_t *meta, *options, *violation, *end; /* NULL: not in it */
};

/* False: said why on stderr. `name` is what the file is called there. */
bool es_sim_lines_read(FILE *file, const char *name, struct es_sim_lines *ret);
void es_sim_lines_done(struct es_sim_lines *lines);

/* Sets the flags of the nodes that the violation names. False: it names none, or there is none. */
bool es_sim_lines_blamed(const struct es_sim_lines *lines, bool *ret_nodes, size_t n_nodes);
/* in[i]: line i may have caused what happened last at the nodes that are in `io_nodes`; then those are all
 * nodes that had a part in it. `n_nodes` is how many flags there are. */
void es_sim_lines_cone(const struct es_sim_lines *lines, bool *io_nodes, size_t n_nodes, bool *in);

#endif
