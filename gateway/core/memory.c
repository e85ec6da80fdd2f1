/* SPDX-License-Identifier: Apache-2.0 */
#include "core/inside.h"

void memory_changed(struct core *core, bool urgent)
{
	(void)core;
	(void)urgent;
}
