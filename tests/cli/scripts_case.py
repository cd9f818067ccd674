# SPDX-License-Identifier: MIT
"""What the tests of script/ and .ci share: a copy of them on a PATH where what installs, builds and fetches is a stand-in."""

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import textwrap
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
TOOLS = "bash env awk cat comm dirname grep gzip id mkdir mktemp mv rm sed sha256sum sort tar".split()


def write(path, content):
    """Makes the file anew: never writes through a link, which may lead to a tool of this machine."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.remove(path)
    with open(path, "xb") as file:
        file.write(content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Scripts(unittest.TestCase):
    """A copy of script/ in a folder with a space in its name, with the checksums of a small data set."""

    def setUp(self):
        top = tempfile.TemporaryDirectory(prefix="normbench scripts ")
        self.addCleanup(top.cleanup)
        self.top = top.name
        self.bin = os.path.join(self.top, "bin")  # stand-ins, which come first on the PATH
        self.tools = os.path.join(self.top, "tools")  # links to the few real tools that the scripts may use
        self.web = os.path.join(self.top, "web")  # what the stand-ins for curl and npm hand out
        self.log = os.path.join(self.top, "log")  # the commands that they were given
        self.data = {name: (name + "\n").encode() * 100 for name in FILES}
        self.cache = os.path.join(self.top, "a cache", "normbench", "mnist")
        shutil.copytree(os.path.join(ROOT, "script"), os.path.join(self.top, "script"))
        for dataset in ("mnist", "fashion-mnist"):
            lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in self.data.items()]
            write(os.path.join(self.top, "script", dataset + ".sha256"), "".join(lines).encode())
        for folder in (self.bin, self.tools, self.web):
            os.makedirs(folder)
        write(self.log, b"")
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.tools, tool))

    def stand_in(self, name, body="", folder="bin"):
        """A command `name` that notes its arguments and runs `body`."""
        path = os.path.join(self.top, folder, name)
        text = f'#!/usr/bin/env bash\nprintf "%s\\n" "{name} $*" >>"{self.log}"\n{textwrap.dedent(body)}\n'
        write(path, text.encode())
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def run_script(self, name, *args, **env):
        env = {"PATH": f"{self.bin}:{self.tools}", "HOME": self.top,
               "XDG_CACHE_HOME": os.path.join(self.top, "a cache"), **env}
        return subprocess.run([os.path.join(self.top, "script", name), *args], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, cwd="/")

    def logged(self, word):
        return [line for line in read(self.log).decode().splitlines() if line.startswith(word)]

    def assert_exit(self, result, code):
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
