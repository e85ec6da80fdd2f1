// SPDX-License-Identifier: Apache-2.0
// A plugin may be written in C++: this one is not run, it must only compile, with every warning on.
#include "therapy/plugin.h"

static enum therapy_refusal decode(void *, const struct therapy_message *message, struct therapy_out *out)
{
	if (message->size != 1)
		return THERAPY_REFUSED_LENGTH;
	therapy_emit(out, 0, message->data[0]);
	therapy_send(out, 0, message->data, message->size);
	return THERAPY_OK;
}

static const struct therapy_model *models()
{
	static struct therapy_model model = {};
	model.key = "one";
	model.decode = decode;
	return &model;
}

const struct therapy_plugin therapy_plugin = {THERAPY_ABI, THERAPY_SIZES, "one", "inversion", "1", models(), 1};
