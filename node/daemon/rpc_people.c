/* SPDX-License-Identifier: ISC */
/* rpc_people.c - methods about people. */
#include <string.h>

#include "node/daemon/json.h"
#include "node/daemon/rpc.h"

#define INVITE_USES_MAX 1000
#define INVITE_MS_MAX (30ull * 24 * 60 * 60 * 1000)
#define INVITE_MS 600000

/* --- Lists -------------------------------------------------------------------------------------- */

static void method_contacts(struct es_request_call *call)
{
    struct es_contact_view contact;
    struct es_rpc_list list;
    size_t at = 0;

    if (!es_rpc_list_begin(call, &list))
        return;
    while (es_core_contact_next(call->core, &at, &contact))
        if (es_rpc_list_wants(&list, contact.contact))
            es_rpc_list_add(&list, es_json_contact(&contact));
    es_rpc_result(call, es_rpc_list_end(&list));
}

static void method_requests(struct es_request_call *call)
{
    struct es_request_view request;
    struct es_rpc_list list;
    size_t at = 0;

    if (!es_rpc_list_begin(call, &list))
        return;
    while (es_core_request_next(call->core, &at, &request))
        if (es_rpc_list_wants(&list, at))
            es_rpc_list_add(&list, es_json_request(&request));
    es_rpc_result(call, es_rpc_list_end(&list));
}

static json_t *nearby_object(const char *name, const struct es_contact_view *contact)
{
    bool known = contact != NULL;

    return json_pack(
        "{s:o, s:o, s:b, s:b, s:b}", "name", es_json_text(es_slice(name, strlen(name))), "address",
        known && contact->has_address ? es_json_address(&contact->address) : json_null(), "contact",
        known, "present", known && contact->present, "verified",
        known && contact->verified_by != ES_VERIFIED_NOT);
}

/* As an array of what commas separate. */
static json_t *split_names(const char *names)
{
    json_t *array = json_array();

    while (*names != '\0') {
        size_t len = strcspn(names, ",");

        json_array_append_new(array, es_json_text(es_slice(names, len)));
        names += len + (names[len] == ',');
    }
    return array;
}

/* Present contacts, then visible people; of hidden nodes only how many. */
static void method_nearby(struct es_request_call *call)
{
    const struct es_mesh *mesh = es_core_mesh(call->core);
    struct es_contact_view contact;
    struct es_advert_view advert;
    struct es_mesh_view view;
    struct es_rpc_list list;
    json_t *page;
    json_int_t hidden = 0;
    uint64_t place = 0, listening_ms;
    size_t at = 0;

    if (!es_rpc_list_begin(call, &list))
        return;
    while (es_core_contact_next(call->core, &at, &contact))
        if (contact.present && es_rpc_list_wants(&list, ++place))
            es_rpc_list_add(&list, nearby_object(contact.petname, &contact));
    for (at = 0; es_mesh_advert_next(mesh, &at, &advert);) {
        if (advert.peer != 0)
            continue;
        if (!advert.advert->visible)
            hidden++;
        else if (es_rpc_list_wants(&list, ++place))
            es_rpc_list_add(&list, nearby_object(advert.advert->name, NULL));
    }
    es_mesh_view(mesh, &view);
    listening_ms = es_network_age_ms(call->daemon->network, es_node_now_ms());
    page = es_rpc_list_end(&list);
    json_object_set_new(page, "hidden", json_integer(hidden));
    json_object_set_new(page, "listening_ms", json_integer((json_int_t)listening_ms));
    json_object_set_new(page, "interfaces", split_names(view.discovery.interface_names));
    es_rpc_result(call, page);
}

/* --- Becoming contacts -------------------------------------------------------------------------- */

static void method_add(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_ADD};
    uint64_t wait_ms = UINT64_MAX;
    struct es_call *waiting;

    if (!es_param_text(call, "who", &command.who) ||
        !es_param_text_or(call, "petname", &command.add.petname) ||
        !es_param_text_or(call, "greeting", &command.add.greeting) ||
        !es_param_number(call, "wait_ms", 0, INT64_MAX, &wait_ms))
        return;
    waiting = es_rpc_command(call, &command);
    if (waiting == NULL || wait_ms == UINT64_MAX)
        return;
    waiting->then = ES_WAIT_ACCEPTED;
    waiting->deadline_ms = es_node_now_ms() + wait_ms;
}

static void method_accept(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_ACCEPT};

    if (es_param_text(call, "who", &command.who) &&
        es_param_text_or(call, "petname", &command.add.petname))
        es_rpc_command(call, &command);
}

/* Without a wish the invite says where we can be dialled by hand, if anywhere. */
static void method_invite(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_INVITE, .invite = {.uses = 1}};
    uint64_t uses = 1, for_ms = INVITE_MS;
    json_t *endpoints = es_rpc_endpoints(call);
    const json_t *first = json_array_get(endpoints, 0);
    struct es_call *waiting = NULL;

    if (first != NULL)
        command.invite.endpoint = es_slice(json_string_value(first), json_string_length(first));
    if (!es_param_number(call, "uses", 1, INVITE_USES_MAX, &uses) ||
        !es_param_number(call, "for_ms", 1000, INVITE_MS_MAX, &for_ms) ||
        !es_param_text_or(call, "endpoint", &command.invite.endpoint))
        goto out;
    command.invite.uses = (uint32_t)uses;
    command.invite.for_ms = for_ms;
    waiting = es_rpc_command(call, &command);
    if (waiting != NULL)
        waiting->uses = (uint32_t)uses;
out:
    json_decref(endpoints);
}

static void method_verify(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_VERIFY};

    if (es_param_text(call, "who", &command.who) && es_param_text_or(call, "code", &command.code))
        es_rpc_command(call, &command);
}

static void method_rename(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_RENAME};

    if (es_param_text(call, "who", &command.who) &&
        es_param_text(call, "petname", &command.petname))
        es_rpc_command(call, &command);
}

static void command_for(struct es_request_call *call, enum es_command_kind kind)
{
    struct es_command command = {.kind = kind};

    if (es_param_text(call, "who", &command.who))
        es_rpc_command(call, &command);
}

static void method_decline(struct es_request_call *call)
{
    command_for(call, ES_CMD_DECLINE);
}

static void method_block(struct es_request_call *call)
{
    command_for(call, ES_CMD_BLOCK);
}

static void method_unblock(struct es_request_call *call)
{
    command_for(call, ES_CMD_UNBLOCK);
}

static void method_forget(struct es_request_call *call)
{
    command_for(call, ES_CMD_FORGET);
}

const struct es_method es_methods_people[] = {
    {"contacts", method_contacts},
    {"requests", method_requests},
    {"nearby", method_nearby},
    {"add", method_add},
    {"accept", method_accept},
    {"decline", method_decline},
    {"invite", method_invite},
    {"verify", method_verify},
    {"rename", method_rename},
    {"block", method_block},
    {"unblock", method_unblock},
    {"forget", method_forget},
    {NULL, NULL},
};

/* --- Results ------------------------------------------------------------------------------------ */

static bool is(const struct es_call *call, const char *method)
{
    return strcmp(call->method, method) == 0;
}

json_t *es_rpc_done(struct es_daemon *daemon, const struct es_call *call,
                    const struct es_event *event)
{
    const struct es_core *core = es_node_core(daemon->node);
    struct es_contact_view contact;

    if (is(call, "send"))
        return es_json_sent(core, call->contact, call->message, call->state,
                            event == NULL ? ES_OK : event->err);
    if (is(call, "name"))
        return es_json_self(core);
    if (is(call, "visible"))
        return json_pack("{s:o}", "visible_until", es_json_time(event->until_ms));
    if (is(call, "invite"))
        return json_pack("{s:o, s:i, s:o}", "link", es_json_text(event->text), "uses",
                         (int)call->uses, "expires_at", es_json_time(event->until_ms));
    if (!es_core_contact(core, call->contact, &contact))
        return json_object();
    if (is(call, "ping"))
        return json_pack("{s:s, s:I, s:s}", "conversation", contact.petname, "rtt_ms",
                         (json_int_t)event->rtt_ms, "path", "direct");
    if (is(call, "verify"))
        return es_json_verify(core, &contact);
    if (is(call, "add") || is(call, "accept") || is(call, "rename"))
        return es_json_contact(&contact);
    return json_object();
}
