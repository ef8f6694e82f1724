/* SPDX-License-Identifier: ISC */
/* main.c - reads the command line, runs one command, says what waits. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/help.h"
#include "cli/instant.h"
#include "cli/notice.h"

static const struct es_option no_options[] = {{NULL, 0, NULL, NULL}};

static const struct es_option *options_of(const char *name)
{
    const struct es_cli_command *command = es_command_find(name);

    if (command == NULL)
        return NULL;
    return command->options != NULL ? command->options : no_options;
}

static enum es_exit fail_args(struct es_cli *cli, enum es_args_error error, const char *token)
{
    switch (error) {
    case ES_ARGS_OK:
        break;
    case ES_ARGS_NO_COMMAND:
        return es_usage(cli, "there is no command %s", token);
    case ES_ARGS_NO_OPTION:
        return es_usage(cli, "there is no option %s (a text that begins with - stands behind --)",
                        token);
    case ES_ARGS_NO_VALUE:
        return es_usage(cli, "%s needs a value", token);
    case ES_ARGS_VALUE:
        return es_usage(cli, "%s: this option takes no value", token);
    }
    return ES_EXIT_DONE;
}

/* JSON holds UTF-8 only, and a name that is cut short would be another name. Paths are bytes. */
static enum es_exit check_utf8(struct es_cli *cli, const char *text)
{
    size_t len = strlen(text);

    for (size_t at = 0; at < len;) {
        uint32_t c;
        size_t n = es_utf8_next(text + at, len - at, &c);

        if (n == 0)
            return es_fail(cli, ES_EXIT_FAILED, "not-utf8", NULL, "%s: this is not UTF-8", text);
        at += n;
    }
    return ES_EXIT_DONE;
}

static enum es_exit check_texts(struct es_cli *cli)
{
    enum es_exit exit = ES_EXIT_DONE;

    for (size_t i = 0; i < cli->args.n_operands && exit == ES_EXIT_DONE; i++)
        exit = check_utf8(cli, cli->args.operands[i]);
    for (size_t i = 0; i < cli->args.n_given && exit == ES_EXIT_DONE; i++) {
        const char *kind = cli->args.given[i].option->value;

        if (kind != NULL && strcmp(kind, "DIR") != 0 && strcmp(kind, "FILE") != 0)
            exit = check_utf8(cli, cli->args.given[i].value);
    }
    return exit;
}

/* The first word of the synopsis that no operand was given for: "CONV". */
static void missing_word(const char *synopsis, size_t given, char *ret, size_t cap)
{
    for (; given > 0; given--) {
        synopsis += strcspn(synopsis, " ");
        synopsis += strspn(synopsis, " ");
    }
    snprintf(ret, cap, "%.*s", (int)strcspn(synopsis, " "), synopsis);
}

static enum es_exit check_operands(struct es_cli *cli)
{
    const struct es_cli_command *command = cli->command;
    char missing[32];

    if (cli->args.n_operands > command->operands_max)
        return es_usage(cli, "too much: %s", es_operand(cli, command->operands_max));
    if (cli->args.n_operands >= command->operands_min)
        return ES_EXIT_DONE;
    missing_word(command->synopsis, cli->args.n_operands, missing, sizeof(missing));
    if (strcmp(missing, "CONV") == 0)
        return es_usage(cli, "CONV is missing (most shells take # for the beginning of a comment: "
                             "write '#room' with quotes)");
    return es_usage(cli, "%s is missing", missing);
}

static enum es_exit set_up_home(struct es_cli *cli)
{
    const char *profile = es_args_value(&cli->args, "profile");
    int rc = es_home_init(&cli->home, es_args_value(&cli->args, "home"), profile);

    if (rc == -EINVAL)
        return es_usage(cli, "--profile %s: a profile's name has letters, digits and . _ -",
                        profile);
    if (rc == -ENOENT)
        return es_fail(cli, ES_EXIT_FAILED, "no-home", "say where: earshot --home DIR",
                       "the variable HOME is not set");
    if (rc != 0)
        return es_fail(cli, ES_EXIT_FAILED, "no-home", NULL, "%s", strerror(-rc));
    return ES_EXIT_DONE;
}

static enum es_exit set_up(struct es_cli *cli)
{
    enum es_exit exit = es_duration_option(cli, "timeout", 1, UINT64_MAX, &cli->timeout_ms);

    if (exit == ES_EXIT_DONE)
        exit = check_texts(cli);
    if (exit == ES_EXIT_DONE)
        exit = check_operands(cli);
    if (exit == ES_EXIT_DONE)
        exit = set_up_home(cli);
    if (cli->timeout_ms > 0)
        cli->deadline_ms = es_monotonic_ms() + (int64_t)cli->timeout_ms;
    return exit;
}

/* Also what is wrong with the command line is told as JSON, if that is asked for further on. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

static enum es_exit run(struct es_cli *cli, int argc, char **argv)
{
    const char *token = NULL;

    cli->json = wants_json(argc, argv);
    enum es_args_error error =
        es_args_parse(argc, argv, es_global_options, options_of, &cli->args, &token);

    cli->quiet = es_args_given(&cli->args, "quiet");
    cli->no_start = es_args_given(&cli->args, "no-start");
    cli->command = cli->args.command != NULL ? es_command_find(cli->args.command) : NULL;
    if (error != ES_ARGS_OK)
        return fail_args(cli, error, token);
    if (es_args_given(&cli->args, "version"))
        return es_cmd_version.run(cli);
    if (es_args_given(&cli->args, "help")) {
        if (cli->command != NULL)
            es_help_command(cli->out.file, cli->command);
        else
            es_help_overview(cli->out.file);
        return ES_EXIT_DONE;
    }
    if (cli->command == NULL) {
        es_help_overview(cli->err.file);
        return ES_EXIT_USAGE;
    }
    enum es_exit exit = set_up(cli);

    if (exit == ES_EXIT_DONE)
        exit = cli->command->run(cli);
    es_notice_waiting(cli);
    return exit;
}

int main(int argc, char **argv)
{
    struct es_cli cli = {.deadline_ms = ES_DEADLINE_NONE};

    /* Columns are counted in UTF-8 whatever the locale says: that is what is written. */
    setlocale(LC_CTYPE, "C.UTF-8");
    es_client_init(&cli.client);
    es_out_init(&cli.out, stdout);
    es_out_init(&cli.err, stderr);
    enum es_exit exit = run(&cli, argc, argv);

    es_client_close(&cli.client);
    es_home_done(&cli.home);
    if ((fflush(stdout) != 0 || ferror(stdout)) && exit == ES_EXIT_DONE)
        exit = es_fail(&cli, ES_EXIT_FAILED, "output", NULL, "writing the result: %s",
                       strerror(errno));
    return exit;
}
