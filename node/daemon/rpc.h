/* SPDX-License-Identifier: ISC */
/* rpc.h - JSON-RPC 2.0 over the control socket (docs/api.md). */
#ifndef ES_DAEMON_RPC_H
#define ES_DAEMON_RPC_H

#include "node/daemon/daemon.h"

/* A line from a client; line NULL: it was too long. */
void es_rpc_line(struct es_daemon *daemon, uint64_t client, const char *line, size_t len);
/* An event of the core: answers calls, goes into the stream. */
void es_rpc_event(struct es_daemon *daemon, const struct es_event *event);
/* Pages of history that were read. */
void es_rpc_pages(struct es_daemon *daemon);
/* Calls whose time has passed. */
void es_rpc_timer(struct es_daemon *daemon);
/* The core was restored: calls under way get no answer from it. */
void es_rpc_restored(struct es_daemon *daemon);
/* The node stops: what calls wait for will not be seen. */
void es_rpc_stopping(struct es_daemon *daemon);

/* --- Between the rpc_*.c files ------------------------------------------------------------------ */

/* A request under way. Methods answer it now, or hand it on with es_rpc_command(). */
struct es_request_call {
    struct es_daemon *daemon;
    const struct es_core *core;
    uint64_t client;
    json_t *id;
    json_t *params; /* an object, maybe empty */
    const char *method;
};

struct es_method {
    const char *name;
    void (*run)(struct es_request_call *call);
};
/* Each ends with an entry without name. */
extern const struct es_method es_methods_people[];
extern const struct es_method es_methods_messages[];
extern const struct es_method es_methods_node[];

/* Parameters; null is as good as absent. Those without default answer the call with an error and give
 * false when missing; all do when of another type or out of range. */
bool es_param_given(const struct es_request_call *call, const char *key);
bool es_param_text(struct es_request_call *call, const char *key, struct es_slice *ret);
bool es_param_text_or(struct es_request_call *call, const char *key, struct es_slice *io);
bool es_param_number(struct es_request_call *call, const char *key, uint64_t min, uint64_t max,
                     uint64_t *io);

/* Answers; result takes the reference. */
void es_rpc_result(struct es_request_call *call, json_t *result);
/* Says what is wrong with a parameter: "is missing". */
void es_rpc_usage(struct es_request_call *call, const char *key, const char *problem);
void es_rpc_refuse(struct es_request_call *call, enum es_err err, struct es_slice candidates);
/* Gives the command to the core; the answer comes with its event. NULL: refused already. */
struct es_call *es_rpc_command(struct es_request_call *call, struct es_command *command);
/* Finds whom params[key] means, or answers with the error. */
bool es_rpc_contact(struct es_request_call *call, const char *key, struct es_contact_view *ret);
/* Where this node can be dialled by hand: array of tcp://host:port/KEY; a new reference. */
json_t *es_rpc_endpoints(const struct es_request_call *call);

/* A page of a list whose rows have rising places: what follows the parameter `after`. */
struct es_rpc_list {
    json_t *rows;
    uint64_t after, last;
    bool more;
};
/* False when the call was refused. */
bool es_rpc_list_begin(struct es_request_call *call, struct es_rpc_list *ret);
/* Then the row is added next. */
bool es_rpc_list_wants(struct es_rpc_list *list, uint64_t place);
/* Takes the reference. */
void es_rpc_list_add(struct es_rpc_list *list, json_t *row);
/* {"rows":[...], "next":place|null} */
json_t *es_rpc_list_end(struct es_rpc_list *list);
/* A list that is always one page; takes the reference. */
json_t *es_rpc_page(json_t *rows);

/* Gives a query to the history thread; the answer comes with its page. */
void es_rpc_history(struct es_request_call *call, const struct es_page *query, uint64_t since_ms);
/* The result of a page. NULL: it could not be read. */
json_t *es_rpc_page_done(struct es_daemon *daemon, const struct es_history_page *page,
                         uint64_t since_ms);
/* The result of a command that was done: by method. NULL: this method has none but {}. */
json_t *es_rpc_done(struct es_daemon *daemon, const struct es_call *call,
                    const struct es_event *event);

#endif
