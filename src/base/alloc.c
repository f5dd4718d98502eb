/* SPDX-License-Identifier: MIT */
/* Memory. The abort hook is the one global: it is set once, before threads exist. */
#include <misread/base/alloc.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*abort_hook)(void);

void mr_abort_hook_set(void (*hook)(void))
{
    abort_hook = hook;
}

static void *or_abort(void *p)
{
    static const char sentence[] = "misread: out of memory\n";

    if (p)
        return p;
    if (abort_hook)
        abort_hook();
    if (write(STDERR_FILENO, sentence, sizeof sentence - 1) < 0)
        abort();
    abort();
}

void *mr_xalloc(size_t count, size_t size)
{
    return or_abort(calloc(count ? count : 1, size ? size : 1));
}

void *mr_xrealloc(void *p, size_t count, size_t size)
{
    size_t n;

    if (!mr_size_mul(count, size, &n))
        return or_abort(NULL);
    return or_abort(realloc(p, n ? n : 1));
}

char *mr_xstrdup(const char *s)
{
    return or_abort(strdup(s));
}

char *mr_xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *s = NULL;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    va_end(ap);
    return or_abort(s);
}

void *mr_alloc_aligned(size_t n_bytes)
{
    size_t rounded;
    void *p;

    if (n_bytes > SIZE_MAX - 64)
        return NULL;
    rounded = n_bytes ? (n_bytes + 63) / 64 * 64 : 64;
    p = aligned_alloc(64, rounded);
    if (p)
        memset(p, 0, rounded);
    return p;
}

bool mr_size_mul(size_t a, size_t b, size_t *product)
{
    size_t r;

    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *product = r;
    return true;
}
