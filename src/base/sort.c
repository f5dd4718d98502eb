/* SPDX-License-Identifier: MIT */
/* Heapsort (Williams 1964). */
#include <misread/base/sort.h>

static void swap(char *a, char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = a[i];

        a[i] = b[i];
        b[i] = c;
    }
}

/* Lets the item at i sink until none below it, among the first n, is greater. */
static void sink(char *items, size_t i, size_t n, size_t size,
                 int (*compare)(const void *a, const void *b))
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && compare(items + child * size, items + (child + 1) * size) < 0)
            child++;
        if (compare(items + i * size, items + child * size) >= 0)
            return;
        swap(items + i * size, items + child * size, size);
    }
}

void mr_sort(void *items, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
    char *all = items;

    for (size_t i = n / 2; i > 0; i--)
        sink(all, i - 1, n, size, compare);
    for (size_t end = n; end > 1; end--) {
        swap(all, all + (end - 1) * size, size);
        sink(all, 0, end - 1, size, compare);
    }
}
