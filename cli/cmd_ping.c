/* SPDX-License-Identifier: ISC */
/* cmd_ping.c - ping: a sealed round trip. */

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/instant.h"
#include "node/wire/limits.h"

#define INTERVAL_MS 1000
#define COUNT_MAX 1000000

static void put_pong(struct es_cli *cli, const json_t *pong)
{
    if (cli->json) {
        es_out_json(&cli->out, pong);
        return;
    }
    es_out_name(&cli->out, es_field_text(pong, "conversation"), 0);
    es_out_words(&cli->out, ": %g ms, %s", json_number_value(json_object_get(pong, "rtt_ms")),
                 es_field_text(pong, "path"));
    es_out_end(&cli->out);
}

static enum es_exit ping_once(struct es_cli *cli, uint64_t bytes)
{
    json_t *params =
        json_pack("{s:s, s:I}", "conversation", es_operand(cli, 0), "bytes", (json_int_t)bytes);

    if (cli->timeout_ms > 0) {
        int64_t left_ms = cli->deadline_ms - es_monotonic_ms();

        json_object_set_new(params, "wait_ms", json_integer(left_ms > 0 ? left_ms : 0));
    }
    json_t *pong = es_call(cli, "ping", params);

    if (pong == NULL)
        return cli->exit;
    put_pong(cli, pong);
    json_decref(pong);
    return ES_EXIT_DONE;
}

static enum es_exit run_ping(struct es_cli *cli)
{
    const char *size = es_args_value(&cli->args, "size");
    uint64_t bytes = 0;
    uint64_t count = 1;
    enum es_exit exit = es_count_option(cli, "count", 1, COUNT_MAX, &count);

    if (size != NULL && (!es_size_parse(size, &bytes) || bytes > ES_PING_BYTES_MAX))
        return es_usage(cli, "--size %s: expected a size of at most 4KiB", size);
    for (uint64_t i = 0; i < count && exit == ES_EXIT_DONE; i++) {
        if (i > 0)
            es_pause(cli, INTERVAL_MS);
        exit = ping_once(cli, bytes);
    }
    return exit;
}

static const struct es_option options[] = {
    {"count", 0, "N", "how often, once a second (1)"},
    {"size", 0, "SIZE", "bytes of payload, up to 4KiB (0)"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_ping = {
    .name = "ping",
    .synopsis = "CONV [--count N] [--size SIZE]",
    .summary = "measures a sealed round trip",
    .details = "Direct, or carried by others. Waits until the answer comes; --timeout limits that.",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_ping,
};
