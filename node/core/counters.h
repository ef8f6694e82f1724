/* SPDX-License-Identifier: ISC */
/* counters.h - everything that the core counts: `earshot stats` shows it by these names.
 *
 * Hostile or stale input is counted here with its reason and otherwise has no effect. */
#ifndef ES_CORE_COUNTERS_H
#define ES_CORE_COUNTERS_H

#include <stdint.h>

/* X(symbol, name) */
#define ES_COUNTERS(X)                                                                             \
    X(FRAMES_IN, "frames_in")                                                                      \
    X(FRAMES_OUT, "frames_out")                                                                    \
    X(ENVELOPES_IN, "envelopes_in")                                                                \
    X(ENVELOPES_OUT, "envelopes_out")                                                              \
    X(ENVELOPES_OPENED, "envelopes_opened")                                                        \
    X(ENVELOPES_SEALED, "envelopes_sealed")                                                        \
    X(ENVELOPES_RESENT, "envelopes_resent")                                                        \
    X(ENVELOPES_FOREIGN, "envelopes_foreign")                                                      \
    X(MESSAGES_SENT, "messages_sent")                                                              \
    X(MESSAGES_SHOWN, "messages_shown")                                                            \
    X(MESSAGES_DUPLICATE, "messages_duplicate")                                                    \
    X(LINKS_DIALLED, "links_dialled")                                                              \
    X(LINKS_ACCEPTED, "links_accepted")                                                            \
    X(LINKS_BOUND, "links_bound")                                                                  \
    X(LINKS_LOST, "links_lost")                                                                    \
    X(ADVERTS_SEEN, "adverts_seen")                                                                \
    X(ADVERTS_RECOGNISED, "adverts_recognised")                                                    \
    X(ROTATIONS, "rotations")                                                                      \
    X(SESSIONS_RENEWED, "sessions_renewed")                                                        \
    X(REQUESTS_OPENED, "requests_opened")                                                          \
    X(REJECTED_FRAME_MALFORMED, "rejected_frame_malformed")                                        \
    X(REJECTED_FRAME_UNEXPECTED, "rejected_frame_unexpected")                                      \
    X(REJECTED_FRAME_UNKNOWN_LINK, "rejected_frame_unknown_link")                                  \
    X(REJECTED_LINK_CROWDED, "rejected_link_crowded")                                              \
    X(REJECTED_STRANGER_RATE, "rejected_stranger_rate")                                            \
    X(REJECTED_ENVELOPE_EXPIRED, "rejected_envelope_expired")                                      \
    X(REJECTED_ENVELOPE_BAD, "rejected_envelope_bad")                                              \
    X(REJECTED_ENVELOPE_TOO_FAR, "rejected_envelope_too_far")                                      \
    X(REJECTED_REQUEST_QUEUE, "rejected_request_queue")                                            \
    X(REJECTED_REQUEST_SEEN, "rejected_request_seen")                                              \
    X(REJECTED_REQUEST_BLOCKED, "rejected_request_blocked")                                        \
    X(REJECTED_REQUEST_TWIN, "rejected_request_twin")                                              \
    X(REJECTED_REQUEST_FULL, "rejected_request_full")                                              \
    X(REJECTED_PROOF, "rejected_proof")                                                            \
    X(REJECTED_RECORD, "rejected_record")                                                          \
    X(REJECTED_BEACON, "rejected_beacon")                                                          \
    X(REJECTED_ADVERT_FULL, "rejected_advert_full")                                                \
    X(GAPS_LOST, "gaps_lost")                                                                      \
    X(CLOCK_BACKWARDS, "clock_backwards")                                                          \
    X(NET_DENIED, "net_denied")                                                                    \
    X(NET_FAILED, "net_failed")                                                                    \
    X(NET_OVERSIZED, "net_oversized")                                                              \
    X(NET_ADVERTS, "net_adverts")

enum es_counter {
#define X(symbol, name) ES_COUNT_##symbol,
    ES_COUNTERS(X)
#undef X
        ES_COUNTER_END
};

struct es_counters {
    uint64_t of[ES_COUNTER_END];
};

/* "frames_in" */
const char *es_counter_name(enum es_counter counter);

static inline void es_count(struct es_counters *counters, enum es_counter counter)
{
    counters->of[counter]++;
}

#endif
