/* SPDX-License-Identifier: ISC */
/* cmd_help.c - help, version. */
#include "cli/commands.h"
#include "cli/help.h"
#include "earshot_version.h"

static enum es_exit run_help(struct es_cli *cli)
{
    const char *name = es_operand(cli, 0);

    if (name == NULL) {
        es_help_overview(cli->out.file);
        return ES_EXIT_DONE;
    }
    const struct es_cli_command *command = es_command_find(name);

    if (command == NULL) {
        cli->command = NULL; /* the same as if it had been called */
        return es_usage(cli, "there is no command %s", name);
    }
    es_help_command(cli->out.file, command);
    return ES_EXIT_DONE;
}

static enum es_exit run_version(struct es_cli *cli)
{
    if (!cli->json) {
        es_out_words(&cli->out, "earshot %s", ES_VERSION);
        es_out_end(&cli->out);
        return ES_EXIT_DONE;
    }
    json_t *version = json_pack("{s:s}", "version", ES_VERSION);

    es_out_json(&cli->out, version);
    json_decref(version);
    return ES_EXIT_DONE;
}

const struct es_cli_command es_cmd_help = {
    .name = "help",
    .synopsis = "[COMMAND]",
    .summary = "explains a command, or lists them all",
    .operands_max = 1,
    .run = run_help,
};

const struct es_cli_command es_cmd_version = {
    .name = "version",
    .synopsis = "",
    .summary = "says which version this is",
    .run = run_version,
};
