#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `meson install` puts in place: everything is there, and programs outside the project build against it and run.

BUILD is the build folder, CC the command of the C compiler, PREFIX and LIBDIR where the build installs to, LIBRARY what Meson calls
default_library: shared, static or both. CXX, if set, is a C++ compiler; PEERS are the peers' modules. Exits with 77 without pkg-config.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = os.environ["PREFIX"]
LIBDIR = os.path.join(PREFIX, os.environ["LIBDIR"])
HEADERS = ["contract.h", "isa_list.h", "kernel_list.h", "kernels.h", "version.h"]
FUNCTIONS = ["nb_isa_about", "nb_isa_best", "nb_isa_built", "nb_isa_by_name", "nb_isa_exact", "nb_isa_kernels_f32",
             "nb_isa_kernels_f64", "nb_isa_name", "nb_isa_usable", "nb_version"]
CC = os.environ["CC"].split()
SHARED, STATIC = os.environ["LIBRARY"] != "static", os.environ["LIBRARY"] != "shared"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="normbench-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.root = os.path.join(cls.folder, "root")
        subprocess.run(["meson", "install", "-C", os.environ["BUILD"], "--no-rebuild", "--quiet", "--destdir", cls.root],
                       check=True, stdout=subprocess.DEVNULL)

    def run_command(self, *command, code=0, **more):
        """What it prints. Meson points its tests to the libraries of the build folder: these are not what is tested."""
        env = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env={**env, **more})
        self.assertEqual(done.returncode, code, "%s\n%s%s" % (" ".join(command), done.stdout, done.stderr))
        return done.stdout

    def installed(self, *names):
        return self.root + os.path.join(*names)

    def files(self, *names):
        return sorted(os.listdir(self.installed(*names)))

    def pkg_config(self, *args):
        return self.run_command("pkg-config", *args, "normbench", PKG_CONFIG_PATH=self.installed(LIBDIR, "pkgconfig"),
                                PKG_CONFIG_SYSROOT_DIR=self.root).split()

    def build(self, source, *compiler, static=False):
        """Compiles a program as a user would, linked with what the linker finds or with the static library, and runs it."""
        program = os.path.join(self.folder, "program")
        libraries = self.pkg_config("--libs", *(["--static"] if static else []))
        if static:  # only this library: a static C library is not everywhere
            libraries = [self.installed(LIBDIR, "libnormbench.a") if word == "-lnormbench" else word for word in libraries]
        self.run_command(*compiler, *WARNINGS, *self.pkg_config("--cflags"), os.path.join(HERE, source), "-o", program,
                         *libraries, *([] if static else ["-lm"]))
        return self.run_command(program, **({} if static else {"LD_LIBRARY_PATH": self.installed(LIBDIR)}))

    def test_files(self):
        self.assertEqual(self.files(PREFIX, "include", "normbench"), HEADERS)
        self.assertIn("normbench", self.files(PREFIX, "bin"))
        self.assertEqual(self.files(LIBDIR, "pkgconfig"), ["normbench.pc"])
        endings = {name.split(".")[1] for name in self.files(LIBDIR) if name.startswith("libnormbench.")}
        self.assertEqual(endings, ({"a"} if STATIC else set()) | ({"so"} if SHARED else set()))
        self.assertIn("contract.md", self.files(PREFIX, "share", "doc", "normbench"))
        self.assertLessEqual({"normbench.1", "normbench-train.1"}, set(self.files(PREFIX, "share", "man", "man1")))
        for completion in ("bash-completion/completions/normbench", "zsh/site-functions/_normbench",
                           "fish/vendor_completions.d/normbench.fish"):
            self.assertGreater(os.path.getsize(self.installed(PREFIX, "share", completion)), 1000, completion)

    def test_no_path_of_this_machine(self):
        """Neither the sources' folder nor the build's is in anything that is installed."""
        build = os.path.realpath(os.environ["BUILD"]).encode()
        source = os.path.dirname(os.path.dirname(HERE)).encode()
        for folder, _, names in os.walk(self.root):
            for path in (os.path.join(folder, name) for name in names):
                with open(path, "rb") as file:
                    content = file.read()
                if "-g" not in os.environ.get("FLAGS", "").split():
                    self.assertNotIn(build, content, path)
                    self.assertNotIn(source, content, path)

    def test_outside_program(self):
        for static in [False, True] if STATIC else [False]:
            self.assertRegex(self.build("outside.c", *CC, "-std=c11", static=static), r"\A\S+ \w+ right\n\Z")

    def test_outside_program_in_cxx(self):
        if not os.environ["CXX"]:
            self.skipTest("there is no C++ compiler")
        self.assertRegex(self.build("outside.c", os.environ["CXX"], "-std=c++11", "-x", "c++"), r"\A\S+ \w+ right\n\Z")

    def test_each_header_stands_alone(self):
        for header in HEADERS:
            source = os.path.join(self.folder, "alone.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write("#include <normbench/%s>\nint nothing;\n" % header)
            self.run_command(*CC, "-std=c11", *WARNINGS, *self.pkg_config("--cflags"), "-fsyntax-only", source)

    def test_version(self):
        version = self.pkg_config("--modversion")[0]
        self.assertEqual(self.build("outside.c", *CC).split()[0], version)
        self.assertEqual(self.run_command(self.installed(PREFIX, "bin", "normbench"), "--version"), "normbench %s\n" % version)
        if SHARED:
            self.assertTrue(os.path.exists(self.installed(LIBDIR, "libnormbench.so." + version)))

    def test_debian_has_this_version(self):
        with open(os.path.join(HERE, "..", "..", "debian", "changelog"), encoding="utf-8") as file:
            self.assertEqual(file.readline().split()[:2], ["normbench", "(%s)" % self.pkg_config("--modversion")[0]])
        with open(os.path.join(HERE, "..", "..", "debian", "libnormbench0.symbols"), encoding="utf-8") as file:
            self.assertEqual(re.findall(r"(?m)^ (\w+)@", file.read()), FUNCTIONS)

    @unittest.skipUnless(SHARED, "only the static library is built")
    def test_nothing_else_is_exported(self):
        library = self.installed(LIBDIR, "libnormbench.so")
        names = [line.split()[-1] for line in self.run_command("nm", "-D", "--defined-only", library).splitlines()]
        self.assertEqual(sorted(names), FUNCTIONS)

    @unittest.skipUnless(STATIC, "only the shared library is built")
    def test_static_names_are_ours(self):
        hidden = self.run_command("nm", "-g", "--defined-only", self.installed(LIBDIR, "libnormbench.a"))
        self.assertEqual([name for name in re.findall(r"(?m)^\w+ [A-Z] (\S+)$", hidden) if not name.startswith("nb_")], [])

    def test_interface_is_kept(self):
        """Programs that were compiled against an older library with this soname still run."""
        with open(os.path.join(HERE, "abi.txt"), encoding="utf-8") as file:
            promised = file.read().splitlines()
        if SHARED:
            library = self.installed(LIBDIR, "libnormbench.so")
            soname = re.search(r"SONAME.*\[(\S+)\]", self.run_command("readelf", "-d", library))
            self.assertEqual(soname[1], promised[0],
                             "tests/install/abi.txt is of another soname; CONTRIBUTING.md says what to do")
        now = self.build("abi.c", *CC, "-std=c11").splitlines()
        self.assertEqual([line for line in promised[1:] if line not in now], [],
                         "the interface is not what %s promises; CONTRIBUTING.md says what to do" % promised[0])

    def test_installed_program_finds_its_peers(self):
        output = self.run_command(self.installed(PREFIX, "bin", "normbench"), "info", "--no-peaks")
        found = re.search(r"(?m)^Peers: *(.*)$", output)
        for peer in os.environ["PEERS"].split():
            self.assertIn(peer, found[1] if found else "", "the module of %s is not found" % peer)


if __name__ == "__main__":
    missing = [tool for tool in ("pkg-config", "nm", "readelf", "meson") if not shutil.which(tool)]
    if missing:
        print("missing: " + ", ".join(missing))
        sys.exit(77)
    unittest.main()
