/* SPDX-License-Identifier: ISC */
/* cmd_log.c - log: the messages of a conversation, in order of arrival. */
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/instant.h"
#include "cli/show.h"
#include "node/env/control.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 1000000000

struct log_query {
    const char *conversation;
    char since[ES_INSTANT_CHARS]; /* "": from the beginning */
    uint64_t limit;               /* 0: all                 */
    int64_t last_order;           /* of what was shown      */
};

static json_t *query_params(const struct log_query *query)
{
    json_t *params = json_pack("{s:s}", "conversation", query->conversation);

    if (query->since[0] != '\0')
        json_object_set_new(params, "since", json_string(query->since));
    return params;
}

static void put_rows(struct es_cli *cli, struct log_query *query, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (cli->json)
            es_out_json(&cli->out, row);
        else
            es_show_message(&cli->out, row);
        query->last_order = es_field_int(row, "order");
    }
}

/* From the last order on, page by page: memory stays small however long the history is. */
static enum es_exit put_after(struct es_cli *cli, struct log_query *query)
{
    json_t *after = json_integer(query->last_order);

    for (;;) {
        json_t *params = query_params(query);

        json_object_set_new(params, "after", after);
        json_object_set_new(params, "limit", json_integer(ES_CONTROL_PAGE_ROWS_MAX));
        json_t *page = es_call(cli, "log", params);

        if (page == NULL)
            return cli->exit;
        put_rows(cli, query, json_object_get(page, "rows"));
        after = json_incref(json_object_get(page, "next"));
        bool ends = after == NULL || json_is_null(after) ||
                    json_array_size(json_object_get(page, "rows")) == 0;

        json_decref(page);
        if (ends) {
            json_decref(after);
            return ES_EXIT_DONE;
        }
    }
}

/* Collects the pages from the newest back, until there are enough rows; newest page first. */
static enum es_exit collect_newest(struct es_cli *cli, const struct log_query *query,
                                   json_t *io_pages)
{
    json_t *before = NULL;
    uint64_t left = query->limit;

    while (left > 0) {
        uint64_t limit = left < ES_CONTROL_PAGE_ROWS_MAX ? left : ES_CONTROL_PAGE_ROWS_MAX;
        json_t *params = query_params(query);

        json_object_set_new(params, "limit", json_integer((json_int_t)limit));
        if (before != NULL)
            json_object_set(params, "before", before);
        json_t *page = es_call(cli, "log", params);

        if (page == NULL)
            return cli->exit;
        json_array_append_new(io_pages, page);
        before = json_object_get(page, "next");
        size_t n = json_array_size(json_object_get(page, "rows"));

        if (before == NULL || json_is_null(before) || n == 0)
            break;
        left -= n < left ? n : left;
    }
    return ES_EXIT_DONE;
}

static enum es_exit put_newest(struct es_cli *cli, struct log_query *query)
{
    json_t *pages = json_array();
    enum es_exit exit = collect_newest(cli, query, pages);

    for (size_t i = json_array_size(pages); exit == ES_EXIT_DONE && i > 0; i--)
        put_rows(cli, query, json_object_get(json_array_get(pages, i - 1), "rows"));
    json_decref(pages);
    return exit;
}

static bool concerns(const json_t *event, const char *conversation)
{
    const char *name = es_field_text(event, "event");

    if (strcmp(name, "lagged") == 0)
        return true;
    return (strcmp(name, "message") == 0 || strcmp(name, "conflict") == 0) &&
           strcmp(es_field_text(event, "conversation"), conversation) == 0;
}

/* An event says that there is something; what it is comes from the history, so that nothing is
 * shown twice or left out. */
static enum es_exit follow(struct es_cli *cli, struct log_query *query, const char *conversation)
{
    for (;;) {
        json_t *object = NULL;

        fflush(cli->out.file);
        int rc = es_client_next(&cli->client, cli->deadline_ms, &object);

        if (rc != 0)
            return es_fail_client(cli, rc);
        bool news = concerns(es_client_event(object), conversation);

        json_decref(object);
        if (news && put_after(cli, query) != ES_EXIT_DONE)
            return cli->exit;
    }
}

static enum es_exit show_and_follow(struct es_cli *cli, struct log_query *query)
{
    bool follows = es_args_given(&cli->args, "follow");
    json_t *label = NULL;
    enum es_exit exit = ES_EXIT_DONE;

    if (follows) {
        /* Events name a conversation by its petname, whatever the person typed. */
        label = es_call(cli, "label", json_pack("{s:s}", "conversation", query->conversation));
        exit = label == NULL ? cli->exit : es_call_done(cli, "listen", NULL);
    }
    if (exit == ES_EXIT_DONE)
        exit = query->limit > 0 ? put_newest(cli, query) : put_after(cli, query);
    if (exit == ES_EXIT_DONE && query->last_order == 0 && es_chatty(cli)) {
        es_out_words(&cli->err, "No messages.");
        es_out_end(&cli->err);
    }
    if (exit == ES_EXIT_DONE && follows)
        exit = follow(cli, query, es_field_text(label, "conversation"));
    json_decref(label);
    return exit;
}

/* A duration counts back from now. */
static enum es_exit parse_since(struct es_cli *cli, const char *text, struct log_query *query)
{
    int64_t since_ms;
    uint64_t ago_ms;

    if (es_duration_parse(text, &ago_ms))
        since_ms = es_instant_now_ms() - (int64_t)ago_ms;
    else if (!es_instant_parse(text, &since_ms))
        return es_usage(cli, "--since %s: expected 2h, 7d, 2026-01-31 or 2026-01-31T17:00:00Z",
                        text);
    es_instant_format(since_ms, query->since);
    return ES_EXIT_DONE;
}

static enum es_exit run_log(struct es_cli *cli)
{
    const char *since = es_args_value(&cli->args, "since");
    /* Who says since when wants to see everything since then. */
    struct log_query query = {.conversation = es_operand(cli, 0),
                              .limit = since != NULL ? 0 : LIMIT_DEFAULT};
    enum es_exit exit = es_count_option(cli, "limit", 0, LIMIT_MAX, &query.limit);

    if (exit == ES_EXIT_DONE && since != NULL)
        exit = parse_since(cli, since, &query);
    return exit == ES_EXIT_DONE ? show_and_follow(cli, &query) : exit;
}

static const struct es_option options[] = {
    {"limit", 0, "N", "how many, the newest (50; 0: all)"},
    {"since", 0, "TIME", "a time, or a duration ago; then all, unless --limit is given"},
    {"follow", 0, NULL, "go on with those that come"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_log = {
    .name = "log",
    .alias = "history",
    .synopsis = "CONV [--limit N] [--since TIME|DURATION] [--follow]",
    .summary = "shows the messages of a conversation",
    .details = "In order of arrival. Reading them here does not mark them as read: earshot read.",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_log,
};
