/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for pcscd to come back, without asking it over and over. */
#ifndef JPKI_TOOLS_WATCH_SERVICE_H
#define JPKI_TOOLS_WATCH_SERVICE_H

#include <stdint.h>

/*
 * Returns when something has happened to pcscd's socket since `fd` was opened, or after ms
 * milliseconds: the watch may miss what is replaced below it, and a pcscd that refuses (polkit)
 * does not say when it no longer does.
 */
void service_wait(int fd, int64_t ms);

/* What service_wait() listens to: the socket's directory, or where that will be. -1: nothing. */
int service_listen(void);

#endif
