/* SPDX-License-Identifier: Apache-2.0
 *
 * hazards_test [PATTERN] - for each row of the hazard table, lives that its rules must bear on, over the rule files
 * themselves. The number of the row begins the name of a test: "h11_*". $THERAPY_RULES names other files than those
 * shipped: mutate.py breaks them one by one and looks which test sees it. */
#include <stdlib.h>
#include <string.h>

#include "testing_life.h"

int main(int argc, char **argv)
{
	const struct {
		const struct CMUnitTest *tests;
		size_t n;
	} files[] = {
	    {inversion_tests, n_inversion_tests}, {traction_tests, n_traction_tests}, {heat_tests, n_heat_tests},
	    {cold_tests, n_cold_tests},           {together_tests, n_together_tests}, {people_tests, n_people_tests},
	    {sensor_tests, n_sensor_tests},
	};
	static struct CMUnitTest all[256];
	size_t n = 0;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		for (size_t k = 0; k < files[i].n && n < sizeof all / sizeof *all; k++)
			all[n++] = files[i].tests[k];
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("hazards", all, n, NULL, NULL) ? 1 : 0;
}
