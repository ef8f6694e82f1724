/* SPDX-License-Identifier: ISC */
/* limits.h - every maximum of the node, each with the reason for its number.
 *
 * A stranger can fill every table that takes bytes from the network, so what happens when a table
 * is full is part of its design and stands beside the number. */
#ifndef ES_WIRE_LIMITS_H
#define ES_WIRE_LIMITS_H

/* --- Envelopes and frames ------------------------------------------------------------------- */

/* Four sizes, so that length tells a carrier next to nothing (docs/protocol.md, section 4). */
#define ES_ENVELOPE_BYTES_MIN 512
#define ES_ENVELOPE_BYTES_MAX 32768
#define ES_ENVELOPE_CLASSES 4

/* Two of the largest envelopes and their copy counts, and room for a header. A longer frame ends
 * the link. */
#define ES_FRAME_BYTES_MAX 66560

/* What fits ES_FRAME_BYTES_MAX of the smallest size: the frame's length is the only limit. */
#define ES_FRAME_ENVELOPES_MAX 129

/* Ids in one ACK frame: those of two full ENVELOPES frames. */
#define ES_FRAME_ACKS_MAX 258

/* Slots for shared topics in HELLO: more rooms and groups than people hold at once on one network;
 * further topics are told on another link. */
#define ES_HELLO_SLOTS 16
#define ES_HELLO_SLOT_BYTES 16

/* --- Text ------------------------------------------------------------------------------------ */

/* A page of text; fits the largest envelope with everything that travels beside it. Longer texts
 * are refused with that reason. */
#define ES_TEXT_BYTES_MAX 16384

/* Names, petnames: what a terminal column shows, in UTF-8. */
#define ES_NAME_BYTES_MAX 64

/* Greeting of a contact request: what is left of its 512 bytes. */
#define ES_GREETING_BYTES_MAX 200

/* Payload of a ping: keeps it in the third envelope size. */
#define ES_PING_BYTES_MAX 4096

/* --- People ----------------------------------------------------------------------------------- */

/* Contacts of one node. One more is refused. 500 x 500 beacons cost 75 ms per rotation period. */
#define ES_CONTACTS_MAX 500

/* Sessions with one contact: the confirmed one, the one before it, candidates of crossing or
 * repeated requests. The oldest that is not used for sending gives way. */
#define ES_SESSIONS_PER_CONTACT_MAX 4

/* Requests of ours whose acceptance may still come, for one contact. The oldest gives way. */
#define ES_PENDING_PER_CONTACT_MAX 4

/* Requests waiting for the person. The newest is dropped and counted: its sender repeats it. */
#define ES_REQUESTS_MAX 64

/* Requests waiting for trial opening, all links together and from one link: a link that floods
 * fills its own share only. What finds no place is dropped and counted; its sender repeats it. */
#define ES_TRIALS_MAX 512
#define ES_TRIALS_PER_LINK_MAX 64

/* Trial openings in a minute: 37 us each, 7 ms of every minute. */
#define ES_TRIALS_PER_MINUTE 200

/* Requests seen, for refusing replays: those of people who are no contacts (contacts keep their
 * own). Oldest forgotten first: such a request would be asked of the person again. */
#define ES_SEEN_REQUESTS_MAX 4096

/* Invites that are open or were used within their lifetime: each costs a trial per request. */
#define ES_INVITES_MAX 16

/* --- Ratchet ---------------------------------------------------------------------------------- */

/* Envelopes sealed ahead of what the peer acknowledged: the tags that the peer keeps ready. */
#define ES_WINDOW 64
#define ES_WINDOW_MAX 1000

/* Message keys kept for envelopes that have not arrived. When full the oldest are given up and
 * reported as lost: the sender seals those messages anew. */
#define ES_GAPS_PER_SESSION_MAX 2000
#define ES_GAPS_MAX 50000
#define ES_GAP_DAYS_MAX 14

/* How often a message is sealed anew because its addressee has lost the key, and how many messages of
 * one addressee in an hour: two windows. What goes beyond is ignored; a new session ends it. */
#define ES_LOST_PER_MESSAGE_MAX 8
#define ES_LOST_PER_HOUR_MAX 2000

/* Chains named in one ACK record: older ones are settled first, by resending. */
#define ES_ACK_CHAINS_MAX 8
#define ES_ACK_RANGES_MAX 32

/* --- Conversations ---------------------------------------------------------------------------- */

/* Messages of one contact that wait for an earlier one: the window and as much again. A further
 * one is shown early: it is acknowledged, so it must not be lost. */
#define ES_HELD_PER_CONTACT_MAX 2048

/* Messages of ours not yet delivered, all conversations together. One more is refused. */
#define ES_OUTBOX_MAX 100000

/* --- Mesh ------------------------------------------------------------------------------------- */

/* Links at a time: contacts present and neighbours. A further inbound link is closed at once. */
#define ES_LINKS_MAX 256

/* Links to people this node does not know, kept so that a request to a hidden person arrives. */
#define ES_STRANGER_LINKS_MAX 8
#define ES_STRANGER_LINKS_IN_MAX 64

/* Attempts at hosts of strangers in the last half minute: as many as all attempts can reach in that
 * time, so that none is forgotten early. */
#define ES_STRANGER_HOSTS_MAX 166

/* Adverts remembered: two per node of a segment of 500. The one not seen longest gives way, those
 * of contacts last. */
#define ES_ADVERTS_MAX 1024
#define ES_ADVERT_ADDRESSES_MAX 4

/* Links beyond ES_LINKS_MAX that are still in their greeting: so a contact can prove itself to a node
 * that strangers crowd. When full the oldest greeting gives way. */
#define ES_GREETINGS_MAX 16

/* Addresses that a person gave, from the settings and by `connect`, kept dialled. When full the one
 * given longest ago is no longer kept. */
#define ES_KNOWN_PEERS_MAX 64

/* Hosts whose offences are counted. The one that offended longest ago is forgotten. */
#define ES_STRIKES_MAX 64

/* Contacts whose clocks are compared for mesh time. The one heard longest ago is forgotten. */
#define ES_CLOCKS_MAX 64

/* Sent on one link and perhaps not arrived. The rest waits in the outbox: an eighth of what the network
 * process keeps for one link before it ends it, and 20 KiB/s are enough to answer a PING in time. */
#define ES_FLIGHT_BYTES_MAX (512u * 1024)

/* Envelopes a minute that a link to a stranger may bring, and at once. Beyond: dropped, counted. */
#define ES_STRANGER_ENVELOPES_PER_MINUTE 60
#define ES_STRANGER_ENVELOPES_BURST 240

/* --- Core ------------------------------------------------------------------------------------- */

/* Envelopes sealed for one batch: several inputs of 32 each. What fans out further goes on with
 * timers. */
#define ES_ENVELOPES_PER_BATCH_MAX 256

/* A row's body: the largest envelope with what is kept beside it. */
#define ES_ROW_BODY_BYTES_MAX 40960

/* Batches taken and not yet reported durable. */
#define ES_BATCHES_IN_FLIGHT_MAX 2

/* Command names, host names and the like in reports of the network process. */
#define ES_HOST_BYTES_MAX 64

#endif
