/* SPDX-License-Identifier: ISC */
/* fields.h - reads fields of JSON objects that may lack them. Borrowed results. */
#ifndef ES_CLI_FIELDS_H
#define ES_CLI_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* "" when there is no such text. */
static inline const char *es_field_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* 0 when there is no such number. */
static inline int64_t es_field_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static inline bool es_field_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

#endif
