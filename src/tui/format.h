/* SPDX-License-Identifier: MIT */
/* Numbers as the screens show them. Every function writes a short terminated text and returns it.
 */
#ifndef MISREAD_TUI_FORMAT_H
#define MISREAD_TUI_FORMAT_H

#include <stdint.h>

struct mr_format {
    char text[48];
};

/* A share between 0 and 1 without the leading zero: ".86", "1.0"; "-" if undefined. decimals 2
 * or 3. */
struct mr_format mr_format_share(double share, int decimals);
/* A probability: as a share, but "<.01" rather than a nought that is none. */
struct mr_format mr_format_p(double p);
/* The p of a test, to three decimals, but "<.001" rather than a nought that is none. */
struct mr_format mr_format_chance(double p);
/* "[.84 .89]" */
struct mr_format mr_format_interval(double lo, double hi, int decimals);
/* "7,200" */
struct mr_format mr_format_count(int64_t n);
/* "1:48", "1:02:03", "35 s" is "0:35"; "-" if negative. */
struct mr_format mr_format_duration(double seconds);
/* "14:02:11", local time. */
struct mr_format mr_format_clock(int64_t unix_s);
/* ".7859", "1.234", "12.34": four figures; "nan" as the number says. */
struct mr_format mr_format_loss(double loss);
/* "2.1e-03" */
struct mr_format mr_format_rate(double lr);
/* "383 kB", "1.2 MB" */
struct mr_format mr_format_bytes(int64_t n);
/* A bar of share of cols columns in eighths of a cell. cols at most 15. */
struct mr_format mr_format_bar(double share, int cols);

#endif
