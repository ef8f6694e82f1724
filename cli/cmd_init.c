/* SPDX-License-Identifier: ISC */
/* cmd_init.c - init: makes the identity. Asks a person; scripts get the defaults. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/node.h"
#include "cli/terminal.h"
#include "cli/visible.h"

#define VISIBLE_FOR_MS_ASKED (60 * 60 * 1000)

struct plan {
    char *name;
    uint64_t visible_for_ms; /* 0: hidden */
    int passphrase_fd;
};

/* Refused before anything is asked. */
static enum es_exit check_new(struct es_cli *cli)
{
    struct es_node_state state;
    enum es_exit exit = es_node_state(cli, &state);

    if (exit == ES_EXIT_DONE && state.exists)
        exit = es_fail(cli, ES_EXIT_FAILED, "exists", "show it: earshot id",
                       "there is an identity in %s already; it was not changed", cli->home.data);
    return exit;
}

static char *ask_name(struct es_cli *cli)
{
    char *name = es_ask_line(&cli->err, "Your name, as others shall see it (empty: none):");

    return name != NULL ? name : calloc(1, 1);
}

static bool ask_visible(struct es_cli *cli, const char *name)
{
    char *question = NULL;

    if (asprintf(&question, "Let people on this network see the name %s for 1 hour?", name) < 0)
        abort();
    bool visible = es_ask_yes(&cli->err, true, question);

    free(question);
    return visible;
}

static enum es_exit make_plan(struct es_cli *cli, struct plan *ret)
{
    const char *name = es_args_value(&cli->args, "name");
    bool asks = es_asks(cli);

    if (name != NULL || !asks)
        ret->name = strdup(name != NULL ? name : "");
    else
        ret->name = ask_name(cli);
    if (ret->name == NULL)
        abort();
    enum es_exit exit = es_duration_option(cli, "visible-for", ES_VISIBLE_MS_MIN, ES_VISIBLE_MS_MAX,
                                           &ret->visible_for_ms);

    if (exit != ES_EXIT_DONE)
        return exit;
    if (asks && ret->name[0] != '\0' && !es_args_given(&cli->args, "visible-for") &&
        !es_args_given(&cli->args, "hidden") && ask_visible(cli, ret->name))
        ret->visible_for_ms = VISIBLE_FOR_MS_ASKED;
    return es_node_passphrase(cli, true, true, &ret->passphrase_fd);
}

static void show(struct es_cli *cli, const json_t *id, uint64_t visible_for_ms)
{
    char visible_for[ES_DURATION_CHARS];

    if (cli->json) {
        es_out_json(&cli->out, id);
        return;
    }
    es_out_words(&cli->out, "%s", es_field_text(id, "address"));
    es_out_end(&cli->out);
    if (!es_chatty(cli))
        return;
    es_duration_format(visible_for_ms, visible_for);
    if (visible_for_ms > 0)
        es_out_words(&cli->out, "You are visible for %s from now, while your node runs: earshot up",
                     visible_for);
    else
        es_out_words(&cli->out,
                     "You are hidden. To be found: earshot visible on; or: earshot invite");
    es_out_end(&cli->out);
}

static enum es_exit carry_out(struct es_cli *cli, const struct plan *plan)
{
    json_t *id = NULL;
    enum es_exit exit = es_node_init(cli, plan->name, plan->passphrase_fd, &id);

    if (exit != ES_EXIT_DONE)
        return exit;
    show(cli, id, plan->visible_for_ms);
    json_decref(id);
    return plan->visible_for_ms > 0 ? es_visible_later(cli, plan->visible_for_ms) : ES_EXIT_DONE;
}

static enum es_exit run_init(struct es_cli *cli)
{
    struct plan plan = {.passphrase_fd = -1};

    if (es_args_given(&cli->args, "visible-for") && es_args_given(&cli->args, "hidden"))
        return es_usage(cli, "--visible-for and --hidden exclude each other");
    enum es_exit exit = check_new(cli);

    if (exit == ES_EXIT_DONE)
        exit = make_plan(cli, &plan);
    if (exit == ES_EXIT_DONE)
        exit = carry_out(cli, &plan);
    if (plan.passphrase_fd >= 0)
        close(plan.passphrase_fd);
    free(plan.name);
    return exit;
}

static const struct es_option options[] = {
    {"name", 0, "NAME", "what others see; empty: nothing"},
    {"visible-for", 0, "DURATION", "show the name to this network, from now on"},
    {"hidden", 0, NULL, "show it to nobody (the default in scripts)"},
    {"passphrase-file", 0, "FILE", "encrypt under the passphrase in FILE"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_init = {
    .name = "init",
    .synopsis = "[--name NAME] [--visible-for 1h | --hidden] [--passphrase-file FILE]",
    .summary = "makes your identity",
    .details =
        "On a terminal it asks for what was not given. In a script the name is empty, nobody\n"
        "sees it, and there is no passphrase: then who takes the disk can read it. An\n"
        "identity that exists is not overwritten. Visibility begins when the node runs.",
    .options = options,
    .run = run_init,
};
