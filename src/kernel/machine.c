/* SPDX-License-Identifier: MIT */
/* What this machine is called. */
#include <misread/kernel/machine.h>

#include <stdio.h>

#include <misread/base/str.h>

void mr_machine_cpu(char *out, size_t cap)
{
    char line[256], model[128] = "unknown";
    FILE *file = fopen("/proc/cpuinfo", "r");

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %127[^\n]", model) == 1)
            break;
    if (file)
        fclose(file);
    mr_str_copy(out, cap, model);
}

struct mr_machine mr_machine_here(const char *isa, int n_threads)
{
    struct mr_machine machine = {.n_threads = n_threads};

    mr_machine_cpu(machine.cpu, sizeof machine.cpu);
    mr_str_copy(machine.isa, sizeof machine.isa, isa);
    return machine;
}
