/* SPDX-License-Identifier: MIT */
/* Short class names by words: "dyed-lifted-polyps" is "lifted" where a column has six cells. */
#include "names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>

void mr_names_init(struct mr_names *names, char *const *classes, int n)
{
    names->n = n;
    names->full = mr_xalloc((size_t)n + 1, sizeof *names->full);
    for (int i = 0; i < n; i++) {
        char safe[512];

        mr_safe_text(safe, sizeof safe, classes[i], 64, MR_ELIDE_MIDDLE);
        names->full[i] = mr_xstrdup(*safe ? safe : "(no name)");
    }
}

void mr_names_finish(struct mr_names *names)
{
    for (int i = 0; i < names->n; i++)
        free(names->full[i]);
    free(names->full);
    *names = (struct mr_names){0};
}

const char *mr_names_full(const struct mr_names *names, int class_id)
{
    if (class_id < 0 || class_id >= names->n)
        return "(unknown)";
    return names->full[class_id];
}

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == ' ' || c == '.';
}

/* Behind the first word and its separator; NULL if there is only one word. */
static const char *without_first_word(const char *name)
{
    const char *s = name;

    while (*s && !is_separator(*s))
        s++;
    return *s && s > name && s[1] ? s + 1 : NULL;
}

static bool shares_first_word(const struct mr_names *names, int class_id, size_t n)
{
    for (int i = 0; i < names->n; i++)
        if (i != class_id && !strncmp(names->full[i], names->full[class_id], n))
            return true;
    return false;
}

/* The name without a first word that says nothing because other classes begin with it too. */
static const char *telling_part(const struct mr_names *names, int class_id)
{
    const char *name = names->full[class_id], *rest = without_first_word(name);

    if (!rest || !shares_first_word(names, class_id, (size_t)(rest - name)))
        return name;
    for (int i = 0; i < names->n; i++) {
        const char *other = without_first_word(names->full[i]);

        if (i != class_id && (!strcmp(names->full[i], rest) || (other && !strcmp(other, rest))))
            return name;
    }
    return rest;
}

/* Is there no other class whose telling part begins with these n bytes as a whole word? */
static bool is_unique_start(const struct mr_names *names, int class_id, const char *start, size_t n)
{
    for (int i = 0; i < names->n; i++) {
        const char *other = telling_part(names, i);

        if (i != class_id && !strncmp(other, start, n) && (!other[n] || is_separator(other[n])))
            return false;
    }
    return true;
}

void mr_names_short(const struct mr_names *names, int class_id, int max_cols, char *out, size_t cap)
{
    const char *name = mr_names_full(names, class_id);
    char cut[512];
    size_t n;

    mr_str_copy(out, cap, name);
    if (mr_text_cols(name) <= max_cols || class_id < 0 || class_id >= names->n)
        return;
    name = telling_part(names, class_id);
    mr_str_copy(cut, sizeof cut, name);
    n = strlen(cut);
    while (mr_text_cols(cut) > max_cols) {
        while (n > 0 && !is_separator(cut[n - 1]))
            n--;
        /* a stump of a letter or two says less than a word cut short */
        if (n <= 3 || !is_unique_start(names, class_id, name, n - 1))
            break;
        cut[--n] = '\0';
    }
    /* Still too long: letters go, one by one, so that no ellipsis wastes a column. */
    n = strlen(cut);
    while (mr_text_cols(cut) > max_cols && n > 0) {
        do
            n--;
        while (n > 0 && ((unsigned char)cut[n] & 0xc0) == 0x80);
        cut[n] = '\0';
    }
    mr_str_copy(out, cap, cut);
}

void mr_names_pair(const struct mr_names *names, int a, int b, int max_cols, char *out_a,
                   char *out_b, size_t cap)
{
    mr_names_short(names, a, max_cols / 2, out_a, cap);
    mr_names_short(names, b, max_cols - mr_text_cols(out_a), out_b, cap);
    mr_names_short(names, a, max_cols - mr_text_cols(out_b), out_a, cap);
}

int mr_names_complete(const struct mr_names *names, const char *text)
{
    int begins = -1, contains = -1, n_begins = 0, n_contains = 0;

    if (!*text)
        return -1;
    for (int i = 0; i < names->n; i++) {
        if (!strcasecmp(names->full[i], text))
            return i;
        if (!strncasecmp(names->full[i], text, strlen(text))) {
            begins = i;
            n_begins++;
        } else if (strcasestr(names->full[i], text)) {
            contains = i;
            n_contains++;
        }
    }
    if (n_begins)
        return n_begins == 1 ? begins : -1;
    return n_contains == 1 ? contains : -1;
}
