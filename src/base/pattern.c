/* SPDX-License-Identifier: MIT */
/* The one door to PCRE2. */
#include <misread/base/pattern.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

/* Enough for any sane expression; stops a catastrophic one. */
#define MATCH_LIMIT 1000000

struct mr_pattern {
    pcre2_code *code;
    pcre2_match_context *context;
    uint32_t n_groups;
};

enum mr_status mr_pattern_create(struct mr_pattern **pattern, const char *expression,
                                 struct mr_error *err)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);

    if (!compiled) {
        PCRE2_UCHAR why[128];

        pcre2_get_error_message(code, why, sizeof why);
        return mr_fail(err, MR_E_USAGE,
                       "cannot use the regular expression '%s': %s at position %zu", expression,
                       (const char *)why, (size_t)at + 1);
    }
    *pattern = mr_xalloc(1, sizeof **pattern);
    (*pattern)->code = compiled;
    pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &(*pattern)->n_groups);
    (*pattern)->context = pcre2_match_context_create(NULL);
    if ((*pattern)->context)
        pcre2_set_match_limit((*pattern)->context, MATCH_LIMIT);
    return MR_OK;
}

void mr_pattern_destroy(struct mr_pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_match_context_free(pattern->context);
    pcre2_code_free(pattern->code);
    free(pattern);
}

static void copy_group(const char *text, const PCRE2_SIZE *at, char *out, size_t cap)
{
    size_t n;

    out[0] = '\0';
    if (at[0] == PCRE2_UNSET)
        return;
    n = at[1] - at[0];
    if (n >= cap)
        n = cap - 1;
    memcpy(out, text + at[0], n);
    out[n] = '\0';
}

bool mr_pattern_find(const struct mr_pattern *pattern, const char *text, char *out, size_t cap)
{
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    int n = 0;

    if (!match)
        return false;
    n = pcre2_match(pattern->code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, match,
                    pattern->context);
    if (n > 0 && out && cap) /* a group that took no part is unset, and so empty */
        copy_group(text, pcre2_get_ovector_pointer(match) + (pattern->n_groups ? 2 : 0), out, cap);
    pcre2_match_data_free(match);
    return n > 0;
}
