/* SPDX-License-Identifier: MIT */
#include <misread/interp/history.h>

#include <stdbool.h>

int mr_history_n_forgotten(const struct mr_history_point *points, int n, int actual)
{
    bool was_right = false;
    int n_forgotten = 0;

    for (int i = 0; i < n; i++) {
        if (points[i].predicted < 0)
            continue;
        n_forgotten += was_right && points[i].predicted != actual;
        was_right = points[i].predicted == actual;
    }
    return n_forgotten;
}
