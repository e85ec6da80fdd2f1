/* SPDX-License-Identifier: Apache-2.0
 * Takes the descriptor set in as it is; every assembler that gcc and clang bring knows .incbin. */
	.section .rodata
	.global therapy_schema
	.global therapy_schema_end
	.balign 8
therapy_schema:
	.incbin "therapy.desc"
therapy_schema_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
