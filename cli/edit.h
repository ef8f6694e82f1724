/* SPDX-License-Identifier: ISC */
/* edit.h - the line that is being typed, so that it can be taken away and put back.
 *
 * No more than a terminal's own line mode does: characters at the end, rubbing out characters, words
 * and the line. Pure but for drawing. */
#ifndef ES_CLI_EDIT_H
#define ES_CLI_EDIT_H

#include <stdbool.h>

#include "cli/render.h"
#include "node/wire/limits.h"

struct es_edit {
    char line[ES_TEXT_BYTES_MAX + 1]; /* NUL-terminated */
    size_t len;
    enum { ES_EDIT_TEXT, ES_EDIT_ESCAPE, ES_EDIT_SEQUENCE } state;
};

enum es_edit_key {
    ES_EDIT_GOES_ON,
    ES_EDIT_ENTER, /* the line is complete: take it, then es_edit_clear() */
    ES_EDIT_END,   /* Ctrl-D on an empty line */
};

void es_edit_clear(struct es_edit *edit);

/* One byte from the keyboard. */
enum es_edit_key es_edit_byte(struct es_edit *edit, unsigned char byte);

/* Draws the prompt and the end of the line, as much of it as there are columns; the cursor stands
 * behind it. es_edit_erase() takes it away, for a line of something else. */
void es_edit_draw(const struct es_edit *edit, struct es_out *out, const char *prompt, int columns);
void es_edit_erase(struct es_out *out);

#endif
