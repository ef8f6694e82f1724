/* SPDX-License-Identifier: ISC */
/* lines.c - reading a trace, and what in it happened before what. */
#include "sim/lines.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/record.h"

static uint64_t number_of(const json_t *json, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(json, key));
}

static uint32_t node_of(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);

    return value == NULL ? ES_SIM_NOBODY : (uint32_t)json_integer_value(value);
}

static void copy_text(const json_t *json, const char *key, char ret[static ES_SIM_LINE_BYTES])
{
    const char *text = json_string_value(json_object_get(json, key));

    snprintf(ret, ES_SIM_LINE_BYTES, "%s", text == NULL ? "" : text);
}

static enum es_sim_line_kind kind_of(const char *type, const char *stage)
{
    if (strcmp(type, "mark") == 0)
        return ES_SIM_LINE_MARK;
    if (strcmp(type, "msg") == 0)
        return ES_SIM_LINE_TEXT;
    if (strcmp(type, "fault") == 0)
        return ES_SIM_LINE_FAULT;
    if (strcmp(type, "frame") != 0)
        return ES_SIM_LINE_OTHER;
    if (strcmp(stage, "sent") == 0)
        return ES_SIM_LINE_SENT;
    return strcmp(stage, "arrived") == 0 ? ES_SIM_LINE_ARRIVED : ES_SIM_LINE_LOST;
}

/* The node at which a stage of a text is noticed. */
static uint32_t text_node(const struct es_sim_line *line)
{
    bool at_writer = strcmp(line->what, "created") == 0 || strcmp(line->what, "delivered") == 0;

    return at_writer ? line->from : line->to;
}

static void add_line(struct es_sim_lines *lines, const json_t *json, const char *type)
{
    const char *stage = json_string_value(json_object_get(json, "stage"));
    const char *data = json_string_value(json_object_get(json, "data"));
    struct es_sim_line line = {
        .kind = kind_of(type, stage == NULL ? "" : stage),
        .t = number_of(json, "t"),
        .node = node_of(json, "node"),
        .from = node_of(json, "from"),
        .to = node_of(json, "to"),
        .frame = number_of(json, "frame"),
        .due = number_of(json, "due"),
        .number = (uint32_t)number_of(json, "number"),
        .bytes = (uint32_t)number_of(json, "bytes"),
    };
    static const char *const what[] = {
        [ES_SIM_LINE_MARK] = "what",  [ES_SIM_LINE_TEXT] = "stage", [ES_SIM_LINE_SENT] = "kind",
        [ES_SIM_LINE_ARRIVED] = "",   [ES_SIM_LINE_LOST] = "",      [ES_SIM_LINE_FAULT] = "id",
        [ES_SIM_LINE_OTHER] = "type",
    };

    copy_text(json, what[line.kind], line.what);
    if (line.kind == ES_SIM_LINE_TEXT) {
        copy_text(json, "id", line.id);
        line.node = text_node(&line);
    } else if (line.kind == ES_SIM_LINE_SENT) {
        line.node = line.from;
    } else if (line.kind == ES_SIM_LINE_ARRIVED || line.kind == ES_SIM_LINE_LOST) {
        line.node = line.to;
    }
    if (data != NULL) {
        line.data = es_sim_resize(NULL, strlen(data) + 1);
        memcpy(line.data, data, strlen(data) + 1);
    }
    if (lines->n == lines->cap) {
        lines->cap = lines->cap == 0 ? 1024 : 2 * lines->cap;
        lines->all = es_sim_resize(lines->all, lines->cap * sizeof(lines->all[0]));
    }
    lines->all[lines->n++] = line;
}

static void keep(json_t **field, json_t *json)
{
    json_decref(*field);
    *field = json_incref(json);
}

static void add(struct es_sim_lines *lines, json_t *json)
{
    const char *type = json_string_value(json_object_get(json, "type"));

    if (type == NULL)
        return;
    if (strcmp(type, "meta") == 0)
        keep(&lines->meta, json);
    else if (strcmp(type, "options") == 0)
        keep(&lines->options, json);
    else if (strcmp(type, "violation") == 0)
        keep(&lines->violation, json);
    else if (strcmp(type, "end") == 0)
        keep(&lines->end, json);
    else
        add_line(lines, json, type);
}

bool es_sim_lines_read(FILE *file, const char *name, struct es_sim_lines *ret)
{
    size_t cap = 0, number = 0;
    json_error_t error;
    char *line = NULL;
    bool ok = true;

    *ret = (struct es_sim_lines){.n = 0};
    while (ok && getline(&line, &cap, file) > 0) {
        json_t *json = json_loads(line, 0, &error);

        number++;
        ok = json_is_object(json);
        if (ok)
            add(ret, json);
        else
            fprintf(stderr, "earshot-sim: %s:%zu: %s\n", name, number,
                    json == NULL ? error.text : "no object");
        json_decref(json);
        if (ok && number == 1 && number_of(ret->meta, "schema") != ES_SIM_RECORD_SCHEMA) {
            fprintf(stderr, "earshot-sim: %s: no trace of schema %d\n", name, ES_SIM_RECORD_SCHEMA);
            ok = false;
        }
    }
    free(line);
    if (ok && number == 0)
        fprintf(stderr, "earshot-sim: %s: empty\n", name);
    ok = ok && number > 0;
    if (!ok)
        es_sim_lines_done(ret);
    return ok;
}

void es_sim_lines_done(struct es_sim_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        free(lines->all[i].data);
    free(lines->all);
    json_decref(lines->meta);
    json_decref(lines->options);
    json_decref(lines->violation);
    json_decref(lines->end);
    *lines = (struct es_sim_lines){.n = 0};
}

/* --- Whom it is about ----------------------------------------------------------------------------- */

/* "node 3 was told that 2 has ...": numbers behind these words are nodes. */
static bool names_node(const char *text, const char *number)
{
    static const char *const words[] = {"node ", "nodes ", "of ", "that ", "reached ", "by "};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(number - text) >= len && memcmp(number - len, words[i], len) == 0)
            return true;
    }
    return false;
}

bool es_sim_lines_blamed(const struct es_sim_lines *lines, bool *ret_nodes, size_t n_nodes)
{
    const char *text = json_string_value(json_object_get(lines->violation, "text"));
    uint32_t node = node_of(lines->violation, "node");
    bool any = node < n_nodes;

    if (any)
        ret_nodes[node] = true;
    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        unsigned long number;
        char *end;

        if (!isdigit((unsigned char)*at))
            continue;
        number = strtoul(at, &end, 10);
        if (names_node(text, at) && number < n_nodes)
            ret_nodes[number] = any = true;
        at = end - 1;
    }
    return any;
}

/* --- What happened before ------------------------------------------------------------------------ */

static uint64_t frames_of(const struct es_sim_lines *lines)
{
    uint64_t n = 0;

    for (size_t i = 0; i < lines->n; i++)
        if (lines->all[i].frame >= n)
            n = lines->all[i].frame + 1;
    return n;
}

void es_sim_lines_cone(const struct es_sim_lines *lines, bool *io_nodes, size_t n_nodes, bool *in)
{
    uint64_t n_frames = frames_of(lines);
    bool *came = es_sim_zeroed((n_frames + 1) * sizeof(came[0])); /* to a node in the cone */

    for (size_t i = lines->n; i-- > 0;) {
        const struct es_sim_line *line = &lines->all[i];

        if (line->kind == ES_SIM_LINE_SENT && came[line->frame] && line->from < n_nodes)
            io_nodes[line->from] = true;
        in[i] = line->node < n_nodes && io_nodes[line->node];
        if (in[i] && line->kind == ES_SIM_LINE_ARRIVED)
            came[line->frame] = true;
    }
    free(came);
}
