/* SPDX-License-Identifier: Apache-2.0
 * Random small sets of rules, and a random invariant for each. What verify answers is held against the real runtime: a
 * set's inputs are a small alphabet, and every sequence of them up to a length is played. PROVED is never contradicted
 * by any of them. (REFUTED was played by verify itself; that such a sequence is there is not for this test to find
 * again.)
 *
 * Usage: verify_property_test [SETS [SEED]]. ./check runs SETS_DEFAULT of them; a failure names its seed, and
 * `verify_property_test 1 SEED` runs that set alone.
 *
 * The core allocates nothing after core_new, so its whole state lies in what core_new allocated: here that comes from
 * one block, and going back to an earlier moment is a copy. */
#include <stdio.h>
#include <stdlib.h>

#include "core/testing_rig.h"
#include "verify/monitor.h"
#include "verify/verify.h"

#define SETS_DEFAULT 3000u
#define SEED_DEFAULT 20240301u
#define LENGTH_MAX   4u /* inputs after the beginning */
#define ACTIONS_MAX  7u /* letters of a set's alphabet */
#define BEGIN_MS     1000000u

static unsigned n_sets = SETS_DEFAULT;
static uint64_t first_seed = SEED_DEFAULT;

/* ---- one block ---- */

static struct {
	_Alignas(64) unsigned char bytes[1 << 20];
	size_t used;
	bool open; /* allocations come from it */
} block;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static bool inside(const void *p)
{
	return (const unsigned char *)p >= block.bytes && (const unsigned char *)p < block.bytes + sizeof block.bytes;
}

void *__wrap_malloc(size_t size)
{
	if (!block.open)
		return __real_malloc(size);
	size_t rounded = (size + 63) & ~(size_t)63;
	assert_true(block.used + rounded + 64 <= sizeof block.bytes);
	unsigned char *at = block.bytes + block.used;
	memcpy(at, &size, sizeof size);
	block.used += rounded + 64;
	return at + 64;
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (!block.open)
		return __real_calloc(n, size);
	void *out = __wrap_malloc(n * size);
	memset(out, 0, n * size);
	return out;
}

void *__wrap_realloc(void *old, size_t size)
{
	if (!block.open)
		return __real_realloc(old, size);
	size_t before = 0;
	void *out = __wrap_malloc(size);
	if (old)
		memcpy(&before, (unsigned char *)old - 64, sizeof before);
	if (before)
		memcpy(out, old, before < size ? before : size);
	return out;
}

void __wrap_free(void *old)
{
	if (!inside(old))
		__real_free(old);
}

/* ---- dice ---- */

static uint64_t state;

static uint64_t next_random(void)
{
	state += 0x9e3779b97f4a7c15u;
	uint64_t z = state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned dice(unsigned sides)
{
	return (unsigned)(next_random() % sides);
}

static bool once_in(unsigned n)
{
	return dice(n) == 0;
}

/* ---- random rules ---- */

enum { SENSOR, PAD_DEVICE, BELT_DEVICE, DEVICES };

static const struct core_metric sensor_metrics[] = {{.key = "x", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000},
						    {.key = "y", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000}};
static const struct core_metric pad_metric = {.key = "power", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000};
static const struct core_metric belt_metric = {.key = "force", .unit = THERAPY_UNIT_ONE, .stale_ms = 700};
static const struct core_control pad_control = {
    .key = "heat", .min = 0, .max = 1, .step = 1, .confirm = 0, .rest_max = 5, .resumes = true};
static const struct core_control belt_control = {
    .key = "pull", .min = 1, .max = 9, .step = 1, .confirm = 0, .rest_max = 5};
static const struct core_device devices[DEVICES] = {{"s", "sense", sensor_metrics, 2, NULL, 0},
						    {"pad", "heat", &pad_metric, 1, &pad_control, 1},
						    {"belt", "traction", &belt_metric, 1, &belt_control, 1}};

/* Given in the configuration, by default only, not at all, and one of which more is stricter. */
static const struct core_limit limits[] = {
    {.file = "random", .line = 1, .id = "given", .unit = THERAPY_UNIT_ONE},
    {.file = "random", .line = 1, .id = "usual", .unit = THERAPY_UNIT_ONE, .has_default = true, .value = 10},
    {.file = "random", .line = 1, .id = "unset", .unit = THERAPY_UNIT_ONE},
    {.file = "random", .line = 1, .id = "least", .unit = THERAPY_UNIT_ONE, .minimum = true}};
static const struct core_figure figures_given[] = {
    {.file = "random", .line = 1, .limit = "given", .unit = THERAPY_UNIT_ONE, .value = 10},
    {.file = "random", .line = 1, .limit = "least", .unit = THERAPY_UNIT_ONE, .value = 5}};

enum { RULES_MAX = 4, TEXT_ROOM = 400 };

struct set {
	struct core_rule rules[RULES_MAX];
	char texts[RULES_MAX][3][TEXT_ROOM];
	char ids[RULES_MAX][24];
	struct core_text permits[RULES_MAX];
	uint64_t shapes[RULES_MAX];
	size_t n_rules;
	struct core_spec spec;
	char invariant[TEXT_ROOM + 64];
	uint32_t control; /* of the home: what the invariant is about */
};

static const char *const durations[] = {"200 ms", "1 s", "1500 ms"};

/* `harder` moves a figure now and then, so that an invariant of a rule's shape is sometimes weaker, sometimes stronger.
 */
static void add_leaf(struct str *s, bool negated, bool vary)
{
	static const char *const metrics[] = {"s.x",        "s.x",         "s.y",        "pad.power",
					      "belt.force", "all sense.x", "any sense.y"};
	static const char *const compares[] = {"<", "<=", ">", ">=", "<=", "<", "==", "!="};
	unsigned metric = dice(7), compare = dice(8), at = dice(2), kind = dice(7);
	if (kind == 0) {
		static const char *const ons[] = {"on(pad.heat)", "on(belt.pull)", "on(kind:heat)"};
		str_add(s, "%s%s", metric % 2 ? "not " : "", ons[compare % 3]);
		return;
	}
	if (vary && kind % 2)
		at = 1 - at;
	if (kind == 1) { /* a stricter figure must not permit more: the core refuses such conditions */
		unsigned figure = dice(4);
		bool low = (figure == 3) == negated;
		str_add(s, "%s %s limit.%s", metrics[metric], low ? (negated ? "<" : "<=") : (negated ? ">" : ">="),
			limits[figure].id);
		return;
	}
	str_add(s, "%s %s %s", metrics[metric], compares[compare], at ? "10" : "5");
}

static void add_expression(struct str *s, unsigned depth, unsigned windows, bool negated, bool vary)
{
	unsigned what = depth == 0 ? 0 : dice(7);
	switch (what) {
	case 1:
	case 2: {
		const char *word = what == 1 ? "and" : "or";
		str_add(s, "(");
		add_expression(s, depth - 1, windows, negated, vary);
		str_add(s, " %s ", word);
		add_expression(s, depth - 1, windows, negated, vary);
		str_add(s, ")");
		break;
	}
	case 3:
		str_add(s, "not (");
		add_expression(s, depth - 1, windows, !negated, vary);
		str_add(s, ")");
		break;
	case 4:
	case 5: {
		unsigned duration = dice(3), shift = dice(4);
		if (windows == 0) {
			add_leaf(s, negated, vary);
			break;
		}
		if (vary && shift == 0)
			duration = (duration + 1) % 3;
		str_add(s, what == 4 ? "(" : "(%s since (", durations[duration]);
		add_expression(s, depth - 1, windows - 1, negated != (what == 5), vary);
		if (what == 4)
			str_add(s, ") for %s", durations[duration]);
		else
			str_add(s, "))");
		break;
	}
	default:
		add_leaf(s, negated, vary);
	}
}

/* The same seed gives the same shape. */
static void write_expression(char text[TEXT_ROOM], uint64_t shape, bool vary)
{
	uint64_t kept = state;
	struct str s;
	state = shape;
	str_init(&s, text, TEXT_ROOM);
	add_expression(&s, 2 + dice(2), 1 + dice(2), false, vary);
	assert_false(s.overflow);
	state = kept;
}

static void make_rule(struct set *set, size_t i)
{
	static const char *const permits[] = {"pad.heat", "belt.pull", "kind:heat", "kind:traction"};
	static const uint64_t ages[] = {0, 0, 500, 2000}, graces[] = {0, 0, 300, 1200};
	struct core_rule *r = &set->rules[i];
	set->shapes[i] = next_random();
	snprintf(set->ids[i], sizeof set->ids[i], "r%zu", i);
	set->permits[i] = (struct core_text){permits[dice(4)], 1};
	*r = (struct core_rule){.file = "random",
				.line = 1,
				.id = set->ids[i],
				.permits = &set->permits[i],
				.n_permits = 1,
				.max_age_ms = ages[dice(4)],
				.grace_ms = graces[dice(4)]};
	write_expression(set->texts[i][0], set->shapes[i], false);
	r->only_while = (struct core_text){set->texts[i][0], 1};
	if (once_in(3)) {
		write_expression(set->texts[i][1], once_in(2) ? set->shapes[i] : next_random(), true);
		r->hard = (struct core_text){set->texts[i][1], 1};
	}
	if (once_in(5)) {
		write_expression(set->texts[i][2], once_in(2) ? set->shapes[i] : next_random(), true);
		r->rearms = (struct core_text){set->texts[i][2], 1};
	}
}

static void make_set(struct set *set)
{
	*set = (struct set){.n_rules = 1 + dice(RULES_MAX)};
	for (size_t i = 0; i < set->n_rules; i++)
		make_rule(set, i);
	set->spec = (struct core_spec){.devices = devices,
				       .n_devices = DEVICES,
				       .rules = set->rules,
				       .n_rules = set->n_rules,
				       .limits = limits,
				       .n_limits = 4,
				       .figures = figures_given,
				       .n_figures = 2,
				       .lease_ms = 1000,
				       .renew_ms = 250};
	char expression[TEXT_ROOM];
	uint64_t shape = once_in(4) ? next_random() : set->shapes[dice((unsigned)set->n_rules)];
	write_expression(expression, shape, once_in(3));
	set->control = dice(2);
	snprintf(set->invariant, sizeof set->invariant, "whenever permitted(%s): %s",
		 set->control ? "belt.pull" : "pad.heat", expression);
}

/* ---- all sequences ---- */

enum action_type { READ, HOLD, PASS, ASK, SWITCH, PARK, FIGURE };
enum { METRICS = 4 }; /* s.x, s.y, pad.power, belt.force: as the home numbers them */

struct action {
	enum action_type type;
	unsigned metric; /* READ; FIGURE: which limit */
	uint8_t quality;
	double value;
	uint64_t ms; /* HOLD, PASS */
	bool on;     /* SWITCH, PARK; FIGURE: given */
};

struct life { /* what the player knows; the rest is in the block */
	uint64_t now;
	struct {
		double value;
		uint8_t quality;
	} said[METRICS];
};

struct search {
	struct core *core;
	const struct set *set;
	size_t rule;
	struct action actions[ACTIONS_MAX];
	unsigned n_actions;
	struct life life;
	unsigned char *snapshots[LENGTH_MAX + 1];
	bool violated;
	uint64_t steps, permitted;
};

static void play(struct search *s, const struct core_input *input)
{
	core_step(s->core, s->life.now, input);
	s->steps++;
	bool permitted = monitor_permitted(s->core, s->set->control);
	s->permitted += permitted;
	s->violated |= permitted && monitor_violated(s->core, s->rule);
}

static const struct {
	uint16_t device, metric;
} places[METRICS] = {{SENSOR, 0}, {SENSOR, 1}, {PAD_DEVICE, 0}, {BELT_DEVICE, 0}};

static void say(struct search *s, unsigned metric)
{
	const struct core_reading r = {places[metric].metric, s->life.said[metric].quality, s->life.said[metric].value,
				       s->life.now};
	play(s, &(struct core_input){.type = CORE_IN_READINGS, .device = places[metric].device, .readings = {&r, 1}});
}

static void pass(struct search *s, uint64_t until)
{
	while (core_deadline(s->core) < until && core_deadline(s->core) > s->life.now) {
		s->life.now = core_deadline(s->core);
		play(s, &(struct core_input){.type = CORE_IN_TICK});
	}
	s->life.now = until;
	play(s, &(struct core_input){.type = CORE_IN_TICK});
}

static void hold(struct search *s, uint64_t ms)
{
	for (uint64_t end = s->life.now + ms; s->life.now < end;) {
		pass(s, s->life.now + 450 < end ? s->life.now + 450 : end);
		for (unsigned m = 0; m < METRICS; m++)
			say(s, m);
	}
}

static void ask(struct search *s)
{
	const char *device = s->set->control ? "belt" : "pad", *control = s->set->control ? "pull" : "heat";
	play(s, &(struct core_input){
		    .type = CORE_IN_REQUEST,
		    .request = {.device = device, .control = control, .id = "", .value = 1, .age_ms = -1}});
}

static void set_phase(struct search *s, uint16_t device, bool on)
{
	play(s, &(struct core_input){.type = CORE_IN_CONTROL,
				     .device = device,
				     .state = {.phase = on ? CORE_PHASE_CONFIRMED_ON : CORE_PHASE_AT_REST}});
}

static void act(struct search *s, const struct action *a)
{
	switch (a->type) {
	case READ:
		s->life.said[a->metric].value = a->value;
		s->life.said[a->metric].quality = a->quality;
		say(s, a->metric);
		break;
	case HOLD:
		hold(s, a->ms);
		break;
	case PASS:
		pass(s, s->life.now + a->ms);
		break;
	case ASK:
		ask(s);
		break;
	case SWITCH:
		set_phase(s, s->set->control ? PAD_DEVICE : BELT_DEVICE, a->on);
		break;
	case PARK:
		play(s,
		     &(struct core_input){
			 .type = CORE_IN_REQUEST,
			 .request = {.verb = a->on ? CORE_PARK : CORE_UNPARK, .device = "s", .control = "", .id = ""}});
		break;
	case FIGURE:
		play(s, &(struct core_input){.type = CORE_IN_FIGURE,
					     .device = CORE_NO_DEVICE,
					     .figure = {limits[a->metric].id, a->on, a->value}});
		break;
	}
}

/* All of the block but what is no state: the answers, and ids of requests (these have none). */
static void copy_state(const struct search *s, unsigned char *to, bool back)
{
	const unsigned char *skipped[] = {(const unsigned char *)s->core->remembered,
					  (const unsigned char *)s->core->outputs};
	if (skipped[0] > skipped[1]) {
		const unsigned char *other = skipped[0];
		skipped[0] = skipped[1];
		skipped[1] = other;
	}
	size_t at = 0;
	for (size_t i = 0; i <= 2; i++) {
		size_t end = i == 2 ? block.used : (size_t)(skipped[i] - block.bytes) - 64;
		if (end > at && back)
			memcpy(block.bytes + at, to + at, end - at);
		else if (end > at)
			memcpy(to + at, block.bytes + at, end - at);
		size_t size = 0;
		if (i < 2)
			memcpy(&size, skipped[i] - 64, sizeof size);
		at = end + 64 + ((size + 63) & ~(size_t)63);
	}
}

static void explore(struct search *s, unsigned length)
{
	if (length == 0 || s->violated)
		return;
	struct life life = s->life;
	unsigned char *snapshot = s->snapshots[length];
	copy_state(s, snapshot, false);
	for (unsigned i = 0; i < s->n_actions && !s->violated; i++) {
		act(s, &s->actions[i]);
		explore(s, length - 1);
		copy_state(s, snapshot, true);
		s->life = life;
	}
}

static void make_alphabet(struct search *s)
{
	static const double values[] = {4, 5, 7, 10, 12};
	static const uint64_t times[] = {1, 199, 300, 501, 1000, 1501};
	s->n_actions = 0;
	s->actions[s->n_actions++] = (struct action){.type = ASK};
	s->actions[s->n_actions++] = (struct action){.type = HOLD, .ms = times[dice(6)]};
	s->actions[s->n_actions++] = (struct action){.type = PASS, .ms = times[dice(6)]};
	if (once_in(3))
		s->actions[s->n_actions++] = (struct action){.type = SWITCH, .on = true};
	if (once_in(3))
		s->actions[s->n_actions++] = (struct action){.type = PARK, .on = !once_in(3)};
	if (once_in(3))
		s->actions[s->n_actions++] =
		    (struct action){.type = FIGURE, .metric = dice(4), .on = !once_in(4), .value = values[dice(5)]};
	while (s->n_actions < ACTIONS_MAX - dice(2))
		s->actions[s->n_actions++] = (struct action){.type = READ,
							     .metric = dice(METRICS),
							     .quality = (uint8_t)(once_in(5)   ? THERAPY_ERROR
										  : once_in(6) ? THERAPY_UNKNOWN
											       : THERAPY_GOOD),
							     .value = values[dice(5)]};
}

/* Everything there and held until all windows are full, asked for or not; then every sequence. */
static void explore_all(struct search *s, unsigned length)
{
	static const double values[] = {4, 5, 7, 10, 12};
	s->life = (struct life){.now = BEGIN_MS};
	for (uint16_t d = 0; d < DEVICES; d++)
		play(s, &(struct core_input){.type = CORE_IN_PRESENCE, .device = d, .present = true});
	set_phase(s, PAD_DEVICE, false);
	set_phase(s, BELT_DEVICE, false);
	if (once_in(8))
		act(s, &(struct action){.type = PARK, .on = true});
	for (unsigned i = 0; i < 4; i++)
		if (once_in(4))
			act(s, &(struct action){.type = FIGURE, .metric = i, .on = true, .value = values[dice(5)]});
	/* Try to begin where it is permitted: from anywhere else little can happen. */
	for (unsigned tries = 0; tries < 12; tries++) {
		for (unsigned m = 0; m < METRICS; m++) {
			s->life.said[m].value = values[dice(5)];
			s->life.said[m].quality = THERAPY_GOOD;
			say(s, m);
		}
		hold(s, 3100);
		if (monitor_permitted(s->core, s->set->control))
			break;
	}
	explore(s, length);
}

static bool run_finds_violation(const struct set *set, unsigned length, struct search *s)
{
	struct monitor monitor;
	struct faults faults = {0};
	uint64_t ages[METRICS + 1];
	const char *file = "random";
	const struct core_text expression = {strchr(set->invariant, ':') + 1, 1};
	assert_int_equal(monitor_init(&monitor, &set->spec, &expression, &file, 1), 0);
	*s = (struct search){.set = set, .rule = monitor.first_rule};
	block.used = 0;
	block.open = true;
	int bad = core_new(&monitor.spec, BEGIN_MS, &s->core, &faults);
	block.open = false;
	faults_print(&faults, stderr);
	assert_int_equal(bad, 0);
	monitor_ages(s->core, set->control, ages);
	monitor_tune(s->core, s->rule, ages);
	for (unsigned i = 0; i <= length; i++)
		s->snapshots[i] = malloc(block.used);
	make_alphabet(s);
	explore_all(s, length);
	for (unsigned i = 0; i <= length; i++)
		free(s->snapshots[i]);
	core_free(s->core);
	monitor_release(&monitor);
	return s->violated;
}

static void print_set(const struct set *set)
{
	for (size_t i = 0; i < set->n_rules; i++) {
		const struct core_rule *r = &set->rules[i];
		print_message("%s permits %s only_while %s; hard %s; rearms %s; max_age %llu, grace %llu\n", r->id,
			      r->permits->text, r->only_while.text, r->hard.text ? r->hard.text : "-",
			      r->rearms.text ? r->rearms.text : "-", (unsigned long long)r->max_age_ms,
			      (unsigned long long)r->grace_ms);
	}
	print_message("%s\n", set->invariant);
}

static void no_run_of_the_core_contradicts_an_answer(void **unused)
{
	(void)unused;
	unsigned answers[VERIFY_REFUTED + 1] = {0}, violated[VERIFY_REFUTED + 1] = {0}, vacuous = 0;
	uint64_t steps = 0, permitted = 0;
	for (unsigned i = 0; i < n_sets; i++) {
		struct set set;
		struct search search;
		struct verify_report report;
		struct faults faults = {0};
		state = (first_seed + i) * 0xd1342543de82ef95u;
		make_set(&set);
		struct verify_invariant invariant = {"random", 1, set.invariant};
		int bad = verify_run(&set.spec, &invariant, 1, &report, &faults);
		faults_print(&faults, stderr);
		assert_int_equal(bad, 0);
		assert_int_equal(report.n_findings, 1);
		enum verify_answer answer = report.findings[0].answer;
		bool found = run_finds_violation(&set, LENGTH_MAX, &search);
		answers[answer]++;
		violated[answer] += found;
		vacuous += answer == VERIFY_PROVED && search.permitted == 0;
		steps += search.steps;
		permitted += search.permitted;
		if (found && answer == VERIFY_PROVED) {
			print_set(&set);
			fail_msg("seed %llu: PROVED, and violated by a run of the core",
				 (unsigned long long)(first_seed + i));
		}
		if (n_sets == 1) {
			print_set(&set);
			verify_print(&report, &invariant, 1, stdout);
		}
		verify_release(&report);
	}
	print_message(
	    "%u sets from seed %llu: %u proved (%u of them never permitted in any run), %u refuted (%u by the "
	    "runs too), %u possible (%u violated by the runs); %llu steps, permitted in %llu\n",
	    n_sets, (unsigned long long)first_seed, answers[VERIFY_PROVED], vacuous, answers[VERIFY_REFUTED],
	    violated[VERIFY_REFUTED], answers[VERIFY_POSSIBLE], violated[VERIFY_POSSIBLE], (unsigned long long)steps,
	    (unsigned long long)permitted);
	if (n_sets >= SETS_DEFAULT) { /* or the test says nothing */
		assert_true(answers[VERIFY_PROVED] - vacuous > n_sets / 50);
		assert_true(violated[VERIFY_REFUTED] > n_sets / 50);
		assert_true(answers[VERIFY_POSSIBLE] < n_sets / 5);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1)
		n_sets = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_seed = strtoull(argv[2], NULL, 10);
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_run_of_the_core_contradicts_an_answer)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
