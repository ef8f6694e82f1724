/* SPDX-License-Identifier: ISC */
/* link_world.h - some ends of links, driven turn by turn, for tests.
 *
 * An end is the adapter itself, in this process, or an earshot-net. Each keeps what was reported to
 * it. UNTIL waits for a condition with real sockets: it turns until the condition holds and fails
 * the test when time is up. */
#ifndef ES_TESTS_LINK_WORLD_H
#define ES_TESTS_LINK_WORLD_H

#include <sys/types.h>

#include "node/link/zmq_link.h"

#define WORLD_ENDS_MAX 4
#define WORLD_NOTES_MAX 16384
#define WORLD_TIMEOUT_MS 20000

/* A report, as far as tests ask. */
struct note {
    enum es_report_kind kind;
    uint32_t link;
    uint32_t listener;
    enum es_link_end end;
    struct es_dh_public server_key, client_key;
    char host[ES_HOST_BYTES_MAX];
    uint16_t port;
    size_t len;      /* of a frame */
    uint32_t number; /* its first four bytes */
};

struct world_end {
    struct es_links *links; /* NULL: a process */
    pid_t pid;              /* 0: none, or it has ended */
    int status;             /* of the process that has ended */
    int pair;
    bool reading;
    struct note notes[WORLD_NOTES_MAX];
    size_t notes_len;
    struct es_net_counts counts; /* in all */
};

struct world {
    struct world_end *ends[WORLD_ENDS_MAX];
    size_t ends_len;
    uint64_t deadline_ms;
};

void world_open(struct world *world, size_t ends_len);

/* Another end: the program that the environment's EARSHOT_NET names, set up without discovery. */
struct world_end *world_spawn(struct world *world);

/* Starts the program with fd as its descriptor 3 (-1: without one). */
pid_t world_start_program(int fd);

void world_close(struct world *world);
uint64_t world_now_ms(void);

/* One turn of every end after waiting a moment for something to do. False when time is up. */
bool world_turn(struct world *world);

#define UNTIL(world, condition)                                                                    \
    do {                                                                                           \
        (world)->deadline_ms = world_now_ms() + WORLD_TIMEOUT_MS;                                  \
        while (!(condition))                                                                       \
            if (!world_turn(world))                                                                \
                fail_msg("%s: time is up", #condition);                                            \
    } while (0)

void world_random(void *ctx, void *buf, size_t len);
struct es_dh_secret world_secret(void);

/* Orders. listen returns the port, 0 for none; host may be NULL: every address. */
uint16_t listen_at(struct world *world, struct world_end *end, uint32_t listener,
                   const struct es_dh_secret *secret, const char *host, uint16_t port_min,
                   uint16_t port_max);
void unlisten(struct world_end *end, uint32_t listener);
bool dial_to(struct world_end *end, uint32_t link, const char *host, uint16_t port,
             const struct es_dh_secret *server);
void send_frame(struct world_end *end, uint32_t link, uint32_t number, size_t len);
void close_link(struct world_end *end, uint32_t link);
void ban(struct world_end *end, const char *host, uint32_t for_ms);

/* What was reported: the nth note of a kind (from 0), or NULL; how many. link 0: of any link. */
const struct note *note_at(const struct world_end *end, enum es_report_kind kind, uint32_t link,
                           size_t nth);
size_t notes_of(const struct world_end *end, enum es_report_kind kind, uint32_t link);
/* How the link ended; 0 while it has not. */
enum es_link_end ended(const struct world_end *end, uint32_t link);
/* The frames of a link are numbered from 0 on without a gap and are n. */
bool frames_in_order(const struct world_end *end, uint32_t link, size_t n);

/* ends[0] listens on loopback, ends[1] dials it as link 1 and has sent it one frame. Returns the
 * listener's number of the link; ret_port and ret_secret may be NULL. */
uint32_t world_connect(struct world *world, uint16_t *ret_port, struct es_dh_secret *ret_secret);

#endif
