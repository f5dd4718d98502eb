/* SPDX-License-Identifier: MIT */
/* Statuses and the sentence that goes with a failure. */
#include <misread/base/status.h>

#include <stdarg.h>
#include <stdio.h>

enum mr_status mr_fail(struct mr_error *err, enum mr_status status, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return status;
    err->status = status;
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    return status;
}

const char *mr_status_text(enum mr_status status)
{
    static const char *const text[] = {
#define X(name, words) [MR_##name] = words,
        MR_STATUS_LIST(X)
#undef X
    };
    return text[status];
}
