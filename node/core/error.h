/* SPDX-License-Identifier: ISC */
/* error.h - why something was refused: codes for scripts, words for people. */
#ifndef ES_CORE_ERROR_H
#define ES_CORE_ERROR_H

/* X(symbol, code for scripts, what happened and what to do). Append only: docs/api.md lists them. */
#define ES_ERRORS(X)                                                                               \
    X(OK, "ok", "done")                                                                            \
    X(E_FULL, "full", "the batch is full")                                                         \
    X(E_ROW, "damaged",                                                                            \
      "a row of the database is damaged; it was not changed: put a copy of the home in "           \
      "its place")                                                                                 \
    X(E_STORE, "store", "the database could not be read; nothing was lost: try again")             \
    X(E_NO_IDENTITY, "no-identity", "this node has no identity yet: earshot init")                 \
    X(E_IDENTITY, "exists", "this node has an identity already; it was not changed: earshot id")   \
    X(E_UNKNOWN, "unknown", "nobody of that name: see `earshot contacts` and `earshot nearby`")    \
    X(E_AMBIGUOUS, "ambiguous", "more than one fits: write more of the name or address")           \
    X(E_ADDRESS, "bad-address", "this is no Earshot address; nothing was sent: copy all of it")    \
    X(E_CHECKSUM, "checksum",                                                                      \
      "the address is mistyped: its check characters do not fit; nothing was sent: copy"           \
      " all of it")                                                                                \
    X(E_INVITE, "bad-invite", "this is no Earshot invite; nothing was sent: copy all of the link") \
    X(E_INVITE_USED, "invite-used", "this invite is used up: ask for a new one")                   \
    X(E_INVITE_EXPIRED, "invite-expired", "this invite has expired: ask for a new one")            \
    X(E_SELF, "self", "that is you; nothing was sent: ask for the address of the other person")    \
    X(E_TWIN, "twin",                                                                              \
      "this address imitates another one that you know or blocked; refused: ask whoever"           \
      " gave it to you")                                                                           \
    X(E_CONTACT, "contact", "that person is your contact already: see `earshot contacts`")         \
    X(E_NOT_CONTACT, "not-contact", "that person has not accepted yet: wait until they have")      \
    X(E_BLOCKED, "blocked", "that person is blocked; nothing was sent: earshot unblock")           \
    X(E_NO_REQUEST, "no-request", "there is no request from that person: earshot requests")        \
    X(E_NAME, "bad-name",                                                                          \
      "a name has 1 to 64 bytes of printable UTF-8, begins with none of earshot: # - @ and "       \
      "has no blank at its ends; nothing was changed: choose another")                             \
    X(E_NAME_TAKEN, "name-taken", "that name is in use: choose another with --as")                 \
    X(E_TOO_LONG, "too-long", "the text is longer than 16384 bytes; nothing was sent: split it")   \
    X(E_EMPTY, "empty", "there is no text; nothing was sent")                                      \
    X(E_UTF8, "not-utf8", "the text is not UTF-8; nothing was sent: convert it")                   \
    X(E_CONTACTS_FULL, "contacts-full", "500 contacts are the most: forget one first")             \
    X(E_INVITES_FULL, "invites-full", "16 invites are open: wait until one expires")               \
    X(E_OUTBOX_FULL, "outbox-full",                                                                \
      "100000 messages wait already; this one was not taken: send it when some have "              \
      "arrived")                                                                                   \
    X(E_MESSAGE, "no-message",                                                                     \
      "there is no such message in that conversation; nothing was sent: earshot log "              \
      "--json shows the IDs")                                                                      \
    X(E_CODE, "code-differs",                                                                      \
      "the code differs: this may not be the person you think of; compare again in "               \
      "person")                                                                                    \
    X(E_ENDPOINT, "bad-endpoint",                                                                  \
      "an endpoint looks like tcp://host:port/KEY: `earshot status` prints it on the "             \
      "other machine")                                                                             \
    X(E_KEY_CHANGED, "key-changed",                                                                \
      "this contact's key has changed; nothing was sent: compare it, earshot verify")              \
    X(E_OFFLINE, "offline", "that person is not here: `earshot nearby` shows who is")              \
    X(E_MEMORY, "memory",                                                                          \
      "the node's memory budget is used up; nothing on the disk is lost: earshot down, "           \
      "earshot up")                                                                                \
    X(E_NOT_ASKED, "not-asked",                                                                    \
      "the request to that person has ended; nothing was sent: ask again, earshot add")

enum es_err {
#define X(symbol, code, text) ES_##symbol,
    ES_ERRORS(X)
#undef X
};

/* "too-long", and the sentence. */
const char *es_err_code(enum es_err err);
const char *es_err_text(enum es_err err);

#endif
