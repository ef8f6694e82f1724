/* SPDX-License-Identifier: ISC */
/* command.h - what people and scripts ask of the core. Slices are borrowed for the call. */
#ifndef ES_CORE_COMMAND_H
#define ES_CORE_COMMAND_H

#include <stdbool.h>

#include "node/core/error.h"
#include "node/env/discovery.h"
#include "node/wire/record.h"
#include "node/wire/slice.h"

enum es_command_kind {
    ES_CMD_INIT,    /* makes the identity: once                                        */
    ES_CMD_NAME,    /* the name that this node claims                                  */
    ES_CMD_VISIBLE, /* for_ms 0: off                                                   */
    ES_CMD_INVITE,
    ES_CMD_ADD, /* who: address, invite, or a name that nearby shows               */
    ES_CMD_ACCEPT,
    ES_CMD_DECLINE,
    ES_CMD_RENAME,
    ES_CMD_BLOCK,
    ES_CMD_UNBLOCK,
    ES_CMD_FORGET,
    ES_CMD_VERIFY,
    ES_CMD_SEND,
    ES_CMD_READ, /* everything in the conversation has been read                     */
    ES_CMD_PING,
    ES_CMD_CONNECT,
    ES_CMD_RENEW, /* a fresh session: after a restore                                 */
    ES_CMD_STOP,  /* says goodbye on every link and withdraws the advert               */
};

struct es_command {
    enum es_command_kind kind;
    uint64_t request;    /* given back in the answer                        */
    struct es_slice who; /* petname, address or its beginning, name, CONV    */
    union {
        struct es_slice name; /* INIT, NAME                                       */
        uint64_t visible_for_ms;
        struct {
            uint32_t uses;
            uint64_t for_ms;
            struct es_slice endpoint; /* to put into the link; may be empty       */
        } invite;
        struct {
            struct es_slice petname; /* may be empty                              */
            struct es_slice greeting;
        } add;                   /* ADD, ACCEPT (petname only)                       */
        struct es_slice petname; /* RENAME                                         */
        struct es_slice code;    /* VERIFY                                         */
        struct {
            struct es_slice text;
            struct es_message_id reply_to; /* sequence 0: none                     */
            bool reply_to_own;
        } send;
        uint16_t ping_bytes;
        struct {
            struct es_endpoint at;
            struct es_dh_public key;
        } connect;
    };
};

#endif
