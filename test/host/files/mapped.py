# SPDX-License-Identifier: BSD-2-Clause
#
# mapped.py: a file through a mapping and through read and write, a private
# copy of it, resizing, and an anonymous mapping shared with a forked child.
import hashlib
import mmap
import os

SIZE = 20 << 20

with open("mapped.bin", "wb+") as f:
    f.truncate(SIZE)
    with mmap.mmap(f.fileno(), SIZE) as m:
        for i in range(0, SIZE, 4096):
            m[i:i + 8] = i.to_bytes(8, "little")
        f.seek(8192)
        print(int.from_bytes(f.read(8), "little"))
        os.pwrite(f.fileno(), b"written", 4096 * 100)
        print(m[4096 * 100:4096 * 100 + 7])
        print(m.find(b"written"), m.rfind((SIZE - 4096).to_bytes(8, "little")))
        m.flush()
        m.move(0, 4096 * 100, 4096)
        print(m[:7])
        m.resize(SIZE // 2)
        print(len(m), os.fstat(f.fileno()).st_size)
        print(hashlib.sha256(m).hexdigest())
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m:
        m[:7] = b"PRIVATE"
        print(m[:7], os.pread(f.fileno(), 7, 0))
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        print(hashlib.sha256(m).hexdigest())

with mmap.mmap(-1, 1 << 20) as m:
    pid = os.fork()
    if pid == 0:
        m[:5] = b"child"
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), m[:5])
