/* SPDX-License-Identifier: MIT */
/* What `issues` found, and how it is printed. */
#ifndef MISREAD_APP_ISSUES_H
#define MISREAD_APP_ISSUES_H

#include <misread/interp/suspects.h>
#include <misread/store/foldings.h>

struct mr_args;
struct mr_confident;
struct mr_dynamics;
struct mr_image_table;

struct mr_issues {
    enum mr_suspect_score score;
    struct mr_image_table *images;  /* owned */
    struct mr_folding folding;      /* owned; of scores of one answer */
    struct mr_confident *confident; /* owned; what it comes to; NULL: there is no folding */
    struct mr_dynamics *dynamics;   /* owned; of scores of epochs, else NULL */
    int run, n_epochs;              /* theirs */
    struct mr_suspect *suspects;    /* owned (n); worst first */
    int n;
};

/* On stdout, as text, JSON or CSV. */
void mr_issues_print(const struct mr_issues *issues, const struct mr_args *args);

#endif
