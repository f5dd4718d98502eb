/* SPDX-License-Identifier: MIT */
/* What this machine is called, for those commands that tell. */
#ifndef MISREAD_APP_MACHINE_H
#define MISREAD_APP_MACHINE_H

#include <stddef.h>

/* The processor's name; "unknown" where the kernel does not tell. */
void mr_machine_cpu(char *out, size_t cap);

#endif
