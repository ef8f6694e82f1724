/* SPDX-License-Identifier: ISC */
/* Whose adverts are they, when a contact says that another's presence key is its own? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/e2ee/proof.h"
#include "tests/support/people.h"

#define PORT 42000

/* Mallory comes first in every table. */
struct scene {
    struct people *people;
    struct es_contact *mallory, *bob;
    struct es_presence_key key; /* Bob's */
    struct es_sign_secret signer;
};

static struct es_presence_record record_of(const struct scene *scene, uint32_t generation)
{
    return (struct es_presence_record){.generation = generation,
                                       .index = scene->key.index,
                                       .key = scene->key.key,
                                       .signer = es_sign_public_of(&scene->signer)};
}

static void says(struct scene *scene, struct es_contact *contact, uint32_t generation)
{
    struct es_presence_record record = record_of(scene, generation);

    es_presence_learn(scene->people->chat, &scene->people->context, contact, &record);
}

static struct es_advert advert_of(const struct scene *scene, uint8_t period)
{
    struct es_advert advert = {0};

    memset(advert.link_key.bytes, period, sizeof(advert.link_key.bytes));
    memset(advert.nonce, period, sizeof(advert.nonce));
    es_beacon_make(&scene->key, &scene->signer, PORT, &advert);
    return advert;
}

static uint32_t recognised(struct scene *scene, const struct es_advert *advert)
{
    return es_presence_recognise(scene->people->chat, &scene->people->context, PORT, advert);
}

/* A link to the advert ends its greeting with the proof of `by`; NULL: of nobody. */
static uint32_t greeted(struct scene *scene, const struct es_advert *advert, uint32_t expected,
                        const struct es_contact *by)
{
    struct es_link_keys keys = {.server = advert->link_key};
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];

    memset(keys.client.bytes, 7, sizeof(keys.client.bytes));
    if (by != NULL)
        es_proof_seal(&by->sessions[0]->link_key.now, ES_ROLE_LISTENER, &keys, 0, es_slice(NULL, 0),
                      &scene->people->env.entropy, envelope);
    else
        es_proof_random(0, &scene->people->env.entropy, envelope);
    return es_proofs_check(scene->people->chat, &scene->people->context, expected, ES_ROLE_LISTENER,
                           &keys, ES_SLICE_OF(envelope));
}

static void set_up(struct scene *scene)
{
    scene->people = people_new();
    scene->mallory = people_contact(scene->people, 1);
    scene->bob = people_contact(scene->people, 2);
    people_session(scene->people, scene->mallory, true);
    people_session(scene->people, scene->bob, true);
    memset(&scene->key, 3, sizeof(scene->key));
    scene->key.index = 5;
    memset(scene->signer.bytes, 4, sizeof(scene->signer.bytes));
}

static void a_key_that_was_proved_cannot_be_claimed(void **state)
{
    struct scene scene;
    struct es_advert advert;

    (void)state;
    set_up(&scene);
    says(&scene, scene.bob, 1);
    advert = advert_of(&scene, 1);
    assert_int_equal(recognised(&scene, &advert), scene.bob->number);
    assert_int_equal(greeted(&scene, &advert, scene.bob->number, scene.bob), scene.bob->number);
    assert_true(scene.bob->presence_proved);
    says(&scene, scene.mallory, 9);
    assert_false(scene.mallory->has_presence);
    assert_int_equal(scene.people->counters.of[ES_COUNT_REJECTED_RECORD], 1);
    advert = advert_of(&scene, 2);
    assert_int_equal(recognised(&scene, &advert), scene.bob->number);
    people_free(scene.people);
}

/* Even who claims it before its owner has told it loses it with the first link. */
static void the_owner_gets_a_claimed_key_back(void **state)
{
    struct scene scene;
    struct es_advert advert;

    (void)state;
    set_up(&scene);
    says(&scene, scene.mallory, 9);
    says(&scene, scene.bob, 1);
    advert = advert_of(&scene, 1);
    assert_int_equal(recognised(&scene, &advert), scene.mallory->number);
    scene.people->chat->search_owed = false;
    assert_int_equal(greeted(&scene, &advert, scene.mallory->number, NULL), 0);
    assert_true(scene.people->chat->search_owed);
    assert_int_equal(recognised(&scene, &advert), scene.bob->number);
    assert_int_equal(greeted(&scene, &advert, scene.bob->number, scene.bob), scene.bob->number);
    assert_false(scene.mallory->has_presence);
    assert_true(scene.bob->presence_proved);
    people_free(scene.people);
}

/* Who lost the session cannot prove anything: a claim must not keep the owner from a new one. */
static void claims_and_owner_take_turns(void **state)
{
    struct scene scene;
    struct es_advert advert;

    (void)state;
    set_up(&scene);
    says(&scene, scene.mallory, 9);
    says(&scene, scene.bob, 1);
    advert = advert_of(&scene, 1);
    for (int i = 0; i < 2 * ES_UNPROVED_MAX; i++)
        assert_int_equal(greeted(&scene, &advert, recognised(&scene, &advert), NULL), 0);
    assert_int_equal(scene.mallory->unproved, ES_UNPROVED_MAX);
    assert_int_equal(scene.bob->unproved, ES_UNPROVED_MAX);
    people_free(scene.people);
}

/* A link that some other advert or address led to says nothing about the signing key. */
static void only_a_link_to_the_advert_proves_its_key(void **state)
{
    struct scene scene;
    struct es_advert advert, other;

    (void)state;
    set_up(&scene);
    says(&scene, scene.bob, 1);
    advert = advert_of(&scene, 1);
    other = advert_of(&scene, 2);
    assert_int_equal(recognised(&scene, &advert), scene.bob->number);
    assert_int_equal(greeted(&scene, &other, scene.bob->number, scene.bob), scene.bob->number);
    assert_false(scene.bob->presence_proved);
    people_free(scene.people);
}

/* A link to an advert that she could sign proves nothing of the key that she claims later. */
static void an_advert_of_before_does_not_prove_a_claim(void **state)
{
    struct scene scene;
    struct es_sign_secret signer;
    struct es_advert advert;

    (void)state;
    set_up(&scene);
    signer = scene.signer;
    memset(scene.signer.bytes, 6, sizeof(scene.signer.bytes)); /* her own */
    says(&scene, scene.mallory, 1);
    advert = advert_of(&scene, 1);
    assert_int_equal(recognised(&scene, &advert), scene.mallory->number);
    scene.signer = signer;
    says(&scene, scene.bob, 1);
    says(&scene, scene.mallory, 9);
    assert_int_equal(greeted(&scene, &advert, scene.mallory->number, scene.mallory),
                     scene.mallory->number);
    assert_false(scene.mallory->presence_proved);
    assert_true(scene.bob->has_presence);
    people_free(scene.people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_was_proved_cannot_be_claimed),
        cmocka_unit_test(the_owner_gets_a_claimed_key_back),
        cmocka_unit_test(claims_and_owner_take_turns),
        cmocka_unit_test(only_a_link_to_the_advert_proves_its_key),
        cmocka_unit_test(an_advert_of_before_does_not_prove_a_claim),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
