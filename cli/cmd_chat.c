/* SPDX-License-Identifier: ISC */
/* cmd_chat.c - chat: history, arrivals and states line by line; what is typed is sent. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/instant.h"
#include "cli/lines.h"
#include "cli/send.h"
#include "cli/show.h"
#include "cli/terminal.h"

#define HISTORY_ROWS 20
#define PROMPT "> "

/* Messages of ours whose fate is told: the last ones. Older ones have `earshot log`. */
#define OWN_MAX 64

/* As much of a text as says which message it was. */
#define EXCERPT_BYTES 40

/* States that come so soon after each other are told in one note: that a message was read says that
 * it was delivered, and of a pasted block people want to know how far it came. */
#define STATES_MS 500

enum state { STATE_SENT, STATE_DELIVERED, STATE_READ, STATES };

struct own {
    uint64_t request; /* its answer is awaited; 0: it has come */
    char *id;         /* NULL: not known yet                   */
    char *text;
    enum state state, told;
};

struct chat {
    struct es_cli *cli;
    const char *conversation; /* as the node calls it */
    bool present;
    bool queued_told; /* since the other side has gone */
    bool keys;        /* the terminal gives keys, not lines */
    bool ended;       /* nothing more will be typed */
    struct es_edit edit;
    struct es_lines lines;
    struct own own[OWN_MAX];
    size_t own_count;      /* all that were ever sent               */
    size_t awaited;        /* of them, those without an answer      */
    uint64_t read_request; /* mark as read, without an answer; or 0 */
    bool read_again;       /* something came after it               */
    int64_t last_order;    /* of the history that was shown         */
    int64_t states_at_ms;  /* when states are told; or never        */
    enum es_exit exit;
};

/* --- lines of ours between what is typed ------------------------------------------------------- */

static void begin_line(struct chat *chat)
{
    if (chat->keys)
        es_edit_erase(&chat->cli->out);
}

static void put_note(struct chat *chat, const char *note, const char *name)
{
    struct es_out *out = &chat->cli->out;

    if (chat->cli->json)
        return;
    es_out_style(out, ES_STYLE_DIM);
    es_out_words(out, "-- %s", note);
    es_out_name(out, name, 0);
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_end(out);
}

/* Who can read this, and below it why we know: both together are wider than most terminals. */
static void put_label(struct chat *chat, const char *text)
{
    static const char separator[] = " · ";
    const char *end = strstr(text, separator);
    char *readers = strndup(text, end != NULL ? (size_t)(end - text) : strlen(text));

    if (readers == NULL)
        abort();
    put_note(chat, "", readers);
    if (end != NULL)
        put_note(chat, "", end + sizeof(separator) - 1);
    free(readers);
}

static void put_message(struct chat *chat, const json_t *message)
{
    if (chat->cli->json)
        es_out_json(&chat->cli->out, message);
    else
        es_show_message(&chat->cli->out, message);
}

/* What was typed takes the form of a message at once; its state follows. */
static void put_own(struct chat *chat, const char *text)
{
    struct es_out *out = &chat->cli->out;

    if (chat->cli->json)
        return;
    int indent = es_show_time(out, es_instant_now_ms());

    es_out_style(out, ES_STYLE_BOLD);
    es_out_words(out, "me");
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_words(out, ": ");
    es_out_text(out, text, indent);
    es_out_end(out);
}

/* --- what became of what was said --------------------------------------------------------------- */

/* The beginning of its first line, cut between two characters. */
static int excerpt_bytes(const char *text)
{
    size_t len = strcspn(text, "\n");
    size_t end = 0;
    uint32_t c;

    for (size_t n = 1; n > 0 && end + n <= EXCERPT_BYTES && end < len; end += n)
        n = es_utf8_next(text + end, len - end, &c);
    return (int)end;
}

/* what: the state, and why or how many. */
static void put_fate(struct chat *chat, const char *what, const char *text)
{
    char *note = NULL;

    if (asprintf(&note, "%s: %.*s", what, excerpt_bytes(text), text) < 0)
        abort();
    put_note(chat, note, "");
    free(note);
}

static void put_state(struct chat *chat, enum state state)
{
    static const char *const names[] = {[STATE_DELIVERED] = "delivered", [STATE_READ] = "read"};
    const struct own *last = NULL;
    char what[64];
    size_t n = 0;

    for (size_t i = 0; i < OWN_MAX; i++) { /* the oldest first */
        struct own *own = &chat->own[(chat->own_count + i) % OWN_MAX];

        if (own->state != state || own->told >= state)
            continue;
        own->told = state;
        last = own;
        n++;
    }
    if (n == 1)
        snprintf(what, sizeof(what), "%s", names[state]);
    else
        snprintf(what, sizeof(what), "%s: %zu messages, the last", names[state], n);
    if (last != NULL)
        put_fate(chat, what, last->text);
}

static void put_states(struct chat *chat)
{
    if (chat->states_at_ms == ES_DEADLINE_NONE)
        return;
    chat->states_at_ms = ES_DEADLINE_NONE;
    put_state(chat, STATE_READ);
    put_state(chat, STATE_DELIVERED);
}

/* --- sending ----------------------------------------------------------------------------------- */

static void own_done(struct own *own)
{
    free(own->id);
    free(own->text);
    memset(own, 0, sizeof(*own));
}

static struct own *own_by_request(struct chat *chat, uint64_t request)
{
    for (size_t i = 0; i < OWN_MAX; i++) {
        if (chat->own[i].request == request && request != 0)
            return &chat->own[i];
    }
    return NULL;
}

/* The event about a message may come before the answer that says its id. */
static struct own *own_by_message(struct chat *chat, const json_t *message)
{
    const char *id = es_field_text(message, "id");
    const char *text = es_field_text(message, "text");

    for (size_t i = 0; i < OWN_MAX; i++) {
        struct own *own = &chat->own[i];

        if (own->id != NULL && strcmp(own->id, id) == 0)
            return own;
        if (own->id == NULL && own->text != NULL && strcmp(own->text, text) == 0)
            return own;
    }
    return NULL;
}

static void send_text(struct chat *chat, const char *text, size_t len)
{
    struct es_cli *cli = chat->cli;
    struct es_send_options options = {.conversation = chat->conversation,
                                      .wait_until_ms = ES_DEADLINE_NONE};
    struct own *own = &chat->own[chat->own_count % OWN_MAX];
    json_t *params = es_send_params(&options, text, len);
    uint64_t id = 0;

    if (params == NULL) {
        chat->exit = es_fail(cli, ES_EXIT_FAILED, "not-utf8", NULL, "the text is not UTF-8");
        return;
    }
    int rc = es_client_request(&cli->client, "send", params, cli->deadline_ms, &id);

    if (rc != 0) {
        chat->exit = es_fail_client(cli, rc);
        chat->ended = chat->ended || rc == -EPIPE;
        return;
    }
    if (own->state != own->told)
        put_states(chat); /* while their texts are known */
    own_done(own);
    own->request = id;
    own->text = strndup(text, len);
    chat->own_count++;
    chat->awaited++;
    put_own(chat, own->text);
}

static void take_answer(struct chat *chat, const json_t *answer)
{
    struct own *own = own_by_request(chat, (uint64_t)es_field_int(answer, "id"));
    const json_t *sent = json_object_get(answer, "result");

    chat->awaited--;
    if (own != NULL)
        own->request = 0;
    if (sent == NULL) {
        chat->exit = es_fail_rpc(chat->cli, json_object_get(answer, "error"));
        return;
    }
    if (own != NULL && own->id == NULL)
        own->id = strdup(es_field_text(sent, "id"));
    if (chat->cli->json)
        es_out_json(&chat->cli->out, sent);
    if (!chat->present && !chat->queued_told &&
        strcmp(es_field_text(sent, "state"), "queued") == 0) {
        put_note(chat, "queued: it goes out when they are here: ", chat->conversation);
        chat->queued_told = true;
    }
}

/* --- events ------------------------------------------------------------------------------------ */

/* Whoever sits here has seen it. One such request at a time, however fast messages come. */
static void mark_read(struct chat *chat)
{
    chat->read_again = chat->read_request != 0;
    if (chat->read_again)
        return;
    es_client_request(&chat->cli->client, "read",
                      json_pack("{s:s}", "conversation", chat->conversation),
                      chat->cli->deadline_ms, &chat->read_request);
}

static void take_message(struct chat *chat, const json_t *message)
{
    bool is_own = strcmp(es_field_text(message, "direction"), "out") == 0;
    struct own *own = is_own ? own_by_message(chat, message) : NULL;
    const json_t *order = json_object_get(message, "order");

    if (order != NULL && json_integer_value(order) <= chat->last_order)
        return;
    if (own != NULL && own->id == NULL)
        own->id = strdup(es_field_text(message, "id"));
    if (own == NULL) {
        put_states(chat); /* of what was said before */
        put_message(chat, message);
    }
    if (!is_own)
        mark_read(chat);
}

static void take_state(struct chat *chat, const json_t *event)
{
    struct own *own = own_by_message(chat, event);
    enum state state =
        strcmp(es_field_text(event, "event"), "read") == 0 ? STATE_READ : STATE_DELIVERED;

    if (own == NULL || own->id == NULL || own->state >= state || chat->cli->json)
        return;
    own->state = state;
    if (chat->states_at_ms == ES_DEADLINE_NONE)
        chat->states_at_ms = es_monotonic_ms() + STATES_MS;
}

static void take_failure(struct chat *chat, const json_t *event)
{
    const struct own *own = own_by_message(chat, event);
    const char *reason = es_field_text(event, "reason");
    char *what = NULL;

    if (own == NULL || own->id == NULL || chat->cli->json)
        return;
    if (asprintf(&what, "failed%s%s", reason[0] != '\0' ? ", " : "", reason) < 0)
        abort();
    put_fate(chat, what, own->text);
    free(what);
}

static void take_presence(struct chat *chat, const json_t *event)
{
    chat->present = strcmp(es_field_text(event, "event"), "present") == 0;
    chat->queued_told = false;
    put_states(chat);
    put_note(chat, chat->present ? "here: " : "gone: ", chat->conversation);
}

static void take_warning(struct chat *chat, const json_t *event)
{
    if (!chat->cli->json)
        es_show_event(&chat->cli->out, event);
}

static void take_event(struct chat *chat, const json_t *event)
{
    static const struct {
        const char *name;
        const char *about; /* the field that names the conversation */
        void (*take)(struct chat *chat, const json_t *event);
    } kinds[] = {
        {"message", "conversation", take_message}, {"conflict", "conversation", take_message},
        {"delivered", "conversation", take_state}, {"read", "conversation", take_state},
        {"failed", "conversation", take_failure},  {"present", "name", take_presence},
        {"gone", "name", take_presence},           {"key-changed", "name", take_warning},
        {"renewed", "name", take_warning},
    };
    const char *name = es_field_text(event, "event");

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) != 0 ||
            strcmp(es_field_text(event, kinds[i].about), chat->conversation) != 0)
            continue;
        kinds[i].take(chat, event);
        if (chat->cli->json && kinds[i].take != take_message)
            es_out_json(&chat->cli->out, event);
    }
}

/* --- the loop ---------------------------------------------------------------------------------- */

static void take_object(struct chat *chat, const json_t *object)
{
    const json_t *event = es_client_event(object);
    const json_t *id = json_object_get(object, "id");

    if (event != NULL) {
        take_event(chat, event);
    } else if (!json_is_integer(id)) {
        /* An error that belongs to no request: the node takes no more of them. */
        chat->exit = es_fail_rpc(chat->cli, json_object_get(object, "error"));
        chat->ended = true;
        chat->awaited = 0;
    } else if ((uint64_t)json_integer_value(id) != chat->read_request) {
        take_answer(chat, object);
    } else {
        chat->read_request = 0;
        if (chat->read_again)
            mark_read(chat);
    }
}

static int take_objects(struct chat *chat)
{
    for (;;) {
        json_t *object = NULL;
        int rc = es_client_next(&chat->cli->client, 0, &object);

        if (rc != 0)
            return rc == -ETIMEDOUT ? 0 : rc;
        begin_line(chat);
        take_object(chat, object);
        json_decref(object);
    }
}

static void take_keys(struct chat *chat)
{
    unsigned char keys[1024];
    ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

    if (n <= 0)
        chat->ended = true;
    for (ssize_t i = 0; i < n && !chat->ended; i++) {
        enum es_edit_key key = es_edit_byte(&chat->edit, keys[i]);

        chat->ended = key == ES_EDIT_END;
        if (key != ES_EDIT_ENTER)
            continue;
        begin_line(chat);
        if (chat->edit.len > 0)
            send_text(chat, chat->edit.line, chat->edit.len);
        es_edit_clear(&chat->edit);
    }
}

/* No more of them at a time than their fate can be told of. */
static void send_lines(struct chat *chat)
{
    struct es_line line;

    while (chat->awaited < OWN_MAX && es_lines_next(&chat->lines, &line)) {
        if (line.too_long)
            chat->exit = es_fail(chat->cli, ES_EXIT_FAILED, "too-long", NULL,
                                 "the text is too long; it was not sent");
        else if (line.len > 0)
            send_text(chat, line.text, line.len);
    }
    chat->ended = chat->ended || (chat->lines.ended && chat->lines.at == chat->lines.len);
}

static void take_typed(struct chat *chat)
{
    if (chat->keys)
        take_keys(chat);
    else if (es_lines_read(&chat->lines) != 0)
        chat->lines.ended = true;
}

static int timeout_ms(const struct chat *chat, int64_t now_ms)
{
    int64_t at_ms =
        chat->cli->deadline_ms < chat->states_at_ms ? chat->cli->deadline_ms : chat->states_at_ms;

    if (at_ms <= now_ms)
        return 0;
    return at_ms - now_ms > INT_MAX ? -1 : (int)(at_ms - now_ms);
}

/* Until nothing more is typed and everything typed has been answered. */
static int loop(struct chat *chat)
{
    struct es_cli *cli = chat->cli;

    for (;;) {
        int rc = take_objects(chat);

        if (rc != 0)
            return rc;
        send_lines(chat);
        if (chat->states_at_ms <= es_monotonic_ms()) {
            begin_line(chat);
            put_states(chat);
        }
        if (chat->ended && chat->awaited == 0)
            return 0;
        /* Answers may have been read while requests were written. */
        if (es_client_ready(&cli->client))
            continue;
        if (chat->keys)
            es_edit_draw(&chat->edit, &cli->out, PROMPT, es_terminal_columns());
        fflush(cli->out.file);
        struct pollfd pfds[] = {
            {.fd = cli->client.fd, .events = POLLIN},
            {.fd = chat->ended || chat->awaited >= OWN_MAX ? -1 : STDIN_FILENO, .events = POLLIN},
        };
        int64_t now_ms = es_monotonic_ms();

        if (cli->deadline_ms <= now_ms)
            return -ETIMEDOUT;
        if (es_terminal_poll(pfds, 2, timeout_ms(chat, now_ms)) > 0 && pfds[1].revents != 0)
            take_typed(chat);
    }
}

static enum es_exit run_loop(struct chat *chat)
{
    es_edit_clear(&chat->edit);
    es_lines_init(&chat->lines, STDIN_FILENO);
    int rc = loop(chat);

    begin_line(chat);
    put_states(chat);
    for (size_t i = 0; i < OWN_MAX; i++)
        own_done(&chat->own[i]);
    return rc != 0 ? es_fail_client(chat->cli, rc) : chat->exit;
}

/* Listens before it looks back, so that nothing falls between the two. */
static enum es_exit begin(struct chat *chat, const json_t *label)
{
    struct es_cli *cli = chat->cli;
    enum es_exit exit = es_call_done(cli, "listen", NULL);
    const json_t *message;
    size_t i;

    if (exit != ES_EXIT_DONE)
        return exit;
    json_t *page =
        es_call(cli, "log",
                json_pack("{s:s, s:i}", "conversation", chat->conversation, "limit", HISTORY_ROWS));

    if (page == NULL)
        return cli->exit;
    json_array_foreach(json_object_get(page, "rows"), i, message)
    {
        put_message(chat, message);
        chat->last_order = es_field_int(message, "order");
    }
    json_decref(page);
    if (es_chatty(cli)) {
        put_label(chat, es_field_text(label, "text"));
        put_note(chat, "Ctrl-D ends", "");
    }
    return es_call_done(cli, "read", json_pack("{s:s}", "conversation", chat->conversation));
}

static enum es_exit run_chat(struct es_cli *cli)
{
    json_t *label = es_call(cli, "label", json_pack("{s:s}", "conversation", es_operand(cli, 0)));
    struct chat *chat = calloc(1, sizeof(*chat));

    if (chat == NULL)
        abort();
    enum es_exit exit = cli->exit;

    if (label != NULL) {
        chat->cli = cli;
        chat->states_at_ms = ES_DEADLINE_NONE;
        chat->conversation = es_field_text(label, "conversation");
        chat->present = strcmp(es_field_text(label, "path"), "direct") == 0;
        /* First, so that what is typed while the history comes is neither echoed nor lost. */
        chat->keys = cli->out.terminal && !cli->json && es_terminal_keys();
        exit = begin(chat, label);
        if (exit == ES_EXIT_DONE)
            exit = run_loop(chat);
        es_terminal_restore();
    }
    free(chat);
    json_decref(label);
    return exit;
}

const struct es_cli_command es_cmd_chat = {
    .name = "chat",
    .synopsis = "CONV",
    .summary = "talks line by line",
    .details =
        "Shows the last messages, then what arrives and what becomes of what you say. Each line\n"
        "that you type is sent; Ctrl-D ends. Works with pipes too: at the end of the input it\n"
        "ends when everything is queued on disk.",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_chat,
};
