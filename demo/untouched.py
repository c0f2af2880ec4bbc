"""Prints what a patch and its revert must leave in a process as it was, a line for each; the demo compares.

untouched.py PID

The last line says how many bytes of the process's code are not those of the files that it is mapped from.
"""

import sys

process = f"/proc/{int(sys.argv[1])}"


def text(name):
    with open(f"{process}/{name}", encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


print("started at", text("stat").rpartition(")")[2].split()[19])
for line in text("status").splitlines():
    if line.startswith(("TracerPid:", "NoNewPrivs:", "Seccomp:", "SigBlk:", "SigIgn:", "SigCgt:")):
        print(line)

size, different, places = 0, 0, []
with open(f"{process}/mem", "rb") as memory:
    for line in text("maps").splitlines():
        addresses, protection, offset, _, _, *name = line.split(maxsplit=5)
        if not name or not name[0].startswith("/"):
            continue
        print(addresses, protection, offset, name[0])
        if "x" not in protection or name[0].startswith("/memfd:lpreconcile:"):
            continue
        first, end = (int(address, 16) for address in addresses.split("-"))
        memory.seek(first)
        code = memory.read(end - first)
        # The file as it was mapped, whatever has become of its name.
        with open(f"{process}/map_files/{first:x}-{end:x}", "rb") as file:
            file.seek(int(offset, 16))
            original = file.read(len(code)).ljust(len(code), b"\0")
        size += len(code)
        if code != original:
            changed = [index for index in range(len(code)) if code[index] != original[index]]
            different += len(changed)
            places.append(f"{name[0].rpartition('/')[2]} at {int(offset, 16) + changed[0]:#x}")
print(f"{different} of {size} bytes of code are not as in the files" + "".join(f": {place}" for place in places))
