/* SPDX-License-Identifier: MIT */
/* Which instruction sets this CPU has. */
#include <misread/kernel/kernels.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* X(isa), slowest first; the build says which there are. */
#define X(isa) extern const struct mr_kernels mr_kernels_table_##isa;
MR_ISA_LIST(X)
#undef X

#if defined(__x86_64__)
static bool has_generic(void)
{
    return true;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#elif defined(__aarch64__)
static bool has_neon(void)
{
    return true;
}
#else
static bool has_generic(void)
{
    return true;
}
#endif

static const struct {
    const struct mr_kernels *kernels;
    bool (*is_there)(void);
} tables[] = {
#define X(isa) {&mr_kernels_table_##isa, has_##isa},
    MR_ISA_LIST(X)
#undef X
};
#define N_TABLES (sizeof tables / sizeof *tables)

const struct mr_kernels *mr_kernels_best(void)
{
    size_t i = N_TABLES - 1;

    while (!tables[i].is_there())
        i--;
    return tables[i].kernels;
}

const struct mr_kernels *mr_kernels_find(const char *isa)
{
    for (size_t i = 0; i < N_TABLES; i++)
        if (!strcmp(tables[i].kernels->isa, isa) && tables[i].is_there())
            return tables[i].kernels;
    return NULL;
}

const char *mr_kernels_list(void)
{
#define X(isa) "|" #isa
    return &(MR_ISA_LIST(X))[1]; /* behind the first bar */
#undef X
}

enum mr_status mr_kernels_choose(const struct mr_kernels **kernels, const char *isa,
                                 struct mr_error *err)
{
    const struct mr_kernels *found = isa && *isa ? mr_kernels_find(isa) : mr_kernels_best();

    if (!found)
        return mr_fail(err, MR_E_USAGE, "this processor cannot run '%s' kernels: there are %s", isa,
                       mr_kernels_list());
    *kernels = found;
    return MR_OK;
}
