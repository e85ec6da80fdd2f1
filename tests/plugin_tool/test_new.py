#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""therapy-plugin new makes a plugin that builds without a warning and has no fault, under any good name.

Usage: test_new.py PROGRAM COMPILER INCLUDE_DIR
"""
import pathlib
import subprocess
import sys
import tempfile

PROGRAM, COMPILER, INCLUDE = sys.argv[1:4]
failures = []


def run(*words):
    return subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=50)


def expect(name, condition, done):
    if not condition:
        failures.append(f"{name}\n  exit {done.returncode}\n  {done.stdout}\n  {done.stderr}")


def a_new_plugin_builds_and_has_no_fault(folder):
    done = run(PROGRAM, "new", "skin_lamp2", "--dir", folder)
    made = folder / "skin_lamp2"
    files = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()}
    expect(f"new: {sorted(files)}", done.returncode == 0 and files == {
        "skin_lamp2.c", "CMakeLists.txt", "README.md", "device.py", "vectors/skin_lamp2.vec"}, done)
    nameless = [p.name for p in made.rglob("*") if p.is_file() and "skin_lamp2" not in p.read_text(encoding="utf-8")]
    expect(f"new: {nameless} are not about it", not nameless, done)
    left = [p.name for p in made.rglob("*") if p.is_file() and "template" in p.read_text(encoding="utf-8").lower()]
    expect(f"new: the template's own name is left in {left}", not left, done)
    expect("new: device.py runs", (made / "device.py").stat().st_mode & 0o100, done)
    built = run(COMPILER, "-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fPIC", "-shared",
                "-fvisibility=hidden", f"-I{INCLUDE}", "-o", folder / "it.so", made / "skin_lamp2.c", "-lm")
    expect("new: it builds", built.returncode == 0, built)
    checked = run(PROGRAM, "check", folder / "it.so", made / "vectors/skin_lamp2.vec")
    expect("new: it has no fault", checked.returncode == 0 and checked.stdout.startswith("skin_lamp2 0.1.0") and
           "Skin lamp2" in checked.stdout and "note:" not in checked.stdout, checked)


def nothing_is_overwritten(folder):
    (folder / "mine").mkdir()
    (folder / "mine/mine.c").write_text("mine")
    done = run(PROGRAM, "new", "mine", "--dir", folder)
    expect("exists", done.returncode == 2 and "there is such a folder already" in done.stderr and
           [p.name for p in (folder / "mine").iterdir()] == ["mine.c"] and (folder / "mine/mine.c").read_text() == "mine", done)


def a_name_that_no_plugin_can_have_makes_nothing(folder):
    before = sorted(folder.iterdir())
    for name in ("", "1st", "Mine", "my-device", "../mine", "my device", "my__device", "device_", "ü", "a" * 41):
        done = run(PROGRAM, "new", name, "--dir", folder)
        expect(f"name '{name}'", done.returncode == 2 and "expected letters a-z, digits and _" in done.stderr, done)
    for name in ("test", "install", "template"):
        done = run(PROGRAM, "new", name, "--dir", folder)
        expect(f"name '{name}'", done.returncode == 2 and "means something else to the build" in done.stderr, done)
    done = run(PROGRAM, "new", "mine2", "--dir", folder / "nowhere")
    expect("no such folder", done.returncode == 2 and "No such file or directory" in done.stderr, done)
    done = run(PROGRAM, "new")
    expect("no name", done.returncode == 2 and "expected NAME" in done.stderr, done)
    expect("something was made", sorted(folder.iterdir()) == before, done)


def main():
    promises = (a_new_plugin_builds_and_has_no_fault, nothing_is_overwritten, a_name_that_no_plugin_can_have_makes_nothing)
    with tempfile.TemporaryDirectory() as folder:
        for promise in promises:
            promise(pathlib.Path(folder))
    print("\n".join(failures) if failures else f"{len(promises)} promises kept")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
