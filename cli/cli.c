/* SPDX-License-Identifier: ISC */
/* cli.c - how commands end badly, and whom they may talk to. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/duration.h"
#include "cli/instant.h"

/* Names, paths and words that a person typed may be no UTF-8; JSON and terminals get what is. */
static json_t *clean_string(const char *text)
{
    size_t len = strlen(text);
    char *clean = malloc(len * ES_SANITIZE_GROWTH + 1);

    if (clean == NULL)
        abort();
    es_sanitize(ES_TEXT_BODY, text, len, clean);
    json_t *string = json_string(clean);

    free(clean);
    return string;
}

static void tell_json(struct es_cli *cli, const char *code, const char *message, const char *hint,
                      json_t *candidates)
{
    json_t *object = json_object();

    json_object_set_new(object, "error", clean_string(code));
    json_object_set_new(object, "message", clean_string(message));
    json_object_set_new(object, "hint", hint != NULL ? clean_string(hint) : json_null());
    if (cli->line > 0)
        json_object_set_new(object, "line", json_integer((json_int_t)cli->line));
    if (candidates != NULL)
        json_object_set(object, "candidates", candidates);
    es_out_json(&cli->err, object);
    json_decref(object);
}

static void tell_candidates(struct es_cli *cli, const json_t *candidates)
{
    size_t i;
    const json_t *name;

    es_out_words(&cli->err, "  ");
    json_array_foreach(candidates, i, name)
    {
        es_out_words(&cli->err, "%s", i == 0 ? "candidates: " : ", ");
        es_out_name(&cli->err, json_is_string(name) ? json_string_value(name) : "?", 0);
    }
    es_out_end(&cli->err);
}

static void tell_person(struct es_cli *cli, const char *message, const char *hint,
                        const json_t *candidates)
{
    es_out_style(&cli->err, ES_STYLE_BAD);
    es_out_words(&cli->err, "earshot");
    if (cli->command != NULL)
        es_out_words(&cli->err, " %s", cli->command->name);
    es_out_words(&cli->err, ":");
    es_out_style(&cli->err, ES_STYLE_PLAIN);
    es_out_words(&cli->err, " ");
    if (cli->line > 0)
        es_out_words(&cli->err, "line %" PRIu64 ": ", cli->line);
    es_out_name(&cli->err, message, 0);
    es_out_end(&cli->err);
    if (hint != NULL && hint[0] != '\0') {
        es_out_words(&cli->err, "  ");
        es_out_name(&cli->err, hint, 0);
        es_out_end(&cli->err);
    }
    if (json_array_size(candidates) > 0)
        tell_candidates(cli, candidates);
}

__attribute__((format(printf, 1, 0))) static char *formatted(const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        abort();
    return text;
}

static enum es_exit fail_with(struct es_cli *cli, enum es_exit exit, const char *code,
                              const char *hint, const char *message, json_t *candidates)
{
    /* What was said before stands before it, also when both go to one terminal. */
    fflush(cli->out.file);
    if (cli->json)
        tell_json(cli, code, message, hint, candidates);
    else
        tell_person(cli, message, hint, candidates);
    cli->exit = exit;
    return exit;
}

enum es_exit es_fail(struct es_cli *cli, enum es_exit exit, const char *code, const char *hint,
                     const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *message = formatted(format, args);

    va_end(args);
    fail_with(cli, exit, code, hint, message, NULL);
    free(message);
    return exit;
}

enum es_exit es_usage(struct es_cli *cli, const char *format, ...)
{
    va_list args;
    char *hint = NULL;

    va_start(args, format);
    char *message = formatted(format, args);

    va_end(args);
    if (asprintf(&hint, "see: earshot help%s%s", cli->command != NULL ? " " : "",
                 cli->command != NULL ? cli->command->name : "") < 0)
        abort();
    fail_with(cli, ES_EXIT_USAGE, "usage", hint, message, NULL);
    free(hint);
    free(message);
    return ES_EXIT_USAGE;
}

static enum es_exit exit_of_code(const char *code)
{
    static const struct {
        const char *code;
        enum es_exit exit;
    } special[] = {
        {"usage", ES_EXIT_USAGE},
        {"timeout", ES_EXIT_TIMEOUT},
        {"stopping", ES_EXIT_NO_NODE},
    };

    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (strcmp(special[i].code, code) == 0)
            return special[i].exit;
    }
    return ES_EXIT_FAILED;
}

enum es_exit es_fail_rpc(struct es_cli *cli, const json_t *error)
{
    const json_t *data = json_object_get(error, "data");
    const char *code = es_field_text(data, "code");
    const char *message = es_field_text(error, "message");
    const char *hint = es_field_text(data, "hint");

    /* Without data it is an error of JSON-RPC itself: the node does not know what we know. */
    if (code[0] == '\0') {
        code = "protocol";
        hint = "the node is of another version: earshot down, then try again";
    }
    return fail_with(cli, exit_of_code(code), code, hint[0] != '\0' ? hint : NULL,
                     message[0] != '\0' ? message : code, json_object_get(data, "candidates"));
}

enum es_exit es_fail_client(struct es_cli *cli, int error)
{
    switch (-error) {
    case ETIMEDOUT:
        return es_fail(cli, ES_EXIT_TIMEOUT, "timeout", NULL, "timed out");
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return es_fail(cli, ES_EXIT_NO_NODE, "not-running", "start it: earshot up",
                       "no node is running");
    case EPIPE:
        return es_fail(cli, ES_EXIT_NO_NODE, "not-running", "start it again: earshot up",
                       "the node has stopped");
    case EMSGSIZE:
        return es_fail(cli, ES_EXIT_FAILED, "too-long", NULL,
                       "the text is longer than 16384 bytes; nothing was sent");
    case EPROTO:
        return es_fail(cli, ES_EXIT_FAILED, "protocol",
                       "the node is of another version: earshot down, then try again",
                       "the node's answer is no JSON object");
    default:
        return es_fail(cli, ES_EXIT_FAILED, "socket", NULL, "%s: %s", cli->home.socket,
                       strerror(-error));
    }
}

bool es_chatty(const struct es_cli *cli)
{
    return cli->out.terminal && !cli->json && !cli->quiet;
}

bool es_notices(const struct es_cli *cli)
{
    return cli->err.terminal && !cli->json && !cli->quiet;
}

bool es_asks(const struct es_cli *cli)
{
    return isatty(STDIN_FILENO) == 1 && cli->err.terminal && !cli->json;
}

void es_pause(struct es_cli *cli, int64_t ms)
{
    int64_t until_ms = es_monotonic_ms() + ms;
    int64_t left_ms;

    if (until_ms > cli->deadline_ms)
        until_ms = cli->deadline_ms;
    fflush(cli->out.file);
    while ((left_ms = until_ms - es_monotonic_ms()) > 0)
        poll(NULL, 0, (int)left_ms);
}

const char *es_operand(const struct es_cli *cli, size_t i)
{
    return i < cli->args.n_operands ? cli->args.operands[i] : NULL;
}

enum es_exit es_duration_option(struct es_cli *cli, const char *name, uint64_t min_ms,
                                uint64_t max_ms, uint64_t *io_ms)
{
    const char *value = es_args_value(&cli->args, name);
    char min[ES_DURATION_CHARS];
    char max[ES_DURATION_CHARS];

    if (value == NULL)
        return ES_EXIT_DONE;
    if (!es_duration_parse(value, io_ms))
        return es_usage(cli, "--%s %s: a duration looks like 30s, 10m, 2h or 7d", name, value);
    if (*io_ms >= min_ms && *io_ms <= max_ms)
        return ES_EXIT_DONE;
    es_duration_format(min_ms, min);
    es_duration_format(max_ms, max);
    return es_usage(cli, "--%s %s: expected a duration from %s to %s", name, value, min, max);
}

enum es_exit es_count_option(struct es_cli *cli, const char *name, uint64_t min, uint64_t max,
                             uint64_t *io)
{
    const char *value = es_args_value(&cli->args, name);

    if (value != NULL && !es_count_parse(value, min, max, io))
        return es_usage(cli, "--%s %s: expected a number from %" PRIu64 " to %" PRIu64, name, value,
                        min, max);
    return ES_EXIT_DONE;
}
