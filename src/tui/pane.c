/* SPDX-License-Identifier: MIT */
/* What panes with lists share. */
#include "pane.h"

bool mr_pane_move(int *cursor, int n, int page, enum mr_act act)
{
    int to = *cursor;

    switch (act) {
    case MR_ACT_UP:
        to--;
        break;
    case MR_ACT_DOWN:
        to++;
        break;
    case MR_ACT_PAGE_UP:
        to -= page;
        break;
    case MR_ACT_PAGE_DOWN:
        to += page;
        break;
    case MR_ACT_FIRST:
        to = 0;
        break;
    case MR_ACT_LAST:
        to = n - 1;
        break;
    default:
        return false;
    }
    if (to >= n)
        to = n - 1;
    *cursor = to < 0 ? 0 : to;
    return true;
}

int mr_pane_scroll(int top, int cursor, int rows, int n)
{
    if (cursor < top)
        top = cursor;
    if (cursor >= top + rows)
        top = cursor - rows + 1;
    if (top > n - rows)
        top = n - rows;
    return top < 0 ? 0 : top;
}
