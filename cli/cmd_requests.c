/* SPDX-License-Identifier: ISC */
/* cmd_requests.c - add, requests, accept, decline: how people become contacts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/notice.h"

/* Whoever looks on learns at once whether somebody who is here has accepted. */
#define ADD_WAIT_MS 2000

static void set_text(json_t *params, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(params, key, json_string(text));
}

static void put_verify_hint(struct es_cli *cli, const json_t *contact)
{
    char who[ES_WHO_CHARS];

    if (es_field_true(contact, "verified"))
        return;
    es_who_on_command_line(contact, who);
    es_out_words(&cli->out, "; is it really them? earshot verify %s", who);
}

static void put_contact(struct es_cli *cli, const json_t *contact)
{
    if (cli->json) {
        es_out_json(&cli->out, contact);
        return;
    }
    if (!es_chatty(cli))
        return;
    if (strcmp(es_field_text(contact, "state"), "accepted") == 0) {
        es_out_name(&cli->out, es_field_text(contact, "name"), 0);
        es_out_words(&cli->out, " is your contact now");
        put_verify_hint(cli, contact);
    } else {
        es_out_words(&cli->out, "asked ");
        es_out_name(&cli->out, es_field_text(contact, "name"), 0);
        es_out_words(&cli->out, "; no answer yet");
    }
    es_out_end(&cli->out);
}

static enum es_exit call_contact(struct es_cli *cli, const char *method, json_t *params)
{
    json_t *contact = es_call(cli, method, params);

    if (contact == NULL)
        return cli->exit;
    put_contact(cli, contact);
    json_decref(contact);
    return ES_EXIT_DONE;
}

/* --- add ------------------------------------------------------------------------------------- */

/* The first line that is not empty, without blanks around it and without the word that a scanner
 * puts before what it read; malloc'd, NULL when there is none. */
static char *read_scanned(void)
{
    static const char scanner_word[] = "QR-Code:";
    char *line = NULL;
    char *scanned = NULL;
    size_t cap = 0;

    while (scanned == NULL && getline(&line, &cap, stdin) >= 0) {
        const char *begin = line + strspn(line, " \t\r\n");

        if (strncmp(begin, scanner_word, strlen(scanner_word)) == 0)
            begin += strlen(scanner_word);
        if (begin[0] != '\0')
            scanned = strndup(begin, strcspn(begin, " \t\r\n"));
    }
    free(line);
    return scanned;
}

static enum es_exit add(struct es_cli *cli, const char *who)
{
    json_t *params = json_object();

    set_text(params, "who", who);
    set_text(params, "petname", es_args_value(&cli->args, "as"));
    set_text(params, "greeting", es_args_value(&cli->args, "greeting"));
    if (es_chatty(cli))
        json_object_set_new(params, "wait_ms", json_integer(ADD_WAIT_MS));
    return call_contact(cli, "add", params);
}

static enum es_exit run_add(struct es_cli *cli)
{
    if (strcmp(es_operand(cli, 0), "-") != 0 || cli->args.literal_from == 0)
        return add(cli, es_operand(cli, 0));
    char *scanned = read_scanned();
    enum es_exit exit;

    if (scanned == NULL)
        return es_fail(cli, ES_EXIT_FAILED, "empty", NULL, "the standard input is empty");
    /* A name that nearby shows has no business here: it may be anything that a code holds. */
    if (strncasecmp(scanned, "earshot:", strlen("earshot:")) != 0)
        exit = es_fail(cli, ES_EXIT_FAILED, "bad-invite", NULL, "%s: this is no Earshot invite",
                       scanned);
    else
        exit = add(cli, scanned);
    free(scanned);
    return exit;
}

static const struct es_option add_options[] = {
    {"as", 0, "PETNAME", "what you call them"},
    {"greeting", 0, "TEXT", "what they read beside your request"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_add = {
    .name = "add",
    .synopsis = "WHO|INVITE|- [--as PETNAME] [--greeting TEXT]",
    .summary = "asks somebody to become a contact, or opens an invite",
    .details =
        "WHO is an address or a name that earshot nearby shows. With - the address or invite is\n"
        "read from the standard input: zbarcam -1 --raw | earshot add -",
    .options = add_options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_add,
};

/* --- requests, accept, decline ---------------------------------------------------------------- */

static void put_request(struct es_out *out, const json_t *request)
{
    const char *name = es_field_text(request, "name");
    const char *greeting = es_field_text(request, "greeting");
    int64_t received_ms;
    char received[ES_INSTANT_CHARS] = "";
    char who[ES_WHO_CHARS];

    if (es_instant_parse(es_field_text(request, "received_at"), &received_ms))
        es_instant_format_local(received_ms, es_instant_now_ms(), received);
    es_who_on_command_line(request, who);
    es_out_words(out, "%s  ", received);
    es_out_style(out, ES_STYLE_BOLD);
    es_out_name(out, name[0] != '\0' ? name : who, 0);
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_words(out, "  %s", es_field_text(request, "address"));
    es_out_end(out);
    if (greeting[0] != '\0') {
        es_out_words(out, "    ");
        es_out_text(out, greeting, 4);
        es_out_end(out);
    }
}

static enum es_exit run_requests(struct es_cli *cli)
{
    return es_call_list(cli, "requests", put_request, "Nobody is waiting for your answer.");
}

const struct es_cli_command es_cmd_requests = {
    .name = "requests",
    .synopsis = "",
    .summary = "shows who asks to become a contact",
    .details =
        "The name is what they call themselves. Answer: earshot accept WHO, earshot decline WHO.",
    .run = run_requests,
};

static enum es_exit run_accept(struct es_cli *cli)
{
    json_t *params = json_object();

    set_text(params, "who", es_operand(cli, 0));
    set_text(params, "petname", es_args_value(&cli->args, "as"));
    return call_contact(cli, "accept", params);
}

static const struct es_option accept_options[] = {
    {"as", 0, "PETNAME", "what you call them"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_accept = {
    .name = "accept",
    .synopsis = "WHO [--as PETNAME]",
    .summary = "takes somebody who asks as a contact",
    .options = accept_options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_accept,
};

static enum es_exit run_decline(struct es_cli *cli)
{
    return es_call_done(cli, "decline", json_pack("{s:s}", "who", es_operand(cli, 0)));
}

const struct es_cli_command es_cmd_decline = {
    .name = "decline",
    .synopsis = "WHO",
    .summary = "drops a request",
    .details = "Who asked is not told. To hear nothing more from them: earshot block WHO.",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_decline,
};
