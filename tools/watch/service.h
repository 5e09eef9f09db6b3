/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits for pcscd to come back, without polling. */
#ifndef JPKI_TOOLS_WATCH_SERVICE_H
#define JPKI_TOOLS_WATCH_SERVICE_H

#include <stdint.h>

/*
 * Returns when pcscd's socket has changed since `fd` was opened, or after ms milliseconds: the watch may
 * miss a replaced directory, and a pcscd that refuses us (polkit) does not announce when it stops refusing.
 */
void service_wait(int fd, int64_t ms);

/* A watch for service_wait(): on the socket's directory, or on the place where it will be. -1: none. */
int service_listen(void);

#endif
