/* SPDX-License-Identifier: MIT */
/* Binary search and qsort, once. */
#include <misread/base/ids.h>

#include <stdlib.h>

int mr_ids_find(const int64_t *ids, int n, int64_t id)
{
    int low = 0, high = n;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && ids[low] == id ? low : -1;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

void mr_ids_sort(int64_t *ids, int n)
{
    if (n)
        qsort(ids, (size_t)n, sizeof *ids, compare);
}
