/* SPDX-License-Identifier: Apache-2.0
 * Conditions against independent oracles: tables written down, and windows computed millisecond by millisecond. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/logic.h"
#include "core/testing_rig.h"

static const struct core_metric xyz[] = {{.key = "x", .unit = THERAPY_UNIT_ONE, .stale_ms = 15},
					 {.key = "y", .unit = THERAPY_UNIT_ONE, .stale_ms = 40},
					 {.key = "z", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000}};
static const struct core_metric only_x[] = {{.key = "x", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000}};
static const struct core_metric only_y[] = {{.key = "y", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000}};
static const struct core_metric other[] = {{.key = "w", .unit = THERAPY_UNIT_ONE, .stale_ms = 1000},
					   {.key = "lamp", .unit = THERAPY_UNIT_BOOL, .stale_ms = 1000}};
static const struct core_control switchable[] = {
    {.key = "go", .min = 0, .max = 1, .step = 1, .confirm = 0, .rest_max = 0.5, .resumes = false}};

/* A network over one text, with its own clock and timers. */
struct net {
	struct home home;
	struct value values[16];
	struct logic_switch switches[4];
	struct timers timers;
	struct logic logic;
	uint64_t now;
	uint32_t text;
};

static int try_net(struct net *net, const struct core_device *devices, size_t n, const char *unmonitored,
		   const char *text, const bool *blind, struct expr_fault *fault)
{
	static const bool sees[16];
	struct core_spec spec = {.devices = devices,
				 .n_devices = n,
				 .owned_unmonitored = &unmonitored,
				 .n_owned_unmonitored = unmonitored != NULL};
	struct faults faults = {0};
	*net = (struct net){.now = 1000};
	assert_int_equal(home_init(&net->home, &spec, &faults), 0);
	logic_init(&net->logic, &net->home, net->values, net->switches, &net->timers);
	struct expr expr;
	if (expr_parse(text, &expr, fault))
		fail_msg("%s: %s", text, fault->text);
	struct logic_binding binding = {.owner = 0, .blind = blind ? blind : sees};
	int bad = logic_bind(&net->logic, &expr, &binding, &net->text, fault);
	expr_release(&expr);
	if (bad)
		return bad;
	assert_int_equal(logic_seal(&net->logic, 1), 0);
	assert_int_equal(timers_init(&net->timers, net->logic.n_nodes), 0);
	logic_begin(&net->logic, net->now);
	return 0;
}

static void stop_net(struct net *net)
{
	logic_release(&net->logic);
	timers_release(&net->timers);
	home_release(&net->home);
}

static void start_net(struct net *net, const struct core_device *devices, size_t n, const char *text)
{
	struct expr_fault fault;
	if (try_net(net, devices, n, NULL, text, NULL, &fault))
		fail_msg("%s: %s", text, fault.text);
}

static void go_to(struct net *net, uint64_t now)
{
	for (struct timer *t; (t = timers_first(&net->timers)) && t->at <= now;) {
		net->now = t->at;
		while ((t = timers_first(&net->timers)) && t->at <= net->now) {
			timers_stop(&net->timers, t);
			logic_touch_node(&net->logic, t->index);
		}
		logic_settle(&net->logic, net->now);
	}
	net->now = now;
}

/* Below 1 is TRUE for every "< 1" in here. */
static void put(struct net *net, uint32_t metric, enum truth truth)
{
	const struct core_reading reading = {
	    .quality = truth == TRUTH_UNKNOWN ? THERAPY_UNKNOWN
		       : truth == TRUTH_ERROR ? THERAPY_ERROR
					      : THERAPY_GOOD,
	    .value = truth == TRUTH_TRUE ? 0 : 2,
	    .stamp_ms = net->now,
	};
	value_put(&net->values[metric], &reading, net->now);
	logic_touch_metric(&net->logic, metric);
}

static enum truth value_of(struct net *net)
{
	logic_settle(&net->logic, net->now);
	return logic_value(&net->logic, net->text);
}

#define F TRUTH_FALSE
#define T TRUTH_TRUE
#define U TRUTH_UNKNOWN
#define E TRUTH_ERROR
/* Rows and columns: FALSE, TRUE, UNKNOWN, ERROR. */
static const uint8_t and_table[4][4] = {{F, F, F, F}, {F, T, U, E}, {F, U, U, E}, {F, E, E, E}};
static const uint8_t or_table[4][4] = {{F, T, U, E}, {T, T, T, T}, {U, T, U, E}, {E, T, E, E}};
static const uint8_t not_table[4] = {T, F, U, E};

static void the_truth_tables_hold_for_every_pair_and_triple(void **state)
{
	(void)state;
	const struct core_device home[] = {{"a", "k", xyz, 3, NULL, 0}};
	struct net and2, or2, not1, and3, or3;
	start_net(&and2, home, 1, "a.x < 1 and a.y < 1");
	start_net(&or2, home, 1, "a.x < 1 or a.y < 1");
	start_net(&not1, home, 1, "not a.x < 1");
	start_net(&and3, home, 1, "a.x < 1 and a.y < 1 and a.z < 1");
	start_net(&or3, home, 1, "a.x < 1 or a.y < 1 or a.z < 1");
	struct net *const nets[] = {&and2, &or2, &not1, &and3, &or3};
	for (unsigned i = 0; i < 64; i++) {
		enum truth x = i % 4, y = i / 4 % 4, z = i / 16;
		for (size_t n = 0; n < 5; n++) {
			put(nets[n], 0, x);
			put(nets[n], 1, y);
			put(nets[n], 2, z);
		}
		assert_int_equal(value_of(&and2), and_table[x][y]);
		assert_int_equal(value_of(&or2), or_table[x][y]);
		assert_int_equal(value_of(&not1), not_table[x]);
		assert_int_equal(value_of(&and3), and_table[and_table[x][y]][z]);
		assert_int_equal(value_of(&or3), or_table[or_table[x][y]][z]);
		assert_int_equal(truth_and(x, y), and_table[x][y]);
		assert_int_equal(truth_or(x, y), or_table[x][y]);
		assert_int_equal(truth_not(x), not_table[x]);
	}
	for (size_t n = 0; n < 5; n++)
		stop_net(nets[n]);
}

static void all_and_any_are_and_and_or_over_the_devices_that_measure_it(void **state)
{
	(void)state;
	const struct core_device home[] = {
	    {"a", "k", only_x, 1, NULL, 0}, {"b", "k", only_x, 1, NULL, 0}, {"c", "other", only_x, 1, NULL, 0}};
	struct net all, any;
	start_net(&all, home, 3, "all k.x < 1");
	start_net(&any, home, 3, "any k.x < 1");
	for (unsigned i = 0; i < 16; i++) {
		put(&all, 0, i % 4);
		put(&all, 1, i / 4);
		put(&any, 0, i % 4);
		put(&any, 1, i / 4);
		assert_int_equal(value_of(&all), and_table[i % 4][i / 4]);
		assert_int_equal(value_of(&any), or_table[i % 4][i / 4]);
	}
	stop_net(&all);
	stop_net(&any);
}

static void every_comparison_is_exact_at_its_limit(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint8_t below, at, above;
	} rows[] = {{"a.x < 5", T, F, F},  {"a.x <= 5", T, T, F}, {"a.x > 5", F, F, T},
		    {"a.x >= 5", F, T, T}, {"a.x == 5", F, T, F}, {"a.x != 5", T, F, T}};
	const struct core_device home[] = {{"a", "k", only_x, 1, NULL, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net net;
		start_net(&net, home, 1, rows[i].text);
		const double values[] = {nextafter(5, 0), 5, nextafter(5, 6)};
		const uint8_t expected[] = {rows[i].below, rows[i].at, rows[i].above};
		for (size_t v = 0; v < 3; v++) {
			struct core_reading r = {.quality = THERAPY_GOOD, .value = values[v], .stamp_ms = net.now};
			value_put(&net.values[0], &r, net.now);
			logic_touch_metric(&net.logic, 0);
			assert_int_equal(value_of(&net), expected[v]);
		}
		stop_net(&net);
	}
}

static void a_kind_of_which_there_is_no_device_satisfies_its_terms_at_once(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint8_t value;
	} rows[] = {
	    {"all table.tilt <= 10 deg", T},
	    {"any table.tilt <= 10 deg", T},
	    {"not any table.tilt > 10 deg", T},
	    {"not all table.tilt > 10 deg", T},
	    {"all table.tilt <= 10 deg for 10 min", T},
	    {"30 min since any table.tilt > 10 deg", T},
	    {"not on(kind:table)", T},
	    {"5 min since on(kind:table)", T},
	    {"a.x < 1 and all table.tilt <= 10 deg", U}, /* what is left is a.x */
	    {"a.x < 1 or all table.tilt <= 10 deg", T},
	    {"not (a.x < 1 or any table.tilt > 10 deg)", U},
	    {"not (a.x < 1 and any table.tilt > 10 deg)", T},
	    {"(a.x < 1 or (all table.tilt <= 10 deg and all sofa.w < 1)) for 1 s", T},
	};
	const struct core_device home[] = {{"a", "k", only_x, 1, NULL, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net net;
		start_net(&net, home, 1, rows[i].text);
		if (value_of(&net) != rows[i].value)
			fail_msg("%s: %d", rows[i].text, (int)value_of(&net));
		stop_net(&net);
	}
}

static void a_kind_that_is_owned_without_a_sensor_makes_its_terms_unknown(void **state)
{
	(void)state;
	static const char *const texts[] = {"all table.x < 1", "any table.x < 1", "not any table.x < 1",
					    "1 s since any table.x < 1", "not on(kind:table)"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct core_device none[] = {{"a", "k", only_x, 1, NULL, 0}};
		struct net net;
		struct expr_fault fault;
		assert_int_equal(try_net(&net, none, 1, "table", texts[i], NULL, &fault), 0);
		go_to(&net, net.now + 5000);
		assert_int_equal(value_of(&net), TRUTH_UNKNOWN);
		stop_net(&net);
	}
	/* One table is monitored and level, another one is not monitored. */
	const struct core_device one[] = {{"a", "table", only_x, 1, NULL, 0}};
	struct net net;
	struct expr_fault fault;
	assert_int_equal(try_net(&net, one, 1, "table", "all table.x < 1", NULL, &fault), 0);
	put(&net, 0, TRUTH_TRUE);
	assert_int_equal(value_of(&net), TRUTH_UNKNOWN);
	put(&net, 0, TRUTH_FALSE);
	assert_int_equal(value_of(&net), TRUTH_FALSE);
	stop_net(&net);
}

static void an_alternative_must_be_seen_to_be_true(void **state)
{
	(void)state;
	/* a measures x alone, b measures y alone; both are of the kind. x of a is put as given, y of b is TRUE. */
	static const struct {
		const char *text;
		uint8_t if_true, if_false;
	} rows[] = {
	    {"all k.x < 1 and all k.y < 1", T, F},
	    {"all k.x < 1 or all k.y < 1", U, U}, /* b's x and a's y are not seen */
	    {"any k.x < 1", T, U},
	    {"any k.x < 1 and any k.y < 1", T, U},
	    {"not any k.x > 1", T, F},
	    {"not all k.x > 1", T, U},
	    {"not (all k.x > 1 and all k.y > 1)", T, T}, /* b's y is seen to be below */
	    {"(all k.x < 1 and a.x < 1) or a.x > 5", U, F},
	};
	const struct core_device home[] = {{"a", "k", only_x, 1, NULL, 0}, {"b", "k", only_y, 1, NULL, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net net;
		start_net(&net, home, 2, rows[i].text);
		put(&net, 1, TRUTH_TRUE);
		put(&net, 0, TRUTH_TRUE);
		enum truth if_true = value_of(&net);
		put(&net, 0, TRUTH_FALSE);
		enum truth if_false = value_of(&net);
		if (if_true != rows[i].if_true || if_false != rows[i].if_false)
			fail_msg("%s: %d %d", rows[i].text, (int)if_true, (int)if_false);
		stop_net(&net);
	}
}

static void a_blind_device_is_unknown_and_another_ones_violation_is_still_seen(void **state)
{
	(void)state;
	const struct core_device home[] = {{"a", "k", only_x, 1, NULL, 0}, {"b", "k", other, 2, NULL, 0}};
	static const bool blind[] = {false, true};
	struct net net;
	struct expr_fault fault;
	assert_int_equal(try_net(&net, home, 2, NULL, "all k.x < 1", blind, &fault), 0);
	put(&net, 0, TRUTH_TRUE);
	assert_int_equal(value_of(&net), TRUTH_UNKNOWN);
	put(&net, 0, TRUTH_FALSE);
	assert_int_equal(value_of(&net), TRUTH_FALSE);
	stop_net(&net);
}

static void on_is_off_only_if_nothing_is_granted_and_a_fresh_reading_says_so(void **state)
{
	(void)state;
	const struct core_device home[] = {{"a", "k", only_x, 1, switchable, 1}};
	struct net one, kind;
	start_net(&one, home, 1, "on(a.go)");
	start_net(&kind, home, 1, "on(kind:k)");
	for (unsigned i = 0; i < 2 * 5 * 5; i++) {
		bool granted = i % 2;
		enum core_phase phase = i / 2 % 5;
		unsigned reading = i / 10; /* rest, above rest, unknown, implausible, stale */
		bool told = granted || phase == CORE_PHASE_ENERGISED || phase == CORE_PHASE_CONFIRMED_ON;
		enum truth expected = told || reading == 1 ? TRUTH_TRUE : reading == 0 ? TRUTH_FALSE : TRUTH_UNKNOWN;
		struct net *nets[] = {&one, &kind};
		for (size_t n = 0; n < 2; n++) {
			nets[n]->switches[0] = (struct logic_switch){granted, (uint8_t)phase};
			logic_touch_control(&nets[n]->logic, 0);
			go_to(nets[n], nets[n]->now + 5000);
			if (reading != 4)
				put(nets[n], 0, (const enum truth[]){T, F, U, E}[reading]);
			assert_int_equal(value_of(nets[n]), expected);
			go_to(nets[n], nets[n]->now + 1000);
			assert_int_equal(value_of(nets[n]), expected);
			go_to(nets[n], nets[n]->now + 1); /* now it is stale */
			assert_int_equal(value_of(nets[n]), told ? TRUTH_TRUE : TRUTH_UNKNOWN);
		}
	}
	stop_net(&one);
	stop_net(&kind);
}

static void names_and_units_that_do_not_fit_the_home_are_refused(void **state)
{
	(void)state;
	const struct {
		const char *text, *says;
		uint32_t at;
	} rows[] = {
	    {"pat.power < 3 W", "there is no device 'pat'", 0},
	    {"inversion.tilt < 3 deg", "'inversion' is a kind of device: write 'all' or 'any'", 0},
	    {"all pad.power < 3 W", "'pad' is a device: write it without 'all' or 'any'", 4},
	    {"pad.pover < 3 W", "pad measures no 'pover'; it has: power", 4},
	    {"pad.power < 3", "pad.power needs a number in W, found '3'", 12},
	    {"pad.power < 3 N", "pad.power needs a number in W, found '3 N'", 12},
	    {"all traction.force < 3 kg", "belt.force needs a number in N, kgf or lbf, found '3 kg'", 21},
	    {"all inversion.tilt < 10", "table.tilt needs a number in deg, found '10'", 21},
	    {"on(pat.heat)", "there is no device 'pat'", 3},
	    {"on(pad.warm)", "pad has no 'warm'; it has: heat", 7},
	    {"on(table.go)", "table has no 'go'; it has: none", 9},
	    {"on(heat.heat)", "'heat' is a kind of device: write 'kind:heat'", 3},
	    {"on(kind:pad)", "'pad' is a device", 8},
	    {"a.lamp == 2", "a.lamp is a switch: 0 or 1 was expected", 10},
	    {"a.lamp < 1 s", "a.lamp needs 0 or 1, found '1 s'", 9},
	    {"a.w < 1 %", "a.w needs a plain number, found '1 %'", 6},
	};
	const struct core_device home[] = {rig_table, rig_belt, rig_pad, {"a", "odd", other, 2, NULL, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net net;
		struct expr_fault fault;
		assert_int_equal(try_net(&net, home, 4, NULL, rows[i].text, NULL, &fault), -1);
		if (!strstr(fault.text, rows[i].says) || fault.at != rows[i].at)
			fail_msg("%s: '%s' at %u", rows[i].text, fault.text, fault.at);
		stop_net(&net);
	}
}

static void a_name_that_is_a_device_and_a_kind_means_the_kind_with_a_quantifier(void **state)
{
	(void)state;
	const struct core_device home[] = {{"k", "other", only_x, 1, NULL, 0}, {"a", "k", only_x, 1, NULL, 0}};
	struct net device, kind;
	start_net(&device, home, 2, "k.x < 1");
	start_net(&kind, home, 2, "all k.x < 1");
	put(&device, 0, TRUTH_TRUE);
	put(&kind, 0, TRUTH_TRUE);
	assert_int_equal(value_of(&device), TRUTH_TRUE);
	assert_int_equal(value_of(&kind), TRUTH_UNKNOWN);
	put(&kind, 1, TRUTH_TRUE);
	assert_int_equal(value_of(&kind), TRUTH_TRUE);
	stop_net(&device);
	stop_net(&kind);
}

/* ---- windows against an oracle that looks at every millisecond ----
 * Each millisecond has two samples: time has come to it (even), and what arrived in it is taken (odd). An even sample
 * is a moment only; an odd one lasts until the next millisecond. */

enum { START = 1000, LENGTH = 300, SAMPLES = 2 * LENGTH, MAX_NODES = 64 };

struct oracle {
	const struct expr *expr;
	uint8_t leaves[3][SAMPLES]; /* what x, y, z were */
	uint8_t memo[MAX_NODES][SAMPLES];
};

static uint8_t oracle_at(struct oracle *o, uint32_t node, unsigned at);

static uint8_t oracle_compute(struct oracle *o, const struct expr_node *e, unsigned at)
{
	uint8_t value;
	switch (e->op) {
	case EXPR_AND:
	case EXPR_OR:
		value = oracle_at(o, e->first, at);
		for (uint32_t i = o->expr->nodes[e->first].next; i != EXPR_NONE; i = o->expr->nodes[i].next)
			value = (e->op == EXPR_AND ? and_table : or_table)[value][oracle_at(o, i, at)];
		return value;
	case EXPR_NOT:
		return not_table[oracle_at(o, e->first, at)];
	case EXPR_FOR:
		value = at / 2 < e->duration_ms ? U : T; /* the time before the start */
		for (unsigned i = 0; i <= at; i++) {
			unsigned ends = i % 2 ? i / 2 + 1 : i / 2; /* the window is open at its old end */
			if (i == at || ends + e->duration_ms > at / 2)
				value = and_table[value][oracle_at(o, e->first, i)];
		}
		return value;
	case EXPR_COMPARE:
		return o->leaves[o->expr->text[e->key.at] - 'x'][at];
	case EXPR_ON:
	case EXPR_NAME:
		break;
	}
	fail();
	return U;
}

static uint8_t oracle_at(struct oracle *o, uint32_t node, unsigned at)
{
	assert_true(node < MAX_NODES);
	if (o->memo[node][at] == 0xff)
		o->memo[node][at] = oracle_compute(o, &o->expr->nodes[node], at);
	return o->memo[node][at];
}

struct arrival {
	unsigned at, metric;
	enum truth truth;
};

/* Readings at random moments; between them x goes stale after 15 ms, y after 40. */
static size_t make_arrivals(unsigned *seed, struct arrival arrivals[LENGTH * 3], struct oracle *o)
{
	static const unsigned stale[] = {15, 40, 1000};
	size_t n = 0;
	unsigned last[3] = {0}, rarely = 2 + (unsigned)rand_r(seed) % 30;
	enum truth now[3] = {U, U, U};
	for (unsigned at = 0; at < LENGTH; at++)
		for (unsigned m = 0; m < 3; m++) {
			if (at - last[m] > stale[m])
				now[m] = U;
			o->leaves[m][2 * at] = (uint8_t)now[m];
			if ((unsigned)rand_r(seed) % rarely == 0) {
				now[m] = rand_r(seed) % 2 ? T : (enum truth)((unsigned)rand_r(seed) % 4);
				last[m] = at;
				arrivals[n++] = (struct arrival){at, m, now[m]};
			}
			o->leaves[m][2 * at + 1] = (uint8_t)now[m];
		}
	return n;
}

static void random_text(struct str *s, unsigned *seed, unsigned depth, unsigned windows)
{
	unsigned pick = depth == 0 ? 0 : (unsigned)rand_r(seed) % 7;
	if (pick <= 1) {
		str_add(s, "a.%c < 1", 'x' + (int)((unsigned)rand_r(seed) % 3));
	} else if (pick == 2) {
		str_add(s, "(not (");
		random_text(s, seed, depth - 1, windows);
		str_add(s, "))");
	} else if (pick <= 4 || windows == 0) {
		str_add(s, "(");
		random_text(s, seed, depth - 1, windows);
		str_add(s, pick % 2 ? " and " : " or ");
		random_text(s, seed, depth - 1, windows);
		str_add(s, ")");
	} else if (pick == 5) {
		str_add(s, "((");
		random_text(s, seed, depth - 1, windows - 1);
		str_add(s, ") for %u ms)", 1 + (unsigned)rand_r(seed) % 60);
	} else {
		str_add(s, "(%u ms since (", 1 + (unsigned)rand_r(seed) % 60);
		random_text(s, seed, depth - 1, windows - 1);
		str_add(s, "))");
	}
}

/* Plays the arrivals, with late steps, and compares at every step. */
static void play(struct net *net, struct oracle *o, const struct arrival *arrivals, size_t n, unsigned *seed)
{
	size_t next = 0;
	for (unsigned at = 0; at < LENGTH; at++) {
		bool any = next < n && arrivals[next].at == at;
		if (!any && rand_r(seed) % 10) /* nobody looks: the next step is a late one */
			continue;
		go_to(net, START + at);
		for (; next < n && arrivals[next].at == at; next++)
			put(net, arrivals[next].metric, arrivals[next].truth);
		enum truth found = value_of(net), expected = oracle_at(o, o->expr->root, 2 * at + 1);
		if (found != expected)
			fail_msg("%s: at %u found %d, expected %d", o->expr->text, at, (int)found, (int)expected);
	}
}

static void windows_are_exact_over_gaps_and_late_steps_and_within_each_other(void **state)
{
	(void)state;
	const struct core_device home[] = {{"a", "k", xyz, 3, NULL, 0}};
	static struct arrival arrivals[LENGTH * 3];
	static struct oracle oracle;
	unsigned seed = 42, seen[4] = {0};
	for (int round = 0; round < 1500; round++) {
		char text[2048];
		struct str s;
		str_init(&s, text, sizeof text);
		random_text(&s, &seed, 4, 2);
		struct expr expr;
		struct expr_fault fault;
		if (s.overflow || expr_parse(text, &expr, &fault))
			fail_msg("%s: %s", text, fault.text);
		memset(oracle.memo, 0xff, sizeof oracle.memo);
		oracle.expr = &expr;
		size_t n = make_arrivals(&seed, arrivals, &oracle);
		struct net net;
		start_net(&net, home, 1, text);
		play(&net, &oracle, arrivals, n, &seed);
		seen[value_of(&net)]++;
		stop_net(&net);
		expr_release(&expr);
	}
	for (size_t v = 0; v < 4; v++)
		assert_true(seen[v] > 20); /* the comparison was not about nothing */
}

static void worse_knowledge_never_makes_a_condition_true(void **state)
{
	(void)state;
	static struct arrival arrivals[LENGTH * 3];
	static struct oracle before, after;
	unsigned seed = 4711, lost = 0;
	for (int round = 0; round < 1000; round++) {
		char text[2048];
		struct str s;
		str_init(&s, text, sizeof text);
		random_text(&s, &seed, 4, 2);
		struct expr expr;
		struct expr_fault fault;
		assert_int_equal(expr_parse(text, &expr, &fault), 0);
		memset(before.memo, 0xff, sizeof before.memo);
		memset(after.memo, 0xff, sizeof after.memo);
		before.expr = after.expr = &expr;
		make_arrivals(&seed, arrivals, &before);
		memcpy(after.leaves, before.leaves, sizeof after.leaves);
		for (unsigned at = 0; at < SAMPLES; at++)
			for (unsigned m = 0; m < 3; m++)
				if (rand_r(&seed) % 20 == 0)
					after.leaves[m][at] = rand_r(&seed) % 2 ? U : E;
		/* The oracle is the same logic as the network's (the test above), so it is enough to ask it. */
		for (unsigned at = 0; at < SAMPLES; at++) {
			uint8_t a = oracle_at(&before, expr.root, at), b = oracle_at(&after, expr.root, at);
			if (b == T || b == F)
				assert_int_equal(a, b);
			lost += a != b;
		}
		expr_release(&expr);
	}
	assert_true(lost > 1000);
}

static void the_cause_is_a_leaf_that_makes_it_so(void **state)
{
	(void)state;
	const struct core_device home[] = {{"a", "k", xyz, 3, NULL, 0}};
	struct net net;
	start_net(&net, home, 1, "(a.x < 1 or a.y < 1) and not a.z < 1");
	put(&net, 0, TRUTH_TRUE);
	put(&net, 1, TRUTH_FALSE);
	put(&net, 2, TRUTH_TRUE);
	assert_int_equal(value_of(&net), TRUTH_FALSE);
	struct logic_cause cause = logic_cause(&net.logic, net.text, net.now);
	assert_int_equal(net.logic.nodes[cause.node].metric, 2);
	assert_true(cause.negated);
	put(&net, 2, TRUTH_FALSE);
	put(&net, 0, TRUTH_ERROR);
	assert_int_equal(value_of(&net), TRUTH_ERROR);
	cause = logic_cause(&net.logic, net.text, net.now);
	assert_int_equal(net.logic.nodes[cause.node].metric, 0);
	assert_false(cause.negated);
	assert_int_equal(cause.reading.quality, THERAPY_ERROR);
	stop_net(&net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_truth_tables_hold_for_every_pair_and_triple),
	    cmocka_unit_test(all_and_any_are_and_and_or_over_the_devices_that_measure_it),
	    cmocka_unit_test(every_comparison_is_exact_at_its_limit),
	    cmocka_unit_test(a_kind_of_which_there_is_no_device_satisfies_its_terms_at_once),
	    cmocka_unit_test(a_kind_that_is_owned_without_a_sensor_makes_its_terms_unknown),
	    cmocka_unit_test(an_alternative_must_be_seen_to_be_true),
	    cmocka_unit_test(a_blind_device_is_unknown_and_another_ones_violation_is_still_seen),
	    cmocka_unit_test(on_is_off_only_if_nothing_is_granted_and_a_fresh_reading_says_so),
	    cmocka_unit_test(names_and_units_that_do_not_fit_the_home_are_refused),
	    cmocka_unit_test(a_name_that_is_a_device_and_a_kind_means_the_kind_with_a_quantifier),
	    cmocka_unit_test(windows_are_exact_over_gaps_and_late_steps_and_within_each_other),
	    cmocka_unit_test(worse_knowledge_never_makes_a_condition_true),
	    cmocka_unit_test(the_cause_is_a_leaf_that_makes_it_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
