/* SPDX-License-Identifier: MIT */
/* Memory: small bookkeeping that aborts cleanly, and big aligned blocks that may fail. Thread-safe.
 */
#ifndef MISREAD_BASE_ALLOC_H
#define MISREAD_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

/* Zeroed memory of count * size bytes, never NULL: runs the abort hook and aborts instead.
 * Only for small bookkeeping; pixels and tensors use mr_alloc_aligned. Free with free(). */
void *mr_xalloc(size_t count, size_t size);
void *mr_xrealloc(void *p, size_t count, size_t size);
char *mr_xstrdup(const char *s);
char *mr_xasprintf(const char *fmt, ...) MR_PRINTF(1, 2);

/* What to run before aborting for want of memory (term restores the screen here). */
void mr_abort_hook_set(void (*hook)(void));

/* 64-byte aligned, zeroed memory or NULL. Free with free(). */
void *mr_alloc_aligned(size_t n_bytes);

/* product = a * b; false (product untouched) if it does not fit. */
bool mr_size_mul(size_t a, size_t b, size_t *product) MR_NODISCARD;

#endif
