/* SPDX-License-Identifier: MIT */
/* How fast this machine multiplies and adds at best: what measured speeds are compared with. */
#ifndef MISREAD_KERNEL_PEAK_H
#define MISREAD_KERNEL_PEAK_H

struct mr_pool;

/*
 * Gflop/s of all threads of the pool (256 at most) on numbers that never leave the registers, with
 * the vectors of the instruction set; a multiply-add counts two. Takes .3 s. Of each thread
 * the best millisecond counts, so that others who use the machine do not.
 */
double mr_peak_gflops(struct mr_pool *pool);

#endif
