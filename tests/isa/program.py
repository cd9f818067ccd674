# SPDX-License-Identifier: MIT
"""The machine code of a program as GNU binutils show it: its functions, and the kernels that its tables lead to."""
import bisect
import collections
import re
import struct
import subprocess

Table = collections.namedtuple("Table", "name isa kernels")  # kernels: name -> Function


class Instruction:
    def __init__(self, address, code, text):
        self.address = address
        self.code = bytes.fromhex(code)
        self.mnemonic, _, self.operands = text.partition(" ")
        # What objdump names: the target of a branch, or what an address is computed of. An AArch64 adrp is half of an
        # address and names the wrong thing.
        named = re.search(r"\b([0-9a-f]+) <", text)
        self.target = int(named[1], 16) if named and self.mnemonic != "adrp" else None

    def __str__(self):
        return "%s %s" % (self.mnemonic, self.operands)


class Function:
    def __init__(self, address, name):
        self.address, self.name = address, name
        self.instructions = []

    def loops(self):
        """The instructions of each loop: from the target of a jump backwards up to the jump."""
        for jump in self.instructions:
            if jump.target is not None and self.address <= jump.target <= jump.address and is_jump(jump.mnemonic):
                yield [i for i in self.instructions if jump.target <= i.address <= jump.address]


def is_jump(mnemonic):
    """Of x86-64 or AArch64, without calls."""
    return re.match(r"j|b($|\.)|cbn?z|tbn?z", mnemonic) is not None


class Program:
    def __init__(self, path, objdump, readelf):
        self.path = path
        self.readelf = readelf
        with open(path, "rb") as file:
            self.content = file.read()
        listing = subprocess.run([objdump, "-d", "-w", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.functions = list(disassembly(listing))
        self.starts = [function.address for function in self.functions]
        self.sections = [tuple(int(number, 16) for number in found) for found in re.findall(
            r"^ +\[ *\d+\] \S+ +(?!NOBITS)\S+ +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) ", self.read("-S"), re.MULTILINE)]
        # A position-independent program holds its pointers as relocations.
        self.pointers = {int(at, 16): int(to, 16) for at, to in re.findall(
            r"^([0-9a-f]+) +[0-9a-f]+ R_\w+_RELATIVE +([0-9a-f]+)", self.read("-r"), re.MULTILINE)}

    def read(self, what):
        return subprocess.run([self.readelf, "-W", what, self.path], stdout=subprocess.PIPE, text=True, check=True).stdout

    def function_at(self, address):
        """The function that holds this address, or None."""
        index = bisect.bisect_right(self.starts, address) - 1
        if index < 0:
            return None
        function = self.functions[index]
        return function if address <= function.instructions[-1].address else None

    def tables(self, kernels):
        """The function tables: a text, four numbers of 8 bytes, then a pointer to each of these kernels."""
        symbols = set(re.findall(r"^ +\d+: ([0-9a-f]+) +(\d+) OBJECT .* nb_table_(f(?:32|64)_\w+)$", self.read("-s"),
                                 re.MULTILINE))  # for the linker and, where the program exports them, for the loader
        for address, size, name in sorted(symbols, key=lambda symbol: symbol[2]):
            fields = [self.pointer(int(address, 16) + at) for at in [0, *range(40, int(size), 8)]]
            if len(fields) != 1 + len(kernels):
                raise ValueError("table %s has %d kernels, kernel_list.h has %d" % (name, len(fields) - 1, len(kernels)))
            yield Table(name, self.text(fields[0]), dict(zip(kernels, map(self.function_at, fields[1:]))))

    def offset(self, address):
        return next(offset + address - start for start, offset, size in self.sections if start <= address < start + size)

    def pointer(self, address):
        return self.pointers.get(address) or struct.unpack_from("<Q", self.content, self.offset(address))[0]

    def text(self, address):
        start = self.offset(address)
        return self.content[start:self.content.index(b"\0", start)].decode()

    def reached_from(self, function):
        """The function and all others that it calls, jumps to or takes the address of. Of a shared library's functions only the
        stubs are here."""
        found, waiting = {function}, [function]
        while waiting:
            for instruction in waiting.pop().instructions:
                other = instruction.target is not None and self.function_at(instruction.target)
                if other and other not in found:
                    found.add(other)
                    if not other.name.endswith("@plt"):
                        waiting.append(other)
        return found


def disassembly(listing):
    function = None
    for line in listing.splitlines():
        label = re.match(r"([0-9a-f]+) <(.*)>:$", line)
        if label:
            function = Function(int(label[1], 16), label[2])
            continue
        fields = line.split("\t", 2)  # address, code, text
        if len(fields) == 3 and function:
            if not function.instructions:
                yield function
            function.instructions.append(Instruction(int(fields[0].strip(" :"), 16), fields[1].replace(" ", ""),
                                                     fields[2].replace("\t", " ").strip()))
