/* SPDX-License-Identifier: MIT */
/* What the two halves of the harness share. */
#ifndef MISREAD_TESTS_VT_PRIVATE_H
#define MISREAD_TESTS_VT_PRIVATE_H

#include <sys/types.h>
#include <termios.h>

#include <vterm.h>

#include "vt.h"

enum vt_filter { VT_PLAIN, VT_ESCAPE, VT_CSI, VT_STRING, VT_STRING_ESCAPE };

struct vt_bytes {
    char *data;
    size_t n, cap;
};

/* An answer on its way to the program. */
struct vt_answer {
    int64_t due_ms;
    char text[64];
    size_t n;
};

struct vt {
    struct vt_options options;
    int master, slave, rows, cols;
    pid_t pid;
    bool has_exited, has_stopped;
    int status;
    struct termios before;
    VTerm *vterm;
    VTermState *state;
    VTermScreen *screen;
    struct vt_modes modes;

    enum vt_filter filter;
    struct vt_bytes stream, sequence, plain;
    struct vt_answer answers[256];
    int n_answers;
    int64_t last_heard_ms;

    struct vt_picture *pictures;
    int n_pictures;
    int *owner; /* (rows, cols): 1 + the picture one sees there, 0 none */
    char lines[8][4096];
};

void vt_bytes_add(struct vt_bytes *bytes, const char *data, size_t n);
/* A picture's DCS (with ESC P and ESC \) was drawn at the cursor. */
void vt_picture_draw(struct vt *vt, const char *dcs, size_t n);
/* Something wrote to these cells. */
void vt_picture_damage(struct vt *vt, VTermRect rect);
void vt_picture_lose_all(struct vt *vt);

#endif
