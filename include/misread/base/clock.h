/* SPDX-License-Identifier: MIT */
/* Time. MISREAD_CLOCK (seconds since 1970) pins the wall clock for golden screens. Thread-safe. */
#ifndef MISREAD_BASE_CLOCK_H
#define MISREAD_BASE_CLOCK_H

#include <stdint.h>

/* Monotonic milliseconds. */
int64_t mr_clock_ms(void);
/* The same in microseconds. */
int64_t mr_clock_us(void);
/* Wall-clock seconds since 1970. */
int64_t mr_clock_unix(void);
void mr_clock_sleep_ms(int ms);

#endif
