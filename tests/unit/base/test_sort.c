/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/rng.h>
#include <misread/base/sort.h>

struct item {
    int key;
    char what[9];
};

static int compare(const void *a, const void *b)
{
    const struct item *s = a, *t = b;

    return (s->key > t->key) - (s->key < t->key);
}

static void sorts_every_length_and_keeps_items_whole(void **state)
{
    struct mr_rng rng = mr_rng_make(1, 0, 0, 0);
    struct item items[100], right[100];

    for (size_t n = 0; n <= 100; n++)
        for (int few = 0; few < 2; few++) { /* many equal ones, and hardly any */
            for (size_t i = 0; i < n; i++) {
                memset(&items[i], 0, sizeof items[i]);
                items[i].key = (int)mr_rng_below(&rng, few ? 4 : 1000000);
                snprintf(items[i].what, sizeof items[i].what, "%d", items[i].key);
            }
            memcpy(right, items, sizeof items);
            qsort(right, n, sizeof *right, compare);
            mr_sort(items, n, sizeof *items, compare);
            assert_memory_equal(items, right, n * sizeof *items);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sorts_every_length_and_keeps_items_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
