/* SPDX-License-Identifier: ISC */
/* sim_property_test.c - the exit code follows from the property that a violation names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/property.h"

static void a_violation_begins_with_its_property(void **state)
{
    static const struct {
        const char *violation, *id;
        enum es_sim_verdict verdict;
    } cases[] = {
        {"D1: node 3 ...", "D1", ES_SIM_UNSAFE},
        {"D2/O2: node 3 ...", "D2", ES_SIM_UNSAFE},
        {"D3: 4 texts ...", "D3", ES_SIM_NOT_LIVE},
        {"L1: not everybody ...", "L1", ES_SIM_NOT_LIVE},
        {"P1: a token ...", "P", ES_SIM_NOT_PRIVATE},
        {"P3: both ends ...", "P", ES_SIM_NOT_PRIVATE},
        {"R12: a queue ...", "R", ES_SIM_OUT_OF_BOUNDS},
        {"S1: a store ...", "S1", ES_SIM_UNSAFE},
        {"W1: strangers ...", "W1", ES_SIM_COULD_NOT_RUN},
        {"Z1: the runs part ...", "Z1", ES_SIM_NOT_DETERMINED},
        {"D12: no such one", "N1", ES_SIM_UNSAFE},
        {"Port 3 is taken: ...", "N1", ES_SIM_UNSAFE},
        {"node 3: input 4 gave full", "N1", ES_SIM_UNSAFE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct es_sim_property *property = es_sim_property_of(cases[i].violation);

        assert_string_equal(property->id, cases[i].id);
        assert_int_equal(property->broken, cases[i].verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_violation_begins_with_its_property),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
