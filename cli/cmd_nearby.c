/* SPDX-License-Identifier: ISC */
/* cmd_nearby.c - nearby, visible: whom one sees and who sees one. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/instant.h"
#include "cli/notice.h"
#include "cli/visible.h"

#define NAME_COLUMNS 24

/* A person who has just started a node is not told at once that nobody is there. */
#define LISTEN_MS_MIN 3000
#define POLL_MS 500
#define WATCH_MS 1000

/* --- nearby ---------------------------------------------------------------------------------- */

static void put_person(struct es_out *out, const json_t *row)
{
    bool present = es_field_true(row, "present");
    bool contact = es_field_true(row, "contact");
    char who[ES_WHO_CHARS];

    es_out_style(out, present ? ES_STYLE_GOOD : ES_STYLE_PLAIN);
    es_out_words(out, present ? "* " : "  ");
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_name(out, es_field_text(row, "name"), NAME_COLUMNS);
    if (contact) {
        es_out_words(out, "  contact%s", es_field_true(row, "verified") ? ", verified" : "");
    } else {
        es_who_on_command_line(row, who);
        es_out_words(out, "  stranger: earshot add %s", who[0] != '\0' ? who : "NAME");
    }
    es_out_end(out);
}

static void put_row(struct es_cli *cli, const json_t *row)
{
    if (cli->json)
        es_out_json(&cli->out, row);
    else
        put_person(&cli->out, row);
}

static void put_interfaces(struct es_out *out, const json_t *interfaces)
{
    const json_t *name;
    size_t i;

    json_array_foreach(interfaces, i, name)
    {
        es_out_words(out, "%s", i == 0 ? " on " : ", ");
        es_out_name(out, json_is_string(name) ? json_string_value(name) : "?", 0);
    }
}

/* Nobody: what was done to find somebody, and what else there is to do. */
static void explain_empty(struct es_cli *cli, const json_t *page)
{
    struct es_out *err = &cli->err;
    char listened[ES_DURATION_CHARS];
    int64_t hidden = es_field_int(page, "hidden");

    es_duration_format((uint64_t)es_field_int(page, "listening_ms"), listened);
    es_out_words(err, "Nobody shows a name here. Listened for %s", listened);
    put_interfaces(err, json_object_get(page, "interfaces"));
    es_out_words(err, ".");
    es_out_end(err);
    if (hidden > 0) {
        es_out_words(
            err, "%" PRId64 " hidden node%s in reach: ask %s to show %s (earshot visible on).",
            hidden, hidden == 1 ? " is" : "s are", hidden == 1 ? "its owner" : "their owners",
            hidden == 1 ? "itself" : "themselves");
    } else {
        es_out_words(err, "No other node is in reach. If there should be one: earshot doctor");
    }
    es_out_end(err);
    es_out_words(err, "To be found: earshot visible on. To skip that: earshot invite --qr");
    es_out_end(err);
}

static json_t *fetch(struct es_cli *cli)
{
    json_t *page = es_call_all(cli, "nearby");

    while (page != NULL && es_chatty(cli) && json_array_size(json_object_get(page, "rows")) == 0 &&
           es_field_int(page, "listening_ms") < LISTEN_MS_MIN) {
        json_decref(page);
        es_pause(cli, POLL_MS);
        page = es_call_all(cli, "nearby");
    }
    return page;
}

static bool is_among(const json_t *rows, const json_t *wanted)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (json_equal(row, wanted))
            return true;
    }
    return false;
}

/* The same person: by address, a stranger by name. */
static bool is_known(const json_t *rows, const json_t *person)
{
    const char *key = json_is_string(json_object_get(person, "address")) ? "address" : "name";
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (json_equal(json_object_get(row, key), json_object_get(person, key)))
            return true;
    }
    return false;
}

static void put_gone(struct es_cli *cli, const json_t *row)
{
    if (cli->json) {
        json_t *gone = json_copy((json_t *)row);

        json_object_set_new(gone, "present", json_false());
        json_object_set_new(gone, "gone", json_true());
        es_out_json(&cli->out, gone);
        json_decref(gone);
        return;
    }
    es_out_words(&cli->out, "- ");
    es_out_name(&cli->out, es_field_text(row, "name"), NAME_COLUMNS);
    es_out_words(&cli->out, "  gone");
    es_out_end(&cli->out);
}

/* Prints what differs from the last time: who came or changed, and who is there no more. */
static void put_changes(struct es_cli *cli, const json_t *before, const json_t *now)
{
    const json_t *row;
    size_t i;

    json_array_foreach(now, i, row)
    {
        if (!is_among(before, row))
            put_row(cli, row);
    }
    json_array_foreach(before, i, row)
    {
        if (!is_known(now, row))
            put_gone(cli, row);
    }
}

/* Strangers' adverts are no events, so the list is asked for again. Ends with the node, the
 * deadline or a signal. */
static enum es_exit watch(struct es_cli *cli, json_t *page)
{
    while (page != NULL && es_monotonic_ms() < cli->deadline_ms) {
        es_pause(cli, WATCH_MS);
        json_t *now = es_call_all(cli, "nearby");

        if (now != NULL)
            put_changes(cli, json_object_get(page, "rows"), json_object_get(now, "rows"));
        json_decref(page);
        page = now;
    }
    if (page == NULL)
        return cli->exit;
    json_decref(page);
    return es_fail_client(cli, -ETIMEDOUT);
}

static enum es_exit run_nearby(struct es_cli *cli)
{
    json_t *page = fetch(cli);

    if (page == NULL)
        return cli->exit;
    put_changes(cli, NULL, json_object_get(page, "rows"));
    if (json_array_size(json_object_get(page, "rows")) == 0 && es_chatty(cli))
        explain_empty(cli, page);
    if (es_args_given(&cli->args, "watch"))
        return watch(cli, page);
    json_decref(page);
    return ES_EXIT_DONE;
}

static const struct es_option nearby_options[] = {
    {"watch", 0, NULL, "go on and show who comes and goes"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_nearby = {
    .name = "nearby",
    .synopsis = "[--watch]",
    .summary = "shows visible people, and contacts who are here",
    .details =
        "A star marks who is connected. Anybody can show any name: what proves who somebody is\n"
        "is earshot verify.",
    .options = nearby_options,
    .run = run_nearby,
};

/* --- visible --------------------------------------------------------------------------------- */

#define VISIBLE_FOR_MS (60 * 60 * 1000)

static void put_visible(struct es_cli *cli, const json_t *result)
{
    int64_t until_ms;
    char until[ES_INSTANT_CHARS];

    if (cli->json) {
        es_out_json(&cli->out, result);
        return;
    }
    if (!es_chatty(cli))
        return;
    if (es_instant_parse(es_field_text(result, "visible_until"), &until_ms)) {
        es_instant_format_local(until_ms, es_instant_now_ms(), until);
        es_out_words(&cli->out, "everybody on this network sees your name until %s", until);
    } else {
        es_out_words(&cli->out, "hidden: contacts alone recognise you");
    }
    es_out_end(&cli->out);
}

static enum es_exit run_visible(struct es_cli *cli)
{
    uint64_t for_ms = VISIBLE_FOR_MS;
    bool on = strcmp(es_operand(cli, 0), "on") == 0;
    enum es_exit exit =
        es_duration_option(cli, "for", ES_VISIBLE_MS_MIN, ES_VISIBLE_MS_MAX, &for_ms);

    if (exit != ES_EXIT_DONE)
        return exit;
    if (!on && strcmp(es_operand(cli, 0), "off") != 0)
        return es_usage(cli, "%s: expected on or off", es_operand(cli, 0));
    if (!on && es_args_given(&cli->args, "for"))
        return es_usage(cli, "--for belongs to on");
    json_t *result =
        es_call(cli, "visible", json_pack("{s:I}", "for_ms", (json_int_t)(on ? for_ms : 0)));

    if (result == NULL)
        return cli->exit;
    put_visible(cli, result);
    json_decref(result);
    return ES_EXIT_DONE;
}

static const struct es_option visible_options[] = {
    {"for", 0, "DURATION", "how long (1h)"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_visible = {
    .name = "visible",
    .synopsis = "on|off [--for DURATION]",
    .summary = "shows or hides my name on this network",
    .details =
        "While it is on, everybody on the network sees the name, and strangers can ask to become\n"
        "contacts. It ends by itself. My address is not shown.",
    .options = visible_options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_visible,
};
