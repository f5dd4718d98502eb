/* SPDX-License-Identifier: MIT */
/* Sorting in a decoder: qsort(3) of glibc asks the system how much memory there is, and so is
 * killed there. */
#ifndef MISREAD_BASE_SORT_H
#define MISREAD_BASE_SORT_H

#include <stddef.h>

/* As qsort(3), by heapsort: no memory, no system call, n log n whatever the order. Not stable. */
void mr_sort(void *items, size_t n, size_t size, int (*compare)(const void *a, const void *b));

#endif
