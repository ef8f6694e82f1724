/* SPDX-License-Identifier: ISC */
/* args.h - the command line: a command, options before or after it, operands. Pure.
 *
 * Global options stand anywhere, those of the command after its name; "--" ends the options. The
 * strings are those of argv, whose pointers the parser rearranges. */
#ifndef ES_CLI_ARGS_H
#define ES_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

struct es_option {
    const char *name;  /* without "--"; NULL ends a table          */
    char letter;       /* of a short form that takes no value; or 0 */
    const char *value; /* what the help calls it; NULL: takes none  */
    const char *help;
};

/* Options of one command and the global ones together. */
#define ES_ARGS_OPTIONS_MAX 24

struct es_args {
    const char *command; /* as typed; NULL when there is none */
    struct {
        const struct es_option *option;
        const char *value; /* "" when it takes none */
    } given[ES_ARGS_OPTIONS_MAX];
    size_t n_given;
    char **operands;
    size_t n_operands;
    size_t literal_from; /* operands from this one on stood after "--" */
};

enum es_args_error {
    ES_ARGS_OK = 0,
    ES_ARGS_NO_COMMAND, /* no such command        */
    ES_ARGS_NO_OPTION,  /* no such option         */
    ES_ARGS_NO_VALUE,   /* it needs a value       */
    ES_ARGS_VALUE,      /* it takes no value      */
};

/* The options of a command: a table, empty when it has none; NULL when there is no such command. */
typedef const struct es_option *(*es_args_options_fn)(const char *command);

/* On an error *ret_token is what it is about, and of ret only the options so far are filled in. */
enum es_args_error es_args_parse(int argc, char **argv, const struct es_option *globals,
                                 es_args_options_fn options_of, struct es_args *ret,
                                 const char **ret_token);

/* The value of an option, "" when it takes none; NULL when it was not given. */
const char *es_args_value(const struct es_args *args, const char *name);
bool es_args_given(const struct es_args *args, const char *name);

#endif
