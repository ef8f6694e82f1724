/* SPDX-License-Identifier: ISC */
/* args.c - one pass over argv; operands are moved to its front. */
#include "cli/args.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct parser {
    int argc;
    char **argv;
    int at;
    const struct es_option *globals;
    const struct es_option *own; /* NULL before the command */
    struct es_args *args;
    const char *token;
};

static const struct es_option *find_long(const struct es_option *table, const char *name,
                                         size_t name_len)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strlen(table->name) == name_len && memcmp(table->name, name, name_len) == 0)
            return table;
    }
    return NULL;
}

static const struct es_option *find_letter(const struct es_option *table, char letter)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (table->letter == letter)
            return table;
    }
    return NULL;
}

/* An option that is repeated counts as it was given last. */
static void give(struct es_args *args, const struct es_option *option, const char *value)
{
    size_t i = 0;

    while (i < args->n_given && args->given[i].option != option)
        i++;
    assert(i < ES_ARGS_OPTIONS_MAX);
    args->given[i].option = option;
    args->given[i].value = value;
    if (i == args->n_given)
        args->n_given++;
}

static enum es_args_error parse_long(struct parser *parser)
{
    const char *name = parser->token + 2;
    const char *equals = strchr(name, '=');
    size_t name_len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct es_option *option = find_long(parser->own, name, name_len);

    if (option == NULL)
        option = find_long(parser->globals, name, name_len);
    if (option == NULL)
        return ES_ARGS_NO_OPTION;
    if (option->value == NULL) {
        if (equals != NULL)
            return ES_ARGS_VALUE;
        give(parser->args, option, "");
        return ES_ARGS_OK;
    }
    if (equals != NULL) {
        give(parser->args, option, equals + 1);
        return ES_ARGS_OK;
    }
    if (parser->at == parser->argc)
        return ES_ARGS_NO_VALUE;
    give(parser->args, option, parser->argv[parser->at++]);
    return ES_ARGS_OK;
}

/* "-q", and several of them together. */
static enum es_args_error parse_letters(struct parser *parser)
{
    for (const char *letter = parser->token + 1; *letter != '\0'; letter++) {
        const struct es_option *option = find_letter(parser->own, *letter);

        if (option == NULL)
            option = find_letter(parser->globals, *letter);
        if (option == NULL)
            return ES_ARGS_NO_OPTION;
        give(parser->args, option, "");
    }
    return ES_ARGS_OK;
}

static enum es_args_error take_operand(struct parser *parser, es_args_options_fn options_of)
{
    struct es_args *args = parser->args;
    char *word = parser->argv[parser->at - 1];

    if (args->command != NULL) {
        args->operands[args->n_operands++] = word;
        return ES_ARGS_OK;
    }
    parser->own = options_of(word);
    if (parser->own == NULL)
        return ES_ARGS_NO_COMMAND;
    args->command = word;
    return ES_ARGS_OK;
}

static enum es_args_error parse_next(struct parser *parser, bool literal,
                                     es_args_options_fn options_of)
{
    const char *token = parser->argv[parser->at++];

    parser->token = token;
    /* "-" alone is an operand: the standard input. */
    if (literal || token[0] != '-' || token[1] == '\0')
        return take_operand(parser, options_of);
    return token[1] == '-' ? parse_long(parser) : parse_letters(parser);
}

enum es_args_error es_args_parse(int argc, char **argv, const struct es_option *globals,
                                 es_args_options_fn options_of, struct es_args *ret,
                                 const char **ret_token)
{
    struct parser parser = {.argc = argc, .argv = argv, .at = 1, .globals = globals, .args = ret};
    bool literal = false;

    memset(ret, 0, sizeof(*ret));
    /* Never in the way: before operand n stand at least the program's name and n - 1 others. */
    ret->operands = argv;
    ret->literal_from = SIZE_MAX;
    while (parser.at < argc) {
        if (!literal && strcmp(argv[parser.at], "--") == 0) {
            parser.at++;
            literal = true;
            ret->literal_from = ret->n_operands;
            continue;
        }
        enum es_args_error error = parse_next(&parser, literal, options_of);

        if (error != ES_ARGS_OK) {
            *ret_token = parser.token;
            return error;
        }
    }
    return ES_ARGS_OK;
}

const char *es_args_value(const struct es_args *args, const char *name)
{
    for (size_t i = 0; i < args->n_given; i++) {
        if (strcmp(args->given[i].option->name, name) == 0)
            return args->given[i].value;
    }
    return NULL;
}

bool es_args_given(const struct es_args *args, const char *name)
{
    return es_args_value(args, name) != NULL;
}
