/* SPDX-License-Identifier: ISC */
/* rpc.c - requests in, answers and events out. */
#include "node/daemon/rpc.h"

#include <stdio.h>
#include <string.h>

#include "node/daemon/json.h"
#include "node/daemon/log.h"

/* Pages that one client may have under way: they take memory until it has read them. */
#define PAGES_PER_CLIENT_MAX 8

enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    NO_METHOD = -32601,
    INVALID_PARAMS = -32602
};

/* --- Answers ------------------------------------------------------------------------------------ */

static void answer(struct es_daemon *daemon, uint64_t client, json_t *id, const char *key,
                   json_t *value)
{
    json_t *object;

    if (id == NULL) { /* a notification */
        json_decref(value);
        return;
    }
    object = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, key, value);
    if (object != NULL)
        es_server_answer(daemon->server, client, object);
}

static json_t *error_object(int number, const char *message, const char *code, const char *hint)
{
    return json_pack("{s:i, s:s, s:{s:s, s:s?}}", "code", number, "message", message, "data",
                     "code", code, "hint", hint);
}

static void answer_error(struct es_daemon *daemon, uint64_t client, json_t *id, int number,
                         const char *message, const char *code, const char *hint)
{
    answer(daemon, client, id, "error", error_object(number, message, code, hint));
}

void es_rpc_result(struct es_request_call *call, json_t *result)
{
    answer(call->daemon, call->client, call->id, "result", result);
}

void es_rpc_usage(struct es_request_call *call, const char *key, const char *problem)
{
    char message[256];

    snprintf(message, sizeof(message), "the parameter %s %s", key, problem);
    answer_error(call->daemon, call->client, call->id, INVALID_PARAMS, message, "usage",
                 "docs/api.md lists the parameters of each method");
}

/* An array of the names in a text that has a newline behind each. */
static json_t *lines_of(struct es_slice text)
{
    json_t *lines = json_array();
    size_t begin = 0;

    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\n') {
            json_array_append_new(lines, es_json_text(es_slice(text.ptr + begin, i - begin)));
            begin = i + 1;
        }
    return lines;
}

static void refuse(struct es_daemon *daemon, uint64_t client, json_t *id, enum es_err err,
                   struct es_slice candidates)
{
    json_t *error = error_object(1, es_err_text(err), es_err_code(err), NULL);

    if (err == ES_E_AMBIGUOUS && candidates.len > 0)
        json_object_set_new(json_object_get(error, "data"), "candidates", lines_of(candidates));
    answer(daemon, client, id, "error", error);
}

void es_rpc_refuse(struct es_request_call *call, enum es_err err, struct es_slice candidates)
{
    refuse(call->daemon, call->client, call->id, err, candidates);
}

/* --- Commands ------------------------------------------------------------------------------------- */

static void answer_stopping(struct es_daemon *daemon, uint64_t client, json_t *id)
{
    answer_error(daemon, client, id, 1, "the node is going down", "stopping", "earshot up");
}

/* The node can be read, but does not write now. */
static void answer_undone(struct es_daemon *daemon, uint64_t client, json_t *id)
{
    if (es_node_disk_full(daemon->node))
        answer_error(daemon, client, id, 1,
                     "the disk is full: this was not done; nothing acknowledged is lost",
                     "disk-full", "free some space; the node goes on by itself");
    else
        answer_error(daemon, client, id, 1,
                     "the database failed: this was not done; nothing acknowledged is lost",
                     "store", "try again; see the log");
}

struct es_call *es_rpc_command(struct es_request_call *call, struct es_command *command)
{
    struct es_call *waiting;
    uint64_t number;

    if (call->daemon->stopping) {
        answer_stopping(call->daemon, call->client, call->id);
        return NULL;
    }
    if (!es_node_ready(call->daemon->node)) {
        answer_undone(call->daemon, call->client, call->id);
        return NULL;
    }
    waiting = es_calls_add(&call->daemon->calls, call->client, call->id, call->method);
    if (waiting == NULL) {
        answer_error(call->daemon, call->client, call->id, 1, "too many calls wait for an answer",
                     "busy", "wait for some of them");
        return NULL;
    }
    number = waiting->number;
    command->request = number;
    es_node_command(call->daemon->node, command);
    return es_calls_find(&call->daemon->calls, number);
}

/* --- Requests ----------------------------------------------------------------------------------- */

static const struct es_method *find_in(const struct es_method *methods, const char *name)
{
    for (; methods->name != NULL; methods++)
        if (strcmp(methods->name, name) == 0)
            return methods;
    return NULL;
}

static const struct es_method *find_method(const char *name)
{
    const struct es_method *method = find_in(es_methods_messages, name);

    if (method == NULL)
        method = find_in(es_methods_people, name);
    return method != NULL ? method : find_in(es_methods_node, name);
}

static void run_request(struct es_daemon *daemon, uint64_t client, json_t *request)
{
    json_t *id = json_object_get(request, "id");
    json_t *params = json_object_get(request, "params");
    const char *version = json_string_value(json_object_get(request, "jsonrpc"));
    const char *name = json_string_value(json_object_get(request, "method"));
    bool id_fits = id == NULL || json_is_string(id) || json_is_number(id);
    const struct es_method *method;
    struct es_request_call call;
    json_t *empty = NULL;

    if (!id_fits || name == NULL || version == NULL || strcmp(version, "2.0") != 0 ||
        (params != NULL && !json_is_object(params))) {
        json_t *null = json_null();

        answer_error(daemon, client, id_fits && id != NULL ? id : null, INVALID_REQUEST,
                     "this is no JSON-RPC 2.0 request", "usage",
                     "docs/api.md says how a request looks");
        return;
    }
    method = find_method(name);
    if (method == NULL) {
        answer_error(daemon, client, id, NO_METHOD, "there is no such method", "usage", NULL);
        return;
    }
    if (params == NULL)
        params = empty = json_object();
    call = (struct es_request_call){.daemon = daemon,
                                    .core = es_node_core(daemon->node),
                                    .client = client,
                                    .id = id,
                                    .params = params,
                                    .method = method->name};
    method->run(&call);
    json_decref(empty);
}

void es_rpc_line(struct es_daemon *daemon, uint64_t client, const char *line, size_t len)
{
    json_t *null = json_null();
    json_t *request;

    if (line == NULL) {
        answer_error(daemon, client, null, INVALID_REQUEST, "the line is longer than 64 KiB",
                     "usage", NULL);
        return;
    }
    request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    if (request == NULL)
        answer_error(daemon, client, null, PARSE_ERROR, "this is no JSON object", "usage", NULL);
    else
        run_request(daemon, client, request);
    json_decref(request);
}

static const char *event_name(enum es_event_kind kind)
{
    static const char *const names[] = {
        [ES_EV_MESSAGE] = "message",   [ES_EV_DELIVERED] = "delivered",
        [ES_EV_READ] = "read",         [ES_EV_FAILED] = "failed",
        [ES_EV_REQUEST] = "request",   [ES_EV_ACCEPTED] = "accepted",
        [ES_EV_PRESENT] = "present",   [ES_EV_GONE] = "gone",
        [ES_EV_RENEWED] = "renewed",   [ES_EV_KEY_CHANGED] = "key-changed",
        [ES_EV_CONFLICT] = "conflict", [ES_EV_VISIBLE] = "visible",
        [ES_EV_LISTENING] = NULL,
    };

    return names[kind];
}

/* --- Answers of the core ------------------------------------------------------------------------ */

static void end_call(struct es_daemon *daemon, struct es_call *call, const char *key, json_t *value)
{
    answer(daemon, call->client, call->id, key, value);
    es_calls_remove(call);
}

static void take_answer(struct es_daemon *daemon, const struct es_event *event)
{
    struct es_call *call = es_calls_find(&daemon->calls, event->request);

    if (event->request == 0 && event->err != ES_OK)
        es_log("the name in earshot.conf was not taken: %s", es_err_text(event->err));
    if (call == NULL)
        return;
    if (event->err != ES_OK) {
        refuse(daemon, call->client, call->id, event->err, event->text);
        es_calls_remove(call);
        return;
    }
    call->contact = event->contact;
    call->message = event->message;
    call->wait = call->then;
    if (call->wait == ES_WAIT_ACCEPTED) {
        struct es_contact_view contact;

        if (es_core_contact(es_node_core(daemon->node), call->contact, &contact) &&
            contact.state == ES_CONTACT_ACCEPTED)
            call->wait = ES_WAIT_ANSWER;
    }
    if (call->wait == ES_WAIT_ANSWER)
        end_call(daemon, call, "result", es_rpc_done(daemon, call, event));
}

static bool is_read(const struct es_call *call, const struct es_event *event)
{
    return call->message.incarnation == event->message.incarnation &&
           call->message.sequence <= event->message.sequence;
}

/* A request that failed takes along what was to follow it. */
static bool is_lost(const struct es_call *call, const struct es_event *event)
{
    return event->kind == ES_EV_FAILED &&
           (event->message.sequence == 0 ||
            (event->message.incarnation == call->message.incarnation &&
             event->message.sequence == call->message.sequence));
}

/* Does this event end what the call waits for? */
static bool ends(const struct es_call *call, const struct es_event *event)
{
    if (call->contact != event->contact)
        return false;
    if (call->wait == ES_WAIT_ACCEPTED)
        return event->kind == ES_EV_ACCEPTED;
    if (call->wait == ES_WAIT_DELIVERED)
        return (event->kind == ES_EV_DELIVERED &&
                event->message.incarnation == call->message.incarnation &&
                event->message.sequence == call->message.sequence) ||
               (event->kind == ES_EV_READ && is_read(call, event)) || is_lost(call, event);
    if (call->wait == ES_WAIT_READ)
        return (event->kind == ES_EV_READ && is_read(call, event)) || is_lost(call, event);
    return false;
}

static void end_waits(struct es_daemon *daemon, const struct es_event *event)
{
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(&daemon->calls, &at)) != NULL) {
        if (event->kind == ES_EV_PONG && call->number == event->request) {
            call->contact = event->contact;
            end_call(daemon, call, "result", es_rpc_done(daemon, call, event));
        } else if (ends(call, event)) {
            call->state = event_name(event->kind);
            end_call(daemon, call, "result", es_rpc_done(daemon, call, event));
        } else if (event->kind == ES_EV_FAILED && call->wait == ES_WAIT_ACCEPTED &&
                   call->contact == event->contact) {
            refuse(daemon, call->client, call->id, event->err, es_slice(NULL, 0));
            es_calls_remove(call);
        } else if (event->kind == ES_EV_DELIVERED && call->wait == ES_WAIT_READ &&
                   call->contact == event->contact && is_read(call, event)) {
            call->state = "delivered";
        }
    }
}

/* --- History -------------------------------------------------------------------------------------- */

static bool may_read_page(struct es_request_call *call)
{
    struct es_call *other;
    size_t at = 0, n = 0;

    while ((other = es_calls_next(&call->daemon->calls, &at)) != NULL)
        n += other->client == call->client && other->wait == ES_WAIT_HISTORY;
    return n < PAGES_PER_CLIENT_MAX;
}

void es_rpc_history(struct es_request_call *call, const struct es_page *query, uint64_t since_ms)
{
    struct es_call *waiting = NULL;

    if (may_read_page(call))
        waiting = es_calls_add(&call->daemon->calls, call->client, call->id, call->method);
    if (waiting != NULL) {
        waiting->wait = ES_WAIT_HISTORY;
        waiting->since_ms = since_ms;
        if (es_history_ask(call->daemon->history, query, waiting->number))
            return;
        es_calls_remove(waiting);
    }
    answer_error(call->daemon, call->client, call->id, 1, "too many pages wait to be read", "busy",
                 "wait for some of them");
}

void es_rpc_pages(struct es_daemon *daemon)
{
    struct es_history_page *page;

    while ((page = es_history_next(daemon->history)) != NULL) {
        struct es_call *call = es_calls_find(&daemon->calls, page->number);

        if (call != NULL && page->result == 0) {
            end_call(daemon, call, "result", es_rpc_page_done(daemon, page, call->since_ms));
        } else if (call != NULL) {
            refuse(daemon, call->client, call->id, ES_E_STORE, es_slice(NULL, 0));
            es_calls_remove(call);
        }
        es_history_page_free(page);
    }
}

/* --- Events for the stream ---------------------------------------------------------------------- */

static json_t *request_fields(const struct es_core *core, struct es_slice address)
{
    struct es_request_view request;
    size_t at = 0;

    while (es_core_request_next(core, &at, &request))
        if (address.len == ES_KEY_BYTES &&
            memcmp(address.ptr, request.address.bytes, ES_KEY_BYTES) == 0)
            return es_json_request(&request);
    return json_object();
}

static json_t *event_fields(const struct es_core *core, const struct es_event *event)
{
    struct es_contact_view contact;
    struct es_message message;

    switch (event->kind) {
    case ES_EV_MESSAGE:
    case ES_EV_CONFLICT:
        return es_message_decode(event->text, &message) ? es_json_message(core, &message)
                                                        : json_object();
    case ES_EV_DELIVERED:
    case ES_EV_READ:
    case ES_EV_FAILED:
        return es_json_sent(core, event->contact, event->message, event_name(event->kind),
                            event->err);
    case ES_EV_REQUEST:
        return request_fields(core, event->text);
    case ES_EV_ACCEPTED:
    case ES_EV_PRESENT:
    case ES_EV_GONE:
    case ES_EV_RENEWED:
    case ES_EV_KEY_CHANGED:
        return es_core_contact(core, event->contact, &contact) ? es_json_contact(&contact)
                                                               : json_object();
    case ES_EV_VISIBLE:
        return json_pack("{s:o}", "visible_until", es_json_time(event->until_ms));
    case ES_EV_ANSWER:
    case ES_EV_PONG:
    case ES_EV_LISTENING:
        break;
    }
    return json_object();
}

void es_rpc_event(struct es_daemon *daemon, const struct es_event *event)
{
    const struct es_core *core = es_node_core(daemon->node);
    json_t *object;

    if (event->kind == ES_EV_ANSWER) {
        take_answer(daemon, event);
        return;
    }
    if (event->kind == ES_EV_LISTENING && event->order < ES_CONFIG_LASTING_MAX)
        daemon->lasting_ports[event->order] = (uint16_t)event->until_ms;
    end_waits(daemon, event);
    if (event->kind == ES_EV_PONG || event->kind == ES_EV_LISTENING)
        return;
    object = event_fields(core, event);
    json_object_set_new(object, "event", json_string(event_name(event->kind)));
    es_stream_put(daemon->stream, object);
}

/* --- Time --------------------------------------------------------------------------------------- */

void es_rpc_timer(struct es_daemon *daemon)
{
    uint64_t now_ms = es_node_now_ms();
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(&daemon->calls, &at)) != NULL) {
        if (call->deadline_ms > now_ms || call->wait == ES_WAIT_ANSWER)
            continue;
        if (call->wait == ES_WAIT_PONG) {
            answer_error(daemon, call->client, call->id, 1, "no answer came in time", "timeout",
                         NULL);
            es_calls_remove(call);
        } else {
            json_t *result = es_rpc_done(daemon, call, NULL);

            json_object_set_new(result, "timed_out", json_true());
            end_call(daemon, call, "result", result);
        }
    }
}

void es_rpc_restored(struct es_daemon *daemon)
{
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(&daemon->calls, &at)) != NULL) {
        if (call->wait != ES_WAIT_ANSWER && call->wait != ES_WAIT_PONG)
            continue;
        answer_undone(daemon, call->client, call->id);
        es_calls_remove(call);
    }
}

void es_rpc_stopping(struct es_daemon *daemon)
{
    struct es_call *call;
    size_t at = 0;

    while ((call = es_calls_next(&daemon->calls, &at)) != NULL) {
        if (call->wait == ES_WAIT_PONG) {
            answer_stopping(daemon, call->client, call->id);
            es_calls_remove(call);
        } else if (call->wait != ES_WAIT_HISTORY) {
            call->deadline_ms = 0; /* what was done so far is the answer */
        }
    }
}
