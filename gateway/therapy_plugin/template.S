/* SPDX-License-Identifier: Apache-2.0
 * The files of plugins/template, embedded. The assembler is given plugins/: other folders have a README.md, too. */
#ifdef __linux__
.section .note.GNU-stack, "", %progbits
#endif

.macro embed name, path
	.global template_\name, template_\name\()_end
template_\name:
	.incbin "template/\path"
template_\name\()_end:
	.byte 0
.endm

.section .rodata
	embed source, "template.c"
	embed cmake, "CMakeLists.txt.in"
	embed readme, "README.md"
	embed device, "device.py"
	embed vectors, "vectors/template.vec"
