/* SPDX-License-Identifier: ISC */
/* cmd_listen.c - listen: what happens, as it happens. */
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/show.h"

#define SEQ_MAX ((uint64_t)1 << 53)

static enum es_exit stream(struct es_cli *cli)
{
    for (;;) {
        json_t *object = NULL;

        fflush(cli->out.file);
        /* Whoever reads us has gone. */
        if (ferror(cli->out.file))
            return es_fail(cli, ES_EXIT_FAILED, "output", NULL, "the events cannot be written");
        int rc = es_client_next(&cli->client, cli->deadline_ms, &object);

        if (rc != 0)
            return es_fail_client(cli, rc);
        const json_t *event = es_client_event(object);

        if (event != NULL && cli->json)
            es_out_json(&cli->out, event);
        else if (event != NULL)
            es_show_event(&cli->out, event);
        json_decref(object);
    }
}

static enum es_exit run_listen(struct es_cli *cli)
{
    uint64_t since = 0;
    enum es_exit exit = es_count_option(cli, "since", 0, SEQ_MAX, &since);
    json_t *params = json_object();

    if (es_args_given(&cli->args, "since"))
        json_object_set_new(params, "since", json_integer((json_int_t)since));
    if (exit != ES_EXIT_DONE) {
        json_decref(params);
        return exit;
    }
    exit = es_call_done(cli, "listen", params);
    return exit == ES_EXIT_DONE ? stream(cli) : exit;
}

static const struct es_option options[] = {
    {"since", 0, "SEQ", "first those after this sequence number"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_listen = {
    .name = "listen",
    .synopsis = "[--since SEQ]",
    .summary = "shows events until it is stopped",
    .details =
        "Messages, deliveries, requests, who comes and goes. The node keeps the last 4096, from\n"
        "its start on; an event `lagged` says how many were missed.",
    .options = options,
    .run = run_listen,
};
