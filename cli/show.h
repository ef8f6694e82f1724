/* SPDX-License-Identifier: ISC */
/* show.h - messages and events as lines for people. */
#ifndef ES_CLI_SHOW_H
#define ES_CLI_SHOW_H

#include <jansson.h>

#include "cli/render.h"

/* "17:00  Ada: text", with the state of what one has sent oneself. An object of the method `log`. */
void es_show_message(struct es_out *out, const json_t *message);

/* One line, or the lines of its message. */
void es_show_event(struct es_out *out, const json_t *event);

/* "17:00  " and the columns that it takes. */
int es_show_time(struct es_out *out, int64_t ms);

#endif
