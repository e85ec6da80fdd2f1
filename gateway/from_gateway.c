/* SPDX-License-Identifier: Apache-2.0 */
#include "from_gateway.h"

#include <math.h>

static void take_release(const Therapy__V1__Release *release, struct device_setting_was *was, struct device_input *out)
{
	out->type = DEVICE_IN_RELEASE;
	out->was = was;
	for (size_t i = 0; i < release->n_was && out->n_was < DEVICE_SETTINGS_MAX; i++)
		if (release->was[i]->setting < DEVICE_SETTINGS_MAX)
			was[out->n_was++] =
			    (struct device_setting_was){(uint8_t)release->was[i]->setting, release->was[i]->value};
}

bool from_gateway_order(const Therapy__V1__ToDevice *m, const struct therapy_model *model,
			struct device_setting_was was[DEVICE_SETTINGS_MAX], struct device_input *out)
{
	uint32_t control = 0;
	*out = (struct device_input){.type = DEVICE_IN_TICK};
	switch (m->body_case) {
	case THERAPY__V1__TO_DEVICE__BODY_LEASE:
		out->type = DEVICE_IN_LEASE;
		control = m->lease->control;
		out->grant = m->lease->grant;
		out->value = m->lease->value;
		out->expires_ms = m->lease->expires_ms;
		out->adopt = m->lease->adopt;
		break;
	case THERAPY__V1__TO_DEVICE__BODY_OFF_TEST:
		out->type = DEVICE_IN_OFF_TEST;
		control = m->off_test->control;
		out->grant = m->off_test->grant;
		out->expires_ms = m->off_test->expires_ms;
		break;
	case THERAPY__V1__TO_DEVICE__BODY_REST:
		out->type = DEVICE_IN_REST;
		control = m->rest->control;
		out->stop = m->rest->stop;
		break;
	case THERAPY__V1__TO_DEVICE__BODY_SETTING_KEPT:
		out->type = DEVICE_IN_SETTING_KEPT;
		out->setting = (uint8_t)m->setting_kept->setting;
		return m->setting_kept->setting < model->n_settings;
	case THERAPY__V1__TO_DEVICE__BODY_RELEASE:
		take_release(m->release, was, out);
		return true;
	case THERAPY__V1__TO_DEVICE__BODY_OPEN:
	case THERAPY__V1__TO_DEVICE__BODY_SETUP:
	case THERAPY__V1__TO_DEVICE__BODY_PING:
	case THERAPY__V1__TO_DEVICE__BODY_RECORD:
	case THERAPY__V1__TO_DEVICE__BODY__NOT_SET:
	default:
		return false;
	}
	out->control = (uint8_t)control;
	return control < model->n_controls && isfinite(out->value);
}
