/* SPDX-License-Identifier: ISC */
/* send.c - parameters of the method `send`, and what its answer means. */
#include "cli/send.h"

#include <string.h>

#include "cli/instant.h"

/* The node answers at wait_ms; the connection gives up a little later. */
#define ANSWER_GRACE_MS 2000

static bool is_state(const char *text)
{
    static const char *const states[] = {"queued", "delivered", "read"};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i], text) == 0)
            return true;
    }
    return false;
}

enum es_exit es_send_options(struct es_cli *cli, struct es_send_options *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->conversation = es_operand(cli, 0);
    ret->reply_to = es_args_value(&cli->args, "reply-to");
    ret->wait = es_args_value(&cli->args, "wait");
    ret->patient = ret->wait != NULL;
    ret->wait_until_ms = ES_DEADLINE_NONE;
    if (ret->wait != NULL && !is_state(ret->wait))
        return es_usage(cli, "--wait %s: expected queued, delivered or read", ret->wait);
    if (ret->wait != NULL && cli->timeout_ms > 0) {
        ret->wait_until_ms = cli->deadline_ms;
        cli->deadline_ms += ANSWER_GRACE_MS;
    }
    return ES_EXIT_DONE;
}

json_t *es_send_params(const struct es_send_options *options, const char *text, size_t len)
{
    json_t *string = json_stringn(text, len);

    if (string == NULL)
        return NULL;
    json_t *params = json_pack("{s:s, s:o}", "conversation", options->conversation, "text", string);

    if (options->reply_to != NULL)
        json_object_set_new(params, "reply_to", json_string(options->reply_to));
    if (options->wait != NULL)
        json_object_set_new(params, "wait", json_string(options->wait));
    if (options->wait_until_ms != ES_DEADLINE_NONE) {
        int64_t left_ms = options->wait_until_ms - es_monotonic_ms();

        json_object_set_new(params, "wait_ms", json_integer(left_ms > 0 ? left_ms : 0));
    }
    return params;
}

enum es_exit es_send_verdict(struct es_cli *cli, const struct es_send_options *options,
                             const json_t *sent)
{
    const char *state = es_field_text(sent, "state");
    const char *reason = es_field_text(sent, "reason");

    if (strcmp(state, "failed") == 0 || strcmp(state, "expired") == 0)
        return es_fail(cli, ES_EXIT_FAILED, state, NULL, "%s%s%s", state,
                       reason[0] != '\0' ? ": " : "", reason);
    if (options->patient && es_field_true(sent, "timed_out"))
        return es_fail(cli, ES_EXIT_TIMEOUT, "timeout", NULL, "timed out; the message %s %s",
                       strcmp(state, "queued") == 0 ? "stays" : "is", state);
    return ES_EXIT_DONE;
}
