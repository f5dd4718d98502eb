/* SPDX-License-Identifier: MIT */
/* What the screens follow through the store: nothing that was committed is forgotten. */
#include "../store/project.h"

#include "facts.h"

static unsigned news_at(struct mr_facts *facts, int64_t now_ms)
{
    struct mr_error err;
    unsigned news = 0;

    assert_ok(mr_facts_refresh(facts, now_ms, &news, &err), err);
    return news;
}

/* The table of images is read once a second; what came too soon for that is read later. */
static void a_commit_soon_after_a_reading_is_not_forgotten(void **state)
{
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_facts facts;

    mr_facts_init(&facts, store, 0);
    news_at(&facts, 5000);
    add_images(store, 4);
    assert_false(news_at(&facts, 5100) & MR_NEW_IMAGES);
    assert_true(news_at(&facts, 6100) & MR_NEW_IMAGES);
    assert_int_equal(facts.images->n, 4);
    assert_false(news_at(&facts, 9000) & MR_NEW_IMAGES); /* nothing is read twice */
    mr_facts_finish(&facts);
    mr_store_close(store);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_soon_after_a_reading_is_not_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
