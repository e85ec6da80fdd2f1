#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What decoding one frame costs, for every model and definition that ships: `therapy-plugin bench` with the frames of
their vector files, as one table. Beside each its floor in the same run, copying the frame. Prints, judges nothing; exits
1 only if something could not be measured.

    THERAPY_BUILD_DIR=build/release tests/bench/decode.py
"""
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("THERAPY_BUILD_DIR", SOURCE / "build" / "release")).resolve()
VECTORS = SOURCE / "tests" / "codecs" / "vectors"
MODEL = re.compile(r"model (\S+): (\d+) frames of ([\d.]+) bytes\n +decode +([\d.]+) ns a frame \(([\d.]+) to ([\d.]+).*\n"
                   r" +floor +[\d.]+ ns .*, ([\d.]+) ns to copy")


def word(path, key):
    """What a vector file says behind `key` at its beginning."""
    found = re.search(rf"^{key} (\S+)", path.read_text(), re.M)
    return found.group(1) if found else None


def bench(subject, vectors):
    done = subprocess.run([BUILD / "gateway" / "therapy_plugin" / "therapy-plugin", "bench", subject, *vectors],
                          capture_output=True, text=True, timeout=300)
    sys.stderr.write(done.stderr)
    return done.returncode, MODEL.findall(done.stdout)


def main():
    files = sorted(VECTORS.glob("*.vec"))
    jobs = [(plugin.stem, plugin, [f for f in files if word(f, "plugin") == plugin.stem])
            for plugin in sorted((BUILD / "plugins").glob("*.so"))]
    jobs += [("definition", definition, [VECTORS / f"{definition.stem}.vec"])
             for definition in sorted((SOURCE / "etc" / "devices.d").glob("*.cfg"))]
    print(f"{'':16} {'model':22} {'frames':>6} {'bytes':>6} {'ns a frame':>10}  {'rounds':>15} {'floor':>6}")
    failed = 0
    for name, subject, vectors in jobs:
        if not vectors:
            continue  # a plugin whose vectors lie elsewhere: the template
        code, rows = bench(subject, vectors)
        failed |= code != 0 or not rows
        for model, frames, size, ns, low, high, floor in rows:
            print(f"{name:16} {model:22} {frames:>6} {size:>6} {ns:>10}  {low + '-' + high:>15} {floor:>6}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
