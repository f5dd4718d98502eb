/* SPDX-License-Identifier: MIT */
/* Strings: growth, and cleaning of text from outside. */
#include <misread/base/str.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <misread/base/alloc.h>

static void reserve(struct mr_str *str, size_t more)
{
    if (str->n + more + 1 <= str->cap)
        return;
    str->cap = (str->n + more + 1) * 2;
    str->text = mr_xrealloc(str->text, str->cap, 1);
}

void mr_str_add_n(struct mr_str *str, const char *text, size_t n)
{
    reserve(str, n);
    memcpy(str->text + str->n, text, n);
    str->n += n;
    str->text[str->n] = '\0';
}

void mr_str_add(struct mr_str *str, const char *text)
{
    mr_str_add_n(str, text, strlen(text));
}

void mr_str_addf(struct mr_str *str, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    reserve(str, (size_t)n);
    va_start(ap, fmt);
    vsnprintf(str->text + str->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    str->n += (size_t)n;
}

void mr_str_clear(struct mr_str *str)
{
    str->n = 0;
    if (str->text)
        str->text[0] = '\0';
}

void mr_str_finish(struct mr_str *str)
{
    free(str->text);
    *str = (struct mr_str)MR_STR_EMPTY;
}

bool mr_str_copy(char *out, size_t cap, const char *text)
{
    size_t n = strlen(text);
    bool fits = n < cap;

    if (!cap)
        return false;
    if (!fits)
        n = cap - 1;
    memcpy(out, text, n);
    out[n] = '\0';
    return fits;
}

/* One character of strict UTF-8 (RFC 3629): its length, or 0 if the bytes are none. */
static int decode_utf8(const unsigned char *s, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int n = s[0] < 0x80             ? 1
            : (s[0] & 0xe0) == 0xc0 ? 2
            : (s[0] & 0xf0) == 0xe0 ? 3
            : (s[0] & 0xf8) == 0xf0 ? 4
                                    : 0;
    uint32_t c;

    if (n <= 1) {
        *code = s[0];
        return n;
    }
    c = s[0] & (0xff >> (n + 1));
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return n;
}

static bool is_unwanted(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

/* The cleaned text, not shortened. */
static void clean(struct mr_str *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    int marks = 0;

    while (*s) {
        uint32_t c;
        int n = decode_utf8(s, &c);
        int cols;

        if (!n) {
            mr_str_addf(out, "\\x%02X", *s++);
            continue;
        }
        cols = wcwidth((wchar_t)c);
        marks = cols == 0 ? marks + 1 : 0;
        if (!is_unwanted(c) && cols >= 0 && marks <= 2)
            mr_str_add_n(out, (const char *)s, (size_t)n);
        s += n;
    }
}

int mr_text_cols(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    int cols = 0;

    while (*s) {
        uint32_t c;
        int n = decode_utf8(s, &c);
        int w = n ? wcwidth((wchar_t)c) : 1;

        cols += w > 0 ? w : 0;
        s += n ? n : 1;
    }
    return cols;
}

/* Bytes of the longest prefix of at most cols columns. */
static size_t prefix_bytes(const char *text, int cols)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s) {
        uint32_t c;
        int n = decode_utf8(s, &c);
        int w = n ? wcwidth((wchar_t)c) : 1;

        w = w > 0 ? w : 0;
        if (w > cols)
            break;
        cols -= w;
        s += n ? n : 1;
    }
    return (size_t)((const char *)s - text);
}

/* The start of the longest suffix of at most cols columns. */
static const char *suffix(const char *text, int cols)
{
    int drop = mr_text_cols(text) - cols;
    const unsigned char *s = (const unsigned char *)text;

    while (*s && drop > 0) {
        uint32_t c;
        int n = decode_utf8(s, &c);
        int w = n ? wcwidth((wchar_t)c) : 1;

        drop -= w > 0 ? w : 0;
        s += n ? n : 1;
    }
    return (const char *)s;
}

/* Copies what fits whole characters into cap. */
static void put(char *out, size_t cap, const char *text)
{
    size_t n = strlen(text);

    if (!cap)
        return;
    if (n >= cap) {
        n = cap - 1;
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(out, text, n);
    out[n] = '\0';
}

int mr_safe_text(char *out, size_t cap, const char *text, int max_cols, enum mr_elide elide)
{
    struct mr_str whole = MR_STR_EMPTY;
    struct mr_str cut = MR_STR_EMPTY;

    mr_str_add(&whole, "");
    clean(&whole, text);
    if (max_cols <= 0 || mr_text_cols(whole.text) <= max_cols) {
        put(out, cap, whole.text);
    } else {
        int tail = elide == MR_ELIDE_MIDDLE ? (max_cols - 1) / 2 : 0;

        mr_str_add_n(&cut, whole.text, prefix_bytes(whole.text, max_cols - 1 - tail));
        mr_str_add(&cut, "…");
        mr_str_add(&cut, suffix(whole.text, tail));
        put(out, cap, cut.text);
    }
    mr_str_finish(&whole);
    mr_str_finish(&cut);
    return cap ? mr_text_cols(out) : 0;
}
