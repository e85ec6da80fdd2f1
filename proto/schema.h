/* SPDX-License-Identifier: Apache-2.0
 * The FileDescriptorSet of proto/therapy/v1, as protoc wrote it: published so that any consumer can decode. */
#ifndef PROTO_SCHEMA_H
#define PROTO_SCHEMA_H

#include <stdint.h>

extern const uint8_t therapy_schema[];
extern const uint8_t therapy_schema_end[];

#endif
