/* SPDX-License-Identifier: Apache-2.0 */
#include "link/baud.h"

#include <stddef.h>

bool baud_find(uint32_t baud, speed_t *out)
{
	static const struct {
		uint32_t baud;
		speed_t speed;
	} rates[] = {
	    {1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},       {19200, B19200},
	    {38400, B38400},     {57600, B57600},     {115200, B115200},   {230400, B230400},   {460800, B460800},
	    {500000, B500000},   {576000, B576000},   {921600, B921600},   {1000000, B1000000}, {1152000, B1152000},
	    {1500000, B1500000}, {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {3500000, B3500000},
	    {4000000, B4000000},
	};
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		if (rates[i].baud != baud)
			continue;
		if (out)
			*out = rates[i].speed;
		return true;
	}
	return false;
}

bool baud_known(uint32_t baud)
{
	return baud_find(baud, NULL);
}
