#!/usr/bin/python3 -I
# SPDX-License-Identifier: BSD-2-Clause
"""In the place of jpki_ldap: what a server makes of it that has taken it over. BEHAVIOUR is put in by the case."""
import os
import struct
import time

BEHAVIOUR = "BEHAVIOUR"
LINK, BEGIN, ENTRY, END, CHANGE, SAYS = range(1, 7)


def write(frames):
    while frames:
        frames = frames[os.write(1, frames):]


def put(kind, number=0, text=b"", length=None):
    write(struct.pack(">BII", kind, number, len(text) if length is None else length) + text)


def say(text):
    put(SAYS, 4, text.encode()[:900])


def entries():
    with open("/usr/lib/hostile.ldif", "rb") as file:
        return [entry.strip() + b"\n\n" for entry in file.read().split(b"\n\n") if entry.strip()]


def everything():
    put(BEGIN)
    for entry in entries():
        put(ENTRY, 0, entry)
    put(END)


def registers():
    """Well-formed frames, which register accounts that must not be registered."""
    everything()


def nonsense():
    put(ENTRY, 0, b"", 0xFFFFFFFF)


def endless():
    put(BEGIN)
    entry = struct.pack(">BII", ENTRY, 0, 100) + b"a" * 100
    while True:
        write(entry * 100)


def floods():
    for n in range(20000):
        say("\033]0;owned\007 line %d\r\nMay 1 root: JPKI-OK user=root" % n)


def looks_round():
    for path in ("/etc/shadow", "/etc/passwd", "/proc/1/environ", "/var/lib/pam_jpki", "/etc/pam_jpki", "/home", "/root"):
        try:
            os.close(os.open(path, os.O_RDONLY))
            say("got " + path)
        except OSError:
            pass
    for path in ("/tmp/x", "/var/lib/pam_jpki/fleet/users/root.pem", "/usr/lib/x"):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
            say("got a file to write: " + path)
        except OSError:
            pass
    try:
        os.kill(os.getppid(), 0)
        say("got a signal to the writer")
    except OSError:
        pass
    try:
        os.setuid(0)
        say("got root")
    except OSError:
        pass
    if os.getuid() == 0:
        say("got root, from the beginning")
    say("looked round")


request = b""
while not request.endswith(b"\n\n"):
    request += os.read(0, 1)
put(LINK, 1)
globals()[BEHAVIOUR]()
while True:
    time.sleep(1)
