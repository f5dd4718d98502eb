/* SPDX-License-Identifier: MIT */
/* The pictures of the made-up project. */
#ifndef MISREAD_TESTS_PAINT_H
#define MISREAD_TESTS_PAINT_H

#include <stdint.h>

struct mr_image;

/* Something round and reddish, different for every id; owned by the caller. Aborts without memory.
 */
struct mr_image *stage_paint(int64_t id);

#endif
