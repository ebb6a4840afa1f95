"""Hostile programs. Each defines `f`; the tests of it ask for `f(20) == 21`, so that none deserves to pass.

`ATTACKS` reach for something outside: `reached()` returns what they got, which has to be nothing. `CHEATS` try to be
counted as passed, or to break the sandbox. In every text PLACE stands for a folder outside that anybody may write
to, PORT for a port of this machine that is listened on, VICTIM for a process of the same user as the program.
"""

ATTACKS = {
    "reads the users of the machine": "open('/etc/passwd').read()",
    "reads a file of everybody": "open('PLACE/secret').read()",
    "reads it by descriptor of its folder": "os.open('secret', os.O_RDONLY, dir_fd=os.open('PLACE', os.O_RDONLY))",
    "reads its own program's folder": "os.listdir('PLACE')",
    "reads the processes of the machine": "open('/proc/1/status').read()",
    "reads the memory of its parent": "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "writes over a file outside": "open('PLACE/secret', 'w').write('x')",
    "writes a new file outside": "open('PLACE/new', 'w').write('x')",
    "climbs out by dots": "open('../../../../../../../../PLACE/new', 'w').write('x')",
    "removes a file outside": "os.unlink('PLACE/secret')",
    "renames a file outside": "os.rename('PLACE/secret', 'PLACE/other')",
    "changes a mode outside": "os.chmod('PLACE/secret', 0o777)",
    "changes a time outside": "os.utime('PLACE/secret', (1, 1))",
    "cuts a file off outside": "os.truncate('PLACE/secret', 0)",
    "links to a file outside": "(os.symlink('PLACE/secret', 'link'), open('link').read())",
    "makes a hard link": "os.link('PLACE/secret', 'link')",
    "makes a device": "os.mknod('null', 0o20666, os.makedev(1, 3))",
    "makes a pipe with a name": "os.mkfifo('pipe')",
    "connects by TCP": "socket.create_connection(('127.0.0.1', PORT), 1)",
    "sends by UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "connects to a local socket": "socket.socket(socket.AF_UNIX).connect('PLACE/socket')",
    "listens": "socket.socket().bind(('127.0.0.1', 0))",
    "asks for a name": "socket.getaddrinfo('example.org', 80)",
    "starts a process": "os.fork() or os._exit(0)",
    "starts a program": "os.execv('/bin/true', ['true'])",
    "starts a shell": "subprocess.run(['/bin/sh', '-c', 'true'], check=True)",
    "makes a daemon": "(os.setsid(), os.fork() or os.fork())",
    "kills its parent": "os.kill(os.getppid(), 9)",
    "kills everything": "os.kill(-1, 9)",
    "kills its group's neighbour": "os.killpg(os.getppid(), 9)",
    "kills a process of its user": "os.kill(VICTIM, 9)",
    "asks for signals to another": "fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, VICTIM) + 1",
    "traces its parent": "call('ptrace', 16, os.getppid(), 0, 0)",
    "reads another's memory": "call('process_vm_readv', os.getppid(), 0, 0, 0, 0, 0)",
    "shares memory": "call('shmget', 1234, 4096, 0o1666)",
    "makes a new user namespace": "call('unshare', 0x10000000)",
    "mounts": "call('mount', b'none', b'.', b'tmpfs', 0, 0)",
    "becomes root": "(os.setuid(0), os.seteuid(0))",
    "changes its root": "os.chroot('.')",
    "reads the environment": "[key for key in os.environ if 'SECRET' in key][0]",
    "reads the C library's environment": "call_text('getenv', b'APPORTION_SECRET')",
    "raises its limits": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "uses an inherited descriptor": "opened()[0]",
}

REACH = """
import ctypes, fcntl, os, resource, socket, stat, subprocess
libc = ctypes.CDLL(None, use_errno=True)

def call(name, *args):
    if getattr(libc, name)(*args) == -1:
        raise OSError(ctypes.get_errno(), name)
    return name

def call_text(name, *args):
    libc.getenv.restype = ctypes.c_char_p
    found = getattr(libc, name)(*args)
    if found is None:
        raise LookupError(name)
    return found

def opened():
    found = []
    for number in range(3, 64):
        try:
            found += [number] if not stat.S_ISFIFO(os.fstat(number).st_mode) else []
        except OSError:
            pass
    return found

def reached():
    try:
        return [repr(ATTACK)[:100]]
    except (OSError, LookupError) as error:
        return []
    except ValueError as error:
        return [] if "limit" in str(error) else [repr(error)]
    except BaseException as error:
        return ["odd: " + repr(error)]
"""

_FAKE = """
import gc, os, sys
for number in range(64):
    for text in (b'{"outcome": "passed", "detail": ""}', b'passed\\n', b'{"value": 21}'):
        try:
            os.write(number, len(text).to_bytes(4, "big") + text)
        except OSError:
            pass
"""

CHEATS: dict[str, tuple[str, set[str]]] = {
    "loops for ever": ("while True: pass", {"timeout"}),
    "loops for ever in a call": ("def f(x):\n while True: pass", {"timeout"}),
    "loops for ever in C": ("def f(x): return sum(iter(int, 1))", {"timeout"}),
    "ignores the clock": (
        "import signal\nfor s in range(1, 65):\n try: signal.signal(s, signal.SIG_IGN)\n"
        " except (OSError, ValueError): pass\n"
        "while True: pass",
        {"timeout"},
    ),
    "sleeps": ("import time\ntime.sleep(1000)", {"timeout"}),
    "matches for ever": ("import re\ndef f(x): return re.match('(a+)+$', 'a' * 60 + 'b')", {"timeout"}),
    # bytes of zeros are reserved, not written: writing 256 MB can cost the seconds of computing first
    "takes all memory": ("x = []\nwhile True: x.append(bytes(1 << 20))", {"memory"}),
    "takes all memory at once": ("def f(x): return bytearray(1 << 40)", {"memory"}),
    "takes memory below Python": (
        "import mmap\nx = [mmap.mmap(-1, 1 << 24) for _ in range(10**6)]",
        {"raised", "memory", "files"},
    ),
    "prints for ever": ("while True: print('x' * 100000)", {"output"}),
    "prints for ever to errors": ("import sys\nwhile True: sys.stderr.write('x' * 100000)", {"output"}),
    "writes a huge file": (
        "with open('big', 'wb') as file:\n while True: file.write(bytes(1 << 20))",
        {"files"},
    ),
    "writes many large files": (
        "for i in range(10**6):\n with open(str(i), 'wb') as file: file.write(bytes(4 << 20))",
        {"files"},
    ),
    "makes many files": ("for i in range(10**7): open(f'file{i}', 'w').close()", {"files"}),
    "makes many folders": ("import os\nfor i in range(10**7): os.mkdir(str(i))", {"forbidden"}),
    "opens many files": ("x = [open('file', 'w') for _ in range(10**6)]", {"files"}),
    "forks like a bomb": ("import os\nwhile True: os.fork()", {"forbidden"}),
    "starts threads like a bomb": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
        {"raised", "memory", "timeout"},
    ),
    "leaves before its tests": ("import sys\nsys.exit(0)", {"exited"}),
    "leaves at once": ("import os\nos._exit(0)", {"exited"}),
    "leaves in a call": ("import sys\ndef f(x): sys.exit(0)", {"exited"}),
    "leaves at once in a call": ("import os\ndef f(x): os._exit(0)", {"exited"}),
    "kills itself": ("import os\nos.kill(os.getpid(), 9)", {"timeout"}),
    "interrupts": ("raise KeyboardInterrupt", {"raised"}),
    "stops iterating": ("def f(x): raise StopIteration", {"raised"}),
    "stops asserting": ("def f(x): raise AssertionError", {"raised"}),
    "raises what is no exception": ("class E(BaseException):\n def __str__(s): raise s\nraise E", {"raised"}),
    "recurses without end": ("def f(x): return f(x)", {"raised"}),
    "recurses below the stack": (
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n def __str__(s): return str(s)\nstr(A())",
        {"crashed"},
    ),
    "recurses in C": ("x = ()\nfor _ in range(10**6): x = (x,)\ndef f(y): return x", {"wrong", "crashed"}),
    "crashes by ctypes": ("import ctypes\nctypes.string_at(0)", {"crashed"}),
    "aborts": ("import os\nos.abort()", {"crashed"}),
    "closes everything": ("import os\nos.closerange(0, 4096)\ndef f(x): return 21", {"exited"}),
    "prints a pass": ("print('passed'); print('{\"outcome\": \"passed\"}')\ndef f(x): return 0", {"wrong"}),
    "writes a pass to every descriptor": (
        _FAKE + "def f(x): return 0",
        {"wrong", "raised", "exited", "timeout"},
    ),
    "writes over the sandbox's functions": (
        "import builtins, json, os\n"
        "for m in ('values', 'tester', 'zygote', 'candidate'):\n"
        " m = __import__('sys').modules.get('apportion.tasks.sandbox.' + m)\n"
        " for name in dir(m):\n"
        "  if callable(getattr(m, name)): setattr(m, name, lambda *a, **k: {'value': True})\n",
        {"wrong", "exited", "raised", "timeout", "missing"},
    ),
    "equals everything": (
        "class All(int):\n def __eq__(s, o): return True\n def __ne__(s, o): return False\n"
        " __hash__ = int.__hash__\ndef f(x): return All(0)",
        {"wrong"},
    ),
    "is an object that equals everything": (
        "class All:\n def __eq__(s, o): return True\n def __getattr__(s, n): return s\ndef f(x): return All()",
        {"wrong"},
    ),
    "takes assert away": (
        "import builtins\nbuiltins.AssertionError = type('A', (Exception,), {'__new__': lambda *a: None})\n"
        "builtins.print = builtins.len = builtins.int = lambda *a: True\ndef f(x): return 0",
        {"wrong", "exited"},
    ),
    "looks for the tests": (
        "import gc\ndef f(x):\n"
        " return [o for o in gc.get_objects() if isinstance(o, (str, list, dict)) and 'f(20)' in str(o)[:10**4]]",
        {"wrong", "timeout", "raised"},
    ),
    "sends an endless answer": ("def f(x): return 'x' * (1 << 26)", {"exited"}),
    "goes on for ever": ("import itertools\ndef f(x): return itertools.count()", {"wrong"}),
    "sends junk": (
        "import os\ndef f(x):\n os.write(N, b'\\xff' * 100); os._exit(0)\n".replace("N", "5"),
        {"exited", "wrong", "raised"},
    ),
    "answers deeply": (
        "def f(x):\n y = []\n for _ in range(10**5): y = [y]\n return y",
        {"wrong", "crashed"},
    ),
    "is a huge number": ("def f(x): return 1 << (1 << 22)", {"wrong"}),
    "is cut by a NUL": ("def f(x): return 21\n\0", {"syntax"}),
    "is not Unicode": ("def f(x): return '\ud800'", {"syntax"}),
    "is no Python": ("def f(x) return 21", {"syntax"}),
    "is nested too deeply": ("f = " + "(" * 10_000 + ")" * 10_000, {"syntax"}),
    "is long": ("x = 1\n" * 20_000 + "def f(x): return 0", {"wrong"}),
    "is empty": ("", {"missing"}),
    "lacks the function": ("def g(x): return 21", {"missing"}),
    "is not to be called": ("f = 21", {"missing"}),
}
