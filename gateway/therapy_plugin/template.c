/* SPDX-License-Identifier: Apache-2.0 */
#include "therapy_plugin/template.h"

#define EMBEDDED(name) extern const char template_##name[], template_##name##_end[]

EMBEDDED(source);
EMBEDDED(cmake);
EMBEDDED(readme);
EMBEDDED(device);
EMBEDDED(vectors);

#define FILE_OF(path, name, runs)                                                                                      \
	{                                                                                                              \
		path, template_##name, template_##name##_end, runs                                                     \
	}

const struct template_file template_files[] = {
    FILE_OF("template.c", source, false),
    FILE_OF("CMakeLists.txt", cmake, false),
    FILE_OF("README.md", readme, false),
    FILE_OF("device.py", device, true),
    FILE_OF("vectors/template.vec", vectors, false),
};
const size_t template_n_files = sizeof template_files / sizeof *template_files;
