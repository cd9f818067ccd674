#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which instructions each kernel of each table really consists of: the machine code itself answers, not the flags.

PROGRAM is the program; BINUTILS stands before the names objdump and readelf, "aarch64-linux-gnu-" for instance. Exits with 77
where these are not installed.
"""
import os
import re
import shutil
import sys
import unittest

from program import Program

HERE = os.path.dirname(os.path.abspath(__file__))
OBJDUMP, READELF = (os.environ.get("BINUTILS", "") + tool for tool in ("objdump", "readelf"))
KERNEL_LIST = os.path.join(HERE, "..", "..", "kernels", "kernel_list.h")

# Floating-point arithmetic on all elements of a register. Logic and moves are not in it: compilers clear, negate and copy
# single numbers with the packed forms.
PACKED = {
    "x86_64": re.compile(r"v?(h?add|h?sub|addsub|mul|div|sqrt|min|max|rcp|rsqrt|round|dp)p[sd] |vfn?m(add|sub)\w*p[sd] "),
    "aarch64": re.compile(r"f(add|sub|mul|div|sqrt|min|max|ml[as]|rint|recp|rsqrt)\w* v\d+\.\d"),
}
FMA = {"x86_64": re.compile(r"vfn?m(add|sub)\d+[sp][sd] "), "aarch64": re.compile(r"fn?(madd|msub|mla|mls) ")}
WIDE = {"avx2": re.compile(r"%ymm\d"), "avx512": re.compile(r"%zmm\d"), "neon": re.compile(r"\bv\d+\.(4s|2d|16b)|\bq\d")}


def encoding(instruction):
    """"vex" (AVX, AVX2, FMA, the masks of AVX-512), "evex" (AVX-512) or "": of an x86-64 instruction, by its first byte."""
    opcode = instruction.code.lstrip(b"\x26\x2e\x36\x3e\x64\x65\x67")[:1]
    return {b"\xc4": "vex", b"\xc5": "vex", b"\x62": "evex"}.get(opcode, "")


def is_mask(instruction):
    return re.search(r"%k[0-7]", instruction.operands) is not None


class Tables(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.program = Program(os.environ["PROGRAM"], OBJDUMP, READELF)
        with open(KERNEL_LIST, encoding="utf-8") as file:
            cls.kernels = re.findall(r"^ +K\(\w+, (\w+),", file.read(), re.MULTILINE)
        cls.tables = list(cls.program.tables(cls.kernels))
        cls.reached = {table.name: {kernel: cls.program.reached_from(function)
                                    for kernel, function in table.kernels.items()} for table in cls.tables}
        cls.machine = "x86_64" if any(table.isa == "avx2" for table in cls.tables) else "aarch64"

    def each(self, *names):
        """(what to call it, its functions) of every kernel in these tables, of both precisions."""
        for name in names:
            for precision in ("f32", "f64"):
                for kernel, functions in self.reached["%s_%s" % (precision, name)].items():
                    yield "%s %s %s" % (name, precision, kernel), functions

    def assertNone(self, where, functions, forbidden):
        found = ["%s: %s" % (function.name, instruction) for function in functions
                 for instruction in function.instructions if forbidden(instruction)]
        self.assertEqual(found[:3], [], "%s has %d such instructions" % (where, len(found)))

    def assertInLoop(self, where, functions, wanted):
        self.assertTrue(any(wanted(instruction) for function in functions for loop in function.loops()
                            for instruction in loop), "no loop of %s has such an instruction" % where)

    def only(self, machine):
        if self.machine != machine:
            self.skipTest("for %s" % machine)

    def test_tables_are_all_there(self):
        names = {"x86_64": {"autovec", "autovec_avx2", "autovec_avx512", "scalar", "scalar_fma", "avx2", "avx512"},
                 "aarch64": {"autovec", "scalar", "neon"}}[self.machine]
        expected = {"%s_%s" % (precision, name) for precision in ("f32", "f64") for name in names}
        self.assertEqual({table.name for table in self.tables}, expected)
        for table in self.tables:
            self.assertEqual(table.isa, re.sub("^f.._|_fma$|(?<=autovec)_.*", "", table.name),
                             "what %s calls itself" % table.name)
            for kernel, function in table.kernels.items():
                self.assertIsNotNone(function, "%s of %s leads nowhere" % (kernel, table.name))
                self.assertEqual(function.name, kernel, "in table " + table.name)

    def test_tables_share_no_code(self):
        owner = {}
        for table, kernels in self.reached.items():
            for function in set().union(*kernels.values()):
                if not function.name.endswith("@plt"):
                    self.assertEqual(owner.setdefault(function.address, table), table, function.name)
        pointers = [function.address for table in self.tables for function in table.kernels.values()]
        self.assertEqual(len(pointers), len(set(pointers)), "two kernels are one function")

    def test_scalar_does_one_element_at_a_time(self):
        for where, functions in self.each("scalar", *(["scalar_fma"] if self.machine == "x86_64" else [])):
            self.assertNone(where, functions, lambda i: PACKED[self.machine].match(str(i)))

    def test_the_first_tables_need_no_newer_cpu(self):
        self.only("x86_64")
        for where, functions in self.each("scalar", "autovec"):
            self.assertNone(where, functions, encoding)

    def test_scalar_fma_stays_in_single_elements(self):
        self.only("x86_64")
        for where, functions in self.each("scalar_fma"):
            self.assertNone(where, functions, lambda i: encoding(i) == "evex" or re.search("%[yz]mm", i.operands))

    def test_avx2(self):
        self.only("x86_64")
        for where, functions in self.each("avx2"):
            self.assertInLoop(where, functions, lambda i: WIDE["avx2"].search(i.operands))
        for where, functions in self.each("avx2", "autovec_avx2"):
            self.assertNone(where, functions, lambda i: encoding(i) == "evex" or is_mask(i))

    def test_avx512(self):
        self.only("x86_64")
        for where, functions in self.each("avx512"):
            self.assertInLoop(where, functions, lambda i: WIDE["avx512"].search(i.operands))

    def test_neon(self):
        self.only("aarch64")
        for where, functions in self.each("neon"):
            self.assertInLoop(where, functions, lambda i: WIDE["neon"].search(i.operands))

    def test_compiler_vectorises_autovec(self):
        """Products at least: what else becomes vectors is the compiler's business."""
        names = {"x86_64": {"autovec": r"%xmm\d", "autovec_avx2": r"%ymm\d", "autovec_avx512": r"%zmm\d"},
                 "aarch64": {"autovec": r"\bv\d+\.(4s|2d)"}}[self.machine]
        for name, wide in names.items():
            for where, functions in self.each(name):
                if "matmul" in where:
                    self.assertInLoop(where, functions, lambda i: PACKED[self.machine].match(str(i)) and
                                      re.search(wide, i.operands))

    def test_autovec_for_avx2_needs_no_newer_cpu(self):
        self.only("x86_64")
        for where, functions in self.each("autovec_avx2"):
            self.assertNone(where, functions, lambda i: encoding(i) == "evex" or is_mask(i))

    def test_products_use_the_fma_instruction(self):
        """But not in the tables for x86-64 CPUs that have none: `scalar` calls the C library, `autovec` rounds twice."""
        for table in self.tables:
            for kernel in ("matmul_nn", "matmul_nt", "matmul_tn", "matmul_nn_panels", "matmul_nt_panels"):
                where, functions = "%s %s" % (table.name, kernel), self.reached[table.name][kernel]
                calls = {function.name for function in functions} & {"fma@plt", "fmaf@plt"}
                if self.machine == "x86_64" and table.name.endswith("_scalar"):
                    self.assertEqual(len(calls), 1, where)
                elif self.machine == "aarch64" or not table.name.endswith("_autovec"):
                    self.assertEqual(calls, set(), where)
                    self.assertInLoop(where, functions, lambda i: FMA[self.machine].match(str(i)))

    def test_all_other_code_is_for_any_cpu(self):
        self.only("x86_64")
        kernels = set().union(*(functions for table in self.reached.values() for functions in table.values()))
        self.assertGreater(len(self.program.functions), len(kernels))
        for function in self.program.functions:
            if function not in kernels:
                self.assertNone("the code outside of the kernels", [function], encoding)


if __name__ == "__main__":
    for tool in (OBJDUMP, READELF):
        if not shutil.which(tool):
            print("%s is not here (of GNU binutils)" % tool)
            sys.exit(77)
    unittest.main()
