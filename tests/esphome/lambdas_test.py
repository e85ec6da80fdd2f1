#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The C++ in the configurations of etc/esphome, compiled and run: the angle that gravity makes, newtons from counts, and what is not
known when a chip sleeps, hangs or is driven over its range. What they publish is then shown to the plugins of the gateway, as a
recording, which read the same figures. Usage: lambdas_test.py THERAPY_PLUGIN PLUGINS_DIR"""
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from board import FOLDER, SOURCE, every, lambdas, load, object_id, sensors  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
G = 9.80665
STRICT = ["-std=gnu++17", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsanitize=undefined,float-cast-overflow",
          "-fno-sanitize-recover=all"]
RESULTS = {"on_value": "void", "filters": "float", "payload": "std::string"}
MAIN = {
    "table-tilt": 'float y, z; while (std::scanf("%lu %f %f %f", &now_ms, &ax.state, &y, &z) == 4) '
                  "{ ay.state = y; az.state = z; lambda_0(z); }",
    "belt-force": 'float x; while (std::scanf("%lu %f", &now_ms, &x) == 2) { lambda_0(x); }',
    "heat-pad": 'float x; int on; while (std::scanf("%f %d", &x, &on) == 2) '
                '{ heater.state = on; std::printf("%g %s\\n", static_cast<double>(%s(x)), %s().c_str()); }',
}


def program(model, conf):
    """The lambdas with what they see, as C++. `{name}` stays in the topics, for the plugins."""
    lines = ['#include "stubs.h"']
    for sensor, _ in sensors(conf):
        if "id" in sensor:
            topic = "nullptr" if sensor.get("internal") else f'"{{name}}/sensor/{object_id(sensor["name"])}/state"'
            lines.append(f'[[maybe_unused]] static Sensor {sensor["id"]}{{{topic}, {sensor.get("accuracy_decimals", 1)}}};')
    lines += [f'static Switch {switch["id"]};' for switch in every(conf.get("switch"))]
    names = {}
    for i, (_, key, code) in enumerate(lambdas(conf)):
        names[key] = f"lambda_{i}"
        lines.append(f"static {RESULTS[key]} lambda_{i}({'' if key == 'payload' else 'float x'})\n{{\n{code}\n}}")
    main = MAIN[model]
    if model == "heat-pad":
        main = main.replace("%s(x)", names["filters"] + "(x)").replace("%s()", names["payload"] + "()")
    return "\n".join(lines) + f"\nint main()\n{{\n{main}\nreturn 0;\n}}\n"


class Lambdas(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="therapy-lambdas-")
        self.directory = pathlib.Path(self.temporary.name)

    def tearDown(self):
        self.temporary.cleanup()

    def run_with(self, model, lines, **substitutions):
        """What the board publishes: (ms, topic, value) each, and all of it as a recording."""
        source, binary = self.directory / "board.cc", self.directory / "board"
        source.write_text(program(model, load((FOLDER / f"{model}.yaml").read_text(), **substitutions)))
        subprocess.run(["g++", *STRICT, f"-I{HERE}", "-o", binary, source], check=True, timeout=60)
        run = subprocess.run([binary], input="".join(f"{line}\n" for line in lines), capture_output=True, text=True,
                             check=True, timeout=60)
        return run.stdout

    @staticmethod
    def values(recording, what):
        return [(int(ms), float(value)) for ms, topic, value in re.findall(r'^(\d+) < @(\S+) "([^"]+)"$', recording, re.M)
                if topic == f"{{name}}/sensor/{what}/state"]

    def replay(self, recording, plugin, model, metric, *options):
        """What the plugin makes of it: (ms, number or quality) of the metric."""
        path = self.directory / "board.rec"
        path.write_text(recording)
        words = [TOOL, "replay", f"{PLUGINS}/{plugin}.so", path, "--model", model]
        for option in options:
            words += ["--option", option]
        run = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        found = re.findall(rf"^ *([\d.]+) s  {metric} +(\S+)", run.stdout, re.M)
        return [(round(float(s) * 1000), value) for s, value in found]

    @staticmethod
    def gravity(angle, size=G, noise=0.0, across=0.3):
        """m/s2 along X (the axle), Y, Z of a sensor that was turned by so many degrees about X."""
        a = math.radians(angle)
        return f"{across + noise:.6f} {size * math.sin(a) + noise:.6f} {size * math.cos(a) - noise:.6f}"

    def stream(self, angles, **how):
        """Five samples a second with the noise of a chip that works."""
        return [f"{200 * i} {self.gravity(angle, noise=0.003 * (-1) ** i, **how)}" for i, angle in enumerate(angles)]


class Tilt(Lambdas):
    def test_the_angle_of_gravity_all_round_and_the_plugin_reads_the_same(self):
        vectors = (SOURCE / "tests" / "codecs" / "vectors" / "inversion_esphome.vec").read_text()
        said = [float(v) for v in re.findall(r"^message \{name\}/sensor/tilt/state (-?[\d.]+)$", vectors, re.M)]
        angles = [v for v in said if abs(v) <= 180] + [a / 2 for a in range(-359, 360)]
        self.assertGreaterEqual({12.5, -40.0, 170.0, 3.0}, {v for v in said if abs(v) <= 180})
        recording = self.run_with("table-tilt", self.stream(angles))
        tilt = self.values(recording, "tilt")
        self.assertEqual(len(tilt), len(angles))
        for (ms, value), angle in zip(tilt, angles):
            self.assertLessEqual(abs(value - angle), 0.1, ms)
        read = dict(self.replay(recording, "inversion_table", "esphome", "tilt", "sign=normal"))
        self.assertEqual(read.pop(0), "UNKNOWN")  # the heartbeat has not moved yet
        self.assertEqual(len(read), len(angles) - 1)
        for ms, value in tilt[1:]:
            self.assertEqual(float(read[ms]), value)

    def test_gravity_that_is_not_seen_is_no_angle_and_no_heartbeat(self):
        for size in (0.0, 0.4 * G, 1.6 * G, float("nan"), float("inf")):
            recording = self.run_with("table-tilt", [*self.stream([10] * 3), *(
                f"{600 + 200 * i} {self.gravity(10, size=size, noise=0.003 * (-1) ** i)}" for i in range(10))])
            self.assertEqual(len(self.values(recording, "heartbeat")), 3, size)
            self.assertTrue(all(math.isnan(v) for ms, v in self.values(recording, "tilt") if ms >= 600), size)
            read = self.replay(recording, "inversion_table", "esphome", "tilt")
            self.assertEqual({v for ms, v in read if ms >= 600}, {"UNKNOWN"}, size)

    def test_a_sensor_with_x_across_the_axle_says_nothing_while_it_is_turned_off_the_plane(self):
        # X is to lie along the axle. Here it lies along the bed: gravity goes into it as the table is turned.
        lines = [f"{200 * i} {G * math.sin(math.radians(a)):.5f} {0.003 * (-1) ** i:.5f} {G * math.cos(math.radians(a)):.5f}"
                 for i, a in enumerate(range(0, 91, 5))]
        tilt = self.values(self.run_with("table-tilt", lines), "tilt")
        self.assertTrue(math.isnan(tilt[-1][1]))

    def test_a_chip_that_hangs_is_told_within_a_second_and_comes_back(self):
        hung = [f"{600 + 200 * i} {self.gravity(20)}" for i in range(10)]
        again = [f"{2600 + 200 * i} {self.gravity(25, noise=0.003 * (-1) ** i)}" for i in range(5)]
        recording = self.run_with("table-tilt", [*self.stream([20] * 3), *hung, *again])
        unknown = [ms for ms, v in self.values(recording, "tilt") if math.isnan(v)]
        self.assertEqual((unknown[0], unknown[-1]), (1400, 2400))
        self.assertEqual([ms for ms, _ in self.values(recording, "heartbeat") if 1400 <= ms <= 2400], [])
        read = dict(self.replay(recording, "inversion_table", "esphome", "tilt"))
        self.assertEqual((read[1200], read[1400], read[2400]), ("20.0", "UNKNOWN", "UNKNOWN"))
        self.assertEqual(float(read[3000]), 25.0)

    def test_the_heartbeat_counts_each_sample(self):
        recording = self.run_with("table-tilt", self.stream([5] * 8))
        self.assertEqual([v for _, v in self.values(recording, "heartbeat")], list(range(1, 9)))


class Force(Lambdas):
    CELL = {"counts_at_rest": "-84213", "newtons_per_count": "0.0012"}

    def counts(self, newtons):
        return [f"{200 * i} {round(n / 0.0012) - 84213 + i % 2}" for i, n in enumerate(newtons)]

    def test_newtons_of_counts_and_the_plugin_reads_the_same(self):
        newtons = [0, 12.5, 122.5, 300, 588, -3]
        recording = self.run_with("belt-force", self.counts(newtons), **self.CELL)
        force = self.values(recording, "force")
        for (ms, value), expected in zip(force, newtons):
            self.assertLessEqual(abs(value - expected), 0.1, ms)
        read = self.replay(recording, "traction_belt", "hx711", "force", "shows=n")
        self.assertEqual([v for _, v in read[:1]], ["UNKNOWN"])
        self.assertEqual([float(v) for _, v in read[1:]], [v for _, v in force[1:]])

    def test_a_cell_that_counts_down_is_turned_round(self):
        recording = self.run_with("belt-force", ["0 -1000", "200 -101000"], counts_at_rest="-1000", newtons_per_count="-0.001")
        self.assertEqual([v for _, v in self.values(recording, "force")], [0, 100])

    def test_until_it_is_given_its_figures_the_force_is_not_known(self):
        recording = self.run_with("belt-force", self.counts([0, 100, 200]))
        self.assertEqual(len(self.values(recording, "force")), 3)
        self.assertTrue(all(math.isnan(v) for _, v in self.values(recording, "force")))
        self.assertEqual(self.values(recording, "heartbeat"), [])

    def test_at_either_end_of_its_range_and_without_a_value_it_is_not_known(self):
        for counts in (8388607, -8388608, "nan"):
            recording = self.run_with("belt-force", [*self.counts([10, 10, 10]), f"600 {counts}"], **self.CELL)
            self.assertTrue(math.isnan(self.values(recording, "force")[-1][1]), counts)
            self.assertEqual(len(self.values(recording, "heartbeat")), 3)
        recording = self.run_with("belt-force", ["0 8388606", "200 -8388607"], **self.CELL)
        self.assertFalse(any(math.isnan(v) for _, v in self.values(recording, "force")))

    def test_a_chip_that_hangs_is_told_within_a_second(self):
        lines = [*self.counts([50, 50, 50]), *(f"{600 + 200 * i} 12345" for i in range(8))]
        unknown = [ms for ms, v in self.values(self.run_with("belt-force", lines, **self.CELL), "force") if math.isnan(v)]
        self.assertEqual(unknown, [1400, 1600, 1800, 2000])


class Pad(Lambdas):
    def test_the_relay_as_the_definition_reads_it_and_power_whichever_way_it_flows(self):
        self.assertEqual(self.run_with("heat-pad", ["0 0", "23.5 1", "-23.5 1", "nan 0"]).splitlines(),
                         ["0 OFF", "23.5 ON", "23.5 ON", "nan OFF"])


if __name__ == "__main__":
    TOOL, PLUGINS = sys.argv[1], sys.argv[2]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
