/* SPDX-License-Identifier: ISC */
/* files.c - scenarios and results are read from files or the standard input. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands/commands.h"
#include "sim/memory.h"
#include "sim/scenario/scenario.h"

static FILE *open_input(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

    if (file == NULL)
        fprintf(stderr, "earshot-sim: %s: %s\n", path, strerror(errno));
    return file;
}

static void close_input(FILE *file)
{
    if (file != stdin)
        fclose(file);
}

/* All of it, which must be text; the caller frees. */
static char *read_text(const char *path)
{
    FILE *file = open_input(path);
    size_t len = 0, cap = 1u << 16;
    char *text;

    if (file == NULL)
        return NULL;
    text = es_sim_resize(NULL, cap);
    while ((len += fread(text + len, 1, cap - len - 1, file)) == cap - 1) {
        cap *= 2;
        text = es_sim_resize(text, cap);
    }
    text[len] = '\0';
    if (ferror(file) || strlen(text) != len) {
        fprintf(stderr, "earshot-sim: %s: cannot be read, or is no text\n", path);
        free(text);
        text = NULL;
    }
    close_input(file);
    return text;
}

/* A sweep is allowed unless ret_sweep is NULL. */
static bool parse_scenario(const char *path, const char *text, struct es_sim_options *ret,
                           json_t **ret_sweep)
{
    struct es_sim_refusal refusal = {.reason = "longer than 1 MiB"};

    if (strlen(text) <= ES_SIM_SCENARIO_BYTES_MAX &&
        (ret_sweep == NULL ? es_sim_scenario_parse(text, ret, &refusal)
                           : es_sim_scenario_parse_sweep(text, ret, ret_sweep, &refusal)))
        return true;
    fprintf(stderr, "earshot-sim: %s:%zu:%zu: %s\n", path, refusal.line, refusal.column,
            refusal.reason);
    return false;
}

bool es_sim_read_scenario(const char *path, struct es_sim_options *ret)
{
    char *text = read_text(path);
    bool ok = text != NULL && parse_scenario(path, text, ret, NULL);

    free(text);
    return ok;
}

bool es_sim_read_sweep(const char *path, struct es_sim_options *ret, json_t **ret_sweep)
{
    char *text = read_text(path);
    bool ok = text != NULL && parse_scenario(path, text, ret, ret_sweep);

    free(text);
    return ok;
}

bool es_sim_run_recorded(const struct es_sim_args *args, const struct es_sim_options *options,
                         struct es_sim_result *ret)
{
    struct es_sim_record record = {.bytes = args->frame_bytes};
    bool ok;

    if (args->record == NULL) {
        es_sim_result_run(options, NULL, ret);
        return true;
    }
    record.file = fopen(args->record, "we");
    ok = record.file != NULL;
    if (ok) {
        es_sim_result_run(options, &(struct es_sim_observers){.record = &record}, ret);
        ok = fflush(record.file) == 0 && ferror(record.file) == 0;
        ok = fclose(record.file) == 0 && ok;
    }
    if (!ok)
        fprintf(stderr, "earshot-sim: %s: %s\n", args->record, strerror(errno));
    return ok;
}

/* A result, of which its options count; a line that is a remark or empty has none. */
static bool read_line(const char *line, bool failed_only, struct es_sim_options *ret,
                      bool *ret_found, struct es_sim_refusal *ret_refusal)
{
    json_error_t error;
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    const char *verdict = json_string_value(json_object_get(json, "verdict"));
    bool is_failure = verdict != NULL && strcmp(verdict, "ok") != 0;
    bool is_trace = json_object_get(json, "type") != NULL;
    const json_t *options = json_object_get(json, "options");
    bool ok = json != NULL;

    *ret_found = ok && (!failed_only || is_failure || is_trace) && (options != NULL || !is_trace);
    if (!ok)
        snprintf(ret_refusal->reason, sizeof(ret_refusal->reason), "%.159s", error.text);
    else if (*ret_found)
        ok = es_sim_scenario_from_json(options, ret, ret_refusal);
    json_decref(json);
    return ok;
}

bool es_sim_read_lines(const char *path, bool failed_only, struct es_sim_options **ret,
                       size_t *ret_n)
{
    FILE *file = open_input(path);
    struct es_sim_options *options = NULL;
    struct es_sim_refusal refusal;
    size_t n = 0, number = 0, cap = 0;
    char *line = NULL;
    bool ok = file != NULL, found;

    while (ok && getline(&line, &cap, file) > 0) {
        number++;
        options = es_sim_resize(options, (n + 1) * sizeof(options[0]));
        ok = read_line(line, failed_only, &options[n], &found, &refusal);
        n += ok && found;
        if (!ok)
            fprintf(stderr, "earshot-sim: %s:%zu: %s\n", path, number, refusal.reason);
    }
    free(line);
    if (file != NULL)
        close_input(file);
    *ret = options;
    *ret_n = n;
    return ok;
}

/* Lines of results or of a trace: the first that failed, or the trace's options. */
static bool find_world(const char *path, char *text, struct es_sim_options *ret)
{
    struct es_sim_refusal refusal = {.reason = ""};
    bool found = false, ok = true;
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); ok && !found && line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        ok = read_line(line, true, ret, &found, &refusal);
    if (!found)
        fprintf(stderr, "earshot-sim: %s: %s\n", path, ok ? "no failure in it" : refusal.reason);
    return found && ok;
}

/* A line of its own that is no scenario. */
static bool is_lines(const char *text)
{
    json_t *first = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    bool is = json_object_get(first, "verdict") != NULL || json_object_get(first, "type") != NULL;

    json_decref(first);
    return is;
}

bool es_sim_read_world(const char *operand, struct es_sim_options *ret)
{
    uint64_t seed;
    char *text;
    bool ok;

    if (es_sim_parse_number(operand, &seed)) {
        *ret = es_sim_options_draw(seed);
        return true;
    }
    text = read_text(operand);
    ok = text != NULL && (is_lines(text) ? find_world(operand, text, ret)
                                         : parse_scenario(operand, text, ret, NULL));
    free(text);
    return ok;
}

/* --- Figures of past runs -------------------------------------------------------------------------- */

/* The first line of a file has this member. */
static bool begins_with(const char *path, const char *key)
{
    FILE *file = fopen(path, "re");
    json_t *first = file == NULL ? NULL : json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
    bool has = json_object_get(first, key) != NULL;

    json_decref(first);
    if (file != NULL)
        fclose(file);
    return has;
}

bool es_sim_is_results(const char *path)
{
    return begins_with(path, "figures");
}

bool es_sim_is_trace(const char *path)
{
    return begins_with(path, "schema");
}

bool es_sim_read_figures(const char *path, struct es_sim_past **ret, size_t *ret_n)
{
    FILE *file = open_input(path);
    struct es_sim_past *past = NULL;
    size_t n = 0, cap = 0;
    char *line = NULL;
    bool ok = file != NULL;

    while (ok && getline(&line, &cap, file) > 0) {
        json_t *json = json_loads(line, 0, NULL);
        const char *seed = json_string_value(json_object_get(json, "seed"));

        past = es_sim_resize(past, (n + 1) * sizeof(past[0]));
        ok = seed != NULL && es_sim_parse_number(seed, &past[n].seed) &&
             es_sim_figures_read(json_object_get(json, "figures"), &past[n].figures);
        n++;
        json_decref(json);
        if (!ok)
            fprintf(stderr, "earshot-sim: %s:%zu: no result with figures\n", path, n);
    }
    free(line);
    if (file != NULL)
        close_input(file);
    *ret = past;
    *ret_n = n;
    return ok;
}
