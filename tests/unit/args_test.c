/* SPDX-License-Identifier: ISC */
/* args_test.c - options before and after the command, and what ends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"
#include "cli/commands.h"

#define ARGV_MAX 16

static const struct es_option globals[] = {
    {"home", 0, "DIR", ""},
    {"json", 0, NULL, ""},
    {"quiet", 'q', NULL, ""},
    {NULL, 0, NULL, NULL},
};
static const struct es_option send_options[] = {
    {"wait", 0, "STATE", ""},
    {"now", 'n', NULL, ""},
    {NULL, 0, NULL, NULL},
};

static const struct es_option *options_of(const char *command)
{
    return strcmp(command, "send") == 0 ? send_options : NULL;
}

struct line {
    char words[256];
    char *argv[ARGV_MAX];
    int argc;
    struct es_args args;
    const char *token;
};

/* A command line of words separated by blanks. */
static enum es_args_error parse(struct line *line, const char *words)
{
    char *rest = NULL;

    assert_true(strlen(words) < sizeof(line->words));
    memset(line, 0, sizeof(*line));
    memcpy(line->words, words, strlen(words) + 1);
    for (char *word = strtok_r(line->words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        line->argv[line->argc++] = word;
    return es_args_parse(line->argc, line->argv, globals, options_of, &line->args, &line->token);
}

static void options_stand_before_and_after_the_command(void **state)
{
    static const char *const lines[] = {
        "earshot --home /h --json -q send --wait read Bob hello",
        "earshot send Bob --home=/h hello --json --wait=read -q",
        "earshot --home /h send --wait read -q Bob --json -- hello",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct line line;

        assert_int_equal(parse(&line, lines[i]), ES_ARGS_OK);
        assert_string_equal(line.args.command, "send");
        assert_string_equal(es_args_value(&line.args, "home"), "/h");
        assert_string_equal(es_args_value(&line.args, "wait"), "read");
        assert_true(es_args_given(&line.args, "json"));
        assert_true(es_args_given(&line.args, "quiet"));
        assert_false(es_args_given(&line.args, "now"));
        assert_int_equal(line.args.n_operands, 2);
        assert_string_equal(line.args.operands[0], "Bob");
        assert_string_equal(line.args.operands[1], "hello");
    }
}

static void two_dashes_end_the_options(void **state)
{
    struct line line;

    (void)state;
    assert_int_equal(parse(&line, "earshot send Bob -- --wait -q -- -"), ES_ARGS_OK);
    assert_int_equal(line.args.n_given, 0);
    assert_int_equal(line.args.n_operands, 5);
    assert_int_equal(line.args.literal_from, 1);
    assert_string_equal(line.args.operands[1], "--wait");
    assert_string_equal(line.args.operands[3], "--");
    assert_int_equal(parse(&line, "earshot -- send --json"), ES_ARGS_OK);
    assert_string_equal(line.args.command, "send");
    assert_int_equal(line.args.n_operands, 1);
}

static void one_dash_is_an_operand(void **state)
{
    struct line line;

    (void)state;
    assert_int_equal(parse(&line, "earshot send Bob -"), ES_ARGS_OK);
    assert_string_equal(line.args.operands[1], "-");
    assert_true(line.args.literal_from > 1);
}

static void letters_can_be_joined(void **state)
{
    struct line line;

    (void)state;
    assert_int_equal(parse(&line, "earshot send -qn Bob"), ES_ARGS_OK);
    assert_true(es_args_given(&line.args, "quiet") && es_args_given(&line.args, "now"));
}

static void the_last_of_equal_options_counts(void **state)
{
    struct line line;

    (void)state;
    assert_int_equal(parse(&line, "earshot --home /a send --home /b --home=/c"), ES_ARGS_OK);
    assert_string_equal(es_args_value(&line.args, "home"), "/c");
    assert_int_equal(line.args.n_given, 1);
}

static void mistakes_name_their_word(void **state)
{
    static const struct {
        const char *words;
        enum es_args_error error;
        const char *token;
    } cases[] = {
        {"earshot --nope", ES_ARGS_NO_OPTION, "--nope"},
        {"earshot --wait read send", ES_ARGS_NO_OPTION, "--wait"}, /* not before its command */
        {"earshot send -x", ES_ARGS_NO_OPTION, "-x"},
        {"earshot send --wai read", ES_ARGS_NO_OPTION, "--wai"}, /* no guessing */
        {"earshot send --", ES_ARGS_OK, NULL},
        {"earshot send --wait", ES_ARGS_NO_VALUE, "--wait"},
        {"earshot send --now=1", ES_ARGS_VALUE, "--now=1"},
        {"earshot sned Bob", ES_ARGS_NO_COMMAND, "sned"},
        {"earshot", ES_ARGS_OK, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct line line;

        assert_int_equal(parse(&line, cases[i].words), cases[i].error);
        if (cases[i].token != NULL)
            assert_string_equal(line.token, cases[i].token);
    }
}

static size_t count_options(const struct es_option *options)
{
    size_t n = 0;

    while (options != NULL && options[n].name != NULL)
        n++;
    return n;
}

static void every_command_is_complete(void **state)
{
    (void)state;
    for (const struct es_cli_command *const *each = es_commands; *each != NULL; each++) {
        const struct es_cli_command *command = *each;

        assert_ptr_equal(es_command_find(command->name), command);
        assert_non_null(command->summary);
        assert_non_null(command->synopsis);
        assert_non_null(command->run);
        assert_true(command->operands_max >= command->operands_min);
        assert_true(count_options(command->options) + count_options(es_global_options) <=
                    ES_ARGS_OPTIONS_MAX);
        for (const struct es_option *option = es_global_options; option->name != NULL; option++) {
            for (size_t i = 0; i < count_options(command->options); i++)
                assert_string_not_equal(command->options[i].name, option->name);
        }
    }
    assert_ptr_equal(es_command_find("history"), es_command_find("log"));
    assert_null(es_command_find("panic"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_before_and_after_the_command),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(one_dash_is_an_operand),
        cmocka_unit_test(letters_can_be_joined),
        cmocka_unit_test(the_last_of_equal_options_counts),
        cmocka_unit_test(mistakes_name_their_word),
        cmocka_unit_test(every_command_is_complete),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
