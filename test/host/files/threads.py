# SPDX-License-Identifier: BSD-2-Clause
#
# threads.py: threads that share a queue, beside subprocesses in a pipeline.
import hashlib
import queue
import subprocess
import sys
import threading

WORKERS = 8
JOBS = 200


def digest(i):
    data = bytes((i * j) & 255 for j in range(5000))
    return hashlib.sha256(data * 20).hexdigest()


def worker(jobs, results):
    while (i := jobs.get()) is not None:
        results[i] = digest(i)


jobs = queue.Queue()
results = [None] * JOBS
threads = [threading.Thread(target=worker, args=(jobs, results))
           for _ in range(WORKERS)]
for thread in threads:
    thread.start()
for i in range(JOBS):
    jobs.put(i)

# While the threads work, fork and exec beside them.
for i in range(10):
    out = subprocess.run(["sh", "-c", f"echo child {i} | tr a-z A-Z; exit {i}"],
                         capture_output=True, check=False)
    print(out.returncode, out.stdout.decode().strip())

cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
sort = subprocess.Popen(["sort", "-n"], stdin=cat.stdout,
                        stdout=subprocess.PIPE)
cat.stdin.write("".join(f"{i * 7919 % 1009}\n" for i in range(1009)).encode())
cat.stdin.close()
numbers = sort.communicate()[0].split()
print(len(numbers), numbers == [b"%d" % i for i in range(1009)])

for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
print(hashlib.sha256("".join(results).encode()).hexdigest())
sys.exit(3)
