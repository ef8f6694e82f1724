/* SPDX-License-Identifier: ISC */
/* cli.h - what every command is given, and how it ends. */
#ifndef ES_CLI_CLI_H
#define ES_CLI_CLI_H

#include "cli/args.h"
#include "cli/client.h"
#include "cli/fields.h"
#include "cli/home.h"
#include "cli/render.h"

enum es_exit {
    ES_EXIT_DONE = 0,
    ES_EXIT_FAILED = 1,  /* refused or failed  */
    ES_EXIT_USAGE = 2,   /* wrong usage        */
    ES_EXIT_TIMEOUT = 3, /* timed out          */
    ES_EXIT_NO_NODE = 4, /* no node is running */
};

struct es_cli {
    const struct es_cli_command *command;
    struct es_args args;
    struct es_home home;
    struct es_out out; /* results          */
    struct es_out err; /* everything else  */
    bool json, quiet, no_start;
    uint64_t timeout_ms; /* 0: none                                     */
    int64_t deadline_ms; /* of es_monotonic_ms(), or ES_DEADLINE_NONE    */
    struct es_client client;
    enum es_exit exit; /* why the last call gave no result; already told */
    uint64_t line;     /* of the standard input that is being worked on; 0: none */
};

/* One command: how it is written, what its help says, what it does. */
struct es_cli_command {
    const char *name;
    const char *alias;               /* NULL: none                                       */
    const char *synopsis;            /* what follows the name                            */
    const char *summary;             /* one line                                         */
    const char *details;             /* paragraphs of the help, lines of at most 79 columns */
    const struct es_option *options; /* ended by a NULL name; NULL: none        */
    size_t operands_min, operands_max;
    enum es_exit (*run)(struct es_cli *cli);
};

#define ES_OPERANDS_ANY ((size_t)-1)

/* Tells on stderr what went wrong and, unless hint is NULL, what to do. Returns exit. */
enum es_exit es_fail(struct es_cli *cli, enum es_exit exit, const char *code, const char *hint,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same for an error object of JSON-RPC. */
enum es_exit es_fail_rpc(struct es_cli *cli, const json_t *error);

/* The same for what es_client_...() returned. */
enum es_exit es_fail_client(struct es_cli *cli, int error);

/* Wrong usage; says where to read more. */
enum es_exit es_usage(struct es_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A word for people who look on: nothing in scripts, with --json and with -q. False when there is
 * nobody; else the caller writes one line to cli->out. */
bool es_chatty(const struct es_cli *cli);

/* The same for stderr: may a line be written there that is no error? */
bool es_notices(const struct es_cli *cli);

/* Is there a person at the keyboard, and one who sees the question? */
bool es_asks(const struct es_cli *cli);

/* Shows what has been said so far and lets time pass, until the deadline at most. */
void es_pause(struct es_cli *cli, int64_t ms);

const char *es_operand(const struct es_cli *cli, size_t i);

/* The value of an option as a duration within limits. Without the option *io_ms stays as it is. */
enum es_exit es_duration_option(struct es_cli *cli, const char *name, uint64_t min_ms,
                                uint64_t max_ms, uint64_t *io_ms);

/* Does the value of the option count from min to max? Without the option *io stays as it is. */
enum es_exit es_count_option(struct es_cli *cli, const char *name, uint64_t min, uint64_t max,
                             uint64_t *io);

#endif
