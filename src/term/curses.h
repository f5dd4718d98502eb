/* SPDX-License-Identifier: MIT */
/* The one door to curses. term.h has macros with everyday names, so only who needs it asks for it.
 */
#ifndef MISREAD_TERM_CURSES_H
#define MISREAD_TERM_CURSES_H

#include <ncurses.h>
#ifdef MR_WITH_TERMINFO
#include <term.h>
#undef columns
#undef lines
#endif

#endif
