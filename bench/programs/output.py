# SPDX-License-Identifier: MIT
"""Files and tables: a file appears whole, under its name, or not at all."""
import datetime
import os
import re


class Failure(Exception):
    """What is wrong, in one line with the remedy, and the exit code."""

    def __init__(self, text, code=1):
        super().__init__(text)
        self.code = code


class Folder:
    """The folder of the results. `paths` are its files so far."""

    def __init__(self, path):
        self.path, self.paths = path, []
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise Failure("cannot make the folder '%s': %s; choose another with --output" % (path, error.strerror), 2)

    @classmethod
    def of_today(cls, results, cpu):
        """`programs` in the newest folder that `normbench bench` made today for this CPU, or in a new one like it."""
        name = "%s-%s" % (re.sub(r"[^a-z0-9]+", "-", cpu.lower()).strip("-"),
                          datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"))
        names, newest = [name], 1
        while os.path.exists(os.path.join(results, names[-1])):
            newest += 1
            names.append("%s-%d" % (name, newest))
        taken = len(names) == 1 or os.path.exists(os.path.join(results, names[-2], "programs"))
        return cls(os.path.join(results, names[-1 if taken else -2], "programs"))

    def make(self, name, fill):
        """Calls fill(path), which writes the file, and then gives it its name."""
        path = os.path.join(self.path, name)
        unfinished = os.path.join(self.path, ".%s.%d" % (name, os.getpid()))
        try:
            fill(unfinished)
            os.replace(unfinished, path)
        except OSError as error:
            raise Failure("cannot write '%s': %s" % (path, error.strerror))
        finally:
            if os.path.exists(unfinished):
                os.remove(unfinished)
        self.paths.append(path)

    def write(self, name, text):
        def fill(path):
            with open(path, "w") as file:
                file.write(text)
        self.make(name, fill)


def markdown(heads, rows):
    """A table whose columns line up also as plain text; a head with ":" in front is aligned left."""
    left = [head.startswith(":") for head in heads]
    cells = [[head.lstrip(":") for head in heads], *([str(cell) for cell in row] for row in rows)]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(heads))]
    lines = ["| %s |" % " | ".join(cell.ljust(width) if to_left else cell.rjust(width)
                                   for cell, width, to_left in zip(row, widths, left)) for row in cells]
    rule = "| %s |" % " | ".join("-" * width if to_left else "-" * (width - 1) + ":"
                                 for width, to_left in zip(widths, left))
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"
