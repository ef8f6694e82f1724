/* SPDX-License-Identifier: ISC */
/* call.c - one request and its answer, or a list page by page. */
#include "cli/call.h"

#include <errno.h>

#include "cli/node.h"
#include "cli/visible.h"

int es_connect_running(struct es_cli *cli)
{
    return cli->client.fd >= 0 ? 0 : es_client_open(&cli->client, cli->home.socket);
}

static bool means_not_running(int error)
{
    return error == -ENOENT || error == -ECONNREFUSED || error == -ENOTDIR;
}

enum es_exit es_connect(struct es_cli *cli)
{
    enum es_exit exit = ES_EXIT_DONE;

    if (cli->client.fd >= 0)
        return ES_EXIT_DONE;
    int rc = es_connect_running(cli);

    if (rc != 0 && (!means_not_running(rc) || cli->no_start))
        return es_fail_client(cli, rc);
    if (rc != 0)
        exit = es_node_start(cli, -1);
    if (exit == ES_EXIT_DONE)
        es_visible_now(cli);
    return exit;
}

/* 0 and the answer, whether result or error; or a negative errno. */
static int ask(struct es_cli *cli, const char *method, json_t *params, int64_t deadline_ms,
               json_t **ret_answer)
{
    uint64_t id = 0;

    /* What has been found out so far is seen while this waits. */
    fflush(cli->out.file);
    int rc = es_client_request(&cli->client, method, params != NULL ? params : json_object(),
                               deadline_ms, &id);

    return rc != 0 ? rc : es_client_answer(&cli->client, id, deadline_ms, ret_answer);
}

static json_t *take_result(json_t *answer)
{
    json_t *result = json_incref(json_object_get(answer, "result"));

    json_decref(answer);
    return result;
}

json_t *es_call(struct es_cli *cli, const char *method, json_t *params)
{
    json_t *answer = NULL;

    if (es_connect(cli) != ES_EXIT_DONE) {
        json_decref(params);
        return NULL;
    }
    int rc = ask(cli, method, params, cli->deadline_ms, &answer);

    if (rc != 0) {
        es_fail_client(cli, rc);
        return NULL;
    }
    const json_t *error = json_object_get(answer, "error");

    if (error != NULL || json_object_get(answer, "result") == NULL) {
        es_fail_rpc(cli, error);
        json_decref(answer);
        return NULL;
    }
    return take_result(answer);
}

json_t *es_call_aside(struct es_cli *cli, const char *method, json_t *params, int64_t deadline_ms)
{
    json_t *answer = NULL;

    if (cli->client.fd < 0 || ask(cli, method, params, deadline_ms, &answer) != 0)
        return NULL;
    return take_result(answer);
}

enum es_exit es_call_done(struct es_cli *cli, const char *method, json_t *params)
{
    json_t *result = es_call(cli, method, params);

    if (result == NULL)
        return cli->exit;
    json_decref(result);
    return ES_EXIT_DONE;
}

json_t *es_call_all(struct es_cli *cli, const char *method)
{
    json_t *rows = json_array();
    json_t *page = es_call(cli, method, NULL);

    while (page != NULL) {
        const json_t *next = json_object_get(page, "next");
        json_t *more = json_object_get(page, "rows");
        bool ends = next == NULL || json_is_null(next) || json_array_size(more) == 0;

        json_array_extend(rows, more);
        if (ends) {
            json_object_set(page, "rows", rows);
            break;
        }
        json_t *params = json_pack("{s:O}", "after", next);

        json_decref(page);
        page = es_call(cli, method, params);
    }
    json_decref(rows);
    return page;
}

enum es_exit es_call_list(struct es_cli *cli, const char *method, es_put_row_fn put_row,
                          const char *empty)
{
    json_t *list = es_call_all(cli, method);
    const json_t *rows = json_object_get(list, "rows");
    const json_t *row;
    size_t i;

    if (list == NULL)
        return cli->exit;
    json_array_foreach(rows, i, row)
    {
        if (cli->json)
            es_out_json(&cli->out, row);
        else
            put_row(&cli->out, row);
    }
    if (json_array_size(rows) == 0 && es_chatty(cli)) {
        es_out_words(&cli->err, "%s", empty);
        es_out_end(&cli->err);
    }
    json_decref(list);
    return ES_EXIT_DONE;
}
