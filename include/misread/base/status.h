/* SPDX-License-Identifier: MIT */
/* How a function says that it failed: a status for the caller, a sentence for a person. */
#ifndef MISREAD_BASE_STATUS_H
#define MISREAD_BASE_STATUS_H

#define MR_NODISCARD        __attribute__((warn_unused_result))
#define MR_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))

/* X(name, what a person would call it) */
#define MR_STATUS_LIST(X)             \
    X(OK, "fine")                     \
    X(E_IO, "input or output failed") \
    X(E_NOMEM, "out of memory")       \
    X(E_FORMAT, "malformed")          \
    X(E_LIMIT, "over a limit")        \
    X(E_USAGE, "wrong use")           \
    X(E_NOT_FOUND, "not found")       \
    X(E_BUSY, "in use")               \
    X(E_CANCELLED, "cancelled")       \
    X(E_STORE, "database")            \
    X(E_NUMERIC, "not finite")        \
    X(E_SANDBOX, "sandbox")           \
    X(E_UNSUPPORTED, "not supported")

enum mr_status {
#define X(name, text) MR_##name,
    MR_STATUS_LIST(X)
#undef X
};

/* The sentence for a person: what was attempted, on what, why. Always terminated. */
struct mr_error {
    enum mr_status status;
    char message[512];
};

/* Fills err (may be NULL) and returns status, so that a failure is one statement. */
enum mr_status mr_fail(struct mr_error *err, enum mr_status status, const char *fmt, ...)
    MR_PRINTF(3, 4);

/* A static string: "fine", "out of memory" ... */
const char *mr_status_text(enum mr_status status);

#endif
