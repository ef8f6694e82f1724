/* SPDX-License-Identifier: ISC */
/* cmd_node.c - up, down, status: the node as a program that runs. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/instant.h"
#include "cli/node.h"
#include "cli/visible.h"

/* --- up -------------------------------------------------------------------------------------- */

static enum es_exit start(struct es_cli *cli)
{
    struct es_node_state state = {0};
    int passphrase_fd = -1;
    bool foreground = es_args_given(&cli->args, "foreground");
    enum es_exit exit = ES_EXIT_DONE;

    if (!foreground && es_connect_running(cli) == 0)
        return ES_EXIT_DONE;
    if (cli->no_start)
        return es_fail_client(cli, -ENOENT);
    exit = es_node_state(cli, &state);
    if (exit == ES_EXIT_DONE && state.exists)
        exit = es_node_passphrase(cli, state.locked, false, &passphrase_fd);
    if (exit == ES_EXIT_DONE)
        exit = foreground ? es_node_become(cli, passphrase_fd) : es_node_start(cli, passphrase_fd);
    if (passphrase_fd >= 0)
        close(passphrase_fd);
    return exit;
}

static enum es_exit run_up(struct es_cli *cli)
{
    enum es_exit exit = start(cli);

    if (exit != ES_EXIT_DONE)
        return exit;
    es_visible_now(cli);
    json_t *id = es_call(cli, "id", NULL);

    if (id == NULL)
        return cli->exit;
    if (cli->json) {
        es_out_json(&cli->out, id);
    } else if (es_chatty(cli)) {
        es_out_words(&cli->out, "%s is up", es_field_text(id, "address"));
        es_out_end(&cli->out);
    }
    json_decref(id);
    return ES_EXIT_DONE;
}

static const struct es_option up_options[] = {
    {"foreground", 0, NULL, "stay, and write the log to stderr"},
    {"passphrase-file", 0, "FILE", "unlock with the passphrase in FILE"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_up = {
    .name = "up",
    .synopsis = "[--foreground] [--passphrase-file FILE]",
    .summary = "starts the node",
    .details =
        "Returns when the node answers. Most commands start it by themselves, unless it has a\n"
        "passphrase. On a terminal the passphrase is asked for.",
    .options = up_options,
    .run = run_up,
};

/* --- down ------------------------------------------------------------------------------------ */

/* The node says goodbye, stores what it has and ends: only then may another one start. */
static enum es_exit wait_gone(struct es_cli *cli, pid_t pid)
{
    int fd = pid > 0 ? pidfd_open(pid, 0) : -1;
    enum es_exit exit = ES_EXIT_DONE;

    while (fd >= 0) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        int64_t left_ms = cli->deadline_ms - es_monotonic_ms();

        if (left_ms <= 0) {
            exit = es_fail_client(cli, -ETIMEDOUT);
            break;
        }
        if (poll(&pfd, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms) > 0)
            break;
    }
    if (fd >= 0)
        close(fd);
    return exit;
}

static enum es_exit run_down(struct es_cli *cli)
{
    if (es_connect_running(cli) != 0) {
        if (es_chatty(cli)) {
            es_out_words(&cli->out, "no node is running");
            es_out_end(&cli->out);
        }
        return ES_EXIT_DONE;
    }
    pid_t pid = es_client_peer(&cli->client);

    /* No answer is as good as one: it may have been going down already. */
    json_decref(es_call_aside(cli, "stop", NULL, cli->deadline_ms));
    es_client_close(&cli->client);
    return wait_gone(cli, pid);
}

const struct es_cli_command es_cmd_down = {
    .name = "down",
    .synopsis = "",
    .summary = "stops the node",
    .details = "Returns when it has ended. Messages that wait go out when it runs again.",
    .run = run_down,
};

/* --- status ---------------------------------------------------------------------------------- */

static void put_field(struct es_out *out, const char *heading)
{
    es_out_style(out, ES_STYLE_DIM);
    es_out_words(out, "%-12s ", heading);
    es_out_style(out, ES_STYLE_PLAIN);
}

static void put_visible(struct es_out *out, const json_t *status)
{
    int64_t until_ms;
    char until[ES_INSTANT_CHARS];

    put_field(out, "visible");
    if (es_instant_parse(es_field_text(status, "visible_until"), &until_ms)) {
        es_instant_format_local(until_ms, es_instant_now_ms(), until);
        es_out_style(out, ES_STYLE_BOLD);
        es_out_words(out, "to everybody on this network until %s", until);
        es_out_style(out, ES_STYLE_PLAIN);
    } else {
        es_out_words(out, "no: contacts only");
    }
    es_out_end(out);
}

static void put_traffic(struct es_out *out, const json_t *status)
{
    const json_t *carrying = json_object_get(status, "carrying");
    int64_t carried = es_field_int(carrying, "envelopes");
    int64_t queued = es_field_int(status, "queued");
    char size[ES_SIZE_CHARS];

    put_field(out, "links");
    es_out_words(out, "%" PRId64 ", %" PRId64 " of them to strangers",
                 es_field_int(status, "links"), es_field_int(status, "neighbours"));
    es_out_end(out);
    put_field(out, "queued");
    es_out_words(out, "%" PRId64 " message%s", queued, queued == 1 ? "" : "s");
    es_out_end(out);
    es_size_format((uint64_t)es_field_int(carrying, "bytes"), size);
    put_field(out, "carrying");
    es_out_words(out, "%" PRId64 " envelope%s, %s", carried, carried == 1 ? "" : "s", size);
    es_out_end(out);
}

static void put_endpoints(struct es_out *out, const json_t *status)
{
    const json_t *discovery = json_object_get(status, "discovery");
    const char *problem = es_field_text(discovery, "problem");
    const json_t *endpoint;
    size_t i;

    json_array_foreach(json_object_get(status, "endpoints"), i, endpoint)
    {
        put_field(out, "endpoint");
        es_out_words(out, "%s", json_is_string(endpoint) ? json_string_value(endpoint) : "");
        es_out_end(out);
    }
    put_field(out, "discovery");
    es_out_words(out, "%s, %" PRId64 " seen", es_field_text(discovery, "method"),
                 es_field_int(discovery, "seen"));
    if (problem[0] != '\0') {
        es_out_style(out, ES_STYLE_BAD);
        es_out_words(out, "; %s", problem);
        es_out_style(out, ES_STYLE_PLAIN);
    }
    es_out_end(out);
}

static void put_status(struct es_out *out, const json_t *status)
{
    bool locked = strcmp(es_field_text(status, "at_rest"), "passphrase") == 0;

    put_field(out, "running");
    es_out_words(out, "yes, process %" PRId64 ", version %s", es_field_int(status, "pid"),
                 es_field_text(status, "version"));
    es_out_end(out);
    put_field(out, "name");
    es_out_name(out, es_field_text(status, "name"), 0);
    es_out_end(out);
    put_visible(out, status);
    put_traffic(out, status);
    put_field(out, "at rest");
    es_out_words(out, locked ? "encrypted under a passphrase"
                             : "encrypted under a key file: who takes the disk can read it");
    es_out_end(out);
    put_endpoints(out, status);
}

static enum es_exit show_not_running(struct es_cli *cli)
{
    if (cli->json) {
        json_t *status = json_pack("{s:b}", "running", 0);

        es_out_json(&cli->out, status);
        json_decref(status);
    } else {
        es_out_words(&cli->out, "not running");
        es_out_end(&cli->out);
    }
    return ES_EXIT_NO_NODE;
}

static enum es_exit run_status(struct es_cli *cli)
{
    if (es_connect_running(cli) != 0)
        return show_not_running(cli);
    json_t *status = es_call(cli, "status", NULL);

    if (status == NULL)
        return cli->exit;
    if (cli->json)
        es_out_json(&cli->out, status);
    else
        put_status(&cli->out, status);
    json_decref(status);
    return ES_EXIT_DONE;
}

const struct es_cli_command es_cmd_status = {
    .name = "status",
    .synopsis = "",
    .summary = "describes the node",
    .details = "Does not start it: exit code 4 when none runs.",
    .run = run_status,
};
