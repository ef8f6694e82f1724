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

/* The caller frees. */
static char *read_text(const char *path)
{
    FILE *file = open_input(path);
    char *text;
    size_t len;

    if (file == NULL)
        return NULL;
    text = es_sim_resize(NULL, ES_SIM_SCENARIO_BYTES_MAX + 1);
    len = fread(text, 1, ES_SIM_SCENARIO_BYTES_MAX + 1, file);
    if (ferror(file) || len > ES_SIM_SCENARIO_BYTES_MAX || memchr(text, '\0', len) != NULL) {
        fprintf(stderr, "earshot-sim: %s: cannot be read, or is no text of at most 1 MiB\n", path);
        free(text);
        text = NULL;
    } else {
        text[len] = '\0';
    }
    close_input(file);
    return text;
}

bool es_sim_read_scenario(const char *path, struct es_sim_options *ret)
{
    struct es_sim_refusal refusal;
    char *text = read_text(path);
    bool ok = text != NULL && es_sim_scenario_parse(text, ret, &refusal);

    if (text != NULL && !ok)
        fprintf(stderr, "earshot-sim: %s:%zu:%zu: %s\n", path, refusal.line, refusal.column,
                refusal.reason);
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
    bool ok = json != NULL;

    *ret_found = ok && (!failed_only || (verdict != NULL && strcmp(verdict, "ok") != 0));
    if (!ok)
        snprintf(ret_refusal->reason, sizeof(ret_refusal->reason), "%.159s", error.text);
    else if (*ret_found)
        ok = es_sim_scenario_from_json(json_object_get(json, "options"), ret, ret_refusal);
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
