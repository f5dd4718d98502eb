/* SPDX-License-Identifier: MIT */
/* What kernels run on: a measurement holds for that alone. */
#ifndef MISREAD_KERNEL_MACHINE_H
#define MISREAD_KERNEL_MACHINE_H

#include <stddef.h>

struct mr_machine {
    char cpu[128];
    char isa[16]; /* of the kernels */
    int n_threads;
};

/* This one, with kernels of that instruction set and so many threads. */
struct mr_machine mr_machine_here(const char *isa, int n_threads);

/* The processor's name; "unknown" where the system does not tell. */
void mr_machine_cpu(char *out, size_t cap);

#endif
