/* SPDX-License-Identifier: ISC */
/* rpc_params.c - what a request gives, and the pages of lists. */
#include <stdio.h>
#include <string.h>

#include "node/daemon/rpc.h"

/* --- Parameters --------------------------------------------------------------------------------- */

bool es_param_given(const struct es_request_call *call, const char *key)
{
    const json_t *value = json_object_get(call->params, key);

    return value != NULL && !json_is_null(value);
}

bool es_param_text_or(struct es_request_call *call, const char *key, struct es_slice *io)
{
    const json_t *value = json_object_get(call->params, key);

    if (!es_param_given(call, key))
        return true;
    if (!json_is_string(value)) {
        es_rpc_usage(call, key, "must be a text");
        return false;
    }
    *io = es_slice(json_string_value(value), json_string_length(value));
    return true;
}

bool es_param_text(struct es_request_call *call, const char *key, struct es_slice *ret)
{
    if (!es_param_given(call, key)) {
        es_rpc_usage(call, key, "is missing");
        return false;
    }
    return es_param_text_or(call, key, ret);
}

bool es_param_number(struct es_request_call *call, const char *key, uint64_t min, uint64_t max,
                     uint64_t *io)
{
    const json_t *value = json_object_get(call->params, key);
    json_int_t number = json_integer_value(value);
    char problem[80];

    if (!es_param_given(call, key))
        return true;
    if (!json_is_integer(value) || number < 0 || (uint64_t)number < min || (uint64_t)number > max) {
        snprintf(problem, sizeof(problem), "must be a whole number from %llu to %llu",
                 (unsigned long long)min, (unsigned long long)max);
        es_rpc_usage(call, key, problem);
        return false;
    }
    *io = (uint64_t)number;
    return true;
}

bool es_rpc_contact(struct es_request_call *call, const char *key, struct es_contact_view *ret)
{
    char candidates[ES_CANDIDATES_BYTES_MAX] = "";
    struct es_slice who;
    uint32_t contact;
    enum es_err err;

    if (!es_param_text(call, key, &who))
        return false;
    err = es_core_resolve(call->core, who, &contact, candidates, sizeof(candidates));
    if (err == ES_OK && es_core_contact(call->core, contact, ret))
        return true;
    es_rpc_refuse(call, err, es_slice(candidates, strlen(candidates)));
    return false;
}

/* --- Pages -------------------------------------------------------------------------------------- */

bool es_rpc_list_begin(struct es_request_call *call, struct es_rpc_list *ret)
{
    *ret = (struct es_rpc_list){0};
    if (!es_param_number(call, "after", 0, INT64_MAX, &ret->after))
        return false;
    ret->rows = json_array();
    return true;
}

bool es_rpc_list_wants(struct es_rpc_list *list, uint64_t place)
{
    if (place <= list->after)
        return false;
    if (json_array_size(list->rows) == ES_CONTROL_PAGE_ROWS_MAX) {
        list->more = true;
        return false;
    }
    list->last = place;
    return true;
}

void es_rpc_list_add(struct es_rpc_list *list, json_t *row)
{
    json_array_append_new(list->rows, row);
}

json_t *es_rpc_list_end(struct es_rpc_list *list)
{
    return json_pack("{s:o, s:o}", "rows", list->rows, "next",
                     list->more ? json_integer((json_int_t)list->last) : json_null());
}

json_t *es_rpc_page(json_t *rows)
{
    return json_pack("{s:o, s:n}", "rows", rows, "next");
}
