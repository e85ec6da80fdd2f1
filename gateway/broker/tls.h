/* SPDX-License-Identifier: Apache-2.0
 *
 * tls - why a TLS connection did not come about, in words. Paho says "socket error" to an expired certificate, to an
 * unknown authority, to a wrong name and to a broker that wants a certificate of ours, so this listens to OpenSSL
 * itself: each SSL object that is made in this process gets callbacks, and what they see is noted for the thread they
 * run on. Paho tells of a failure on that very thread, right after it.
 *
 * It also checks the name in the certificate while the handshake runs. Paho does that afterwards, without a word.
 */
#ifndef BROKER_TLS_H
#define BROKER_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* Begins to listen, once for the process; before the first connection. */
void tls_watch(void);
/* What Paho's SSL options take as ssl_error_cb: notes what OpenSSL says where nothing better is known. */
int tls_on_error(const char *text, size_t size, void *user);
/* An attempt failed: the first that went wrong on this thread since the last call, one sentence. False: nothing did. */
bool tls_take_trouble(char *why, size_t size);
/* An attempt did not fail. */
void tls_forget_trouble(void);

#endif
