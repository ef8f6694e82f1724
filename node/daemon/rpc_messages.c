/* SPDX-License-Identifier: ISC */
/* rpc_messages.c - methods about conversations. */
#include <string.h>

#include "node/daemon/json.h"
#include "node/daemon/rpc.h"

static void set_deadline(struct es_call *call, uint64_t wait_ms)
{
    if (call != NULL && wait_ms != UINT64_MAX)
        call->deadline_ms = es_node_now_ms() + wait_ms;
}

/* --- send --------------------------------------------------------------------------------------- */

static bool parse_wait(struct es_request_call *call, enum es_call_wait *ret)
{
    struct es_slice wait = es_slice("queued", 6);

    if (!es_param_text_or(call, "wait", &wait))
        return false;
    if (wait.len == 6 && memcmp(wait.ptr, "queued", 6) == 0) {
        *ret = ES_WAIT_ANSWER;
    } else if (wait.len == 9 && memcmp(wait.ptr, "delivered", 9) == 0) {
        *ret = ES_WAIT_DELIVERED;
    } else if (wait.len == 4 && memcmp(wait.ptr, "read", 4) == 0) {
        *ret = ES_WAIT_READ;
    } else {
        es_rpc_usage(call, "wait", "must be queued, delivered or read");
        return false;
    }
    return true;
}

static bool parse_reply(struct es_request_call *call, struct es_command *command)
{
    struct es_slice id = es_slice(NULL, 0);
    struct es_contact_view contact;
    struct es_self_view self;

    if (!es_param_text_or(call, "reply_to", &id))
        return false;
    if (id.len == 0)
        return true;
    if (!es_rpc_contact(call, "conversation", &contact))
        return false;
    es_core_self(call->core, &self);
    if (es_message_id_parse(id, &self.address, &contact.address, &command->send.reply_to,
                            &command->send.reply_to_own))
        return true;
    es_rpc_refuse(call, ES_E_MESSAGE, es_slice(NULL, 0));
    return false;
}

static void method_send(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_SEND};
    uint64_t wait_ms = UINT64_MAX;
    enum es_call_wait then;
    struct es_call *waiting;

    if (!es_param_text(call, "conversation", &command.who) ||
        !es_param_text(call, "text", &command.send.text) || !parse_wait(call, &then) ||
        !es_param_number(call, "wait_ms", 0, INT64_MAX, &wait_ms) || !parse_reply(call, &command))
        return;
    waiting = es_rpc_command(call, &command);
    if (waiting == NULL)
        return;
    waiting->then = then;
    set_deadline(waiting, wait_ms);
}

static void method_ping(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_PING};
    uint64_t bytes = 0, wait_ms = 10000;
    struct es_call *waiting;

    if (!es_param_text(call, "conversation", &command.who) ||
        !es_param_number(call, "bytes", 0, ES_PING_BYTES_MAX, &bytes) ||
        !es_param_number(call, "wait_ms", 0, INT64_MAX, &wait_ms))
        return;
    command.ping_bytes = (uint16_t)bytes;
    waiting = es_rpc_command(call, &command);
    if (waiting == NULL)
        return;
    waiting->wait = ES_WAIT_PONG;
    set_deadline(waiting, wait_ms);
}

static void method_read(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_READ};

    if (es_param_text(call, "conversation", &command.who))
        es_rpc_command(call, &command);
}

/* --- log ---------------------------------------------------------------------------------------- */

_Static_assert(ES_CONTROL_PAGE_ROWS_MAX <= ES_STORE_PAGE_ROWS_MAX, "the store gives such a page");

static bool log_params(struct es_request_call *call, struct es_page *query, uint64_t *ret_since_ms)
{
    uint64_t limit = 50;
    struct es_slice since = es_slice(NULL, 0);
    char text[40] = "";

    query->before = UINT64_MAX;
    query->newest_first = !es_param_given(call, "after");
    if (!es_param_number(call, "limit", 1, ES_CONTROL_PAGE_ROWS_MAX, &limit) ||
        !es_param_number(call, "before", 0, INT64_MAX, &query->before) ||
        !es_param_number(call, "after", 0, INT64_MAX, &query->after) ||
        !es_param_text_or(call, "since", &since))
        return false;
    query->limit = (size_t)limit;
    if (since.len == 0)
        return true;
    if (since.len < sizeof(text))
        memcpy(text, since.ptr, since.len);
    if (es_json_parse_time(text, ret_since_ms))
        return true;
    es_rpc_usage(call, "since", "must be a time such as 2026-11-23T18:30:00Z");
    return false;
}

static void method_log(struct es_request_call *call)
{
    struct es_page query = {0};
    struct es_contact_view contact;
    uint64_t since_ms = 0;

    if (!es_rpc_contact(call, "conversation", &contact) || !log_params(call, &query, &since_ms))
        return;
    query.conversation = contact.contact;
    es_rpc_history(call, &query, since_ms);
}

/* Oldest first, whatever the order of the query. */
json_t *es_rpc_page_done(struct es_daemon *daemon, const struct es_history_page *page,
                         uint64_t since_ms)
{
    const struct es_core *core = es_node_core(daemon->node);
    json_t *rows = json_array();

    for (size_t i = 0; i < page->n; i++) {
        struct es_slice body = page->bodies[page->query.newest_first ? page->n - 1 - i : i];
        struct es_message message;

        if (es_message_decode(body, &message) && message.received_wall_ms >= since_ms)
            json_array_append_new(rows, es_json_message(core, &message));
    }
    return json_pack("{s:o, s:o}", "rows", rows, "next",
                     page->more && page->n > 0 ? json_integer((json_int_t)page->orders[page->n - 1])
                                               : json_null());
}

static void method_conversations(struct es_request_call *call)
{
    struct es_contact_view contact;
    struct es_rpc_list list;
    size_t at = 0;

    if (!es_rpc_list_begin(call, &list))
        return;
    while (es_core_contact_next(call->core, &at, &contact))
        if (contact.state != ES_CONTACT_BLOCKED && es_rpc_list_wants(&list, contact.contact))
            es_rpc_list_add(&list, es_json_conversation(call->core, &contact));
    es_rpc_result(call, es_rpc_list_end(&list));
}

static void method_label(struct es_request_call *call)
{
    struct es_contact_view contact;

    if (es_rpc_contact(call, "conversation", &contact))
        es_rpc_result(call, es_json_label(call->core, &contact));
}

static void method_listen(struct es_request_call *call)
{
    uint64_t since = UINT64_MAX;

    if (!es_param_number(call, "since", 0, INT64_MAX, &since))
        return;
    es_rpc_result(call,
                  json_pack("{s:I}", "seq", (json_int_t)es_stream_last(call->daemon->stream)));
    es_stream_listen(call->daemon->stream, call->client, since);
}

const struct es_method es_methods_messages[] = {
    {"send", method_send},
    {"log", method_log},
    {"conversations", method_conversations},
    {"read", method_read},
    {"label", method_label},
    {"listen", method_listen},
    {"ping", method_ping},
    {NULL, NULL},
};
