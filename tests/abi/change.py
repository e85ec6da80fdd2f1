#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Headers that are not there: one that a later gateway might have, and ones that nobody must make.

change.py later HEADER OUT    writes HEADER with one member more at the end of every row that may grow
change.py abi HEADER OUT      writes HEADER as that of the next abi
change.py test HEADER LAYOUT FREESTANDING KEPT
                              LAYOUT must not compile with any header that breaks what was built, on any processor
                              whose layout differs, and no change of HEADER goes without a header in KEPT
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# What a plugin says the size of (THERAPY_SIZES), and so may grow at its end.
GROWING = ("plugin", "model", "metric", "verb", "control", "step", "channel", "poll", "option", "setting")
# One for each way of laying out (layout.c).
PROCESSORS = ("x86_64-linux-gnu", "aarch64-linux-gnu", "armv7-linux-gnueabihf", "mipsel-linux-gnu", "i386-linux-gnu")


def end_of(text, struct):
    """Where the last member of a struct ends."""
    start = text.index(f"struct therapy_{struct} {{")
    return text.index("}", start) if struct in ("verb", "step", "channel") else text.index("\n}", start)


def later(text):
    for struct in GROWING:
        at = end_of(text, struct)
        text = text[:at] + "\n\tuint64_t later; " + text[at:]
    return text


def swap(first, second):
    return lambda text: text.replace(first, "\0", 1).replace(second, first, 1).replace("\0", second, 1)


def instead(old, new):
    def change(text):
        assert old in text, f"plugin.h has no more '{old}': this test must name something else"
        return text.replace(old, new, 1)
    return change


WRITTEN = {"later": later, "abi": instead("THERAPY_ABI 1u", "THERAPY_ABI 2u")}

# What happens to headers, and none of it must happen to this one without a word.
BREAKS = {
    "a member before others": instead("	double max_rate; ", "	double sure; double max_rate; "),
    "a member between others": instead("	uint8_t set; ", "	uint64_t mask; uint8_t set; "),
    "a member less": instead("	const char *device_class;", "	//"),
    "two that changed places": swap("const struct therapy_verb *verbs;", "const struct therapy_control *controls;"),
    "a wider member": instead("	uint32_t renew_ms; ", "	uint64_t renew_ms; "),
    "a narrower count": instead("	size_t state_size;", "	uint16_t state_size;"),
    "a unit between others": instead("THERAPY_UNIT_CELSIUS,", "THERAPY_UNIT_KELVIN, THERAPY_UNIT_CELSIUS,"),
    "an effect less": instead("THERAPY_QUERY, ", ""),
    "other numbers for links": instead("THERAPY_LINK_TCP = 2", "THERAPY_LINK_TCP = 16"),
    "longer frames": instead("THERAPY_FRAME_MAX 512u", "THERAPY_FRAME_MAX 1024u"),
    "another meaning of no row": instead("THERAPY_NONE 0xFFu", "THERAPY_NONE 0u"),
    "an argument more": instead("int (*encode)(void *state, ", "int (*encode)(void *state, int why, "),
    "another result": instead("long (*frame)(", "int (*frame)("),
    "a reading that grew": instead("	double value;\n};", "	double value; double sigma;\n};"),
    "a row that grew, and no new revision": instead("	bool stops; ", "	double sure; bool stops; "),
    "what a message says, elsewhere": swap("	size_t size;\n", "	uint64_t now_ms; "),
    "an abi more, without a table of its own": instead("THERAPY_ABI 1u", "THERAPY_ABI 2u"),
    **{f"a {s} row that grew at its end, and no new revision": (lambda s: lambda text: text[:end_of(text, s)] +
       " uint64_t later; " + text[end_of(text, s):])(s) for s in GROWING},
}


def compiles(layout, revision, processor, freestanding, directory):
    done = subprocess.run(
        ["clang", "-target", processor, "-std=c11", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlibinc",
         "-fsyntax-only", f"-I{freestanding}", f"-I{directory}", f"-DREVISION={revision}", layout],
        capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


def declarations(text):
    """A header without comments, blanks and the bodies of its functions: all that a compiled plugin can rely on."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^(static inline [^\n]*)\n\{.*?^\}", r"\1", text, flags=re.S | re.M)
    return " ".join(text.replace("\\\n", " ").split())


def stale(header, kept):
    """What to do where the newest header that is kept is not the one of today; None: it is."""
    newest = max(int(path.name) for path in kept.iterdir())
    if declarations(header) == declarations((kept / str(newest) / "therapy" / "plugin.h").read_text(encoding="utf-8")):
        return None
    return (f"therapy/plugin.h declares something else than tests/abi/headers/{newest}. If that one was released, keep the new "
            f"one as headers/{newest + 1} with a plugin plugins/{newest + 1}.c and add to layout.c; see tests/abi/README.md")


def test(header, layout, freestanding, kept):
    faults = []
    text = header.read_text(encoding="utf-8")
    revision = max(int(path.name) for path in kept.iterdir())
    told = stale(text, kept)
    if told:
        faults.append(told)
    if declarations(text) == declarations(instead("	bool stops; ", "	bool stops, sure; ")(text)):
        faults.append("a member that hides in the padding of a row is not seen")
    if declarations(text) != declarations(text.replace("/* ", "/* Also: ")):
        faults.append("a comment counts as a change")
    with tempfile.TemporaryDirectory(prefix="therapy-abi-") as temporary:
        directory = pathlib.Path(temporary)
        (directory / "therapy").mkdir()
        changed = directory / "therapy" / "plugin.h"
        changed.write_text(text, encoding="utf-8")
        for processor in PROCESSORS:
            good, said = compiles(layout, revision, processor, freestanding, directory)
            if not good:
                faults.append(f"{processor}: the header of today is not laid out as layout.c says:\n{said}")
            for old in sorted(kept.iterdir()):
                good, said = compiles(layout, old.name, processor, freestanding, old)
                if not good:
                    faults.append(f"{processor}: headers/{old.name} is not laid out as layout.c says:\n{said}")
        for what, change in BREAKS.items():
            broken = change(text)
            assert broken != text, f"'{what}' changes nothing"
            changed.write_text(broken, encoding="utf-8")
            if compiles(layout, revision, PROCESSORS[0], freestanding, directory)[0]:
                faults.append(f"layout.c compiles with a header that has {what}")
    return faults


def main():
    if sys.argv[1] in WRITTEN:
        header = WRITTEN[sys.argv[1]](pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
        pathlib.Path(sys.argv[3]).write_text(header, encoding="utf-8")
        return
    faults = test(*map(pathlib.Path, sys.argv[2:6]))
    print("\n".join(faults) if faults else f"{len(BREAKS)} broken headers are seen, {len(PROCESSORS)} processors agree")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
