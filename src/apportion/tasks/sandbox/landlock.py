"""Landlock: the kernel's way for any user to give up every file but those below one folder."""

import ctypes
import os
import struct

from apportion.tasks.sandbox.system_calls import Refused

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # one number on every machine
_WRITE, _READ, _READ_FOLDER, _REMOVE_FILE, _MAKE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8
_TRUNCATE = 1 << 14
_RIGHTS_OF_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights on files each version knows


def version(libc: ctypes.CDLL) -> int:
    """Return the version of Landlock that the kernel offers, 0 for none."""
    return max(0, libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1))


def restrict_to(libc: ctypes.CDLL, folder: int | None) -> None:
    """Deny this process every file outside an open folder, or every file at all; from version 4 on, TCP too.

    From version 6 on also signals and abstract sockets to processes outside. Raises `Refused` where there is no
    Landlock. It does not hide names: whether a file exists, and its size, can still be asked.
    """
    known = version(libc)
    if known < 1:
        raise Refused("the kernel has no Landlock")
    rights = (1 << _RIGHTS_OF_VERSION[min(known, 5)]) - 1
    network, scope = (3 if known >= 4 else 0), (3 if known >= 6 else 0)
    attributes = struct.pack("=QQQ", rights, network, scope)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = libc.syscall(_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(size), 0)
    if rules < 0:
        raise Refused("the kernel refuses Landlock's rules")
    if folder is not None:
        allowed = _WRITE | _READ | _READ_FOLDER | _REMOVE_FILE | _MAKE_FILE | (_TRUNCATE if known >= 3 else 0)
        below = struct.pack("=Qi", allowed, folder)
        if libc.syscall(_ADD, rules, 1, ctypes.c_char_p(below), 0) != 0:
            raise Refused("the kernel refuses Landlock's rule for a folder")
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.syscall(_RESTRICT, rules, 0) != 0:
        raise Refused("the kernel refuses to apply Landlock's rules")
    os.close(rules)
