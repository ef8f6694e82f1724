/* SPDX-License-Identifier: ISC */
/* cmd_stats.c - stats: every counter of the node. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/instant.h"

#define WATCH_MS 2000

/* Counters of one kind, told apart by their ends: a family with a label. */
#define REJECTED_BEGIN "rejected_"

static void put_counters(struct es_out *out, json_t *now, const json_t *before)
{
    const char *name;
    const json_t *value;

    json_object_foreach(now, name, value)
    {
        int64_t count = json_integer_value(value);
        int64_t grown = before != NULL ? count - es_field_int(before, name) : 0;

        es_out_words(out, "%-32s %12" PRId64, name, count);
        if (grown != 0)
            es_out_words(out, "  %+" PRId64, grown);
        es_out_end(out);
    }
}

static bool is_rejected(const char *name)
{
    return strncmp(name, REJECTED_BEGIN, strlen(REJECTED_BEGIN)) == 0;
}

/* https://prometheus.io/docs/specs/om/open_metrics_spec/: a family's samples stand together. */
static void put_openmetrics(struct es_out *out, json_t *counters)
{
    const char *name;
    const json_t *value;

    json_object_foreach(counters, name, value)
    {
        if (is_rejected(name))
            continue;
        es_out_words(out, "# TYPE earshot_%s counter", name);
        es_out_end(out);
        es_out_words(out, "earshot_%s_total %" PRId64, name, (int64_t)json_integer_value(value));
        es_out_end(out);
    }
    es_out_words(out, "# TYPE earshot_rejected counter");
    es_out_end(out);
    json_object_foreach(counters, name, value)
    {
        if (!is_rejected(name))
            continue;
        es_out_words(out, "earshot_rejected_total{reason=\"%s\"} %" PRId64,
                     name + strlen(REJECTED_BEGIN), (int64_t)json_integer_value(value));
        es_out_end(out);
    }
    es_out_words(out, "# EOF");
    es_out_end(out);
}

static void put_stats(struct es_cli *cli, const json_t *stats, const json_t *before)
{
    json_t *counters = json_object_get(stats, "counters");

    if (cli->json)
        es_out_json(&cli->out, stats);
    else if (es_args_given(&cli->args, "openmetrics"))
        put_openmetrics(&cli->out, counters);
    else
        put_counters(&cli->out, counters, json_object_get(before, "counters"));
}

static void clear_screen(struct es_out *out)
{
    if (out->terminal)
        fputs("\x1b[H\x1b[J", out->file);
}

/* Ends with the node, the deadline or a signal. */
static enum es_exit watch(struct es_cli *cli, json_t *stats)
{
    while (es_monotonic_ms() < cli->deadline_ms) {
        es_pause(cli, WATCH_MS);
        json_t *now = es_call(cli, "stats", NULL);

        if (now == NULL) {
            json_decref(stats);
            return cli->exit;
        }
        if (!cli->json)
            clear_screen(&cli->out);
        put_stats(cli, now, stats);
        json_decref(stats);
        stats = now;
    }
    json_decref(stats);
    return es_fail_client(cli, -ETIMEDOUT);
}

static enum es_exit run_stats(struct es_cli *cli)
{
    bool watches = es_args_given(&cli->args, "watch");

    if (watches && es_args_given(&cli->args, "openmetrics"))
        return es_usage(cli, "--watch and --openmetrics exclude each other");
    json_t *stats = es_call(cli, "stats", NULL);

    if (stats == NULL)
        return cli->exit;
    if (watches && !cli->json)
        clear_screen(&cli->out);
    put_stats(cli, stats, NULL);
    if (watches)
        return watch(cli, stats);
    json_decref(stats);
    return ES_EXIT_DONE;
}

static const struct es_option options[] = {
    {"watch", 0, NULL, "again every two seconds, with what has been added"},
    {"openmetrics", 0, NULL, "in the format that Prometheus reads"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_stats = {
    .name = "stats",
    .synopsis = "[--watch] [--openmetrics]",
    .summary = "shows every counter, with the reasons of rejections",
    .options = options,
    .run = run_stats,
};
