/* SPDX-License-Identifier: Apache-2.0 */
#include "subject.h"

const struct therapy_plugin *subject(void)
{
	return &therapy_plugin;
}
