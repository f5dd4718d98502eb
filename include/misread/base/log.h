/* SPDX-License-Identifier: MIT */
/* The log goes to a file, never to the terminal. Thread-safe. */
#ifndef MISREAD_BASE_LOG_H
#define MISREAD_BASE_LOG_H

#include <misread/base/status.h>

/* Appends to path from now on (NULL: drops everything). Failure to open is not an error. */
void mr_log_open(const char *path);
void mr_log(const char *fmt, ...) MR_PRINTF(1, 2);

#endif
