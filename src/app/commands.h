/* SPDX-License-Identifier: MIT */
/* What each command runs; each returns the exit status (0 done, 1 failed, 2 wrong use). */
#ifndef MISREAD_APP_COMMANDS_H
#define MISREAD_APP_COMMANDS_H

struct mr_args;
struct mr_error;

int mr_explore_main(struct mr_args *args);
int mr_demo_main(struct mr_args *args);
int mr_train_main(struct mr_args *args);
int mr_lr_find_main(struct mr_args *args);
int mr_quality_main(struct mr_args *args);
int mr_report_main(struct mr_args *args);
int mr_score_main(struct mr_args *args);
int mr_issues_main(struct mr_args *args);
int mr_curve_main(struct mr_args *args);
int mr_explain_main(struct mr_args *args);
int mr_review_main(struct mr_args *args);
int mr_doctor_main(struct mr_args *args);
int mr_bench_main(struct mr_args *args);
int mr_weights_main(struct mr_args *args);

/* What `demo` takes where nothing is given. */
void mr_demo_fill_in(struct mr_args *args);

/* And `issues`. */
void mr_issues_fill_in(struct mr_args *args);

/* And `curve`. */
void mr_curve_fill_in(struct mr_args *args);

/* Shows the sentence on stderr as "misread: ..." and returns the exit status that fits it. */
int mr_failed(const struct mr_error *err);

#endif
