#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin is written with nothing but an installation: by CMake and by pkg-config, in C and in C++.

The installation lies in a temporary prefix, which is not the one that was configured: nothing of it may depend on its place.
What is built is what the installed therapy-plugin makes of the template (`new`), and it is tested by that program.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["THERAPY_BUILD_DIR"]).resolve()
NAME = "my_device"
FILES = ("template.c", "vectors/template.vec", "CMakeLists.txt.in", "README.md", "device.py")


def run(*argv, cwd=None, env=None):
    """What the program said. Its failure is the test's, with all that it said."""
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def as_own(template, to):
    """The template under the name of one's own, as plugins/README.md says."""
    for file in FILES:
        text = (template / file).read_text(encoding="utf-8")
        own = to / file.replace("template", NAME).removesuffix(".in")
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(text.replace("template", NAME).replace("Template", "My device"), encoding="utf-8")


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="therapy-sdk-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.top = pathlib.Path(cls.temporary.name)
        cls.prefix = cls.top / "prefix"
        cls.installed = {pathlib.Path(line.split(": ", 1)[1]) for line in
                         run("cmake", "--install", BUILD, "--prefix", cls.prefix).splitlines() if ": " in line}
        cls.tool = cls.prefix / "bin" / "therapy-plugin"
        pc = cls.one("therapy-plugin.pc")
        cls.env = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent))

    @classmethod
    def one(cls, name):
        """The one file of the installation that ends so."""
        found = [path for path in cls.installed if str(path).endswith("/" + name)]
        assert len(found) == 1, f"expected one {name} in the installation, found {found}"
        return found[0]

    def own(self, name):
        (self.top / name).mkdir()
        run(self.tool, "new", NAME, "--dir", self.top / name)
        return self.top / name / NAME

    def pkg_config(self, *options):
        return run("pkg-config", *options, "therapy-plugin", env=self.env).split()

    def cmake(self, directory, compiler):
        build = directory / "build"
        run("cmake", "-S", directory, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_C_COMPILER={compiler}")
        warnings = run("cmake", "--build", build)
        self.assertNotIn("warning", warnings)
        return build

    def check_object(self, plugin):
        """It exports its table alone, and the gateway's own program takes it."""
        symbols = run("nm", "-D", "--defined-only", plugin).split()[2::3]
        self.assertEqual([s for s in symbols if not s.startswith("_")], ["therapy_plugin"])
        said = run(self.tool, "check", plugin, "--vectors", self.vectors)
        self.assertIn("13 of 13 come as written", said)
        self.assertIn("My device", said)

    def test_cmake_builds_tests_and_installs_and_a_vector_that_fails_is_a_test_that_fails(self):
        directory = self.own("cmake")
        self.vectors = directory / "vectors"
        build = self.cmake(directory, "gcc")
        plugin = build / f"{NAME}.so"
        self.check_object(plugin)
        self.assertIn("100% tests passed, 0 tests failed out of 1", run("ctest", "--test-dir", build))
        # Installed where the gateway of this installation looks for plugins by name.
        run("cmake", "--install", build, env=dict(os.environ, DESTDIR=str(directory / "root")))
        beside = self.one("heat_pad.so").with_name(plugin.name)
        self.assertTrue((directory / "root" / beside.relative_to("/")).is_file(), beside)
        vectors = directory / "vectors" / f"{NAME}.vec"
        vectors.write_text(vectors.read_text().replace("> skin_temp 36.00", "> skin_temp 36.10"), encoding="utf-8")
        failed = subprocess.run(["ctest", "--test-dir", str(build)], capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("1 tests failed out of 1", failed.stdout)

    def test_new_writes_the_template_that_is_installed_under_the_name_of_ones_own(self):
        expected = self.top / "expected"
        as_own(self.one("examples/template/template.c").parent, expected)
        made = self.own("new")
        for file in FILES:
            own = file.replace("template", NAME).removesuffix(".in")
            self.assertEqual((made / own).read_bytes(), (expected / own).read_bytes(), own)

    def guide(self, language=""):
        """The blocks of docs/writing-a-plugin.md in a language, in order."""
        text = self.one("docs/writing-a-plugin.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
        return [block for tongue, block in blocks if tongue == language]

    def test_the_guide_quotes_the_whole_template_in_order_and_it_is_short(self):
        template = self.one("examples/template/template.c").read_text(encoding="utf-8")
        quoted = "".join(self.guide("c")).replace(NAME, "template").replace("My device", "Template")
        self.assertEqual([line for line in quoted.splitlines() if line], [line for line in template.splitlines() if line])
        self.assertLess(len(template.splitlines()), 100)

    def test_what_the_guide_says_to_do_does_what_it_says_also_with_clang(self):
        begin, checked, _, replayed, config, check, *_ = self.guide()
        top = self.top / "guide"
        top.mkdir()
        env = dict(os.environ, CMAKE_PREFIX_PATH=str(self.prefix), CC="clang", LC_ALL="C.UTF-8",
                   PATH=os.pathsep.join([str(self.prefix / "bin"), str(self.prefix / "sbin"), os.environ["PATH"]]))
        self.assertIn("tests passed, 0 tests failed out of 1", run("sh", "-ec", begin, cwd=top, env=env))

        def expect(block, directory):
            """Each `$ command` of the block says what follows it; "..." leaves out the rest of those lines."""
            for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
                said = [line.strip() for line in run("sh", "-ec", command, cwd=directory, env=env).splitlines()]
                for line in output.splitlines():
                    self.assertTrue(line.strip() in said or line.strip() == "...", f"'{line}' is not in what {command} says")

        device = top / NAME
        self.assertRegex((device / "build" / "CMakeCache.txt").read_text(), "CMAKE_C_COMPILER:.*clang")
        expect(checked, device)
        (device / "warm.rec").write_text(re.search(r"cat warm.rec\n(.*?)\$", replayed, re.S).group(1), encoding="utf-8")
        expect(replayed, device)
        # As in the guide, but that the shipped rules lie in this prefix.
        (device / "home.cfg").write_text(f'rule_files = [ "{self.one("40-heat.cfg").parent}" ];\n{config}', encoding="utf-8")
        said = run("sh", "-ec", check.splitlines()[0], cwd=device, env=env)
        self.assertRegex(said, r"pad +heat, Self-built My device, on tcp://127\.0\.0\.1:7000")

    def test_the_command_line_of_the_readme_builds_with_both_compilers(self):
        directory = self.own("pkg-config")
        self.vectors = directory / "vectors"
        line = re.search(r"^cc .*pkg-config --cflags therapy-plugin.*$", (directory / "README.md").read_text(), re.M).group()
        for compiler in ("gcc", "clang"):
            run("sh", "-ec", line.replace("cc ", f"{compiler} -Wall -Wextra -Wpedantic -Wconversion -Werror ", 1),
                cwd=directory, env=self.env)
            self.check_object(directory / f"{NAME}.so")
            os.remove(directory / f"{NAME}.so")

    def test_what_pkg_config_says_is_there(self):
        self.assertEqual(self.pkg_config("--libs"), [])
        self.assertTrue((pathlib.Path(self.pkg_config("--variable=plugindir")[0]) / "heat_pad.so").is_file())
        protos = pathlib.Path(self.pkg_config("--variable=protodir")[0]) / "therapy" / "v1"
        imported = {name for proto in protos.glob("*.proto")
                    for name in re.findall(r'^import "therapy/v1/(.*)";', proto.read_text(), re.M)}
        self.assertTrue(imported and imported <= {proto.name for proto in protos.glob("*.proto")}, imported)
        abi = re.search(r"^#define THERAPY_ABI (\d+)u$", self.one("therapy/plugin.h").read_text(), re.M).group(1)
        self.assertEqual(self.pkg_config("--variable=abi"), [abi])

    def test_the_header_is_cpp_with_both_compilers_old_and_new(self):
        flags = ["-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *self.pkg_config("--cflags")]
        for compiler in ("g++", "clang++"):
            for standard in ("c++11", "c++17", "c++2b"):
                with self.subTest(compiler=compiler, standard=standard):
                    run(compiler, f"-std={standard}", *flags, pathlib.Path(__file__).parents[1] / "codecs" / "header_test.cc")

    def test_the_documents_and_manual_pages_come_along(self):
        for name in ("docs/wire.md", "man1/therapy-plugin.1", "man1/therapyctl.1", "man8/therapy-gateway.8", "README.md"):
            self.assertTrue(any(str(path).endswith("/" + name) and path.is_file() for path in self.installed), name)

    def test_programs_of_the_installation_start(self):
        for program in ("bin/therapy-plugin", "bin/therapyctl", "sbin/therapy-gateway"):
            self.assertTrue(shutil.which(str(self.prefix / program)), program)
        self.assertIn("plugin", run(self.tool, "--help"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
