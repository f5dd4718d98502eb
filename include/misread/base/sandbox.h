/* SPDX-License-Identifier: MIT */
/*
 * Parsers of bytes from outside run in decoders: processes that may only read, write and exit
 * (seccomp), forked by a zygote that was itself forked before any thread, terminal or secret
 * existed. The mechanism is here; the parsers stay in their rooms and are named in a table at
 * creation.
 */
#ifndef MISREAD_BASE_SANDBOX_H
#define MISREAD_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <misread/base/status.h>

#define MR_SANDBOX_N_ARGS   8
#define MR_SANDBOX_N_VALUES 8

/* What a parser is handed and what it answers. It may allocate (from a heap grown beforehand) and
 * compute; any system call but read, write and exit kills it. */
struct mr_sandbox_call {
    const unsigned char *in; /* shared with the caller: may change under it, copy what must not */
    size_t n_in;
    unsigned char *out;
    size_t out_cap;
    int args[MR_SANDBOX_N_ARGS];
    /* answers */
    size_t n_out;
    int values[MR_SANDBOX_N_VALUES];
    enum mr_status status;
    char message[256];
};

struct mr_sandbox_parser {
    const char *name;
    void (*parse)(struct mr_sandbox_call *call);
};

struct mr_sandbox_options {
    const struct mr_sandbox_parser *parsers; /* borrowed: static */
    int n_parsers;
    int n_decoders;  /* for everybody; one more is reserved for the screen */
    size_t in_cap;   /* bytes of input a call may carry */
    size_t out_cap;  /* bytes of output */
    size_t heap;     /* bytes a decoder may allocate */
    int deadline_ms; /* a decoder that takes longer is killed */
    bool in_process; /* no processes, no seccomp: for sanitizer builds and --unsafe-inprocess */
};

struct mr_sandbox;

/* Forks the zygote: call it single-threaded, before everything else, in a thread that lives as long
 * as the sandbox (the zygote dies with the thread that forked it). Fails rather than run
 * unprotected. */
enum mr_status mr_sandbox_create(struct mr_sandbox **sandbox,
                                 const struct mr_sandbox_options *options,
                                 struct mr_error *err) MR_NODISCARD;
void mr_sandbox_destroy(struct mr_sandbox *sandbox);

enum mr_sandbox_who { MR_SANDBOX_WORK, MR_SANDBOX_SCREEN };

/*
 * Runs parser number `parser` on n bytes. Waits for a free decoder (WORK) or takes the reserved one
 * (SCREEN). On success take(ctx, call) is called while the shared output is still held; it must
 * check every value in call against its own limits (the decoder is not trusted) and copy what it
 * wants; a take that finds nonsense returns MR_E_SANDBOX. args may be NULL (zeros). A decoder that
 * dies, overruns its deadline or answers nonsense gives MR_E_SANDBOX and is replaced; a parser that
 * refuses gives its own status and message, of printable ASCII; its decoder is replaced too, as is
 * one whose output was big, so that neither a broken heap nor memory is kept. Thread-safe.
 */
enum mr_status mr_sandbox_run(struct mr_sandbox *sandbox, enum mr_sandbox_who who, int parser,
                              const unsigned char *in, size_t n, const int args[MR_SANDBOX_N_ARGS],
                              enum mr_status (*take)(void *ctx, const struct mr_sandbox_call *call,
                                                     struct mr_error *err),
                              void *ctx, struct mr_error *err) MR_NODISCARD;

#endif
