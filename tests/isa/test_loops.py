#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The loops over k of the products keep their accumulators in registers, and, by the models of llvm-mca, the FMA pipes busy.

PROGRAM and BINUTILS are as in test_tables.py. Exits with 77 where llvm-mca or binutils are not installed.
"""
import os
import shutil
import sys
import unittest

from loops import Analysis, TILES, newest_tool

BINUTILS = os.environ.get("BINUTILS", "")
BUSY = 0.9


class Products(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.analysis = Analysis(os.environ["PROGRAM"], BINUTILS, newest_tool())
        cls.tiles = {(table, name): cls.analysis.tiles(table, name) for table in cls.analysis.functions for name in TILES}

    def largest(self):
        """The tile that does most of the work, of every table and form: of those with as many accumulators, the tallest."""
        for where, tiles in self.tiles.items():
            self.assertTrue(tiles, "%s %s: no loop over k was found" % where)
            yield where[0], max(tiles.items(), key=lambda found: (found[1].fma, found[0]))

    def test_largest_tiles_are_the_ones_of_the_headers(self):
        """What is judged below is what runs: else the analysis looks elsewhere."""
        rows_vecs = {"neon": (6, 4), "avx2": (6, 2), "avx512": (6, 4)}
        for table, (tile, _) in self.largest():
            self.assertEqual(tile, rows_vecs[table[4:]])

    def test_nothing_spills_in_the_largest_tiles(self):
        for _, (_, loop) in self.largest():
            self.assertEqual(loop.spills, 0, loop.assembly())

    def test_nothing_spills_in_any_tile_of_neon(self):
        for (table, name), tiles in self.tiles.items():
            for tile, loop in tiles.items():
                if table.endswith("neon"):
                    self.assertEqual(loop.spills, 0, "%s %s %dx%d\n%s" % (table, name, *tile, loop.assembly()))

    def test_largest_tiles_of_neon_keep_the_pipes_busy(self):
        """x86-64 is at hand: what is measured there counts."""
        judged = 0
        for table, (_, loop) in self.largest():
            if table.endswith("neon"):
                for core, cost in self.analysis.costs(table, loop).items():
                    judged += 1
                    self.assertGreaterEqual(cost.busy, BUSY, "%s %s: %s\n%s" % (table, core, cost, loop.assembly()))
        if not judged:
            self.skipTest("no NEON here, or %s has no model of its cores" % self.analysis.tool)


if __name__ == "__main__":
    for tool in (BINUTILS + "objdump", BINUTILS + "readelf"):
        if not shutil.which(tool):
            print("%s is not here (of GNU binutils)" % tool)
            sys.exit(77)
    if not newest_tool():
        print("llvm-mca is not here (of LLVM)")
        sys.exit(77)
    unittest.main()
