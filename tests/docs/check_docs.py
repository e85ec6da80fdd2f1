#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What docs/troubleshooting.md says that people see is what the program says, and no link between documents is dead. Usage:
check_docs.py SOURCE_DIR

A sentence is a code span with a blank in it, in the first cell of a row under "it says". It must hold the fixed words of a literal in gateway/, in
their order, whatever stands in place of %s; it may break off early. Prints what nobody says; exits 1 if there is anything.
"""
import pathlib
import re
import sys

FEWEST = 10  # fixed characters that make it that literal and no other
LITERALS = re.compile(r'"((?:\\.|[^"\\\n])*)"(?:\s*"((?:\\.|[^"\\\n])*)")?(?:\s*"((?:\\.|[^"\\\n])*)")?')
SPEC = re.compile(r"%(?:\.\*s|[-+ 0#.\d]*(?:l|ll|z|h)?[a-zA-Z])")
SPAN = re.compile(r"`([^`]+ [^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def literals(root):
    """The fixed pieces of each, in order."""
    found = set()
    for path in (root / "gateway").rglob("*.c"):
        if path.name.endswith("_test.c") or path.name.startswith(("testing_", "language_")):
            continue
        for parts in LITERALS.findall(path.read_text(encoding="utf-8")):
            pieces = tuple(p for p in SPEC.split("".join(parts).replace('\\"', '"').replace("\\n", "")) if p.strip())
            if sum(map(len, pieces)) >= FEWEST:
                found.add(pieces)
    return found


def says(pieces, sentence):
    """Whether the sentence goes through the pieces in order; it may begin or break off within one."""
    at, fixed = 0, 0
    for piece in pieces:
        there = sentence.find(piece, at)
        if there < 0:  # cut off here?
            tail = next((n for n in range(len(piece), 0, -1) if sentence.endswith(piece[:n])), 0)
            return fixed + tail >= FEWEST and at <= len(sentence) - tail and (tail > 0 or at == len(sentence))
        at, fixed = there + len(piece), fixed + len(piece)
    return fixed >= FEWEST


def sentences(text):
    under = False
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 3:
            under = False
        elif cells[1] == "it says":
            under = True
        elif under:
            for sentence in SPAN.findall(cells[1]):
                yield number, sentence


def faults(root):
    known = literals(root)
    for name in ("troubleshooting.md",):
        path = root / "docs" / name
        for number, sentence in sentences(path.read_text(encoding="utf-8")):
            for part in filter(lambda p: " " in p, sentence.split(" ... ")):
                if not any(part in "\0".join(pieces) or says(pieces, part) for pieces in known):
                    yield f"docs/{name}:{number}: nobody says `{part}`: write what the program says, or mend the program"
    for path in [root / "README.md", *(root / "docs").glob("*.md")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for link in LINK.findall(line):
                if "://" not in link and not (path.parent / link).exists():
                    yield f"{path.relative_to(root)}:{number}: there is no {link}"


if __name__ == "__main__":
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    sys.exit(1 if found else 0)
