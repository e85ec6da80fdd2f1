/* SPDX-License-Identifier: Apache-2.0
 * What plugin.h takes of the C library, for compilers of processors whose C library is not here. Compiled, never run.
 */
#define isfinite(x) __builtin_isfinite(x)
#define NAN         __builtin_nanf("")
