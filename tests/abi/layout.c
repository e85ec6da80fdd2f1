/* SPDX-License-Identifier: Apache-2.0
 *
 * layout - where every member of therapy/plugin.h lies, as every plugin that was built relies on it. Compiled, never
 * run: a header that says otherwise does not compile. README.md says what to do then.
 *
 *   AT(struct, type, member, offset)   CALLED(struct, function, offset)   SIZE(struct, bytes)   VALUE(name, value)
 * Three figures, for the three ways in which compilers lay out these structs: 64-bit pointers; 32-bit pointers and
 * 64-bit numbers aligned to 8 (ARM, MIPS); 32-bit pointers and 64-bit numbers aligned to 4 (i386).
 *
 * REVISION is that of the header that is compiled, tests/abi/headers/REVISION. Rows are added, and never changed. */
#include "therapy/plugin.h"

#if THERAPY_ABI != 1
#error "This is the layout of abi 1. A new abi begins with a table of its own: docs/abi.md"
#endif

#if __SIZEOF_POINTER__ == 8
#define FIGURE(p64, p32, i386) (p64)
#elif defined __i386__
#define FIGURE(p64, p32, i386) (i386)
#else
#define FIGURE(p64, p32, i386) (p32)
#endif
#define WHY ", in the way of plugins that were built: members are added at the end only, docs/abi.md"
#define CALLED(name, member, ...)                                                                                      \
	_Static_assert(offsetof(struct therapy_##name, member) == FIGURE(__VA_ARGS__),                                 \
		       "therapy_" #name "." #member " has moved" WHY)
#define AT(name, type, member, ...)                                                                                    \
	CALLED(name, member, __VA_ARGS__);                                                                             \
	_Static_assert(_Generic(((struct therapy_##name *)0)->member, type : 1, default : 0),                          \
		       "therapy_" #name "." #member " is no " #type " any more" WHY)
#define SIZE(name, ...)                                                                                                \
	_Static_assert(sizeof(struct therapy_##name) == FIGURE(__VA_ARGS__),                                           \
		       "therapy_" #name                                                                                \
		       " has another size than in this revision: a member more needs a new one, docs/abi.md")
#define VALUE(name, value)                                                                                             \
	_Static_assert((name) == (value), #name " is another number than plugins that were built have")

/* clang-format off */
AT(metric, const char *, key, 0, 0, 0); AT(metric, const char *, name, 8, 4, 4);
AT(metric, enum therapy_unit, unit, 16, 8, 8); AT(metric, double, min, 24, 16, 12);
AT(metric, double, max, 32, 24, 20); AT(metric, double, max_rate, 40, 32, 28);
AT(metric, uint32_t, interval_ms, 48, 40, 36); AT(metric, uint32_t, stale_ms, 52, 44, 40);
AT(metric, double, deadband, 56, 48, 44); AT(metric, uint8_t, precision, 64, 56, 52);
AT(metric, bool, diagnostic, 65, 57, 53); AT(metric, const char *, device_class, 72, 60, 56);
AT(metric, const char *, words, 80, 64, 60); AT(metric, bool, stops, 88, 68, 64); SIZE(metric, 96, 72, 68);

AT(verb, const char *, key, 0, 0, 0); AT(verb, enum therapy_effect, effect, 8, 4, 4); SIZE(verb, 16, 8, 8);

AT(step, uint32_t, delay_ms, 0, 0, 0); AT(step, uint8_t, verb, 4, 4, 4); AT(step, double, value, 8, 8, 8);
SIZE(step, 16, 16, 16);

AT(control, const char *, key, 0, 0, 0); AT(control, const char *, name, 8, 4, 4);
AT(control, enum therapy_control_type, type, 16, 8, 8); AT(control, enum therapy_unit, unit, 20, 12, 12);
AT(control, double, min, 24, 16, 16); AT(control, double, max, 32, 24, 24); AT(control, double, step, 40, 32, 32);
AT(control, uint8_t, set, 48, 40, 40); AT(control, uint8_t, renew, 49, 41, 41);
AT(control, uint32_t, renew_ms, 52, 44, 44); AT(control, uint32_t, device_timer_ms, 56, 48, 48);
AT(control, uint8_t, confirm, 60, 52, 52); AT(control, double, rest_max, 64, 56, 56);
AT(control, uint32_t, confirm_ms, 72, 64, 64); AT(control, const struct therapy_step *, rest, 80, 68, 68);
AT(control, uint8_t, n_rest, 88, 72, 72); AT(control, const struct therapy_step *, stop, 96, 76, 76);
AT(control, uint8_t, n_stop, 104, 80, 80); AT(control, bool, resumes, 105, 81, 81);
AT(control, uint8_t, load, 106, 82, 82); AT(control, double, load_max, 112, 88, 84);
AT(control, uint32_t, load_ms, 120, 96, 92); AT(control, uint8_t, test, 124, 100, 96);
AT(control, uint32_t, test_ms, 128, 104, 100); AT(control, uint32_t, stop_ms, 132, 108, 104);
AT(control, const char *, words, 136, 112, 108); AT(control, uint8_t, measures, 144, 116, 112);
SIZE(control, 152, 120, 116);

AT(channel, const char *, address, 0, 0, 0); AT(channel, uint8_t, direction, 8, 4, 4); SIZE(channel, 16, 8, 8);

AT(poll, uint8_t, verb, 0, 0, 0); AT(poll, uint32_t, every_ms, 4, 4, 4); AT(poll, uint32_t, energised_ms, 8, 8, 8);
AT(poll, uint32_t, reply_ms, 12, 12, 12); SIZE(poll, 16, 16, 16);

AT(option, const char *, key, 0, 0, 0); AT(option, enum therapy_option_type, type, 8, 4, 4);
AT(option, double, min, 16, 8, 8); AT(option, double, max, 24, 16, 16); AT(option, const char *, words, 32, 24, 24);
AT(option, const char *, help, 40, 28, 28); SIZE(option, 48, 32, 32);

AT(value, bool, set, 0, 0, 0); AT(value, double, number, 8, 8, 4); AT(value, const char *, word, 16, 16, 12);
SIZE(value, 24, 24, 16);

AT(message, const uint8_t *, data, 0, 0, 0); AT(message, size_t, size, 8, 4, 4);
AT(message, uint64_t, now_ms, 16, 8, 8); AT(message, uint8_t, channel, 24, 16, 16);
AT(message, bool, retained, 25, 17, 17); SIZE(message, 32, 24, 20);

AT(reading, uint16_t, metric, 0, 0, 0); AT(reading, uint8_t, quality, 2, 2, 2);
AT(reading, uint32_t, age_ms, 4, 4, 4); AT(reading, double, value, 8, 8, 8); SIZE(reading, 16, 16, 16);

AT(frame, uint16_t, size, 0, 0, 0); AT(frame, uint8_t, channel, 2, 2, 2); AT(frame, uint8_t *, bytes, 3, 3, 3);
SIZE(frame, 516, 516, 516);

AT(out, struct therapy_reading *, readings, 0, 0, 0); AT(out, size_t, n_readings, 8, 4, 4);
AT(out, size_t, max_readings, 16, 8, 8); AT(out, struct therapy_frame *, frames, 24, 12, 12);
AT(out, size_t, n_frames, 32, 16, 16); AT(out, size_t, max_frames, 40, 20, 20); AT(out, uint32_t, lost, 48, 24, 24);
AT(out, enum therapy_presence, presence, 52, 28, 28); AT(out, bool, reply, 56, 32, 32);
AT(out, bool, overflow, 57, 33, 33);
#if REVISION < 3
SIZE(out, 64, 36, 36);
#else
AT(out, struct therapy_reading *, found, 64, 36, 36); AT(out, size_t, n_found, 72, 40, 40);
AT(out, size_t, max_found, 80, 44, 44); SIZE(out, 88, 48, 48);
#endif

AT(model, const char *, key, 0, 0, 0); AT(model, const char *, name, 8, 4, 4);
AT(model, const char *, manufacturer, 16, 8, 8); AT(model, uint32_t, links, 24, 12, 12);
AT(model, uint32_t, baud, 28, 16, 16); AT(model, const struct therapy_metric *, metrics, 32, 20, 20);
AT(model, const struct therapy_verb *, verbs, 40, 24, 24);
AT(model, const struct therapy_control *, controls, 48, 28, 28);
AT(model, const struct therapy_channel *, channels, 56, 32, 32);
AT(model, const struct therapy_poll *, polls, 64, 36, 36);
AT(model, const struct therapy_option *, options, 72, 40, 40); AT(model, const uint8_t *, on_connect, 80, 44, 44);
AT(model, uint8_t, n_metrics, 88, 48, 48); AT(model, uint8_t, n_verbs, 89, 49, 49);
AT(model, uint8_t, n_controls, 90, 50, 50); AT(model, uint8_t, n_channels, 91, 51, 51);
AT(model, uint8_t, n_polls, 92, 52, 52); AT(model, uint8_t, n_options, 93, 53, 53);
AT(model, uint8_t, n_on_connect, 94, 54, 54); AT(model, size_t, state_size, 96, 56, 56);
CALLED(model, init, 104, 60, 60); CALLED(model, frame, 112, 64, 64); CALLED(model, decode, 120, 68, 68);
CALLED(model, encode, 128, 72, 72);
#if REVISION == 1
SIZE(model, 136, 76, 76);
#else
AT(model, const void *, own, 136, 76, 76); CALLED(model, init_row, 144, 80, 80);
#endif
#if REVISION == 2
SIZE(model, 152, 84, 84);
#elif REVISION >= 3
AT(model, const struct therapy_setting *, settings, 152, 84, 84); AT(model, uint16_t, setting_size, 160, 88, 88);
AT(model, uint8_t, n_settings, 162, 90, 90); SIZE(model, 168, 92, 92);

AT(setting, const char *, key, 0, 0, 0); AT(setting, const char *, name, 8, 4, 4);
AT(setting, const char *, because, 16, 8, 8); AT(setting, const char *, words, 24, 12, 12);
AT(setting, double, wanted, 32, 16, 16); AT(setting, uint8_t, ask, 40, 24, 24); AT(setting, uint8_t, set, 41, 25, 25);
AT(setting, bool, unasked, 42, 26, 26); SIZE(setting, 48, 32, 28);
#endif

AT(sizes, uint16_t, plugin, 0, 0, 0); AT(sizes, uint16_t, model, 2, 2, 2); AT(sizes, uint16_t, metric, 4, 4, 4);
AT(sizes, uint16_t, verb, 6, 6, 6); AT(sizes, uint16_t, control, 8, 8, 8); AT(sizes, uint16_t, step, 10, 10, 10);
AT(sizes, uint16_t, channel, 12, 12, 12); AT(sizes, uint16_t, poll, 14, 14, 14);
AT(sizes, uint16_t, option, 16, 16, 16); SIZE(sizes, 18, 18, 18);

AT(plugin, uint32_t, abi, 0, 0, 0); AT(plugin, struct therapy_sizes, sizes, 4, 4, 4);
AT(plugin, const char *, key, 24, 24, 24); AT(plugin, const char *, kind, 32, 28, 28);
AT(plugin, const char *, version, 40, 32, 32); AT(plugin, const struct therapy_model *, models, 48, 36, 36);
AT(plugin, uint8_t, n_models, 56, 40, 40); SIZE(plugin, 64, 44, 44);

VALUE(THERAPY_UNIT_ONE, 0); VALUE(THERAPY_UNIT_BOOL, 1); VALUE(THERAPY_UNIT_DEG, 2);
VALUE(THERAPY_UNIT_DEG_PER_S, 3); VALUE(THERAPY_UNIT_NEWTON, 4); VALUE(THERAPY_UNIT_CELSIUS, 5);
VALUE(THERAPY_UNIT_KILOPASCAL, 6); VALUE(THERAPY_UNIT_WATT, 7); VALUE(THERAPY_UNIT_WATT_HOUR, 8);
VALUE(THERAPY_UNIT_VOLT, 9); VALUE(THERAPY_UNIT_AMPERE, 10); VALUE(THERAPY_UNIT_KILOGRAM, 11);
VALUE(THERAPY_UNIT_PERCENT, 12); VALUE(THERAPY_UNIT_SECOND, 13); VALUE(THERAPY_UNIT_STANDARD_G, 14);
VALUE(THERAPY_UNIT_NEWTON_PER_S, 15);
VALUE(THERAPY_QUERY, 0); VALUE(THERAPY_STOP, 1); VALUE(THERAPY_ACT, 2); VALUE(THERAPY_RENEW, 3);
VALUE(THERAPY_SWITCH, 0); VALUE(THERAPY_NUMBER, 1);
VALUE(THERAPY_IN, 1); VALUE(THERAPY_OUT, 2);
VALUE(THERAPY_OPTION_NUMBER, 0); VALUE(THERAPY_OPTION_WORD, 1); VALUE(THERAPY_OPTION_CLIENT, 2);
VALUE(THERAPY_OK, 0); VALUE(THERAPY_REFUSED_LENGTH, 1); VALUE(THERAPY_REFUSED_CHECKSUM, 2);
VALUE(THERAPY_REFUSED_TYPE, 3); VALUE(THERAPY_REFUSED_FORMAT, 4); VALUE(THERAPY_REFUSED_VALUE, 5);
VALUE(THERAPY_UNKNOWN, 0); VALUE(THERAPY_GOOD, 1); VALUE(THERAPY_ERROR, 2);
VALUE(THERAPY_PRESENCE_SAME, 0); VALUE(THERAPY_PRESENT, 1); VALUE(THERAPY_ABSENT, 2);
VALUE(THERAPY_LINK_SERIAL, 1); VALUE(THERAPY_LINK_TCP, 2); VALUE(THERAPY_LINK_MQTT, 4); VALUE(THERAPY_LINK_BLE, 8);
VALUE(THERAPY_FRAME_MAX, 512u); VALUE(THERAPY_NONE, 0xFFu);
/* An enum is an int: no plugin is built with -fshort-enums. */
VALUE(sizeof(enum therapy_unit), 4); VALUE(sizeof(enum therapy_effect), 4); VALUE(sizeof(enum therapy_refusal), 4);
/* clang-format on */

/* What the functions are given and give back. */
static int init(void *state, const struct therapy_value *values, uint32_t seed)
{
	(void)state, (void)values, (void)seed;
	return 0;
}

static long frame(void *state, const uint8_t *bytes, size_t size)
{
	(void)state, (void)bytes;
	return (long)size;
}

static enum therapy_refusal decode(void *state, const struct therapy_message *message, struct therapy_out *out)
{
	(void)state, (void)message, (void)out;
	return THERAPY_OK;
}

static int encode(void *state, uint64_t now_ms, uint8_t verb, double value, struct therapy_out *out)
{
	(void)state, (void)now_ms, (void)verb, (void)value, (void)out;
	return 0;
}

#if REVISION >= 2
static int init_row(void *state, const struct therapy_model *row, const struct therapy_value *values, uint32_t seed)
{
	(void)state, (void)row, (void)values, (void)seed;
	return 0;
}
#endif

extern const struct therapy_model signatures;
const struct therapy_model signatures = {
    .init = init,
    .frame = frame,
    .decode = decode,
    .encode = encode,
#if REVISION >= 2
    .init_row = init_row,
#endif
};
