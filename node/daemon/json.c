/* SPDX-License-Identifier: ISC */
/* json.c - one function per object. */
#include "node/daemon/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- Values ----------------------------------------------------------------------------------- */

json_t *es_json_time(uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    char text[40];
    struct tm utc;
    size_t len;

    if (wall_ms == 0 || gmtime_r(&seconds, &utc) == NULL)
        return json_null();
    len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, sizeof(text) - len, ".%03uZ", (unsigned)(wall_ms % 1000));
    return json_string(text);
}

bool es_json_parse_time(const char *text, uint64_t *ret_wall_ms)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    unsigned ms = 0;
    time_t seconds;

    if (rest == NULL)
        return false;
    if (*rest == '.') {
        for (int i = 1; i <= 3; i++) {
            if (rest[i] < '0' || rest[i] > '9')
                return false;
            ms = 10 * ms + (unsigned)(rest[i] - '0');
        }
        rest += 4;
    }
    if (strcmp(rest, "Z") != 0)
        return false;
    seconds = timegm(&utc);
    if (seconds < 0)
        return false;
    *ret_wall_ms = (uint64_t)seconds * 1000 + ms;
    return true;
}

json_t *es_json_text(struct es_slice text)
{
    json_t *value = json_stringn((const char *)text.ptr, text.len);

    return value != NULL ? value : json_string("");
}

json_t *es_json_address(const struct es_sign_public *address)
{
    char text[ES_ADDRESS_CHARS + 1];

    es_address_format(address, text);
    return json_string(text);
}

static json_t *name(const char *text)
{
    return es_json_text(es_slice(text, strlen(text)));
}

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* --- People ----------------------------------------------------------------------------------- */

json_t *es_json_self(const struct es_core *core)
{
    struct es_self_view self;
    json_t *object = json_object();

    es_core_self(core, &self);
    set(object, "address", es_json_address(&self.address));
    set(object, "name", name(self.name));
    return object;
}

json_t *es_json_contact(const struct es_contact_view *contact)
{
    static const char *const states[] = {[ES_CONTACT_REQUESTED] = "requested",
                                         [ES_CONTACT_ACCEPTED] = "accepted",
                                         [ES_CONTACT_BLOCKED] = "blocked"};
    json_t *object = json_object();

    set(object, "name", name(contact->petname));
    set(object, "claimed_name", name(contact->claimed_name));
    set(object, "address", contact->has_address ? es_json_address(&contact->address) : json_null());
    set(object, "state", json_string(states[contact->state]));
    set(object, "verified", json_boolean(contact->verified_by != ES_VERIFIED_NOT));
    set(object, "verified_by",
        contact->verified_by == ES_VERIFIED_NOT
            ? json_null()
            : json_string(contact->verified_by == ES_VERIFIED_CODE ? "code" : "invite"));
    set(object, "renewed_since", json_boolean(contact->renewed_since));
    set(object, "present", json_boolean(contact->present));
    return object;
}

json_t *es_json_request(const struct es_request_view *request)
{
    json_t *object = json_object();

    set(object, "address", es_json_address(&request->address));
    set(object, "name", name(request->name));
    set(object, "greeting", name(request->greeting));
    set(object, "received_at", es_json_time(request->received_wall_ms));
    return object;
}

json_t *es_json_verify(const struct es_core *core, const struct es_contact_view *contact)
{
    char number[ES_SAFETY_CHARS + 1] = "";
    json_t *object = json_object();

    es_core_safety_number(core, contact->contact, number);
    set(object, "name", name(contact->petname));
    set(object, "safety_number", json_string(number));
    set(object, "verified", json_boolean(contact->verified_by != ES_VERIFIED_NOT));
    return object;
}

/* --- Labels ----------------------------------------------------------------------------------- */

/* Who can read this, and why we know: one sentence a fact, in the order of what matters. */
static void label_text(const struct es_label *label, const struct es_contact_view *contact,
                       char *ret, size_t cap)
{
    static const char *const paths[] = {[ES_LABEL_DIRECT] = "direct",
                                        [ES_LABEL_CARRIED] = "carried",
                                        [ES_LABEL_UNREACHABLE] = "not in reach now"};

    if (label->readers == 0) {
        snprintf(ret, cap, "no session yet: %s has not accepted; messages wait here, unsealed",
                 contact->petname);
        return;
    }
    snprintf(ret, cap, "only you and %s can read this · %s · %s · %s · %s%s", contact->petname,
             !label->verified                             ? "key not compared"
             : label->renewed_since                       ? "key compared, session renewed since"
             : contact->verified_by == ES_VERIFIED_INVITE ? "key from their invite"
                                                          : "key compared",
             label->forward_secrecy ? "forward secrecy" : "no forward secrecy",
             label->post_quantum_by_invite ? "post-quantum: by invite" : "post-quantum: none",
             paths[label->path],
             label->unconfirmed ? " · unconfirmed until their first message" : "");
}

json_t *es_json_label(const struct es_core *core, const struct es_contact_view *contact)
{
    static const char *const paths[] = {[ES_LABEL_DIRECT] = "direct",
                                        [ES_LABEL_CARRIED] = "carried",
                                        [ES_LABEL_UNREACHABLE] = "unreachable"};
    json_t *object = json_object();
    struct es_label label;
    char text[512];

    if (!es_core_label(core, contact->contact, &label))
        return object;
    label_text(&label, contact, text, sizeof(text));
    set(object, "conversation", name(contact->petname));
    set(object, "readers", json_integer(label.readers));
    set(object, "verified", json_integer(label.verified));
    set(object, "forward_secrecy", json_boolean(label.forward_secrecy));
    set(object, "post_quantum", json_string(label.post_quantum_by_invite ? "invite" : "none"));
    set(object, "path", json_string(paths[label.path]));
    set(object, "expires", json_null());
    set(object, "text", name(text));
    return object;
}

json_t *es_json_conversation(const struct es_core *core, const struct es_contact_view *contact)
{
    json_t *object = json_object();

    set(object, "conversation", name(contact->petname));
    set(object, "kind", json_string("contact"));
    set(object, "unread", json_integer(contact->unread));
    set(object, "last_at", es_json_time(contact->last_wall_ms));
    set(object, "label", es_json_label(core, contact));
    return object;
}

/* --- Messages --------------------------------------------------------------------------------- */

static json_t *message_id(const struct es_core *core, uint32_t contact, bool own,
                          struct es_message_id id)
{
    char text[ES_MESSAGE_ID_CHARS + 1];
    struct es_contact_view view = {0};
    struct es_self_view self;

    if (id.sequence == 0)
        return json_null();
    es_core_self(core, &self);
    es_core_contact(core, contact, &view);
    es_message_id_format(own ? &self.address : &view.address, id, text);
    return json_string(text);
}

static const char *state_name(enum es_message_state state)
{
    static const char *const names[] = {
        [ES_MESSAGE_QUEUED] = "queued",     [ES_MESSAGE_DELIVERED] = "delivered",
        [ES_MESSAGE_READ] = "read",         [ES_MESSAGE_FAILED] = "failed",
        [ES_MESSAGE_RECEIVED] = "received",
    };

    return names[state];
}

json_t *es_json_message(const struct es_core *core, const struct es_message *message)
{
    enum es_message_state state = es_core_message_state(core, message);
    bool arrived = state == ES_MESSAGE_DELIVERED || state == ES_MESSAGE_READ || !message->own;
    struct es_contact_view contact = {.petname = "", .claimed_name = ""};
    struct es_self_view self;
    json_t *object = json_object();

    es_core_self(core, &self);
    es_core_contact(core, message->contact, &contact);
    set(object, "id", message_id(core, message->contact, message->own, message->id));
    set(object, "conversation", name(contact.petname));
    set(object, "from", message->own ? json_string("me") : es_json_address(&contact.address));
    set(object, "name", name(message->own ? self.name : contact.petname));
    set(object, "text", es_json_text(message->text));
    set(object, "sent_at", es_json_time(message->sent_wall_ms));
    set(object, "received_at",
        message->own ? json_null() : es_json_time(message->received_wall_ms));
    set(object, "direction", json_string(message->own ? "out" : "in"));
    set(object, "state", json_string(state_name(state)));
    set(object, "delivered_to", json_integer(arrived));
    set(object, "of", json_integer(1));
    set(object, "reply_to",
        message_id(core, message->contact, message->reply_to_own, message->reply_to));
    set(object, "expires_at", json_null());
    set(object, "order", json_integer((json_int_t)message->order));
    return object;
}

json_t *es_json_sent(const struct es_core *core, uint32_t contact, struct es_message_id id,
                     const char *state, enum es_err reason)
{
    struct es_contact_view view = {.petname = ""};
    json_t *object = json_object();

    es_core_contact(core, contact, &view);
    set(object, "id", message_id(core, contact, true, id));
    set(object, "conversation", name(view.petname));
    set(object, "state", json_string(state));
    set(object, "reason", reason == ES_OK ? json_null() : json_string(es_err_text(reason)));
    return object;
}

/* --- Mesh ------------------------------------------------------------------------------------- */

json_t *es_json_link(const struct es_core *core, const struct es_link_view *link)
{
    struct es_contact_view contact;
    json_t *object = json_object();
    bool known = link->peer != 0 && es_core_contact(core, link->peer, &contact);

    set(object, "link", json_integer(link->link & ~ES_LINK_INBOUND));
    set(object, "direction", json_string(link->inbound ? "in" : "out"));
    set(object, "contact", known ? name(contact.petname) : json_null());
    set(object, "rtt_ms",
        link->rtt_ms == UINT64_MAX ? json_null() : json_integer((json_int_t)link->rtt_ms));
    set(object, "envelopes_in", json_integer((json_int_t)link->envelopes_in));
    set(object, "envelopes_out", json_integer((json_int_t)link->envelopes_out));
    return object;
}

json_t *es_json_counters(const struct es_counters *counters)
{
    json_t *object = json_object();

    for (int i = 0; i < ES_COUNTER_END; i++)
        set(object, es_counter_name((enum es_counter)i), json_integer((json_int_t)counters->of[i]));
    return object;
}
