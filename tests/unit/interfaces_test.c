/* SPDX-License-Identifier: ISC */
/* interfaces_test.c - which addresses are dialled, which are advertised, and as what records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "discovery/interfaces.h"
#include "discovery/records.h"

static void add(struct es_interfaces *interfaces, int index, const char *address, const char *mask)
{
    struct es_interface_address *entry = &interfaces->list[interfaces->n++];

    snprintf(entry->name, sizeof(entry->name), "eth%d", index);
    entry->index = index;
    entry->family = strchr(address, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(entry->family, address, entry->bytes), 1);
    assert_int_equal(inet_pton(entry->family, mask, entry->mask), 1);
    entry->loopback = index == 1;
}

/* As the kernel lists them: all of one family before all of the other. */
static struct es_interfaces laptop(void)
{
    struct es_interfaces interfaces = {.n = 0};

    add(&interfaces, 1, "127.0.0.1", "255.0.0.0");
    add(&interfaces, 2, "169.254.7.7", "255.255.0.0");
    add(&interfaces, 2, "10.1.2.3", "255.255.255.0");
    add(&interfaces, 3, "192.168.1.2", "255.255.255.255");
    add(&interfaces, 2, "2001:db8::3", "ffff:ffff:ffff:ffff::");
    add(&interfaces, 2, "fe80::3", "ffff:ffff:ffff:ffff::");
    return interfaces;
}

static bool reaches(int index, const char *address)
{
    const struct es_interfaces interfaces = laptop();
    const sa_family_t family = strchr(address, ':') ? AF_INET6 : AF_INET;
    uint8_t bytes[16];

    assert_int_equal(inet_pton(family, address, bytes), 1);
    return es_interfaces_reach(&interfaces, index, family, bytes) != NULL;
}

static void only_ones_own_networks_are_reached(void **state)
{
    (void)state;
    assert_true(reaches(2, "10.1.2.99"));
    assert_true(reaches(2, "10.1.2.3"));
    assert_true(reaches(2, "169.254.1.1"));
    assert_true(reaches(2, "fe80::99"));
    assert_true(reaches(2, "2001:db8::99"));
    assert_true(reaches(1, "127.0.0.5"));

    assert_false(reaches(2, "10.1.3.99"));
    assert_false(reaches(2, "8.8.8.8"));
    assert_false(reaches(2, "127.0.0.1"));
    assert_false(reaches(2, "0.0.0.0"));
    assert_false(reaches(2, "224.0.0.251"));
    assert_false(reaches(2, "2001:db8:0:1::99"));
    assert_false(reaches(2, "::1"));
    assert_false(reaches(2, "ff02::fb"));
    assert_false(reaches(1, "10.1.2.99"));
    assert_false(reaches(4, "10.1.2.99"));
}

static void an_address_alone_on_its_network_reaches_itself(void **state)
{
    (void)state;
    assert_true(reaches(3, "192.168.1.2"));
    assert_false(reaches(3, "192.168.1.3"));
}

static void interfaces_are_counted_once_and_loopback_not(void **state)
{
    (void)state;
    const struct es_interfaces interfaces = laptop(), none = {.n = 0};

    assert_int_equal(es_interfaces_count(&interfaces), 2);
    assert_int_equal(es_interfaces_count(&none), 0);
}

static void names_are_listed_as_far_as_they_fit(void **state)
{
    struct es_interfaces interfaces = laptop();
    char names[16], few[5];

    (void)state;
    es_interfaces_list(&interfaces, names, sizeof(names));
    assert_string_equal(names, "eth2,eth3");
    es_interfaces_list(&interfaces, few, sizeof(few));
    assert_string_equal(few, "");
    es_interfaces_list(&interfaces, names, 6);
    assert_string_equal(names, "eth2");
    interfaces.list[1].name[0] = '\xff';
    es_interfaces_list(&interfaces, names, sizeof(names));
    assert_string_equal(names, "eth3");
}

static void every_change_is_a_difference(void **state)
{
    (void)state;
    const struct es_interfaces before = laptop();
    struct es_interfaces after = before;

    assert_true(es_interfaces_equal(&before, &after));
    after.list[2].bytes[3]++;
    assert_false(es_interfaces_equal(&before, &after));
    after = before;
    after.n--;
    assert_false(es_interfaces_equal(&before, &after));
    after = before;
    after.list[2].mask[3] = 1;
    assert_false(es_interfaces_equal(&before, &after));
}

static void names_are_chosen_whole(void **state)
{
    (void)state;
    assert_true(es_interfaces_named("", "eth0"));
    assert_true(es_interfaces_named("eth0", "eth0"));
    assert_true(es_interfaces_named("wlan0,eth0", "eth0"));
    assert_true(es_interfaces_named("wlan0, eth0 ,lo", "eth0"));
    assert_false(es_interfaces_named("eth01", "eth0"));
    assert_false(es_interfaces_named("eth", "eth0"));
    assert_false(es_interfaces_named(" ,", "eth0"));
}

static const struct es_publication publication = {
    .instance = "0123456789abcdef",
    .host = "fedcba9876543210",
    .port = 0x1234,
};

static size_t count(const struct es_record *records, size_t n, uint16_t type)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += records[i].type == type;
    return found;
}

static void one_address_of_each_family_is_advertised_per_interface(void **state)
{
    (void)state;
    const struct es_interfaces interfaces = laptop();
    struct es_record records[ES_RECORDS_MAX];
    const size_t n = es_records_make(&publication, &interfaces, false, records);

    assert_int_equal(n, 3 + 4);
    assert_int_equal(count(records, n, 28), 1);
    for (size_t i = 0; i < n; i++) {
        const struct es_record *record = &records[i];
        assert_int_equal(record->unique, record->type != 12);
        if (record->type == 1 && record->interface == 2)
            assert_memory_equal(record->data, "\x0a\x01\x02\x03", 4);
        if (record->type == 28)
            assert_int_equal(record->data[0], 0xfe);
        if (record->type == 1 || record->type == 28)
            assert_string_equal(record->name, "fedcba9876543210.local");
    }
}

static void the_service_points_to_the_random_host(void **state)
{
    (void)state;
    const struct es_interfaces interfaces = laptop();
    struct es_record records[ES_RECORDS_MAX];
    static const char ptr[] = "\x10"
                              "0123456789abcdef\x08_earshot\x04_tcp\x05local";
    static const char srv[] = "\0\0\0\0\x12\x34\x10"
                              "fedcba9876543210\x05local";

    (void)es_records_make(&publication, &interfaces, false, records);
    assert_string_equal(records[0].name, "_earshot._tcp.local");
    assert_int_equal(records[0].data_len, sizeof(ptr));
    assert_memory_equal(records[0].data, ptr, sizeof(ptr));
    assert_string_equal(records[1].name, "0123456789abcdef._earshot._tcp.local");
    assert_int_equal(records[1].data_len, sizeof(srv));
    assert_memory_equal(records[1].data, srv, sizeof(srv));
    assert_int_equal(records[2].type, 16);
    assert_true(records[2].data_len > 0);
}

static void each_interface_is_named_where_the_stack_uses_others_too(void **state)
{
    (void)state;
    const struct es_interfaces interfaces = laptop();
    struct es_record records[ES_RECORDS_MAX];
    const size_t n = es_records_make(&publication, &interfaces, true, records);

    assert_int_equal(n, 3 * 3 + 4);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(records[i].interface, AVAHI_IF_UNSPEC);
}

static void many_interfaces_fill_the_records_and_no_more(void **state)
{
    (void)state;
    struct es_interfaces interfaces = {.n = 0}, none = {.n = 0};
    struct es_record records[ES_RECORDS_MAX];

    for (int index = 2; index < 2 + ES_INTERFACE_ADDRESSES_MAX; index++)
        add(&interfaces, index, "10.1.2.3", "255.255.255.0");
    assert_int_equal(es_records_make(&publication, &interfaces, false, records), ES_RECORDS_MAX);
    assert_int_equal(es_records_make(&publication, &interfaces, true, records), ES_RECORDS_MAX);
    assert_int_equal(es_records_make(&publication, &none, false, records), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_ones_own_networks_are_reached),
        cmocka_unit_test(an_address_alone_on_its_network_reaches_itself),
        cmocka_unit_test(interfaces_are_counted_once_and_loopback_not),
        cmocka_unit_test(names_are_listed_as_far_as_they_fit),
        cmocka_unit_test(every_change_is_a_difference),
        cmocka_unit_test(names_are_chosen_whole),
        cmocka_unit_test(one_address_of_each_family_is_advertised_per_interface),
        cmocka_unit_test(the_service_points_to_the_random_host),
        cmocka_unit_test(each_interface_is_named_where_the_stack_uses_others_too),
        cmocka_unit_test(many_interfaces_fill_the_records_and_no_more),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
