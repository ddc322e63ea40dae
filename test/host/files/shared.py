# SPDX-License-Identifier: BSD-2-Clause
#
# shared.py: multiprocessing, with shared memory blocks, a pool, locks and
# queues between processes.
import multiprocessing
from multiprocessing import shared_memory

COUNT = 4
EACH = 250_000


def fill(name, index):
    block = shared_memory.SharedMemory(name=name)
    view = block.buf[index * EACH:(index + 1) * EACH]
    view[:] = bytes([index + 1]) * EACH
    view.release()
    block.close()


def count(lock, value, times):
    for _ in range(times):
        with lock:
            value.value += 1


def square(x):
    return x * x


def main():
    block = shared_memory.SharedMemory(create=True, size=COUNT * EACH)
    processes = [multiprocessing.Process(target=fill, args=(block.name, i))
                 for i in range(COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print([process.exitcode for process in processes])
    print([block.buf[i * EACH:(i + 1) * EACH] == bytes([i + 1]) * EACH
           for i in range(COUNT)])
    block.close()
    block.unlink()

    lock = multiprocessing.Lock()
    value = multiprocessing.Value("i", 0, lock=False)
    array = multiprocessing.Array("d", range(1000))
    processes = [multiprocessing.Process(target=count, args=(lock, value, 500))
                 for _ in range(COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(value.value, sum(array))

    with multiprocessing.Pool(3) as pool:
        print(sum(pool.map(square, range(2000), chunksize=50)))
        print(pool.apply(square, (12,)))

    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=queue.put, args=(b"x" * 300_000,))
    process.start()
    print(len(queue.get()))
    process.join()


if __name__ == "__main__":
    for method in "fork", "spawn":
        multiprocessing.set_start_method(method, force=True)
        main()
