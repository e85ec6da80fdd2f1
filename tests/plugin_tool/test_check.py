#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""therapy-plugin check finds every fault of gateway/therapy_plugin/fixtures, and none in plugins that have none.

Usage: test_check.py PROGRAM FIXTURES SOURCE_DIR PLUGINS [sanitized]
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys

PROGRAM, FIXTURES, SOURCE, PLUGINS = sys.argv[1:5]
SANITIZED = sys.argv[5:] == ["sanitized"]
BAD = pathlib.Path(SOURCE, "gateway/therapy_plugin/fixtures")
VECTORS = {"static_state": ["down.vec"]}

# What must be said of each, as a regular expression.
EXPECTED = {
    "aborts": r"it crashed \(Aborted\) in decode\(\), given the frame of 3 bytes: A5",
    "crash_decode": r"it crashed \(Segmentation fault\) in decode\(\), given the frame of \d+ bytes: A5 4\w E\w .*--seed 1 does",
    "crash_encode": r"it crashed \(Segmentation fault\) in encode\(\), given verb \"\w+\" with the value 1e\+09 \(odd values\)",
    "crash_frame": r"it crashed \(Segmentation fault\) in (frame|decode)\(\), given the (piece of stream|frame) of \d+ bytes: \w\w 4\w",
    "crash_init": r"it crashed \(Segmentation fault\) in init\(\)",
    "crash_loading": r"it crashed \(Segmentation fault\) while it was loaded",
    "crash_unloading": r"it crashed \(Segmentation fault\) while it was unloaded",
    "deadband_of_all": r"metric \"power\" has the deadband 300 and the range 0 to 300",
    "decode_looks_past": r"in decode\(\), .* because it looked past the end of what it was given",
    "bool_of_two": r"metric \"relay\" is a bool with the range 0 to 2, expected 0 to 1",
    "calls_fork_loading": r"it made a system call that no plugin may make while it was loaded.*sandbox: the plugin called",
    "calls_socket": r"it made a system call that no plugin may make in decode\(\), .*sandbox: the plugin called socket",
    # It gets none any more: who does not look crashes, and ASan says so, more or less soon.
    "eats_memory": r"it did not come back|out of memory" if SANITIZED else r"it crashed \(Segmentation fault\) in decode\(\)",
    "exits": r"it ended its process with status 5 in decode\(\)",
    "exits_well": r"it ended its process with status 0 in decode\(\)",
    "frame_looks_past": r"in frame\(\), .* because it looked past the end of what it was given",
    "frame_takes_too_much": r"frame returned 3 of [12] bytes, expected at most those",
    "frame_waits": r"frame wants more than the \d+ bytes it was shown|a whole frame is not read again after damaged bytes",
    "hang_decode": r"it did not come back within 2 s in decode\(\), given the frame of 3 bytes: A5 4\w E\w",
    "hang_init": r"it did not come back within 2 s in init\(\)",
    "key_twice": r"model \"pad\": metric 1 has the key \"power\" of metric 0",
    "newer_abi": r"it was built for plugin abi 2, expected 1",
    "no_baud": r"reached by a serial line and has no baud",
    "no_frame": r"reached by a byte link but has no frame function",
    "no_interval": r"metric \"power\" has no interval_ms",
    "no_name": r"metric \"power\" has no name",
    "no_range": r"metric \"power\" has the range 0 to 0",
    "no_renewal": r"control \"heat\" rests by itself after 5000 ms and nothing renews it",
    "no_rest": r"control \"heat\" has no rest sequence",
    "no_step": r"control \"heat\" has no step.*at rest up to 0.5 of \"relay\" and can be asked for 0, which would be no",
    "no_stop": r"control \"heat\" has no stop sequence",
    "other_symbol": r"has no symbol therapy_plugin",
    "overflows_heap": r"it said: .*heap-buffer-overflow",
    "prints": r"it printed \d+ bytes, expected none.*it said: hello",
    "reads_flood": r"more came of one call than 512 readings",
    "reads_no_metric": r"decode gave a reading of metric 2, expected one of the 2 metrics",
    "reads_no_number": r"decode gave \"power\" a value that is no number",
    "reads_no_quality": r"decode gave \"power\" the quality 7",
    "reads_twice": r"decode gave \"power\" twice in one call",
    "refuses_stop": r"encode sends nothing for verb \"off\" with the value 1, expected that a verb whose effect is STOP",
    "renews_late": r"control \"heat\" is renewed every 3000 ms and rests by itself after 5000 ms",
    "rest_acts": r"step 0 of the rest sequence of control \"heat\" names verb \"off\", expected one whose effect is STOP",
    "returns_nothing_known": r"decode returned 77, expected one of enum therapy_refusal",
    "sends_nowhere": r"it sends on channel 3, expected 0 on a byte link; the verb: \"on\", its value: 1\b",
    "small_struct": r"its plugin row has 16 bytes, expected at least",
    "stale_at_once": r"metric \"power\" comes every 1000 ms and is unknown after 1000 ms",
    "state_too_small": r"went past the end of its state: state_size is too small|init wrote past the 8 bytes of its state",
    "static_state": r"vector low: .* as the first thing that this process does it comes as written",
    "takes_any_length": r"decode took a frame that was cut short for 2 readings, expected a refusal: A5 05",
    "takes_any_sum": r"decode took a frame that was changed in one bit for 2 readings, expected a refusal",
    "takes_any_value": r"encode takes the value -1 for verb \"on\", expected -1: nobody can mean that",
    "writes_past_readings": r"in decode\(\), .* because it wrote past the end of the readings",
    "wrong_binary_class": r"\"warmth\", which Home Assistant does not have for a binary sensor",
    "wrong_class": r"\"temperature\", which Home Assistant does not have for a sensor in \"W\"",
}
failures = []


def check(*words):
    return subprocess.run([PROGRAM, "check", *map(str, words)], capture_output=True, text=True, timeout=50)


def expect(name, condition, run):
    if not condition:
        failures.append(f"{name}\n  exit {run.returncode}\n  {run.stdout}\n  {run.stderr}")


def vectors(*names):
    return [BAD / n for n in names]


def each_fault_is_named(fault):
    run = check(f"{FIXTURES}/bad_{fault}.so", *vectors(*VECTORS.get(fault, ["bad.vec"])), "--frames", 5000)
    expect(f"{fault}: expected '{EXPECTED[fault]}'", re.search(EXPECTED[fault], run.stdout, re.S), run)
    expect(f"{fault}: expected exit 1 and a verdict", run.returncode == 1 and
           re.fullmatch(r".*: [1-9]\d* faults?", run.stdout.splitlines()[-1]), run)


def state_that_two_instances_share_is_found():
    run = check(f"{FIXTURES}/bad_static_state.so", *vectors("up.vec"))
    expect("twins", "two devices of this plugin in one process disturb each other" in run.stdout and
           run.returncode == 1, run)


def a_plugin_without_a_fault_is_good_and_shown():
    run = check(f"{FIXTURES}/bad_none.so", *vectors("bad.vec", "up.vec", "down.vec"))
    expect("none", run.returncode == 0 and run.stdout.splitlines()[-1].endswith("bad_none.so: no fault found in 1 model"), run)
    for text in (r"sensor +Power +W +power", r"switch +Heat", r"button +Heat off-test", r"8 of 8 come as written",
                 r"20000 frames, seed 1"):
        expect(f"none: {text}", re.search(text, run.stdout), run)


def a_plugin_without_vectors_is_said_to_be_half_looked_at():
    run = check(f"{FIXTURES}/bad_none.so")
    expect("no vectors", run.returncode == 0 and 'note: there is no vector of model "pad"' in run.stdout, run)


def the_shipped_plugins_have_no_fault(plugin):
    run = check(f"{PLUGINS}/{plugin}.so", "--vectors", f"{SOURCE}/tests/codecs/vectors", "--frames", 4000)
    expect(plugin, run.returncode == 0 and "not looked at" not in run.stdout, run)


def the_same_seed_does_the_same_and_another_does_another():
    runs = [check(f"{FIXTURES}/bad_none.so", *vectors("bad.vec"), "--seed", s, "--frames", 3000) for s in (5, 5, 7)]
    expect("seed", runs[0].stdout == runs[1].stdout != runs[2].stdout.replace("seed 7", "seed 5"), runs[2])


def wrong_usage_is_told_apart_from_a_fault():
    for words, text in (([], "expected FILE.so"), (["/nowhere.so"], "No such file"),
                        ([f"{FIXTURES}/bad_none.so", "--seed", "x"], "--seed: found 'x', expected a whole number"),
                        ([f"{FIXTURES}/bad_none.so", "--sed", "1"], "found '--sed', expected --model"),
                        ([f"{FIXTURES}/bad_none.so", "/nowhere.vec"], "expected a vector file")):
        run = check(*words)
        expect(f"usage {words}", run.returncode == 2 and text in run.stderr, run)
    run = check(f"{FIXTURES}/bad_none.so", "--model", "other")
    expect("model", run.returncode == 1 and "it has no model 'other'" in run.stdout, run)
    run = check(__file__)
    expect("no plugin", run.returncode == 1 and "cannot be loaded, expected a plugin" in run.stdout, run)


def main():
    built = {p.stem[4:] for p in pathlib.Path(FIXTURES).glob("bad_*.so")} - {"none"}
    if built != set(EXPECTED):
        sys.exit(f"test_check: fixtures and expectations differ in {sorted(built ^ set(EXPECTED))}")
    jobs = [(each_fault_is_named, f) for f in sorted(built, key=lambda f: not f.startswith("hang"))
            if SANITIZED or f != "overflows_heap"]
    jobs += [(the_shipped_plugins_have_no_fault, p) for p in ("heat_pad", "inversion_table", "traction_belt")]
    jobs += [(f,) for f in (state_that_two_instances_share_is_found, a_plugin_without_a_fault_is_good_and_shown,
                            a_plugin_without_vectors_is_said_to_be_half_looked_at,
                            the_same_seed_does_the_same_and_another_does_another, wrong_usage_is_told_apart_from_a_fault)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(*job) for job in jobs]:
            done.result()
    print("\n".join(failures) if failures else f"{len(jobs)} promises kept")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
