# SPDX-License-Identifier: BSD-2-Clause
"""The cases of test/host/run; its head says how to add one.

Order: programs of other people, then those of test/prog, then what concerns
bsdvm as a command (exit status, signals, limits, statistics).
"""
import csv
import errno
import fcntl
import glob
import json
import os
import pty
import re
import resource
import select
import signal
import socket
import subprocess
import time

from run import PROG, Failure, Result, Skip, case, compare, descendants, \
    kill_all, report, wait_for_end

# ------------------------------------------------------- programs of others

compare("busybox", ["busybox", "sh", "busybox.sh"], needs="busybox",
        setup="cp $FILES/busybox.sh .", after="find . -type f | sort")

compare("coreutils", ["sh", "coreutils.sh"],
        setup="cp $FILES/coreutils.sh .",
        after="find . -type f ! -name '*.sh' | sort | xargs cksum")

compare("coreutils-direct", ["sha256sum", "data", "/usr/bin/sort"],
        setup="seq 1 300000 >data")

compare("pipeline", ["sh", "pipeline.sh"], setup="cp $FILES/pipeline.sh .")

compare("pipeline-bash", ["bash", "pipeline.sh"], needs="bash",
        setup="cp $FILES/pipeline.sh .")

compare("archive", """
        tar cf t.tar tree && gzip -k t.tar && xz -T2 -k t.tar && bzip2 t.tar
        for f in t.tar.*; do echo $f; tar tf $f | wc -l; done
        find tree -type f | xargs -P 3 -n 5 cksum | sort
        """, setup="""
        mkdir tree
        for i in 1 2 3 4 5 6 7 8 9; do seq 1 $((i * 3000)) >tree/$i; done
        """, needs="xz bzip2")

compare("perl", ["perl", "words.pl"], needs="perl",
        setup="cp $FILES/words.pl .")

compare("python-threads", ["/usr/bin/python3", "threads.py"],
        setup="cp $FILES/threads.py .")

compare("python-mmap", ["/usr/bin/python3", "mapped.py"],
        setup="cp $FILES/mapped.py .", after="cksum mapped.bin")

compare("python-shared", ["/usr/bin/python3", "shared.py"],
        setup="cp $FILES/shared.py .", timeout=90)

compare("sqlite", "sqlite3 t.db <database.sql", needs="sqlite3", timeout=120,
        setup="cp $FILES/database.sql .",
        after="""
        sqlite3 t.db 'PRAGMA integrity_check' 'SELECT sum(id), sum(k) FROM t'
        [ $(stat -c %s t.db) -gt 45000000 ] && ls
        """)

compare("gcc", """
        gcc -O2 -Wall -c matrix.c && gcc -O2 -Wall -c text.c &&
        gcc -O2 -o multi main.c matrix.o text.o && ./multi
        """, needs="gcc", setup="cp $FILES/multi/*.[ch] .",
        after="cksum *.o multi; ./multi || :")

compare("make", "make -j2 --no-print-directory multi && ./multi",
        needs="gcc make", setup="cp $FILES/multi/* .",
        after="cksum *.o multi", normal=lambda data: b"\n".join(
            sorted(data.splitlines())))

compare("git", ["sh", "clone.sh"], needs="git", setup="""
        cp $FILES/clone.sh .
        sh $FILES/repository.sh
        """, after="git -C copy rev-parse HEAD && git -C origin fsck 2>&1")

# The lines are the same on every run; they are made once.
compare("sort", "sort --parallel=2 -T . -o sorted lines && cksum sorted",
        timeout=120, options="-m 512M", setup="""
        mkdir -p $DATA
        if [ ! -f $DATA/lines ]; then
            openssl enc -aes-128-ctr -K 00 -iv 00 </dev/zero 2>/dev/null |
                base64 -w 99 | head -c 100000000 >$DATA/lines.new
            mv $DATA/lines.new $DATA/lines
        fi
        ln -s $DATA/lines lines
        """, needs="openssl")

compare("redis", ["sh", "redis.sh"], needs="redis-server redis-cli",
        setup="cp $FILES/redis.sh .", timeout=90)

for _name, _pattern in (("jemalloc", "libjemalloc.so.2"),
                        ("mimalloc", "libmimalloc.so.2*")):
    _found = sorted(glob.glob("/usr/lib/*/" + _pattern)) or ["/" + _pattern]
    compare(_name, f"LD_PRELOAD={_found[-1]} exec $PROG/alloc_hard",
            needs=[_found[-1]])

# ---------------------------------------------------------------- stress-ng

# Some stressors size themselves by the memory of the machine; a preloaded
# sysinfo() shows them a small one.
STRESSORS = {
    "mmap": "--mmap-bytes 16M", "mmapfork": "", "mmapmany": "",
    "mremap": "--mremap-bytes 8M", "madvise": "", "mincore": "", "mlock": "",
    "brk": "", "stack": "", "vm": "--vm-bytes 16M", "vm-segv": "",
    "bad-altstack": "", "sigsegv": "", "fork": "", "vfork": "", "clone": "",
    "pthread": "", "shm": "--shm-bytes 8M", "shm-sysv": "--shm-sysv-bytes 8M",
    "malloc": "--malloc-bytes 32M", "memthrash": "",
}


def stress_verdict(data):
    """Did it run, did it complain, was bsdvm heard?"""
    return b" ".join(re.findall(
        rb"unsuccessful|successful run|fail\w*|skip\w*|bsdvm: .*", data))


for _name, _size in STRESSORS.items():
    compare("stress-" + _name,
            f"LD_PRELOAD=./small.so exec stress-ng --{_name} 1 {_size} -t 1"
            " --verify --oomable --temp-path .",
            setup="gcc -shared -fPIC -D_GNU_SOURCE -o small.so "
                  "$FILES/small_machine.c",
            needs="stress-ng gcc", options="-m 1G", normal=stress_verdict)

# Half and a quarter of the memory they would like: sort is told how much to
# take, as it would fit itself into what there is.  The large ones are in the
# script test/host/pressure.
PAGED = {
    "sort": ("sort -S 60M --parallel=2 -T . -o sorted lines && cksum sorted",
             "head -c 30000000 $DATA/lines >lines || :; "
             "[ -s lines ] || seq 3000000 | rev >lines", "", "60M"),
    "python": ("/usr/bin/python3 -c 'd = {i: str(i) for i in range(400000)}; "
               "print(sum(map(len, d.values())), d[399999])'", "", "", "64M"),
    "gcc": ("gcc -O2 -Wall -c matrix.c && gcc -O2 -Wall -c text.c && "
            "cksum matrix.o text.o", "cp $FILES/multi/*.[ch] .", "gcc", "32M"),
    "git": ("git -C origin gc -q && git -C origin fsck 2>&1 && "
            "git -C origin rev-parse HEAD", "sh $FILES/repository.sh", "git",
            "24M"),
    "sqlite": ("sqlite3 t.db 'PRAGMA cache_size = -32000' "
               "'CREATE TABLE t (a, b)' 'WITH RECURSIVE n(i) AS (SELECT 1 "
               "UNION ALL SELECT i + 1 FROM n LIMIT 200000) INSERT INTO t "
               "SELECT i, hex(i * 7919) FROM n' "
               "'SELECT a, b FROM t ORDER BY b LIMIT 9'", "", "sqlite3",
               "40M"),
}

for _name, (_command, _setup, _needs, _memory) in PAGED.items():
    for _part, _share in (("half", 2), ("quarter", 4)):
        compare(f"paged-{_name}-{_part}", _command, setup=_setup,
                needs=_needs, timeout=120,
                options=f"-m {int(_memory[:-1]) // _share}M -s 1G --check")

compare("paged-stress-vm", "LD_PRELOAD=./small.so exec stress-ng --vm 2 "
        "--vm-bytes 48M -t 2 --verify --oomable --temp-path .",
        setup="gcc -shared -fPIC -D_GNU_SOURCE -o small.so "
              "$FILES/small_machine.c", timeout=120,
        needs="stress-ng gcc", options="-m 24M -s 1G --check",
        normal=stress_verdict)

# A call with a larger buffer than there is memory.
compare("paged-large-buffer", "dd if=/dev/zero bs=48M count=1 2>/dev/null | cksum; "
        "dd if=/dev/zero of=zeroes bs=48M count=1 2>/dev/null; "
        "cat zeroes | cksum", options="-m 24M -s 1G")

# Pages of a call that lasts, and a futex that two processes know by its frame,
# while everything else is being pushed out.
compare("paged-waiting", r"""
        /usr/bin/python3 -c '
import os, multiprocessing, threading
def child(event, answer):
    event.wait()
    answer.set()
event, answer = multiprocessing.Event(), multiprocessing.Event()
p = multiprocessing.Process(target=child, args=(event, answer))
p.start()
r, w = os.pipe()
got = []
t = threading.Thread(target=lambda: got.append(os.read(r, 8192)))
t.start()
much = [bytearray(b"%07d" % i * 2000) for i in range(4000)]
print(sum(b[5] for b in much))
event.set()
answer.wait()
p.join()
os.write(w, b"x" * 5000)
t.join()
print(len(got[0]), p.exitcode)
'""", options="-m 20M -s 1G", timeout=120)

# ------------------------------------------------------ kinds of executables

KINDS = {
    "pie": "-pie -fPIE", "no-pie": "-no-pie -fno-pie", "static": "-static",
    "static-pie": "-static-pie -fPIE", "shared-pages": "-Wl,-z,noseparate-code",
    "huge-alignment": "-Wl,-z,max-page-size=0x200000",
    "executable-stack": "-Wl,-z,execstack", "lazy": "-Wl,-z,lazy",
    "relro": "-Wl,-z,relro,-z,now",
}

for _name, _flags in KINDS.items():
    compare("executable-" + _name, ["./hello", "one", "two"], needs="gcc",
            setup=f"gcc -O2 -pthread {_flags} -o hello $FILES/hello.c 2>&1")

compare("script", "./first; echo $?; ./second a b; echo $?; ./third; ./fourth",
        setup=r"""
        printf '#!/bin/sh\necho first $0 $#\nexit 4\n' >first
        printf '#!/usr/bin/env -S sh -e\necho $1 $2\nfalse\nexit 6\n' >second
        printf 'echo no interpreter named\n' >third
        printf '#!/usr/bin/perl -w\nprint "perl @ARGV\\n"; exit 8\n' >fourth
        chmod +x first second third fourth
        """, needs="perl")

compare("script-direct", ["./script", "one"], setup=r"""
        printf '#!/bin/sh -e\necho script "$1"\nexit 4\n' >script
        chmod +x script
        """)

compare("dlopen", ["./loader"], needs="gcc", setup="""
        gcc -shared -fPIC -DSTEP=1 -o plugin1.so $FILES/dl/plugin.c
        gcc -shared -fPIC -DSTEP=2 -o plugin2.so $FILES/dl/plugin.c
        gcc -pthread -o loader $FILES/dl/loader.c -ldl
        """)

# -------------------------------------------------------- programs of ours

# What a program needs to be told, and bsdvm for it.  More mappings are asked
# of bsdvm than Linux allows to a process.
ARGUMENTS = {
    "many_maps": ([], ["-n", "100000"], "-m 640M"),
    "file_big": ([], [], "-m 512M"),
}


def programs():
    """The sources of test/prog, as names."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = glob.glob(os.path.join(here, "..", "prog", "*.c"))
    return sorted(os.path.basename(path)[:-2] for path in found)


def our_program(name, path):
    """One program; when it fails, each of its checks is run alone."""
    native, vm, options = ARGUMENTS.get(os.path.basename(path).split(".")[0],
                                        ([], [], ""))

    @case(name, needs=[path], options=options)
    def function(side):
        try:
            result = side.run([path] + (vm if side.is_vm else native))
        except Failure as why:
            raise Failure(f"{why}; {failing(side)}") from None
        if side.is_vm and result.status != 0:
            said = result.err.decode(errors="replace").strip().splitlines()
            raise Failure(f"status {result.status}; {failing(side)}; "
                          + (said[-1][:150] if said else "nothing said"))
        return report(side, result)

    def failing(side):
        """Which checks fail alone?  Half a minute is spent on the question."""
        deadline, bad = time.monotonic() + 30, []
        side.base += ".alone"
        for check in subprocess.check_output([path, "-l"]).decode().split():
            if time.monotonic() > deadline:
                return f"alone: {' '.join(bad)}..."
            try:
                if side.run([path] + vm + [check], timeout=8).status == 0:
                    continue
            except Failure:
                pass
            bad.append(check)
        return f"alone: {' '.join(bad) or 'none'}"


for _name in programs():
    for _kind in "", ".static":
        our_program(f"prog-{_name}{_kind}", os.path.join(PROG, _name + _kind))

# -------------------------------------------------------------- exit status


@case("exit-status")
def exit_status(side):
    """Codes pass through; death by signal N is 128+N."""
    said = []
    for code in 0, 1, 2, 77, 124, 125, 126, 127, 128, 255:
        said.append((f"exit {code}: status", side.run(f"exit {code}").status))
    for number in 1, 2, 3, 4, 6, 8, 9, 10, 11, 13, 14, 15, 31, 34, 64:
        said.append((f"signal {number}: status",
                     side.run(f"kill -{number} $$").status))
    result = side.run("sh -c 'kill -9 $$'; echo $?; false; echo $?; (exit 9)")
    return ([(title, b"%d" % status) for title, status in said]
            + report(side, result))


def expect(result, status, what):
    """That status, and no message."""
    if result.status != status or result.err:
        raise Failure(f"{what}: status {result.status}, {result.err[-200:]!r}")


def expect_message(result, status):
    """bsdvm's own failure: that status, and one line that says why."""
    if result.status != status:
        raise Failure(f"exit status {result.status}, not {status}")
    lines = result.err.decode(errors="replace").splitlines()
    if len(lines) != 1 or not lines[0].startswith("bsdvm: "):
        raise Failure(f"not one line of bsdvm on standard error: {lines[:3]}")
    if result.out:
        raise Failure("something on standard output")


@case("exit-status-own", vm_only=True)
def exit_status_own(side):
    """126 not executable, 127 not found, 125 for bsdvm's own errors."""
    side.shell("echo text >plain; mkdir directory")
    expect_message(side.run(["no-such-program"]), 127)
    expect_message(side.run(["./no-such-program"]), 127)
    expect_message(side.run(["./plain"]), 126)
    expect_message(side.run(["./directory"]), 126)
    for options in "-d nonsense", "-m nonsense", "-m 0", "--nonsense":
        result = side.run(["true"], options)
        if result.status != 125 or not result.messages():
            raise Failure(f"{options}: status {result.status}")


@case("streams")
def streams(side):
    """Standard input, closed streams, large output through a pipe."""
    side.shell("seq 1 100000 >input")
    result = side.run("wc -l <input; md5sum <input; cat input >&2; "
                      "cat /proc/self/fd/0 | wc -c; echo closed >&- 2>&1; "
                      "exec sh -c 'echo $0 $1; ls /proc/self/fd' a b")
    return report(side, result)


@case("environment")
def environment(side):
    """What a program inherits: variables, directory, mask, limits."""
    side.env["STRANGE"] = "a b\n'c'"
    result = side.run("env | grep -v '^_=' | sort; pwd; umask 27; umask; "
                      "ulimit -n 99; ulimit -n; grep -E 'SigBlk|SigIgn' "
                      "/proc/self/status; cd /; pwd; id -u")
    return report(side, result)


@case("proc-self")
def proc_self(side):
    """What a program, or ps, reads about a process."""
    result = side.run(["sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline; echo; "
                       "tr '\\0' '\\n' </proc/$$/environ | sort; "
                       "cat /proc/$$/comm; readlink /proc/$$/exe; "
                       "wc -c </proc/$$/auxv; readlink /proc/$$/cwd", "name"])
    return report(side, result)


@case("arguments-outside", vm_only=True)
def arguments_outside(side):
    """What ps shows of a program, and of its child, to others."""
    child = side.start("exec sh -c ': >ready; sleep 5.25; :' title")
    side.wait_for_file("ready")
    seen, deadline = [], time.monotonic() + 20
    while not any(name == "sleep" and text for name, text in seen):
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
        seen = []
        for pid, name in descendants():
            for what in "cmdline", "environ":
                with open(f"/proc/{pid}/{what}", "rb") as f:
                    seen.append((name, f.read()))
    child.send_signal(signal.SIGTERM)
    side.finish(child)
    for what in (("sh", b"sh\0-c\0: >ready; sleep 5.25; :\0title\0"),
                 ("sleep", b"sleep\0005.25\0")):
        if what not in seen:
            raise Failure(f"nothing like {what} in {seen}"[:300])
    if not any(b"TMPDIR=" in text for name, text in seen if name == "sleep"):
        raise Failure("no environment")


# ------------------------------------------------------------------ signals

LOOP = "while :; do sleep 0.05; done"


@case("signal-passed")
def signal_passed(side):
    """A signal to bsdvm reaches the program, which may handle it or die; but
    for SIGUSR1, which asks for a report."""
    said = []
    for name in "TERM", "HUP", "USR2", "INT", "QUIT":
        number = getattr(signal, "SIG" + name)
        for action, wanted in ((f"trap 'echo {name}; exit 7' {name};", 7),
                               ("", 128 + number)):
            side.shell("rm -f ready")
            # Python starts its children with SIGINT and the like as default.
            child = side.start(["/usr/bin/env", "--default-signal", "sh", "-c",
                                f"{action} : >ready; {LOOP}"])
            side.wait_for_file("ready")
            child.send_signal(number)
            result = side.finish(child)
            said.append((f"output after {name}", result.out))
            if result.status != wanted:
                raise Failure(f"{name}: status {result.status}, not {wanted}")
    return said


def on_terminal(side, command, type_what, seconds=10, options=""):
    """Run a command on a terminal of its own; when it says "ready", type."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(side.dir)
        argv = side.argv(command, options)
        os.execvpe(argv[0], argv, side.env)
    said, deadline = b"", time.monotonic() + seconds
    while True:
        if time.monotonic() > deadline:
            kill_all()
            raise Failure(f"did not end in {seconds} s on a terminal: {said!r}")
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            chunk = os.read(fd, 4096)
        except OSError:
            break
        said += chunk
        if not chunk:
            break
        if b"ready" in said and type_what:
            time.sleep(0.1)
            os.write(fd, type_what)
            type_what = b""
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if left := wait_for_end(2):
        kill_all()
        raise Failure(f"left {left} behind")
    return [("exit status", b"%d" % (128 - status if status < 0 else status)),
            ("terminal", said)]


@case("interrupt")
def interrupt(side):
    """Ctrl-C reaches the program once, and kills it if it does not care."""
    trap = "trap 'echo int; exit 9' INT"
    return (on_terminal(side, f"{trap}; echo ready; {LOOP}", b"\x03")
            + on_terminal(side, "echo ready; exec sleep 60", b"\x03")
            + on_terminal(side, "echo ready; sleep 60 | cat", b"\x03")
            + on_terminal(side, f"echo ready; {LOOP}", b"\x1c"))


@case("terminal")
def terminal(side):
    """The program's terminal is its own."""
    return (on_terminal(side, "test -t 0 && test -t 1 && stty -g && tty >&2; "
                        "stty rows 33 cols 99; stty size; exit 3", b"")
            + on_terminal(side, "echo ready; read a; echo \"<$a>\"", b"word\n")
            + on_terminal(side, "echo ready; cat; echo end", b"text\n\x04"))


@case("background-child")
def background_child(side):
    """A child that outlives the program goes on and is heard."""
    result = side.run("(sleep 0.3; echo late; exit 5) & echo now; exit 6")
    return report(side, result)


TREE = ("sleep 60 & "
        "(while :; do :; done) & "
        "sh -c 'sleep 60 | cat' & "
        "setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1; done' & "
        "perl -e 'while (1) { fork // last or exit; wait; $x = \"a\" x 1e6 }' &"
        " : >ready; wait")


@case("supervisor-killed", vm_only=True, needs="perl")
def supervisor_killed(side):
    """kill -9 of bsdvm: no process of the program survives it."""
    for pause in 0, 0.05, 0.3:
        side.shell("rm -f ready")
        child = side.start(TREE)
        side.wait_for_file("ready")
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        if left := wait_for_end(3):
            kill_all()
            raise Failure(f"{len(left)} processes survived: {left[:5]}")


@case("supervisor-killed-busy", vm_only=True,
      needs=[os.path.join(PROG, "fork_threads")])
def supervisor_killed_busy(side):
    """The same in the middle of forks, faults and blocked calls."""
    for tenth in range(8):
        child = side.start([os.path.join(PROG, "fork_threads")])
        time.sleep(0.1 * tenth)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        if left := wait_for_end(3):
            kill_all()
            raise Failure(f"{len(left)} processes survived: {left[:5]}")


def belongings():
    """What a program could leave in the system: files, segments."""
    with open("/proc/sysvipc/shm", encoding="ascii") as f:
        segments = [line.split()[1] for line in f.readlines()[1:]]
    places = ("/tmp", "/dev/shm", "/var/tmp", "/run")
    return segments, {place: sorted(name for name in os.listdir(place)
                                    if "bsdvm" in name) for place in places}


@case("program-killed", vm_only=True)
def program_killed(side):
    """kill -9 of the program: bsdvm tells it, and nothing is left."""
    before = belongings()
    for _ in range(3):
        side.shell("rm -f pid pid.new")
        child = side.start("sleep 60 & echo $$ $! >pid.new; sleep 0.2; "
                           "mv pid.new pid; " + LOOP)
        side.wait_for_file("pid")
        with open(side.path("pid"), encoding="ascii") as f:
            # The sleeper is nobody's then; it must not be waited for long.
            for pid in f.read().split():
                os.kill(int(pid), signal.SIGKILL)
        result = side.finish(child, 20)
        if result.status != 137:
            raise Failure(f"exit status {result.status}, not 137")
    if belongings() != before:
        raise Failure(f"left behind: {belongings()}, before: {before}")


# ------------------------------------------------- limits, statistics, maps


@case("memory-limit", vm_only=True, needs=[os.path.join(PROG, "hog")],
      timeout=30)
def memory_limit(side):
    """Too little memory: refused, or killed with one clear line; no hang."""
    for check in ("touch", "touch-shared", "populate", "lock", "one-call",
                  "heap", "forked"):
        argv = [os.path.join(PROG, "hog"), "-n", "64", check]
        try:
            result = side.run(argv, "-m 16M")
        except Failure as why:
            raise Failure(f"{check}: {why}") from None
        killed = result.status > 128 or b"child killed" in result.out
        if result.status == 0 and not killed and b"refused" in result.out:
            continue
        if check == "lock":
            raise Failure("mlock beyond all memory was not refused")
        if not killed:
            raise Failure(f"{check}: status {result.status}, "
                          f"{result.out!r} {result.err[-200:]!r}")
        if len(result.messages()) != 1:
            raise Failure(f"{check}: not one message: {result.err[-200:]!r}")


@case("memory-tiny", vm_only=True, timeout=20)
def memory_tiny(side):
    """Hardly any memory: it works, or there is one clear line; no hang."""
    for memory in "4K", "64K", "256K", "1M", "2M", "4M":
        try:
            result = side.run("echo $(ls / | wc -l)", f"-m {memory}")
        except Failure as why:
            raise Failure(f"-m {memory}: {why}") from None
        if result.status != 0 and not result.messages():
            raise Failure(f"-m {memory}: status {result.status} and no word")


compare("limits-before", "(ulimit -v 262144; $PROG/limits -n 256 size);"
        "(ulimit -d 65536; $PROG/limits data-heap data-mapped);"
        "(ulimit -s 1024; $PROG/limits stack)",
        needs=[os.path.join(PROG, "limits")])


# Writes too much in one call; then a page past the limit goes to its file.
FILE_LIMIT = """
import mmap, os, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
much = bytes(8 << 20)
def say(call, *args):
    try:
        print(call.__name__, call(*args))
    except OSError as error:
        print(call.__name__, error)
def write(how):
    fd = os.open("written", os.O_RDWR | os.O_CREAT | how)
    for _ in range(2):
        say(os.write, fd, much)
        say(os.pwrite, fd, much, 100000)
    say(os.pwrite, fd, much, 1 << 40)
    print(os.fstat(fd).st_size)
    os.close(fd)
    os.unlink("written")
write(0)
write(os.O_APPEND)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000001, hard))
write(0)
write(os.O_APPEND)
fd = os.open("mapped", os.O_RDWR)
mapped = mmap.mmap(fd, 0)
mapped[-5000:] = b"x" * 5000
mapped.flush()
print(os.pread(fd, 5000, (4 << 20) - 5000) == b"x" * 5000)
"""


@case("limit-size-soft")
def limit_size_soft(side):
    """Nor is that on address space the supervisor's."""
    child = side.start(
        ["/bin/echo", "begun"], "-m 128M",
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (60 << 20, resource.RLIM_INFINITY)))
    return report(side, side.finish(child))


@case("limit-file")
def limit_file(side):
    """What may be written is the program's limit, not the supervisor's."""
    side.shell("truncate -s 4M mapped")
    child = side.start(
        ["/usr/bin/python3", "-c", FILE_LIMIT], "-m 24M -s 64M",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (2000000, 1 << 30)))
    return report(side, side.finish(child))


@case("limit-file-hard", vm_only=True)
def limit_file_hard(side):
    """Who may not raise the limit that memory needs is told so."""
    child = side.start(
        "echo begun", "-m 24M -s 64M",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (2000000, 3000000)))
    result = side.finish(child)
    if result.status != 0 or result.out != b"begun\n":
        expect_message(result, 125)
        if b"ulimit -f" not in result.err:
            raise Failure(result.err)


@case("limits-small", vm_only=True)
def limits_small(side):
    """Limits that the supervisor cannot do with are named."""
    for which, most, option in ((resource.RLIMIT_AS, 200 << 20, b"-v"),
                                (resource.RLIMIT_DATA, 1 << 20, b"-d"),
                                (resource.RLIMIT_DATA, 10 << 20, b"-d"),
                                (resource.RLIMIT_NOFILE, 8, b"-n")):
        child = side.start(
            ["true"], "-m 256M -s 64M",
            preexec_fn=lambda: resource.setrlimit(which, (most, most)))
        result = side.finish(child)
        expect_message(result, 125)
        if b"ulimit " + option not in result.err:
            raise Failure(f"{option} {most}: {result.err}")


compare("large-read-waits", ["/usr/bin/python3", "-c", """
import os, signal, time
fd = os.open("/dev/kmsg", os.O_RDONLY)
os.lseek(fd, 0, os.SEEK_END)
pid = os.fork()
if pid == 0:
    os.read(fd, 8 << 20)
    os._exit(0)
time.sleep(0.3)
os.kill(pid, signal.SIGKILL)
print(os.waitpid(pid, 0)[1])
"""], options="-m 24M", needs="/dev/kmsg", timeout=20)


def statistics_of(side):
    """What --stats=stats.json has written."""
    with open(side.path("stats.json"), encoding="utf-8") as f:
        return json.load(f)


@case("limit-resident", vm_only=True, needs=[os.path.join(PROG, "hog")],
      timeout=30)
def limit_resident(side):
    """When memory is short, who is over RLIMIT_RSS gives up the rest."""
    for limit in "ulimit -m 4096;", "":
        result = side.run(f"{limit} exec $PROG/hog -n 24 touch",
                          "-m 16M -s 64M --stats=stats.json")
        if result.status != 0 or result.out != b"ok touch\n":
            raise Failure(f"{limit} {result.status} {result.err[-200:]!r}")
        given = statistics_of(side)["rss_deactivated"]
        if (given > 0) != (limit != ""):
            raise Failure(f"{limit} {given} pages given up")


def nbd_server(side):
    """A server whose requests can be made to wait; its URI."""
    server = subprocess.Popen(
        ["nbdkit", "-f", "-U", side.path("disk"), "--filter=pause", "memory",
         "200M", "pause-control=" + side.path("control")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    side.wait_for_file("disk")
    side.wait_for_file("control")
    return server


def nbd_say(side, what):
    """p: stand still; r: go on.  The server answers when it does."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(20)
        control.connect(side.path("control"))
        control.sendall(what)
        if control.recv(1) != what.upper():
            raise Failure(f"the server does not {what}")


def expect_parked(side, result, what, counter="host_faults_parked"):
    """It ended well, and somebody waited meanwhile."""
    expect(result, 0, what)
    if statistics_of(side)[counter] == 0:
        raise Failure(f"{what}: nobody waited")


def stand_still(side, check, counter):
    """The device of swap stands still: who needs a page of it waits, and nobody
    else."""
    side.shell("rm -f ready paused went-on disk control")
    server = nbd_server(side)
    try:
        child = side.start(
            [os.path.join(PROG, "slow_swap"), "-n", "40", check],
            f"-m 32M -s nbd+unix:///?socket={side.path('disk')}"
            " --stats=stats.json")
        side.wait_for_file("ready")
        nbd_say(side, b"p")
        side.shell(": >paused")
        side.wait_for_file("went-on")
        nbd_say(side, b"r")
        child.wait(30)
    finally:
        server.kill()
        server.wait()
    expect_parked(side, side.finish(child), check, counter)


@case("slow-swap", vm_only=True, needs=["nbdkit",
                                        os.path.join(PROG, "slow_swap")])
def slow_swap(side):
    """A page of swap that an access needs."""
    for check in "comes", "killed":
        stand_still(side, check, "host_faults_parked")


@case("slow-swap-calls", vm_only=True, timeout=120,
      needs=["nbdkit", os.path.join(PROG, "slow_swap")])
def slow_swap_calls(side):
    """A page of swap that a system call needs."""
    for check in ("read_comes", "write_comes", "open_comes", "read_killed",
                  "read_left", "read_signalled", "read_stopped"):
        stand_still(side, check, "host_calls_parked")


@case("slow-swap-frames", vm_only=True, timeout=120,
      needs=["nbdkit", os.path.join(PROG, "slow_swap")])
def slow_swap_frames(side):
    """A page of swap that the frame of a handler needs."""
    for check in "frame_comes", "fault_frame_comes", "frame_killed":
        stand_still(side, check, "host_frames_parked")


@case("lost-swap", vm_only=True, timeout=120,
      needs=["nbdkit", os.path.join(PROG, "slow_swap")])
def lost_swap(side):
    """A page that is lost with its server, needed by an access, the frame of a
    handler or a system call: one line says who suffers."""
    for check, what in (("lost_page", "gets SIGBUS"),
                        ("lost_frame", "may get EFAULT or.* SIGSEGV"),
                        ("lost_read", "may get EFAULT")):
        side.shell("rm -f ready paused disk control")
        server = nbd_server(side)
        child = side.start(
            [os.path.join(PROG, "slow_swap"), "-n", "40", check],
            f"-m 32M -s nbd+unix:///?socket={side.path('disk')}")
        side.wait_for_file("ready")
        server.kill()
        server.wait()
        side.shell(": >paused")
        result = side.finish(child, 30)
        said = [line for line in result.messages() if "process" in line]
        if result.status != 0 or len(said) != 1 or not re.search(
                rf"slow_swap: process \d+ {what}", said[0]):
            raise Failure(f"{check}: {result.messages()}")


@case("pressed-writes", vm_only=True, timeout=120,
      needs=[os.path.join(PROG, "file_store")])
def pressed_writes(side):
    """A call that has ended while its process was stopped for somebody else's
    sake: what is to be done after it is done."""
    for design in "freebsd", "mach", "netbsd":
        result = side.run([os.path.join(PROG, "file_store"), "pressed"],
                          f"-d {design} -m 16M -s 128M")
        expect(result, 0, design)


@case("slow-file", vm_only=True,
      needs=["gcc", os.path.join(PROG, "slow_swap")])
def slow_file(side):
    """A disk stands still: who needs a page of a file of it waits, and nobody
    else."""
    side.shell("gcc -shared -fPIC -D_GNU_SOURCE -o slow.so $FILES/slow_read.c")
    side.env["LD_PRELOAD"] = side.path("slow.so")
    for check, counter in (("file_comes", "host_faults_parked"),
                           ("file_killed", "host_faults_parked"),
                           ("file_read_comes", "host_calls_parked"),
                           ("file_read_left", "host_calls_parked")):
        side.shell("rm -f ready paused went-on still slow-data")
        child = side.start(
            [os.path.join(PROG, "slow_swap"), "-n", "2", check],
            "-m 32M --stats=stats.json")
        side.wait_for_file("ready")
        side.shell(": >still; : >paused")
        side.wait_for_file("went-on")
        side.shell("rm still")
        expect_parked(side, side.finish(child), check, counter)


@case("sleepers", vm_only=True, needs=[os.path.join(PROG, "sleepers")],
      timeout=120)
def sleepers(side):
    """Who sleeps is swapped out as a whole, unless that is turned off, and has
    its memory when it wakes; who does not sleep stays."""
    for checks, options, goes in (
            (("reads", "stopped", "threads", "signalled"), "", True),
            (("wakes",), "", True),
            (("computes", "ticks"), "", False),
            (("reads",), "--no-swap-spaces", False)):
        argv = [os.path.join(PROG, "sleepers"), "-n", "26", *checks]
        result = side.run(argv, f"-m 32M -s 200M {options} --stats=stats.json")
        expect(result, 0, checks)
        stats = statistics_of(side)
        out, back = stats["swapouts"], stats["swapins"]
        if out != back or out != (len(checks) if goes else 0):
            raise Failure(f"{checks} {options}: {out} out, {back} in")
        if stats["swapout_pages"] < 1000 * out:
            raise Failure(f"{checks}: {stats['swapout_pages']} pages")


STATISTICS = """
    design faults fault_zero_fill fault_anon fault_cow fault_object
    fault_object_cow neighbours_entered map_entries_peak pages_total pages_free
    pageins pageouts pageout_io swap_pages swap_in_use processes forks
    wall_seconds
    """.split()


def check_statistics(text):
    """One JSON object with the promised fields and sensible values."""
    try:
        stats = json.loads(text)
    except ValueError as why:
        raise Failure(f"not JSON: {why}: {text[:100]!r}") from None
    if missing := [name for name in STATISTICS if name not in stats]:
        raise Failure(f"fields missing: {', '.join(missing)}")
    if stats["design"] != "netbsd":
        raise Failure(f"design is {stats['design']}")
    for name in STATISTICS[1:]:
        if not isinstance(stats[name], (int, float)) or stats[name] < 0:
            raise Failure(f"{name} is {stats[name]!r}")
    for name in "faults", "fault_zero_fill", "map_entries_peak", "forks":
        if stats[name] == 0:
            raise Failure(f"{name} is 0")
    if stats["processes"] < 4:
        raise Failure(f"{stats['processes']} processes, not 4")
    if not 0.9 * 16384 <= stats["pages_total"] <= 16384:
        raise Failure(f"{stats['pages_total']} pages in 64M")
    if stats["pages_free"] > stats["pages_total"]:
        raise Failure("more pages free than there are")
    if not 0.1 <= stats["wall_seconds"] < 30:
        raise Failure(f"{stats['wall_seconds']} seconds")


@case("statistics", vm_only=True)
def statistics(side):
    """--stats writes one JSON object, to a file or to standard error."""
    command = "sleep 0.1; ls / >/dev/null; true | cat; exit 3"
    result = side.run(command, "-d netbsd -m 64M --stats=stats.json")
    if result.status != 3 or result.err or result.out:
        raise Failure(f"the run itself: {result.status} {result.err!r}")
    with open(side.path("stats.json"), encoding="utf-8") as f:
        check_statistics(f.read())
    result = side.run(command, "-d netbsd -m 64M --stats -s 1M -s 2M")
    if result.status != 3:
        raise Failure(f"exit status {result.status}")
    check_statistics(result.err)
    swaps = json.loads(result.err)["swap"]
    if [one["pages"] for one in swaps] != [256, 512] or \
            [one["name"] for one in swaps] != ["1M", "2M"] or \
            any(one["errors"] for one in swaps):
        raise Failure(f"swap is {swaps}")


@case("maps", vm_only=True)
def maps(side):
    """--maps prints a line for each entry of each process at its end."""
    result = side.run(["cat", "/dev/null"], "--maps=maps.txt")
    if result.status != 0 or result.err or result.out:
        raise Failure(f"the run itself: {result.status} {result.err!r}")
    with open(side.path("maps.txt"), encoding="utf-8") as f:
        text = f.read()
    for what in r"[0-9a-f]{6,}.*r[-w]x", r"\[?stack\]?|rw-", r"cat", r"libc":
        if not re.search(what, text):
            raise Failure(f"nothing like {what} among {len(text)} bytes")
    if len(text.splitlines()) < 8:
        raise Failure("too few lines")
    result = side.run("true & wait", "--maps")
    if len(result.err.splitlines()) < 10:
        raise Failure("too little on standard error")


@case("statistics-lost", vm_only=True)
def statistics_lost(side):
    """Where they cannot be written is one line and status 125."""
    for option in "--stats", "--maps":
        for path, out, why in (("/dev/full", b"text\n", errno.ENOSPC),
                               ("none/file", b"", errno.ENOENT)):
            result = bsdvm(side, "run", f"{option}={path}", "--",
                           "sh", "-c", "echo text; exit 3")
            line = f"bsdvm: {path}: {os.strerror(why)}\n"
            if (result.status, result.out, result.err) != \
                    (125, out, line.encode()):
                raise Failure(f"{option}={path}: {result.status} "
                              f"{result.out!r} {result.err!r}")


# ------------------------------------------------------------------ compare
# The prefix of a run is not used: bsdvm compare is a command of its own.

def bsdvm(side, *words, stdin=b"", timeout=60):
    """Run bsdvm with other words than the prefix; a Result."""
    done = subprocess.run([side.prefix[0], *words], cwd=side.dir, env=side.env,
                          input=stdin, capture_output=True, timeout=timeout,
                          check=False)
    if left := wait_for_end(0.5):
        kill_all()
        raise Failure(f"left {len(left)} processes behind")
    return Result(done.returncode, done.stdout, done.stderr)


@case("designs", vm_only=True)
def designs(side):
    """One line for each design, its name first; run takes each name."""
    listed = bsdvm(side, "designs").out.decode().splitlines()
    names = [line.split()[0] for line in listed]
    if "netbsd" not in names or any(len(line.split()) < 2 for line in listed):
        raise Failure(f"designs: {listed}")
    for name in names:
        result = bsdvm(side, "run", "-d", name, "--", "echo", "text")
        expect(result, 0, name)
        if result.out != b"text\n":
            raise Failure(f"{name}: said {result.out!r}")
    with open("/dev/full", "wb") as disk:
        full = subprocess.run([side.prefix[0], "designs"], stdout=disk,
                              stderr=subprocess.PIPE, check=False)
    if full.returncode != 125 or b"No space" not in full.stderr:
        raise Failure(f"a full disk: {full}")


@case("words", vm_only=True)
def words(side):
    """Help says what every option is; wrong words are one line, status 125."""
    for asked in (("help",), ("--help",), ("-h",), ("--version",),
                  ("help", "run"), ("run", "--help"), ("compare", "-h")):
        expect(bsdvm(side, *asked), 0, " ".join(asked))
    for command, options in (
            ("run", ("-d", "-m", "-s", "--stats", "--maps", "--check", "125")),
            ("compare", ("-m", "-s", "--designs", "--format", "-o", "--output",
                         "--keep", "124"))):
        said = bsdvm(side, "help", command).out.decode()
        for word in options:
            if word not in said:
                raise Failure(f"help {command}: nothing about {word}")
        if max(map(len, said.splitlines())) > 80:
            raise Failure(f"help {command}: a line of more than 80")
    for wrong in ((), ("other",), ("--other",), ("help", "other"),
                  ("designs", "other"), ("version", "other"), ("run",),
                  ("run", "-d"), ("run", "-d", "", "true"), ("run", "--other"),
                  ("run", "-m", "0", "true"), ("run", "-m", "65G", "true"),
                  ("run", "-s", "0", "true"), ("run", "-s", "a,b=1", "true"),
                  ("compare", "--suite=cranor", "-s", "1M"),
                  ("compare",), ("compare", "--format=other", "true"),
                  ("run", "--stats=", "true"), ("run", "-s"),
                  ("run", "--stats=x", "--maps=./x", "true"),
                  ("run", *["-s", "1M"] * 17, "true"),
                  ("run", *["-s", "nbd://localhost:1/"] * 2, "true"),
                  ("help", "run", "x"), ("help", "run", "compare"),
                  ("compare", "-s", "none", "true"),
                  ("compare", "--output=", "true"),
                  ("compare", "--suite=cranor", "true")):
        result = bsdvm(side, *wrong)
        if result.status != 125 or result.out or \
                not re.fullmatch(rb"bsdvm: [^:\n].*\n", result.err):
            raise Failure(f"{wrong}: {result.status} {result.err!r}")


@case("swap-wrong", vm_only=True)
def swap_wrong(side):
    """What cannot be swapped to is one line, before the program starts."""
    os.mkdir(side.path("folder"))
    with open(side.path("notes"), "w") as notes:
        notes.write("do not lose me" * 10000)
    with open(side.path("empty"), "w"), open(side.path("readonly"), "w"):
        os.chmod(side.path("readonly"), 0o400)
    with open(side.path("locked"), "w") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        for where, why in (
                ("none", "No such file"), ("none/file:1M", "No such file"),
                ("folder", "a directory"), ("/dev/null", "neither"),
                ("notes", "not a swap file"), ("notes:9M", "not a swap file"),
                ("empty", "too small"), ("new:40K", "too small"),
                ("readonly:1M", "not writable"), ("locked:1M", "in use"),
                ("40K", "too small"), ("1000000G", "no room"),
                ("40M:", "./NAME"), ("64MB", "nK, nM, nG or nT"),
                ("1P", "nK, nM, nG or nT"), ("new:1.5G", "nK, nM, nG or nT"),
                ("NBD://localhost/", "nbd://"), ("http://a", "nbd://"),
                ("empty", "FILE:SIZE"), ("none/file:1M", "its folder"),
                ("1000000G", "in .*TMPDIR"),
                ("nbd://localhost:1/:16M", "no :SIZE"),
                ("nbd+unix:///?socket=none", "cannot connect|without NBD")):
            result = bsdvm(side, "run", "-s", where, "touch", "started")
            expect_message(result, 125)
            if not re.search(why.encode(), result.err):
                raise Failure(f"{where}: {result.err!r}")
    left = os.listdir(side.dir)
    if "started" in left or "new" in left or \
            os.path.getsize(side.path("notes")) != 140000:
        raise Failure(f"left: {left}")


MUCH_MEMORY = """
import hashlib
much = [bytes([i % 256]) * 65536 for i in range(800)]
digest = hashlib.sha256()
for _ in range(2):
    for piece in much:
        digest.update(piece)
print(digest.hexdigest())
"""


@case("swap", vm_only=True)
def swap(side):
    """More memory than -m, to files made, used again, and without a name."""
    said = set()
    for where in (("-s", "new:100M"), ("-s", "new"), ("-s", "100M"),
                  ("-s", "new,priority=2", "-s", "100M,priority=1")):
        result = bsdvm(side, "run", "-m", "32M", *where, "--stats=stats",
                       "--", "/usr/bin/python3", "-c", MUCH_MEMORY)
        expect(result, 0, " ".join(where))
        said.add(result.out)
        with open(side.path("stats")) as stats:
            counted = json.load(stats)
        if counted["swap_writes"] == 0 or counted["swap_pages"] < 25599:
            raise Failure(f"{where}: {counted}")
    if len(said) != 1:
        raise Failure(f"said {said}")


@case("swap-block", vm_only=True, needs="losetup")
def swap_block(side):
    """A block device is named as one."""
    side.shell("truncate -s 8M disk")
    made = subprocess.run(["losetup", "-f", "--show", side.path("disk")],
                          capture_output=True, check=False)
    if made.returncode != 0:
        raise Skip("no loop device can be had")
    device = made.stdout.decode().strip()
    try:
        expect(side.run(["true"], f"-s {device} -s 1M --stats=stats.json"), 0,
               device)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
    kinds = [swap["kind"] for swap in statistics_of(side)["swap"]]
    if kinds != ["block device", "file"]:
        raise Failure(f"{kinds}")


# A child fills memory and swap, says so, and waits until swap is gone or full.
# Then it looks at all that it has, and takes more than there can be room for.
LOSER = """
import os, time
def piece(i):
    return b"%07d." % i * 8192
much = [piece(i) for i in range(1000)]
os.write(1, b"full\\n")
while not os.path.exists("gone"):
    time.sleep(0.05)
for n in range(2):
    for i in range(1000 * n, len(much)):
        if much[i] != piece(i):
            os.write(1, b"WRONG\\n")
    if n == 0:
        much += [piece(i) for i in range(1000, 2600)]
os.write(1, b"done\\n")
"""

# The program itself keeps what it needs in memory, and what it has done until
# then must not hurt it.
KEEPER = """
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None)
words = {i: str(i) for i in range(5000)}
if libc.mlockall(1 | 4) != 0:  # what is there
    sys.exit("mlockall")
loser = subprocess.Popen([sys.executable, "loser.py"], stdout=subprocess.PIPE)
if loser.stdout.readline() != b"full\\n":
    sys.exit("the other is dead too early")
os.system(sys.argv[1])
open("gone", "w").close()
said = loser.stdout.read().decode().split()
right = all(words[i] == str(i) for i in range(5000))
print(right, said, loser.wait())
"""


def lose_swap(side, design, where, how, before=(), seconds=60):
    """KEEPER and LOSER, with swap that how, a command, makes unfit, under
    bsdvm behind other words; what the keeper said, and bsdvm's lines."""
    for name, text in ("loser.py", LOSER), ("keeper.py", KEEPER):
        with open(side.path(name), "w", encoding="ascii") as f:
            f.write(text)
    side.shell("rm -f gone")
    try:
        done = subprocess.run(
            [*before, side.prefix[0], "run", "--check", "-d", design, "-m",
             "64M", "-s", where, "--", "/usr/bin/python3", "keeper.py", how],
            cwd=side.dir, env=side.env, stdin=subprocess.DEVNULL,
            timeout=seconds, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"{design}: did not end in {seconds} s") from None
    result = Result(done.returncode, done.stdout, done.stderr)
    if result.status != 0 or not result.out.startswith(b"True ") or \
            b"WRONG" in result.out:
        raise Failure(f"{design}: {result.status} {result.out!r} "
                      f"{result.err[-200:]!r}")
    return result.out.decode().rstrip(), result.messages()


def design_names(side):
    """Those of bsdvm designs."""
    said = bsdvm(side, "designs").out.decode()
    return [line.split()[0] for line in said.splitlines()]


def start_nbd(side, *more):
    """A server of 256 MB in memory, on loopback; its URI and process."""
    side.shell("rm -f nbd.pid")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        ["nbdkit", "-f", "-i", "127.0.0.1", "-p", str(port), "-P", "nbd.pid",
         "memory", "256M", *more], cwd=side.dir, stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    side.wait_for_file("nbd.pid")
    return f"nbd://127.0.0.1:{port}/", server


@case("swap-nbd-killed", vm_only=True, needs="nbdkit", timeout=120)
def swap_nbd_killed(side):
    """SIGBUS for who needs what was lost, one message says why and one who;
    the others go on."""
    if b"without swap over NBD" in bsdvm(side, "version").out:
        raise Skip("built without NBD")
    for n, design in enumerate(design_names(side)):
        uri, server = start_nbd(side)
        how = ("KILL", "TERM")[n % 2]
        said, messages = lose_swap(side, design, uri,
                                   f"kill -{how} {server.pid}")
        server.wait(10)
        if said != f"True [] -{int(signal.SIGBUS)}" or len(messages) != 2 or \
                not re.search("nbd://127.0.0.1.* connection is lost",
                              messages[0]) or \
                not re.search(r"process \d+ gets SIGBUS", messages[1]):
            raise Failure(f"{design}: {said} {messages}")


@case("swap-changed", vm_only=True)
def swap_changed(side):
    """Others write to the file: SIGBUS, no wrong byte, and it is said."""
    for design in "netbsd", "openbsd":
        said, messages = lose_swap(
            side, design, "swap:100M",
            "dd if=/dev/urandom of=swap bs=1M count=90 seek=1 conv=notrunc "
            "2>/dev/null")
        if said != f"True [] -{int(signal.SIGBUS)}" or len(messages) != 2 or \
                "swap swap:100M has changed" not in messages[0] or \
                not re.search(r"process \d+ gets SIGBUS", messages[1]):
            raise Failure(f"{design}: {said} {messages}")


def fill_disk(side, design, seconds):
    """Part of the swap file loses its blocks, and the disk gets full: what
    needs memory is killed, one message says why, the others go on."""
    side.shell("mkdir -p disk")
    before = ("unshare", "-m", "sh", "-c",
              'mount -t tmpfs -o size=110m tmpfs disk && exec "$@"', "sh")
    probe = subprocess.run([*before, "true"], cwd=side.dir, check=False,
                           stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        raise Skip("no file system can be mounted")
    said, messages = lose_swap(
        side, design, "disk/swap:100M",
        "fallocate -p -o 80M -l 20M disk/swap; "
        "head -c 110M /dev/zero >disk/other 2>/dev/null", before, seconds)
    if said != f"True [] -{int(signal.SIGKILL)}" or \
            len(messages) != 2 or "No space" not in messages[0] or \
            "killed: out of memory" not in messages[1]:
        raise Failure(f"{design}: {said} {messages}")


@case("swap-disk-full", vm_only=True, needs="unshare fallocate")
def swap_disk_full(side):
    """Under every design, but for the one of the next case."""
    for design in design_names(side):
        if design != "dragonfly":
            fill_disk(side, design, 120)


@case("swap-disk-full-dragonfly", vm_only=True, needs="unshare fallocate")
def swap_disk_full_dragonfly(side):
    """Under that one."""
    fill_disk(side, "dragonfly", 20)


FULL_FILE = """
import ctypes, mmap, os
fd = os.open("disk/hole", os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 8 << 20)
mapped = mmap.mmap(fd, 8 << 20)
for i in range(0, 8 << 20, 4096):
    mapped[i] = 1
def say(call, *args):
    try:
        call(*args)
        print("done")
    except OSError as error:
        print(error.errno)
def sync():
    say(mapped.flush)
    say(os.fsync, fd)
    say(os.fdatasync, fd)
sync()
def punch():
    libc = ctypes.CDLL(None, use_errno=True)
    where = ctypes.c_long(4 << 20), ctypes.c_long(4096)
    if libc.fallocate(fd, 3, *where) != 0:
        raise OSError(ctypes.get_errno(), "punch")
say(punch)
os.unlink("disk/other")
sync()
print(sum(os.pread(fd, 8 << 20, 0)))
"""


@case("file-disk-full", vm_only=True, needs="unshare")
def file_disk_full(side):
    """What is mapped and cannot be written is told by each call that is to
    make it last, or would lose it, and is written when there is room."""
    side.shell("mkdir disk")
    before = ("unshare", "-m", "sh", "-c",
              "mount -t tmpfs -o size=12m tmpfs disk && "
              'head -c 8M /dev/zero >disk/other && exec "$@"', "sh")
    if subprocess.run([*before, "true"], cwd=side.dir, check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("no file system can be mounted")
    done = subprocess.run([*before, *side.argv(
        ["/usr/bin/python3", "-c", FULL_FILE], "-m 32M -s 32M")],
                          cwd=side.dir, env=side.env, timeout=60,
                          capture_output=True, check=False)
    if done.returncode != 0 or \
            done.stdout.split() != [b"5"] * 4 + [b"done"] * 3 + [b"2048"]:
        raise Failure(f"{done.returncode} {done.stdout} {done.stderr[-200:]}")


EAT = """
import sys
eaten = bytearray(int(sys.argv[1]) << 20)
for i in range(0, len(eaten), 4096):
    eaten[i] = 1
"""


@case("out-of-memory", vm_only=True, timeout=120)
def out_of_memory(side):
    """What is said of who is killed."""
    with open(side.path("eat.py"), "w", encoding="ascii") as f:
        f.write(EAT)
    said = rb"bsdvm: python3\S*: process \d+ killed: out of memory: it has " \
        rb"\d+K and \d+K in swap, and 0K shared; " \
        rb"(there is no swap|8192K of swap are full)"
    for options in (("-d", "netbsd"), ("-d", "freebsd"), ("-s", "8M")):
        result = bsdvm(side, "run", "-m", "32M", *options, "--",
                       "/usr/bin/python3", "eat.py", "64")
        if result.status != 137 or not re.search(said, result.err):
            raise Failure(f"{options}: {result.status} {result.err}")


# Goes round and round in a file that is larger than memory.
ROUND = """
import mmap, os, sys, time
mapped = mmap.mmap(os.open("file", os.O_RDONLY), 0, prot=mmap.PROT_READ)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and not os.path.exists("stop"):
    for i in range(0, len(mapped), 4096):
        if mapped[i] != 0:
            sys.exit("read wrong")
"""


@case("short-of-memory", vm_only=True, timeout=60)
def short_of_memory(side):
    """Who does nothing but read the same file is told why it takes so long,
    once, but not if it is over soon, nor if there is swap."""
    argv = ["/usr/bin/python3", "-c", ROUND]
    side.shell("truncate -s 16M file")
    for seconds, options in ("0.5", "-m 16M"), ("3.5", "-m 16M -s 32M"):
        result = side.run([*argv, seconds], options)
        if result.status != 0 or result.err:
            raise Failure(f"{seconds}, {options}: {result.status} {result.err}")
    child = subprocess.Popen(side.argv([*argv, "30"], "-m 16M"), cwd=side.dir,
                             env=side.env, stdin=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    said = child.stderr.readline()
    side.shell("touch stop")
    more = child.communicate(timeout=30)[1]
    if child.returncode != 0 or more or \
            not said.startswith(b"bsdvm: short of memory: "):
        raise Failure(f"{child.returncode} {said} {more}")


@case("out-of-shared-memory", vm_only=True, needs=[os.path.join(PROG, "hog")])
def out_of_shared_memory(side):
    """What is shared is told, in memory and in swap."""
    result = side.run("exec $PROG/hog -n 64 touch-shared", "-m 24M -s 8M")
    said = re.search(rb"in swap, and (\d+)K shared; 8192K of swap are full",
                     result.err)
    if result.status != 137 or not said or \
            not 20000 < int(said.group(1)) <= 32768:
        raise Failure(f"{result.status} {result.out} {result.err}")


@case("swap-fails", vm_only=True, needs="nbdkit")
def swap_fails(side):
    """No page goes out: that is why there is no memory, and no other cause.
    What is said of it is not compared."""
    if b"without swap over NBD" in bsdvm(side, "version").out:
        raise Skip("built without NBD")
    with open(side.path("eat.py"), "w", encoding="ascii") as f:
        f.write(EAT)
    uri, server = start_nbd(side, "--filter=error", "error-pwrite=EIO",
                            "error-pwrite-rate=100%")
    said = []
    for how in ("run",), ("compare", "--designs=netbsd,netbsd"):
        done = subprocess.run([side.prefix[0], *how, "-m", "32M", "-s", uri,
                               "--", "/usr/bin/python3", "eat.py", "400"],
                              cwd=side.dir, env=side.env, timeout=60,
                              capture_output=True, check=False)
        said.append((done.returncode, [
            line for line in done.stderr.decode().splitlines()
            if line.startswith("bsdvm: ")]))
    server.kill()
    server.wait(10)
    for runs, (status, messages) in enumerate(said, 1):
        words = " ".join(messages)
        if status != 137 or len(messages) != 2 * runs or \
                words.count("bsdvm: swap nbd:") != runs or \
                words.count("; swap has failed") != runs:
            raise Failure(f"{status} {messages}")


MAP = """
import mmap, sys
try:
    mmap.mmap(-1, 200 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
except OSError as error:
    sys.exit(error.errno)
"""


@case("overcommit", vm_only=True)
def overcommit(side):
    """More than there is may be mapped, unless it is asked not to be."""
    with open(side.path("map.py"), "w", encoding="ascii") as f:
        f.write(MAP)
    for options, status in (((), 0), (("--no-overcommit",), errno.ENOMEM),
                            (("--no-overcommit", "-s", "200M"), 0)):
        result = bsdvm(side, "run", "-m", "128M", *options, "--",
                       "/usr/bin/python3", "map.py")
        expect(result, status, options)
    bsdvm_run = (side.prefix[0], "run", "--no-overcommit", "-d", "netbsd")
    for size, inside, status, words in (
            ("4M", "true", 137, r"killed at its start: --no-overcommit: it "
             r"wants 8192K more, and of the \d+K .* \d+K are promised .see ulimit -s"),
            ("12M", "(:); echo done", 0, ""),
            ("12M", "(:) || echo no fork", 2, "(?i)cannot fork")):
        stack = "ulimit -s 512; " if status == 0 else "ulimit -s 8192; "
        done = subprocess.run(
            ["sh", "-c", stack + 'exec "$@"', "sh", *bsdvm_run, "-m", size,
             "--", "sh", "-c", inside], cwd=side.dir, env=side.env,
            timeout=20, capture_output=True, check=False)
        if done.returncode != status or \
                not re.search(words, done.stderr.decode()):
            raise Failure(f"{size} {inside}: {done}")


@case("closed-streams", vm_only=True)
def closed_streams(side):
    """Standard error is closed, also for the program; nothing goes astray."""
    result = subprocess.run(
        ["sh", "-c", '"$1" run --maps -- sh -c "$2" 2>&-', "sh",
         side.prefix[0], "echo a >&2 || echo closed"],
        cwd=side.dir, env=side.env, stdout=subprocess.PIPE, timeout=20,
        check=False)
    if result.returncode != 0 or result.stdout != b"closed\n":
        raise Failure(f"{result.returncode} {result.stdout}")


@case("report", vm_only=True)
def live_report(side):
    """SIGUSR1: what goes on; --watch: only on a terminal."""
    child = side.start("echo >ready; sleep 1; echo end", "-s 1M -s 2M")
    side.wait_for_file("ready")
    child.send_signal(signal.SIGUSR1)
    result = side.finish(child, 20)
    if result.status != 0 or result.out != b"end\n" or not re.search(
            rb"bsdvm: \w+ after .*K free;.*\nbsdvm: \d+ faults.*\n"
            rb"bsdvm: swap 1M: 1024K,.*\nbsdvm: swap 2M: 2048K,.*\n"
            rb"bsdvm: process \d+, \w+: \d+K of its own", result.err):
        raise Failure(f"said {result.err}")
    result = bsdvm(side, "run", "--watch", "--", "true")
    if result.status != 0 or b"no terminal" not in result.err:
        raise Failure(f"said {result.err}")


def serve_at(listener):
    """A server of 16 MB for who has already connected, by its descriptor."""
    fd = listener.fileno()
    return subprocess.Popen(
        ["sh", "-c", f"exec env LISTEN_PID=$$ LISTEN_FDS=1 nbdkit -f memory "
         f"16M 3<&{fd}"], pass_fds=[fd], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@case("report-early", vm_only=True, needs="nbdkit")
def report_early(side):
    """SIGUSR1 before the program runs: the report comes when it does."""
    if b"without swap over NBD" in bsdvm(side, "version").out:
        raise Skip("built without NBD")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        swap = f"nbd://127.0.0.1:{listener.getsockname()[1]}/"
        child = side.start("sleep 0.2; echo end", f"-s {swap}")
        select.select([listener], [], [], 20)  # bsdvm is there, and waits
        child.send_signal(signal.SIGUSR1)
        server = serve_at(listener)
        try:
            child.wait(20)
        finally:
            server.kill()
            server.wait()
    result = side.finish(child)
    if result.status != 0 or result.out != b"end\n" or not re.search(
            rb"bsdvm: \w+ after .*\nbsdvm: \d+ faults.*\nbsdvm: swap nbd://",
            result.err):
        raise Failure(f"{result.status} {result.err}")


@case("watch-terminal", vm_only=True)
def watch_terminal(side):
    """The line of --watch does not wrap, and output stands where it was."""
    said = on_terminal(side, "stty cols 60; sleep 1; echo one; echo two; "
                       "sleep 1; echo three", b"", options="--watch")
    if said[0][1] != b"0":
        raise Failure(f"said {said}")
    parts = re.split(rb"\r\x1b\[K|\r\n", said[1][1])
    lines = [part for part in parts if b"resident" in part]
    if not lines or any(len(line) > 60 for line in lines[1:]) or \
            [part for part in parts if part and part not in lines] != \
            [b"one", b"two", b"three"]:
        raise Failure(f"said {said}")


@case("memory-most", vm_only=True)
def memory_most(side):
    """As much memory as -m takes leaves programs their addresses."""
    for _ in range(20):
        expect(bsdvm(side, "run", "-m", "64G", "true"), 0, "64G")


@case("compare-killed", vm_only=True)
def compare_killed(side):
    """Who is killed for memory has the same status under all designs; what
    bsdvm says of it, with numbers of its own, is not compared.  SIGUSR1 to
    compare ends nothing."""
    hungry = "x = bytearray(1 << 25); print('no')"
    result = bsdvm(side, "compare", "--designs=netbsd,mach", "-m", "16M",
                   "--", "/usr/bin/python3", "-c", hungry)
    said = result.messages()
    if result.status != 137 or len(said) != 2 or \
            not all("killed: out of memory" in line for line in said):
        raise Failure(f"{result.status} {said}")
    child = subprocess.Popen(
        [side.prefix[0], "compare", "--designs=netbsd,mach", "-m", "16M", "--",
         "sh", "-c", "echo >>ready; sleep 1"], cwd=side.dir, env=side.env,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    side.wait_for_file("ready")
    child.send_signal(signal.SIGUSR1)
    said = child.communicate(timeout=20)[1]
    if child.returncode != 0 or b"of its own resident" not in said:
        raise Failure(f"{child.returncode} {said}")


@case("compare-table", vm_only=True)
def compare_table(side):
    """The program's output once, then the table and the verdict."""
    result = bsdvm(side, "compare", "--designs=netbsd,netbsd", "--",
                   "sh", "-c", "cat; exit 3", stdin=b"first\n")
    expect(result, 3, "table")
    text = result.out.decode()
    if not text.startswith("first\n\n") or text.count("first") != 1:
        raise Failure(f"output before the table: {text[:60]!r}")
    for what in (r"\n +netbsd +netbsd +most/least\n", r"\nfaults( +\d+){2}",
                 r"\nmetadata bytes, peak( +[1-9]\d*){2}",
                 r"\nwall seconds, of one run( +\d+\.\d+){2}\n",
                 r"same output and exit status 3 under all 2 designs\n$"):
        if not re.search(what, text):
            raise Failure(f"nothing like {what} in the table")


@case("compare-all", vm_only=True)
def compare_all(side):
    """Without --designs every design has its run, and they agree."""
    names = bsdvm(side, "designs").out.decode().splitlines()
    result = bsdvm(side, "compare", "--format=json", "--", "sort",
                   stdin=b"b\na\n")
    expect(result, 0, "all designs")
    out, last = result.out.decode().rstrip("\n").rsplit("\n", 1)
    runs = json.loads(last)["runs"]
    if out != "a\nb" or [run["design"] for run in runs] != \
            [line.split()[0] for line in names]:
        raise Failure(f"said {out!r}, runs of {len(runs)} designs")


@case("compare-json", vm_only=True)
def compare_json(side):
    """The last line is one object; its runs have all that --stats has."""
    result = bsdvm(side, "compare", "-m", "64M", "--designs=netbsd",
                   "--format=json", "sh", "-c",
                   "sleep 0.1; ls / >/dev/null; true | cat; printf 'a\"b'")
    expect(result, 0, "json")
    out, last = result.out.decode().rstrip("\n").rsplit("\n", 1)
    said = json.loads(last)
    if out != 'a"b' or said["program"][1] != "-c" or not said["same"] or \
            said["runs"][0]["status"] != 0:
        raise Failure(f"said {out!r} {last[:100]!r}")
    check_statistics(json.dumps(said["runs"][0]))


@case("compare-csv", vm_only=True)
def compare_csv(side):
    """A head and a line for each run, into a file."""
    result = bsdvm(side, "compare", "--designs=netbsd,netbsd", "--format=csv",
                   "-o", "report.csv", "--", "echo", "text")
    expect(result, 0, "csv")
    with open(side.path("report.csv"), encoding="ascii") as f:
        rows = [line.rstrip("\n").split(",") for line in f]
    if result.out != b"text\n" or len(rows) != 3:
        raise Failure(f"{len(rows)} lines, said {result.out!r}")
    if rows[0][:2] != ["design", "status"] or rows[2][:2] != ["netbsd", "0"] \
            or len(set(map(len, rows))) != 1:
        raise Failure(f"lines: {rows}")


@case("compare-output", vm_only=True)
def compare_output(side):
    """A report that cannot be written is known before the program runs."""
    result = bsdvm(side, "compare", "-o", "none/report", "--", "touch", "ran")
    if result.status != 125 or len(result.messages()) != 1:
        raise Failure(f"status {result.status}, {result.err!r}")
    if os.path.exists(side.path("ran")):
        raise Failure("it ran first")


@case("compare-differs", vm_only=True)
def compare_differs(side):
    """Another output or status under another run: told, and status 124."""
    for script, what in (("echo same; cat /proc/sys/kernel/random/uuid",
                          "standard output"),
                         ("echo $$ >&2", "standard error"),
                         ("[ -e made ] || echo more; >made",
                          "from byte 0 on"),
                         ("[ ! -e here ]; s=$?; >here; exit $s",
                          "exit status 1 under netbsd (run 2), 0 under netbsd (run 1)"
                          )):
        result = bsdvm(side, "compare", "--designs=netbsd,netbsd", "--",
                       "sh", "-c", script)
        said = "\n".join(result.messages())
        if result.status != 124 or what not in said or \
                b"the runs DIFFER" not in result.out:
            raise Failure(f"{what}: status {result.status}, {said[-200:]}")


@case("compare-keep", vm_only=True, timeout=20)
def compare_keep(side):
    """Endless input is an error before anything runs; of long output the end
    is compared too."""
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        result = subprocess.run(
            [side.prefix[0], "compare", "--keep=1M", "touch", "ran"],
            cwd=side.dir, env=side.env, stdin=endless.stdout,
            capture_output=True, check=False)
        endless.kill()
    if result.returncode != 125 or b"--keep" not in result.stderr or \
            os.path.exists(side.path("ran")):
        raise Failure(f"endless input: {result}")
    for script, status, what in (
            ("seq 20000", 0, ""),
            ("seq 20000; cat /proc/sys/kernel/random/uuid", 124,
             "somewhere behind byte 4096"),
            ("seq 20000; [ -e made ] || echo more; >made", 124,
             "somewhere behind byte 4096"),
            ("cat /proc/sys/kernel/random/uuid; seq 20000", 124,
             "(line 1)")):
        result = bsdvm(side, "compare", "--keep=4K", "--designs=netbsd,netbsd",
                       "--", "sh", "-c", script)
        if result.status != status or what not in " ".join(result.messages()):
            raise Failure(f"{script}: {result.status} {result.err!r}")


@case("compare-wrong", vm_only=True)
def compare_wrong(side):
    """Wrong arguments: one line, 125; no program: as run says it."""
    for words in ([], ["--nonsense", "true"], ["--format=xml", "true"],
                  ["--designs=nonsense", "true"], ["--designs=", "true"],
                  ["-m", "0", "true"], ["--suite=nonsense"], ["--designs"],
                  ["--suite=cranor", "true"], ["-o"],
                  ["--keep=x", "true"], ["-d", "mach", "true"]):
        expect_message(bsdvm(side, "compare", *words), 125)
    expect_message(bsdvm(side, "compare", "./no-such-program"), 127)
    expect_message(bsdvm(side, "compare", "/"), 126)
    result = bsdvm(side, "compare", "-o", "/no/such/file", "true")
    expect_message(result, 125)


@case("compare-bytes", vm_only=True)
def compare_bytes(side):
    """Arguments of any bytes come out as JSON; what is no UTF-8 as the
    characters with the numbers of its bytes."""
    result = bsdvm(side, "compare", "--designs=netbsd", "--format=json", "-o",
                   "report", "--", "true", "\u00e9", b"a\xe9", b"\xed\xa0\x80")
    expect(result, 0, "true")
    with open(side.path("report"), encoding="utf-8") as f:
        argv = json.load(f)["program"]
    if argv != ["true", "\u00e9", "a\u00e9", "\u00ed\u00a0\u0080"]:
        raise Failure(f"{argv}")


@case("compare-lost", vm_only=True)
def compare_lost(side):
    """The program's output cannot be passed on: one line, 125."""
    with open("/dev/full", "wb") as disk:
        done = subprocess.run(
            [side.prefix[0], "compare", "--format=json", "-o", "report", "--",
             "echo", "text"],
            cwd=side.dir, env=side.env, stdin=subprocess.DEVNULL, stdout=disk,
            stderr=subprocess.PIPE, check=False)
    if done.returncode != 125 or b"output is lost: No space" not in done.stderr \
            or done.stderr.count(b"\n") != 1:
        raise Failure(f"{done}")
    with open(side.path("report"), encoding="utf-8") as f:
        if not json.load(f)["same"]:
            raise Failure("the runs differ in what could not be passed on")


@case("compare-interrupt", vm_only=True, timeout=20)
def compare_interrupt(side):
    """A signal to bsdvm ends the program and everything else."""
    with subprocess.Popen(
            [side.prefix[0], "compare", "sh", "-c", "echo on; exec sleep 60"],
            cwd=side.dir, env=side.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.readline()
        child.terminate()
        child.communicate(timeout=20)
    if child.returncode != 143:
        raise Failure(f"exit status {child.returncode}, not 143")


SUITE_ROWS = {
    "table1": ["cat (static)", "od (dynamic)", "single-user boot",
               "multi-user boot", "nine processes"],
    "table2": ["ls /", "cc hello.c"],
    "table3": ["read/private file", "write/zero fill"],
    "figure5": ["30 MB", "50 MB"],
    "figure6": ["touched, 16 MB", "untouched, 0 MB", "untouched, each MB"],
    "figure2": ["90 files", "100 files", "500 files"],
}


@case("compare-suite", vm_only=True, needs="cc", timeout=120)
def compare_suite(side):
    """The suite comes to its end; its rows are there, with our values."""
    result = bsdvm(side, "compare", "--suite=cranor", "--designs=netbsd",
                   "--format=json", timeout=120)
    expect(result, 0, "suite")
    rows = json.loads(result.out)["rows"]
    for figure, labels in SUITE_ROWS.items():
        for label in labels:
            found = [row for row in rows
                     if (row["figure"], row["case"]) == (figure, label)]
            if not found or any(row["netbsd"] is None for row in found):
                raise Failure(f"{figure}: nothing measured for {label}")
    for row in rows:
        # UVM's lines are flat: less than one instruction for a page.
        if row["case"] == "untouched, each MB" and abs(row["netbsd"]) >= 256:
            raise Failure(f"{row['case']}: {row['netbsd']} instructions")
        if row["figure"] == "figure5" and \
                (row["netbsd"] != 0) != (int(row["case"].split()[0]) >= 32):
            raise Failure(f"{row['case']}: {row['netbsd']} pages or requests")
        if row["figure"] == "figure2" and "read" in row["measure"] and \
                row["netbsd"] != 0:
            raise Failure(f"{row['case']}: {row['netbsd']} pages or requests")
    if left := [name for name in os.listdir(side.dir) if "bsdvm" in name]:
        raise Failure(f"left {left} behind")


@case("compare-suite-csv", vm_only=True, needs="cc", timeout=120)
def compare_suite_csv(side):
    """The same as CSV: a head, the paper's values, as many columns in all."""
    result = bsdvm(side, "compare", "--suite=cranor", "--designs=netbsd",
                   "--format=csv", timeout=120)
    expect(result, 0, "suite")
    rows = list(csv.reader(result.out.decode().splitlines()))
    if rows[0][:4] != ["figure", "measure", "paper_unit", "case"] or \
            len(set(map(len, rows))) != 1:
        raise Failure(f"head {rows[0]}")
    if not any(row[3:7] == ["ls /", "59", "33", "0.5593220339"]
               for row in rows):
        raise Failure("no row of ls with the paper's values")
