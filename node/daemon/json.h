/* SPDX-License-Identifier: ISC */
/* json.h - the core's views and events as the JSON objects of docs/api.md.
 *
 * Every function gives a new reference. */
#ifndef ES_DAEMON_JSON_H
#define ES_DAEMON_JSON_H

#include <jansson.h>

#include "node/core/view.h"

/* "2026-11-23T18:30:00.000Z"; null for 0. */
json_t *es_json_time(uint64_t wall_ms);
/* False unless text is such a time, with or without its milliseconds. */
bool es_json_parse_time(const char *text, uint64_t *ret_wall_ms);
/* A string of len bytes; what is not UTF-8 (never, of what the core checked) becomes "". */
json_t *es_json_text(struct es_slice text);
json_t *es_json_address(const struct es_sign_public *address);

json_t *es_json_self(const struct es_core *core);
json_t *es_json_contact(const struct es_contact_view *contact);
json_t *es_json_request(const struct es_request_view *request);
json_t *es_json_label(const struct es_core *core, const struct es_contact_view *contact);
json_t *es_json_conversation(const struct es_core *core, const struct es_contact_view *contact);
json_t *es_json_verify(const struct es_core *core, const struct es_contact_view *contact);
json_t *es_json_message(const struct es_core *core, const struct es_message *message);
/* The `send` object: one of our messages and how far it came. */
json_t *es_json_sent(const struct es_core *core, uint32_t contact, struct es_message_id id,
                     const char *state, enum es_err reason);
json_t *es_json_link(const struct es_core *core, const struct es_link_view *link);
json_t *es_json_counters(const struct es_counters *counters);

#endif
