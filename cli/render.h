/* SPDX-License-Identifier: ISC */
/* render.h - the only way onto the terminal: every text passes the sanitizer here.
 *
 * A line is put together from words of our own, names and texts of others, and styles, and ended by
 * es_out_end(). Colour appears on terminals only, and never with NO_COLOR. */
#ifndef ES_CLI_RENDER_H
#define ES_CLI_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/sanitize.h"

struct es_out {
    FILE *file; /* borrowed */
    bool terminal;
    bool colour;
};

enum es_style { ES_STYLE_PLAIN, ES_STYLE_BOLD, ES_STYLE_DIM, ES_STYLE_GOOD, ES_STYLE_BAD };

void es_out_init(struct es_out *out, FILE *file);

void es_out_style(struct es_out *out, enum es_style style);

/* Our own words. What is put into them is sanitized as text of others nevertheless. */
void es_out_words(struct es_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Who somebody is; filled up with blanks to width columns. */
void es_out_name(struct es_out *out, const char *name, int width);

/* What somebody said: each further line begins with indent blanks, so that it cannot pass for a
 * line of ours. */
void es_out_text(struct es_out *out, const char *text, int indent);

void es_out_end(struct es_out *out);

/* One object on one line, whatever its texts contain. */
void es_out_json(struct es_out *out, const json_t *object);

/* Columns that a text takes on a terminal once sanitized. */
int es_text_columns(enum es_text_kind kind, const char *text);

#endif
