/* SPDX-License-Identifier: ISC */
/* cmd_conversations.c - conversations, read, label. */
#include <inttypes.h>
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/instant.h"

#define NAME_COLUMNS 24

/* --- conversations --------------------------------------------------------------------------- */

static void put_conversation(struct es_out *out, const json_t *row)
{
    int64_t unread = es_field_int(row, "unread");
    const char *label = es_field_text(json_object_get(row, "label"), "text");
    int64_t last_ms;
    char last[ES_INSTANT_CHARS] = "";

    if (es_instant_parse(es_field_text(row, "last_at"), &last_ms))
        es_instant_format_local(last_ms, es_instant_now_ms(), last);
    es_out_style(out, unread > 0 ? ES_STYLE_BOLD : ES_STYLE_PLAIN);
    es_out_name(out, es_field_text(row, "conversation"), NAME_COLUMNS);
    es_out_words(out, "  %4" PRId64 " unread  %-16s", unread, last);
    es_out_style(out, ES_STYLE_PLAIN);
    if (out->terminal)
        es_out_end(out); /* it would not fit, and be broken in the middle of a word */
    es_out_words(out, "  ");
    es_out_name(out, label, 0); /* a name is in it */
    es_out_end(out);
}

static enum es_exit run_conversations(struct es_cli *cli)
{
    return es_call_list(cli, "conversations", put_conversation,
                        "No conversations yet. Who is here: earshot nearby");
}

const struct es_cli_command es_cmd_conversations = {
    .name = "conversations",
    .synopsis = "",
    .summary = "lists conversations, with what is unread and who can read them",
    .run = run_conversations,
};

/* --- read ------------------------------------------------------------------------------------ */

static json_t *conversation_params(const struct es_cli *cli)
{
    return json_pack("{s:s}", "conversation", es_operand(cli, 0));
}

static enum es_exit run_read(struct es_cli *cli)
{
    return es_call_done(cli, "read", conversation_params(cli));
}

const struct es_cli_command es_cmd_read = {
    .name = "read",
    .synopsis = "CONV",
    .summary = "marks everything in a conversation as read",
    .details = "Who wrote it learns that it was read, unless receipts are off in earshot.conf.",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_read,
};

/* --- label ----------------------------------------------------------------------------------- */

static void put_fact(struct es_out *out, const char *fact)
{
    es_out_words(out, "  %s", fact);
    es_out_end(out);
}

static void put_readers(struct es_out *out, const json_t *label)
{
    const json_t *readers = json_object_get(label, "readers");

    if (json_is_string(readers))
        es_out_words(out, "  readers: %s", json_string_value(readers));
    else
        es_out_words(out, "  readers: %" PRId64 ", of whom %" PRId64 " verified",
                     (int64_t)json_integer_value(readers), es_field_int(label, "verified"));
    es_out_end(out);
}

static const char *path_fact(const char *path)
{
    if (strcmp(path, "direct") == 0)
        return "path: direct";
    if (strcmp(path, "carried") == 0)
        return "path: carried by others, who cannot read it";
    return "path: nobody is here; messages wait";
}

static void put_label(struct es_out *out, const json_t *label)
{
    const char *expires = es_field_text(label, "expires");

    es_out_style(out, ES_STYLE_BOLD);
    es_out_name(out, es_field_text(label, "conversation"), 0);
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_words(out, ": ");
    es_out_name(out, es_field_text(label, "text"), 0);
    es_out_end(out);
    put_readers(out, label);
    put_fact(out, es_field_true(label, "forward_secrecy")
                      ? "forward secrecy: yes, keys are erased after use"
                      : "forward secrecy: no");
    put_fact(out, strcmp(es_field_text(label, "post_quantum"), "invite") == 0
                      ? "post-quantum: by the invite's secret"
                      : "post-quantum: no");
    put_fact(out, path_fact(es_field_text(label, "path")));
    if (expires[0] != '\0') {
        es_out_words(out, "  expires: %s", expires);
        es_out_end(out);
    }
}

static enum es_exit run_label(struct es_cli *cli)
{
    json_t *label = es_call(cli, "label", conversation_params(cli));

    if (label == NULL)
        return cli->exit;
    if (cli->json)
        es_out_json(&cli->out, label);
    else
        put_label(&cli->out, label);
    json_decref(label);
    return ES_EXIT_DONE;
}

const struct es_cli_command es_cmd_label = {
    .name = "label",
    .synopsis = "CONV",
    .summary = "says who can read a conversation, and why we know",
    .details = "It is derived from the live session, never from a setting.",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_label,
};
