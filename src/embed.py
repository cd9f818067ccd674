#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes files into a C source, as the table of src/embedded.h. Usage: embed.py OUTPUT FILE..."""
import os
import sys

output, *paths = sys.argv[1:]
with open(output, "w", encoding="ascii") as source:
    source.write('#include "src/embedded.h"\n')
    for i, path in enumerate(paths):
        with open(path, "rb") as file:
            content = file.read()
        source.write(f"static const unsigned char file_{i}[] = {{\n")
        for start in range(0, len(content), 25):
            source.write("".join(f"{byte}," for byte in content[start:start + 25]) + "\n")
        source.write("};\n")
    source.write("const struct nb_embedded nb_embedded_files[] = {\n")
    for i, path in enumerate(paths):
        source.write(f'    {{"{os.path.basename(path)}", file_{i}, sizeof file_{i}}},\n')
    source.write("    {0},\n};\n")
