/* SPDX-License-Identifier: MIT */
/* Inner loops compiled twice, for plain x86-64 and for AVX2; the loader picks. Needs ifunc, so ELF.
 */
#ifndef MISREAD_BASE_HOT_H
#define MISREAD_BASE_HOT_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MR_HOT_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define MR_HOT_TSAN 1
#endif

/* Thread sanitizer is not up yet when the loader runs the pickers. */
#if defined(__x86_64__) && defined(__ELF__) && !defined(MR_HOT_TSAN)
#define MR_HOT __attribute__((target_clones("avx2", "default")))
#else
#define MR_HOT
#endif

#endif
