/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <string.h>

#include "base/testing.h"

static struct core_limit limits[] = {
    {.id = "force", .unit = THERAPY_UNIT_NEWTON},
    {.id = "force_ceiling", .unit = THERAPY_UNIT_NEWTON},
    {.id = "weight_min", .unit = THERAPY_UNIT_KILOGRAM, .minimum = true},
    {.id = "weight_max", .unit = THERAPY_UNIT_KILOGRAM},
};

static double figure(const struct core_figure *figures, size_t n, const char *limit)
{
	for (size_t i = 0; i < n; i++)
		if (!figures[i].device && strcmp(figures[i].limit, limit) == 0)
			return figures[i].value;
	return -1;
}

static size_t figures_for(const char *device, double force, struct core_figure *out)
{
	struct core_figure given = {.limit = "force", .device = device, .unit = THERAPY_UNIT_NEWTON, .value = force};
	struct config config = {.limits = limits,
				.n_limits = 4,
				.figures = &given,
				.n_figures = force > 0,
				.profile = {.has_weight = true, .weight_kg = 70}};
	out[0] = given;
	return figures_of_profile(&config, out, config.n_figures);
}

static void the_weight_gives_a_quarter_of_it_and_more_by_agreement_up_to_a_half(void **state)
{
	(void)state;
	struct core_figure f[1 + FIGURES_OF_PROFILE];
	size_t n = figures_for(NULL, 0, f);
	assert_int_equal(n, 4);
	assert_near(figure(f, n, "force"), 171.616, 0.001);
	assert_near(figure(f, n, "force_ceiling"), 343.233, 0.001);
	assert_near(figure(f, n, "weight_min"), 65, 1e-9);
	assert_near(figure(f, n, "weight_max"), 75, 1e-9);
	n = figures_for(NULL, 250, f); /* agreed on */
	assert_near(figure(f, n, "force"), 250, 1e-9);
	n = figures_for(NULL, 500, f);
	assert_near(figure(f, n, "force"), 343.233, 0.001);
	n = figures_for("belt", 250, f); /* of a device: the home's bounds it */
	assert_near(figure(f, n, "force"), 343.233, 0.001);
}

static void without_a_weight_or_a_limit_of_that_name_there_is_no_figure(void **state)
{
	(void)state;
	struct core_figure f[FIGURES_OF_PROFILE];
	struct config config = {.limits = limits, .n_limits = 4};
	assert_int_equal(figures_of_profile(&config, f, 0), 0);
	config = (struct config){.limits = limits + 1, .n_limits = 1, .profile = {.has_weight = true, .weight_kg = 70}};
	assert_int_equal(figures_of_profile(&config, f, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_weight_gives_a_quarter_of_it_and_more_by_agreement_up_to_a_half),
	    cmocka_unit_test(without_a_weight_or_a_limit_of_that_name_there_is_no_figure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
