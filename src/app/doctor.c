/* SPDX-License-Identifier: MIT */
/* `doctor`: what this terminal, CPU and BLAS can do, what misread will use, and what to do where it
 * is poor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/base/sandbox.h>
#include <misread/base/thread.h>
#include <misread/kernel/gemm.h>
#include <misread/kernel/kernels.h>
#include <misread/kernel/machine.h>
#include <misread/term/term.h>

#include "args.h"
#include "commands.h"
#include "explore.h"
#include "json.h"
#include "session.h"

/* As long as a slow line may take to answer; the explorer itself waits far less. */
#define PROBE_MS 1000

struct finding {
    const char *name;
    char value[160];
    char advice[240]; /* "" where all is well */
};

#define N_FINDINGS 9

static void find_cpu(struct finding *f)
{
    char model[128];

    mr_machine_cpu(model, sizeof model);
    f->name = "cpu";
    snprintf(f->value, sizeof f->value, "%s, %d cores", model, mr_thread_n_cores());
}

static void find_blas(struct finding *f)
{
    struct mr_gemm_info info;

    mr_gemm_init();
    mr_gemm_describe(&info);
    f->name = "blas";
    snprintf(f->value, sizeof f->value, "%.80s, %s kernels, %d thread a product", info.library,
             info.core, info.n_threads);
    if (!info.is_pthread)
        snprintf(f->advice, sizeof f->advice,
                 "another build of OpenBLAS is chosen: install libopenblas0-pthread and choose it "
                 "with update-alternatives");
}

static void find_kernels(struct finding *f)
{
    f->name = "kernels";
    snprintf(f->value, sizeof f->value, "%s (compiled in: %s)", mr_kernels_best()->isa,
             mr_kernels_list());
}

static void find_sandbox(struct finding *f, const struct mr_args *args)
{
    f->name = "decoders";
    snprintf(f->value, sizeof f->value, "%s",
             args->unsafe_inprocess ? "in process, not protected" : "sandboxed (seccomp)");
}

/* Limits are sixel's. */
static void describe_pictures(struct finding *f, const struct mr_term_caps *caps)
{
    if (caps->graphics == MR_GRAPHICS_SIXEL)
        snprintf(f->value, sizeof f->value, "sixel, at most %dx%d px, %d colour registers",
                 caps->max_picture.w, caps->max_picture.h, caps->n_registers);
    else
        snprintf(f->value, sizeof f->value, "%s",
                 caps->graphics == MR_GRAPHICS_HALF ? "half blocks"
                                                    : mr_graphics_text(caps->graphics));
}

static void find_terminal(struct finding *out, const struct mr_args *args)
{
    struct finding *what = &out[0], *pictures = &out[1], *colors = &out[2];
    struct mr_term_options options;
    struct mr_term_caps caps;
    struct mr_error err = {0};

    what->name = "terminal";
    pictures->name = "pictures";
    colors->name = "colours";
    if (mr_explore_term_options(&options, args, &err) ||
        mr_term_probe(&caps, &options, PROBE_MS, &err)) {
        snprintf(what->value, sizeof what->value, "none");
        snprintf(what->advice, sizeof what->advice, "%.200s", err.message);
        return;
    }
    snprintf(what->value, sizeof what->value, "%s%s%s, cell %dx%d px, %s",
             getenv("TERM") ? getenv("TERM") : "?", caps.name[0] ? " " : "", caps.name, caps.cell.w,
             caps.cell.h, caps.is_utf8 ? "UTF-8" : "no UTF-8");
    describe_pictures(pictures, &caps);
    if (!caps.has_sixel && !strncmp(caps.name, "XTerm", 5))
        snprintf(pictures->advice, sizeof pictures->advice,
                 "for sixel start it as: xterm -ti vt340 -xrm '*numColorRegisters: 256'");
    else if (!caps.has_sixel)
        snprintf(pictures->advice, sizeof pictures->advice,
                 "this terminal shows no sixel; half blocks are used where it has 256 colours");
    snprintf(colors->value, sizeof colors->value, caps.n_colors > 256 ? "true colour" : "%d",
             caps.n_colors);
}

static void print_text(const struct finding *findings, int n)
{
    printf("misread %s\n", MISREAD_VERSION);
    for (int i = 0; i < n; i++) {
        if (!findings[i].value[0])
            continue;
        printf("%-9s %s\n", findings[i].name, findings[i].value);
        if (findings[i].advice[0])
            printf("%-9s   %s\n", "", findings[i].advice);
    }
}

static void print_json(const struct finding *findings, int n)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "version", MISREAD_VERSION);
    for (int i = 0; i < n; i++) {
        cJSON *entry;

        if (!findings[i].value[0])
            continue;
        entry = cJSON_AddObjectToObject(object, findings[i].name);
        cJSON_AddStringToObject(entry, "found", findings[i].value);
        cJSON_AddStringToObject(entry, "advice", findings[i].advice);
    }
    mr_json_print(object);
}

int mr_doctor_main(struct mr_args *args)
{
    struct finding findings[N_FINDINGS] = {0};
    struct mr_session session;
    struct mr_error err = {0};

    if (mr_session_open(&session, args->unsafe_inprocess, &err))
        return mr_failed(&err); /* the decoders' sandbox cannot be had: that is the finding */
    find_cpu(&findings[0]);
    find_blas(&findings[1]);
    find_kernels(&findings[2]);
    find_sandbox(&findings[3], args);
    find_terminal(&findings[4], args);
    if (args->json)
        print_json(findings, 7);
    else
        print_text(findings, 7);
    mr_session_close(&session);
    return EXIT_SUCCESS;
}
