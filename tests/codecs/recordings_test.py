#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays each recording of recordings/ through the device machine (`therapy-plugin replay`) and compares the readings with those beside
it, number by number. Usage: recordings_test.py THERAPY_PLUGIN PLUGINS_DIR [--write]

A recording says in a line `# play: PLUGIN MODEL [OPTION=VALUE]...` what it is played with; of plugin generic MODEL is a definition.
--write takes what comes of it now for what is to come: look at the difference before you keep it."""
import concurrent.futures
import difflib
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
RECORDINGS = SOURCE / "tests" / "codecs" / "recordings"


def played_with(recording):
    """(plugin, model, options) of a recording's text."""
    found = re.search(r"^# play: (\w+) (\w+)((?: \w+=\S+)*)$", recording, re.M)
    return (found[1], found[2], found[3].split()) if found else None


def play(tool, plugins, path):
    plugin, model, options = played_with(path.read_text())
    file = SOURCE / "etc" / "devices.d" / f"{model}.cfg" if plugin == "generic" else pathlib.Path(plugins) / f"{plugin}.so"
    words = [tool, "replay", file, path, *([] if plugin == "generic" else ["--model", model])]
    for option in options:
        words += ["--option", option]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def shipped():
    """What has a vector file: (plugin, model)."""
    for path in (SOURCE / "tests" / "codecs" / "vectors").glob("*.vec"):
        said = dict(re.findall(r"^(plugin|model) (\S+)", path.read_text(), re.M))
        if "plugin" in said:
            yield said["plugin"], said["model"]


def main(tool, plugins, write=False):
    faults, recordings = [], sorted(RECORDINGS.glob("*.rec"))
    unplayable = [path.name for path in recordings if not played_with(path.read_text())]
    faults += [f"{name}: expected a line '# play: PLUGIN MODEL'" for name in unplayable]
    recordings = [path for path in recordings if path.name not in unplayable]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(lambda path: play(tool, plugins, path), recordings))
    for path, run in zip(recordings, runs):
        beside = path.with_suffix(".readings")
        if run.returncode != 0:
            faults.append(f"{path.name}: {run.stderr.strip()}")
        elif " 0 readings" in run.stdout:
            faults.append(f"{path.name}: no reading came of it")
        elif write:
            beside.write_text(run.stdout)
        else:
            expected = beside.read_text() if beside.exists() else ""
            difference = list(difflib.unified_diff(expected.splitlines(), run.stdout.splitlines(), beside.name, "now", lineterm=""))
            faults += ["\n".join(difference[:30])] if difference else []
    told = {played_with(path.read_text())[:2] for path in recordings}
    faults += [f"{plugin}, model {model}: ships and has no recording in tests/codecs/recordings" for plugin, model in
               sorted(set(shipped()) - told)]
    print("\n".join(faults) or f"{len(recordings)} recordings played as they are to be")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], "--write" in sys.argv[3:]))
