# SPDX-License-Identifier: MIT
"""Data sets as users have them: each kind of damage ends the program with one line and exit code 3, before any training."""
import gzip
import os
import struct
import unittest

from case import Case

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
PAGE = b"<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body>go away</body></html>\n"


def idx(dims, content, magic=0x800):
    return struct.pack(">%dI" % (1 + len(dims)), magic + len(dims), *dims) + content


class Data(Case):
    """A data set of 8 + 4 images of 2 x 2 pixels; every test spoils one file of it."""

    def setUp(self):
        super().setUp()
        self.write_data(8, 4)

    def spoil(self, name, content, raw=False):
        os.remove(self.path(name + ".gz"))
        with open(self.path(name + ("" if raw else ".gz")), "wb") as file:
            file.write(content if raw else gzip.compress(content))

    def assertRefused(self, *words, name=IMAGES):
        done = self.call("train", "--data-dir", self.folder, "--json", "run.json", code=3)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in (name, *words):
            self.assertIn(word, done.stderr)
        self.assertFalse(os.path.exists(self.path("run.json")))

    def test_intact(self):
        self.call("train", "--data-dir", self.folder, "--batch-size", "4", "--epochs", "1")

    def test_bad_magic(self):
        self.spoil(IMAGES, idx((8, 2, 2), bytes(32), magic=0xd00))
        self.assertRefused("bad magic number 0x00000d03", "should be 0x00000803", "script/fetch-data")

    def test_images_where_labels_belong(self):
        self.spoil(LABELS, idx((8, 2, 2), bytes(32)))
        self.assertRefused("holds images where labels are expected", name=LABELS)

    def test_wrong_count(self):
        for raw in (True, False):
            self.write_data(8, 4)
            self.spoil(IMAGES, idx((9, 2, 2), bytes(32)), raw)
            self.assertRefused("truncated", "script/fetch-data")
            os.remove(self.path(IMAGES + ("" if raw else ".gz")))

    def test_truncated(self):
        whole = idx((8, 2, 2), bytes(32))
        self.spoil(IMAGES, whole[:10], raw=True)
        self.assertRefused("truncated inside its header")
        with open(self.path(IMAGES), "wb") as file:
            file.write(whole[:-1])
        self.assertRefused("truncated")

    def test_truncated_and_damaged_gzip(self):
        packed = gzip.compress(idx((8, 2, 2), os.urandom(32)))
        with open(self.path(IMAGES + ".gz"), "wb") as file:
            file.write(packed[:-9])
        self.assertRefused("truncated gzip data")
        with open(self.path(IMAGES + ".gz"), "wb") as file:
            file.write(packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:])
        self.assertRefused("damaged gzip data")

    def test_trailing_bytes(self):
        self.spoil(IMAGES, idx((8, 2, 2), bytes(33)))
        self.assertRefused("trailing bytes after the 32")

    def test_oversized_header(self):
        for dims in ((10**9, 28, 28), (2**32 - 1, 2**32 - 1, 2**32 - 1)):
            for raw in (True, False):
                self.write_data(8, 4)
                self.spoil(IMAGES, idx(dims, bytes(32)), raw)
                self.assertRefused("cannot hold", "that the header says")
                os.remove(self.path(IMAGES + ("" if raw else ".gz")))

    def test_label_out_of_range(self):
        self.spoil(LABELS, idx((8,), bytes([0, 1, 2, 3, 4, 5, 6, 12])))
        self.assertRefused("row 7", "label 12", "--classes 13", name=LABELS)

    def test_counts_differ(self):
        self.spoil(LABELS, idx((7,), bytes(7)))
        self.assertRefused("8 images", "7 labels")

    def test_sizes_differ(self):
        self.write_idx("t10k-images-idx3-ubyte.gz", (4, 3, 2), bytes(24))
        self.assertRefused("2 x 2", "3 x 2")

    def test_directory(self):
        os.remove(self.path(IMAGES + ".gz"))
        os.mkdir(self.path(IMAGES))
        self.assertRefused("is a directory, not a file")

    def test_web_page(self):
        for raw in (True, False):
            self.write_data(8, 4)
            self.spoil(IMAGES, PAGE, raw)
            self.assertRefused("is a web page (HTML)", "script/fetch-data")
            os.remove(self.path(IMAGES + ("" if raw else ".gz")))

    def test_missing(self):
        os.remove(self.path(LABELS + ".gz"))
        self.assertRefused("lacks the file", name=LABELS)

    def test_no_data_set(self):
        empty = self.path("empty")
        os.mkdir(empty)
        done = self.call("experiment", "--data-dir", empty, code=3)
        self.assertIn("holds none of the files", done.stderr)
        self.assertIn("script/fetch-data mnist", done.stderr)
        self.assertFalse(os.path.exists(self.path("normbench-experiment")))


if __name__ == "__main__":
    unittest.main()
