/* SPDX-License-Identifier: ISC */
/* cmd_verify.c - verify: is the key the one of the person in front of me? */
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/notice.h"
#include "cli/qr.h"

/* Groups of five digits on one line. */
#define GROUPS_PER_LINE 4

static void put_number(struct es_out *out, const char *number)
{
    int group = 0;

    for (; *number != '\0'; number += strspn(number, " ")) {
        size_t len = strcspn(number, " ");

        es_out_words(out, "%s%.*s", group % GROUPS_PER_LINE == 0 ? "    " : " ", (int)len, number);
        number += len;
        if (++group % GROUPS_PER_LINE == 0)
            es_out_end(out);
    }
    if (group % GROUPS_PER_LINE != 0)
        es_out_end(out);
}

static enum es_exit print_qr(struct es_cli *cli, const char *number)
{
    struct es_qr qr;
    char digits[128];
    size_t len = 0;

    for (; *number != '\0' && len + 1 < sizeof(digits); number++) {
        if (*number != ' ')
            digits[len++] = *number;
    }
    digits[len] = '\0';
    if (es_qr_init(&qr, digits) != 0)
        return es_fail(cli, ES_EXIT_FAILED, "qr", NULL, "no QR code of this number");
    es_qr_print(&qr, &cli->out);
    es_qr_done(&qr);
    return ES_EXIT_DONE;
}

static void put_verdict(struct es_out *out, const json_t *result, bool compared)
{
    bool verified = es_field_true(result, "verified");

    es_out_style(out, verified ? ES_STYLE_GOOD : ES_STYLE_PLAIN);
    es_out_name(out, es_field_text(result, "name"), 0);
    if (verified)
        es_out_words(out, compared ? " is verified now" : " is verified");
    else
        es_out_words(out, " is not verified");
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_end(out);
}

static void put_next_step(struct es_out *err, const json_t *result)
{
    char who[ES_WHO_CHARS];

    es_who_on_command_line(result, who);
    es_out_words(err,
                 "Both of you see the same number if nobody is in between. Then: "
                 "earshot verify %s --code 'DIGITS'",
                 who[0] != '\0' ? who : "WHO");
    es_out_end(err);
}

static enum es_exit show(struct es_cli *cli, const json_t *result)
{
    const char *number = es_field_text(result, "safety_number");
    bool compared = es_args_given(&cli->args, "code");
    enum es_exit exit = ES_EXIT_DONE;

    if (cli->json) {
        es_out_json(&cli->out, result);
        return exit;
    }
    if (!compared) {
        put_number(&cli->out, number);
        if (es_args_given(&cli->args, "qr"))
            exit = print_qr(cli, number);
    }
    if (!compared || es_chatty(cli))
        put_verdict(&cli->out, result, compared);
    if (!compared && !es_field_true(result, "verified") && es_notices(cli)) {
        put_next_step(&cli->err, result);
    }
    return exit;
}

static enum es_exit run_verify(struct es_cli *cli)
{
    const char *code = es_args_value(&cli->args, "code");
    json_t *params = json_pack("{s:s}", "who", es_operand(cli, 0));

    if (code != NULL)
        json_object_set_new(params, "code", json_string(code));
    json_t *result = es_call(cli, "verify", params);

    if (result == NULL)
        return cli->exit;
    enum es_exit exit = show(cli, result);

    json_decref(result);
    return exit;
}

static const struct es_option options[] = {
    {"code", 0, "DIGITS", "what the other side shows; blanks do not matter"},
    {"qr", 0, NULL, "show it as a QR code too"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_verify = {
    .name = "verify",
    .synopsis = "WHO [--code DIGITS] [--qr]",
    .summary = "shows the safety number, or compares it",
    .details =
        "Compare it in person or by voice: the same number on both sides means that nobody\n"
        "stands in between. With --code the contact is marked as verified if it is the same;\n"
        "else the exit code is 1. Scanned from the other screen:\n"
        "earshot verify Ada --code \"$(zbarcam -1 --raw)\"",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_verify,
};
