/* SPDX-License-Identifier: ISC */
/* event.h - what the core tells people: answers to commands and what happened.
 *
 * Events are hints that something changed: whoever missed one reads the views (node/core/view.h) and
 * the store. Slices live as long as the batch. */
#ifndef ES_CORE_EVENT_H
#define ES_CORE_EVENT_H

#include "node/core/error.h"
#include "node/crypto/types.h"
#include "node/wire/record.h"
#include "node/wire/slice.h"

enum es_event_kind {
    ES_EV_ANSWER,      /* to a command: err, contact, message, text (invite link ...)          */
    ES_EV_MESSAGE,     /* shown from now on: message, order, body of its row                    */
    ES_EV_DELIVERED,   /* our message is on the other side's disk                                */
    ES_EV_READ,        /* ... and was read, with all before it                                    */
    ES_EV_FAILED,      /* our message or request will not arrive: err says why                    */
    ES_EV_REQUEST,     /* somebody asks                                                           */
    ES_EV_ACCEPTED,    /* a contact from now on                                                   */
    ES_EV_PRESENT,     /* a link is bound to this contact                                         */
    ES_EV_GONE,        /* none is any more                                                        */
    ES_EV_RENEWED,     /* a new session with this contact                                         */
    ES_EV_KEY_CHANGED, /* somebody else asks under the name of this contact                       */
    ES_EV_CONFLICT,    /* a message id came again with another body: both are kept                */
    ES_EV_VISIBLE,   /* visible mode ended or began: until_ms (wall clock), 0 when off           */
    ES_EV_PONG,      /* answer to a ping: rtt_us, direct                                         */
    ES_EV_LISTENING, /* port of the listener that rotates, or of a lasting one                   */
};

struct es_event {
    enum es_event_kind kind;
    uint64_t request; /* ANSWER, PONG                                           */
    enum es_err err;  /* ANSWER, FAILED                                         */
    uint32_t contact; /* 0: none                                                */
    bool own;         /* whose message it is                                    */
    struct es_message_id message;
    uint64_t order; /* MESSAGE: its place in the conversation                  */
    uint64_t until_ms;
    uint64_t rtt_ms;
    struct es_slice text; /* ANSWER: invite link, candidates; MESSAGE: the row's body */
};

#endif
