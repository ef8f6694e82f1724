/* SPDX-License-Identifier: ISC */
/* cmd_send.c - send: one message of words, or each line of the standard input. */
#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/pipeline.h"
#include "cli/send.h"

/* A person is told whether it has arrived, if that takes no longer than this. */
#define LOOK_ON_WAIT_MS 2000

static char *joined_words(const struct es_cli *cli)
{
    size_t len = 1;

    for (size_t i = 1; i < cli->args.n_operands; i++)
        len += strlen(es_operand(cli, i)) + 1;
    char *text = malloc(len);
    size_t at = 0;

    if (text == NULL)
        abort();
    for (size_t i = 1; i < cli->args.n_operands; i++) {
        size_t word_len = strlen(es_operand(cli, i));

        if (i > 1)
            text[at++] = ' ';
        memcpy(text + at, es_operand(cli, i), word_len);
        at += word_len;
    }
    text[at] = '\0';
    return text;
}

/* "queued: Bob is not here; it goes out when Bob is" */
static void explain_queued(struct es_cli *cli, const char *name)
{
    json_t *label = es_call_aside(cli, "label", json_pack("{s:s}", "conversation", name),
                                  es_monotonic_ms() + LOOK_ON_WAIT_MS);
    bool here = strcmp(es_field_text(label, "path"), "direct") == 0;

    json_decref(label);
    es_out_words(&cli->out, "queued: ");
    es_out_name(&cli->out, name, 0);
    if (here) {
        es_out_words(&cli->out, " is here, but has not confirmed it yet");
    } else {
        es_out_words(&cli->out, " is not here; it goes out when ");
        es_out_name(&cli->out, name, 0);
        es_out_words(&cli->out, " is");
    }
    es_out_end(&cli->out);
}

static void put_sent(struct es_cli *cli, const json_t *sent)
{
    const char *state = es_field_text(sent, "state");

    if (cli->json) {
        es_out_json(&cli->out, sent);
    } else if (es_chatty(cli) && strcmp(state, "queued") == 0) {
        explain_queued(cli, es_field_text(sent, "conversation"));
    } else if (es_chatty(cli)) {
        es_out_words(&cli->out, "%s", state);
        es_out_end(&cli->out);
    }
}

static enum es_exit send_words(struct es_cli *cli, const struct es_send_options *options)
{
    struct es_send_options looking_on = *options;
    char *text = joined_words(cli);

    if (options->wait == NULL && es_chatty(cli)) {
        looking_on.wait = "delivered";
        looking_on.wait_until_ms = es_monotonic_ms() + LOOK_ON_WAIT_MS;
        looking_on.patient = false;
    }
    json_t *sent = es_call(cli, "send", es_send_params(&looking_on, text, strlen(text)));

    free(text);
    if (sent == NULL)
        return cli->exit;
    put_sent(cli, sent);
    enum es_exit exit = es_send_verdict(cli, &looking_on, sent);

    json_decref(sent);
    return exit;
}

static enum es_exit run_send(struct es_cli *cli)
{
    struct es_send_options options;
    enum es_exit exit = es_send_options(cli, &options);

    if (exit != ES_EXIT_DONE)
        return exit;
    /* "-" behind "--" is a text like any other. */
    if (cli->args.n_operands == 2 && cli->args.literal_from > 1 &&
        strcmp(es_operand(cli, 1), "-") == 0)
        return es_pipeline_run(cli, &options);
    return send_words(cli, &options);
}

static const struct es_option options[] = {
    {"wait", 0, "STATE", "return when it is queued, delivered or read"},
    {"reply-to", 0, "ID", "the message that this answers"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_send = {
    .name = "send",
    .synopsis = "CONV TEXT...|- [--wait STATE] [--reply-to ID]",
    .summary = "sends a message, or each line of the standard input",
    .details =
        "Words are joined by a blank. With - each line that is not empty is a message; a line\n"
        "that is refused is reported with its number, the others are sent, and the exit code\n"
        "is 1. What is sent is queued on disk when the command returns, and goes out when\n"
        "the other side is here. With --wait and --timeout the exit code is 3 if the state\n"
        "was not reached in time: the message stays queued. On a terminal it waits up to\n"
        "2 s and says what became of it.",
    .options = options,
    .operands_min = 2,
    .operands_max = ES_OPERANDS_ANY,
    .run = run_send,
};
