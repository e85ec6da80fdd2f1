/* SPDX-License-Identifier: Apache-2.0
 * Takes the page's files in as they are, its scripts one after the other. */
	.macro asset name, files:vararg
	.global page_\name
	.global page_\name\()_size
page_\name:
	.irp file, \files
	.incbin "\file"
	.endr
1:	.byte 0
	.balign 4
page_\name\()_size:
	.long 1b - page_\name
	.endm
	.section .rodata
	asset html, "page.html"
	asset script, "page.js", "draw.js", "devices.js", "adjust.js", "plot.js", "course.js", "setup.js", "start.js"
	asset style, "page.css"
	asset icon, "icon.svg"
	.section .note.GNU-stack,"",%progbits
