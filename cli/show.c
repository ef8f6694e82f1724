/* SPDX-License-Identifier: ISC */
/* show.c - what happened, in words. */
#include "cli/show.h"

#include <inttypes.h>
#include <string.h>

#include "cli/fields.h"
#include "cli/instant.h"
#include "cli/notice.h"

int es_show_time(struct es_out *out, int64_t ms)
{
    char text[ES_INSTANT_CHARS];

    es_instant_format_local(ms, es_instant_now_ms(), text);
    es_out_style(out, ES_STYLE_DIM);
    es_out_words(out, "%s  ", text);
    es_out_style(out, ES_STYLE_PLAIN);
    return (int)strlen(text) + 2;
}

/* When it came, by our own clock; what went out, when it was sent. */
static int64_t message_ms(const json_t *message)
{
    int64_t ms = es_instant_now_ms();

    if (!es_instant_parse(es_field_text(message, "received_at"), &ms))
        es_instant_parse(es_field_text(message, "sent_at"), &ms);
    return ms;
}

void es_show_message(struct es_out *out, const json_t *message)
{
    bool own = strcmp(es_field_text(message, "direction"), "out") == 0;
    const char *name = own ? "me" : es_field_text(message, "name");
    int indent = es_show_time(out, message_ms(message));

    es_out_style(out, ES_STYLE_BOLD);
    es_out_name(out, name, 0);
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_words(out, ": ");
    es_out_text(out, es_field_text(message, "text"), indent);
    if (own) {
        es_out_style(out, ES_STYLE_DIM);
        es_out_words(out, "  (%s)", es_field_text(message, "state"));
        es_out_style(out, ES_STYLE_PLAIN);
    }
    es_out_end(out);
}

static void show_person(struct es_out *out, const json_t *event, const char *what)
{
    es_show_time(out, es_instant_now_ms());
    es_out_name(out, es_field_text(event, "name"), 0);
    es_out_words(out, " %s", what);
    es_out_end(out);
}

static void show_state(struct es_out *out, const json_t *event)
{
    const char *reason = es_field_text(event, "reason");

    es_show_time(out, es_instant_now_ms());
    es_out_words(out, "%s: message %s to ", es_field_text(event, "event"),
                 es_field_text(event, "id"));
    es_out_name(out, es_field_text(event, "conversation"), 0);
    es_out_words(out, "%s%s", reason[0] != '\0' ? ": " : "", reason);
    es_out_end(out);
}

static void show_request(struct es_out *out, const json_t *event)
{
    const char *name = es_field_text(event, "name");
    char who[ES_WHO_CHARS];

    es_who_on_command_line(event, who);
    es_show_time(out, es_instant_now_ms());
    es_out_words(out, "request from ");
    es_out_name(out, name[0] != '\0' ? name : who, 0);
    es_out_words(out, ": earshot accept %s", who);
    es_out_end(out);
}

static void show_visible(struct es_out *out, const json_t *event)
{
    int64_t until_ms;
    char until[ES_INSTANT_CHARS];

    es_show_time(out, es_instant_now_ms());
    if (es_instant_parse(es_field_text(event, "visible_until"), &until_ms)) {
        es_instant_format_local(until_ms, es_instant_now_ms(), until);
        es_out_words(out, "visible until %s", until);
    } else {
        es_out_words(out, "hidden");
    }
    es_out_end(out);
}

static void show_other(struct es_out *out, const json_t *event)
{
    es_show_time(out, es_instant_now_ms());
    if (strcmp(es_field_text(event, "event"), "lagged") == 0)
        es_out_words(out, "%" PRId64 " events were missed", es_field_int(event, "missed"));
    else
        es_out_words(out, "%s", es_field_text(event, "event"));
    es_out_end(out);
}

void es_show_event(struct es_out *out, const json_t *event)
{
    static const struct {
        const char *name;
        const char *what; /* NULL: not about a person */
        void (*show)(struct es_out *out, const json_t *event);
    } kinds[] = {
        {"message", NULL, es_show_message},
        {"conflict", NULL, es_show_message},
        {"carried", NULL, show_state},
        {"delivered", NULL, show_state},
        {"read", NULL, show_state},
        {"failed", NULL, show_state},
        {"request", NULL, show_request},
        {"visible", NULL, show_visible},
        {"accepted", "is a contact now", NULL},
        {"present", "is here", NULL},
        {"gone", "is not here any more", NULL},
        {"renewed", "has a new session: the keys were renewed", NULL},
        {"key-changed", "answers with ANOTHER KEY: this may be somebody else", NULL},
    };
    const char *name = es_field_text(event, "event");

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        if (kinds[i].what != NULL)
            show_person(out, event, kinds[i].what);
        else
            kinds[i].show(out, event);
        return;
    }
    show_other(out, event);
}
