/* SPDX-License-Identifier: MIT */
/* Private folders that survive a power cut, and locks on files and folders. */
#ifndef MISREAD_STORE_FOLDER_H
#define MISREAD_STORE_FOLDER_H

/* Makes a folder and its missing parents, 0700 whatever the umask, each entered durably in its
 * parent. Fine if it is there already. 0, or -1 with errno. */
int mr_folder_make(const char *path);
/* Takes the lock on an open file or folder, waiting at most ms. 0, or -1 with errno (EWOULDBLOCK).
 */
int mr_folder_lock(int fd, int ms);

#endif
