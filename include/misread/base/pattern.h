/* SPDX-License-Identifier: MIT */
/* Regular expressions as people know them (PCRE2, UTF-8). */
#ifndef MISREAD_BASE_PATTERN_H
#define MISREAD_BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

struct mr_pattern;

/* Compiles; a malformed expression gives MR_E_USAGE with its position. */
enum mr_status mr_pattern_create(struct mr_pattern **pattern, const char *expression,
                                 struct mr_error *err) MR_NODISCARD;
void mr_pattern_destroy(struct mr_pattern *pattern);
/* Searches anywhere in text. True on a match; out (cap bytes) then holds group 1, or the whole
 * match if the expression has no group. out may be NULL. */
bool mr_pattern_find(const struct mr_pattern *pattern, const char *text, char *out, size_t cap);

#endif
