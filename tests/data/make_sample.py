#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the sample of MNIST in this folder from the full data set.

Usage: make_sample.py FOLDER [OUTPUT]

FOLDER holds the four files of MNIST, raw or gzip; OUTPUT is this script's folder if not given.
Takes every 60th training image and every 20th test image: 1,000 and 500. A stride and not the first
ones, because MNIST is ordered by where its writers come from: the first half of the test set is
easier than the second.
"""
import gzip
import hashlib
import os
import struct
import sys

# name, stride, SHA-256 of the full file after decompression
FILES = [
    ("train-images-idx3-ubyte", 60,
     "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels-idx1-ubyte", 60,
     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images-idx3-ubyte", 20,
     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels-idx1-ubyte", 20,
     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
]


def read(folder, name):
    path = os.path.join(folder, name)
    if os.path.exists(path):
        with open(path, "rb") as file:
            return file.read()
    with gzip.open(path + ".gz", "rb") as file:
        return file.read()


def sample(data, stride):
    """Every `stride`-th row of an IDX file, from row 0."""
    dimensions = data[3]
    header = 4 + 4 * dimensions
    rows, *shape = struct.unpack(f">{dimensions}I", data[4:header])
    size = 1
    for length in shape:
        size *= length
    chosen = range(0, rows, stride)
    bodies = (data[header + row * size:header + (row + 1) * size] for row in chosen)
    return data[:4] + struct.pack(f">{dimensions}I", len(chosen), *shape) + b"".join(bodies)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip())
    output = sys.argv[2] if len(sys.argv) == 3 else os.path.dirname(os.path.abspath(__file__))
    for name, stride, sha256 in FILES:
        data = read(sys.argv[1], name)
        if hashlib.sha256(data).hexdigest() != sha256:
            sys.exit(f"make_sample.py: {name}: is not MNIST's; run script/fetch-data mnist")
        part = sample(data, stride)
        path = os.path.join(output, name + ".gz")
        # No file name and no time in the header, so that the same bytes come out every time.
        with open(path + ".part", "wb") as file:
            with gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
                packed.write(part)
        os.replace(path + ".part", path)
        print(hashlib.sha256(part).hexdigest(), path)


if __name__ == "__main__":
    main()
