/* SPDX-License-Identifier: ISC */
/* cmd_id.c - id, invite: what is given to people so that they can reach me. */
#include <inttypes.h>
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/qr.h"

static enum es_exit make_qr(struct es_cli *cli, const char *text, struct es_qr *ret)
{
    int rc = es_qr_init(ret, text);

    return rc == 0 ? ES_EXIT_DONE
                   : es_fail(cli, ES_EXIT_FAILED, "qr", NULL, "no QR code: %s", strerror(-rc));
}

static enum es_exit print_qr(struct es_cli *cli, const char *text)
{
    struct es_qr qr;
    enum es_exit exit = make_qr(cli, text, &qr);

    if (exit != ES_EXIT_DONE)
        return exit;
    es_qr_print(&qr, &cli->out);
    es_qr_done(&qr);
    return ES_EXIT_DONE;
}

static enum es_exit write_qr(struct es_cli *cli, const char *text, const char *path)
{
    struct es_qr qr;
    enum es_exit exit = make_qr(cli, text, &qr);

    if (exit != ES_EXIT_DONE)
        return exit;
    int rc = es_qr_write(&qr, path);

    es_qr_done(&qr);
    return rc == 0 ? ES_EXIT_DONE
                   : es_fail(cli, ES_EXIT_FAILED, "file", NULL, "%s: %s", path, strerror(-rc));
}

static void put_line(struct es_cli *cli, const char *text)
{
    es_out_words(&cli->out, "%s", text);
    es_out_end(&cli->out);
}

/* --- id -------------------------------------------------------------------------------------- */

static enum es_exit run_id(struct es_cli *cli)
{
    enum es_exit exit = ES_EXIT_DONE;

    if (es_args_given(&cli->args, "qr") && es_args_given(&cli->args, "link"))
        return es_usage(cli, "--qr and --link exclude each other");
    json_t *id = es_call(cli, "id", NULL);

    if (id == NULL)
        return cli->exit;
    if (cli->json) {
        es_out_json(&cli->out, id);
    } else {
        if (es_args_given(&cli->args, "qr"))
            exit = print_qr(cli, es_field_text(id, "address"));
        put_line(cli, es_field_text(id, "address"));
    }
    json_decref(id);
    return exit;
}

static const struct es_option id_options[] = {
    {"qr", 0, NULL, "show it as a QR code too"},
    {"link", 0, NULL, "as a link (the address is one: this is the default)"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_id = {
    .name = "id",
    .synopsis = "[--qr | --link]",
    .summary = "shows my address",
    .details = "Whoever has it can ask to become a contact: earshot add ADDRESS. An invite spares\n"
               "the asking: earshot help invite.",
    .options = id_options,
    .run = run_id,
};

/* --- invite ---------------------------------------------------------------------------------- */

/* What the node takes. */
#define INVITE_USES_MAX 1000
#define INVITE_MS_MIN 1000
#define INVITE_MS_MAX (30ull * 24 * 60 * 60 * 1000)

static void explain_invite(struct es_cli *cli, const json_t *invite)
{
    int64_t expires_ms;
    char expires[ES_INSTANT_CHARS] = "";
    int64_t uses = es_field_int(invite, "uses");

    if (!es_notices(cli))
        return;
    if (es_instant_parse(es_field_text(invite, "expires_at"), &expires_ms))
        es_instant_format_local(expires_ms, es_instant_now_ms(), expires);
    if (uses == 1)
        es_out_words(&cli->err, "Good once, until %s", expires);
    else
        es_out_words(&cli->err, "Good %" PRId64 " times, until %s", uses, expires);
    es_out_words(&cli->err, ", with: earshot add LINK. Who opens it becomes your contact unasked.");
    es_out_end(&cli->err);
}

static enum es_exit show_invite(struct es_cli *cli, const json_t *invite)
{
    const char *link = es_field_text(invite, "link");
    const char *path = es_args_value(&cli->args, "qr-file");
    enum es_exit exit = ES_EXIT_DONE;

    if (path != NULL)
        exit = write_qr(cli, link, path);
    if (exit == ES_EXIT_DONE && es_args_given(&cli->args, "qr") && !cli->json)
        exit = print_qr(cli, link);
    if (cli->json) {
        es_out_json(&cli->out, invite);
    } else {
        if (path == NULL)
            put_line(cli, link);
        explain_invite(cli, invite);
    }
    return exit;
}

static enum es_exit check_invite(struct es_cli *cli, uint64_t *ret_uses, uint64_t *ret_for_ms)
{
    const char *path = es_args_value(&cli->args, "qr-file");
    int forms =
        es_args_given(&cli->args, "link") + es_args_given(&cli->args, "qr") + (path != NULL);
    enum es_exit exit;

    if (forms > 1)
        return es_usage(cli, "--link, --qr and --qr-file exclude each other");
    /* Before the invite is made: it would be open, and nobody would have it. */
    if (path != NULL && !es_qr_file_known(path))
        return es_usage(cli, "--qr-file %s: the name of a picture ends in .svg or .pbm", path);
    exit = es_count_option(cli, "uses", 1, INVITE_USES_MAX, ret_uses);
    return exit == ES_EXIT_DONE
               ? es_duration_option(cli, "for", INVITE_MS_MIN, INVITE_MS_MAX, ret_for_ms)
               : exit;
}

static enum es_exit run_invite(struct es_cli *cli)
{
    uint64_t uses = 1;
    uint64_t for_ms = 10 * 60 * 1000;
    enum es_exit exit = check_invite(cli, &uses, &for_ms);

    if (exit != ES_EXIT_DONE)
        return exit;
    json_t *invite =
        es_call(cli, "invite",
                json_pack("{s:I, s:I}", "uses", (json_int_t)uses, "for_ms", (json_int_t)for_ms));

    if (invite == NULL)
        return cli->exit;
    exit = show_invite(cli, invite);
    json_decref(invite);
    return exit;
}

static const struct es_option invite_options[] = {
    {"uses", 0, "N", "how many people may open it (1)"},
    {"for", 0, "DURATION", "how long it can be opened (10m)"},
    {"link", 0, NULL, "as a link (the default)"},
    {"qr", 0, NULL, "show it as a QR code too"},
    {"qr-file", 0, "FILE", "write the QR code to an .svg or .pbm picture"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_invite = {
    .name = "invite",
    .synopsis = "[--uses N] [--for DURATION] [--link | --qr | --qr-file FILE]",
    .summary = "makes a link that lets somebody become my contact",
    .details =
        "Who opens it within its limits (earshot add LINK) is accepted without asking: give it\n"
        "to nobody else. Whoever scans it from your screen has checked your key by that.",
    .options = invite_options,
    .run = run_invite,
};
