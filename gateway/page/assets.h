/* SPDX-License-Identifier: Apache-2.0
 * The page's files in assets/, as they are built in. */
#ifndef PAGE_ASSETS_H
#define PAGE_ASSETS_H

#include <stdint.h>

extern const char page_html[], page_script[], page_style[], page_icon[];
extern const uint32_t page_html_size, page_script_size, page_style_size, page_icon_size; /* bytes */

#endif
