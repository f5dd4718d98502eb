/* SPDX-License-Identifier: MIT */
/* The table of one instruction set. */
#include <misread/kernel/kernels.h>

/* Becomes mr_kernels_table_avx2 and so on; isa.c declares them. */
extern const struct mr_kernels mr_kernels_table;

#define TEXT_OF(isa) #isa
#define TEXT(isa)    TEXT_OF(isa)

const struct mr_kernels mr_kernels_table = {.isa = TEXT(MR_ISA),
#define X(name) .name = mr_##name,
                                            MR_KERNEL_LIST(X)
#undef X
};
