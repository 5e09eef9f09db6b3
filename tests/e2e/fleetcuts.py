#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ends "jpkictl fleet run" at random moments, and looks at the copy that is left.

	fleetcuts.py writer|network|power fill|changes|return POINTS USERS SEED CERTIFICATES IMAGE LOG -- COMMAND...

writer, network: SIGKILL for the process that writes, or for jpki_ldap. power: the file system of the copy (IMAGE, mounted at
MOUNT) is shut down as at a power cut, so that what has not been written to the disk is lost, and mounted again.
fill: while an empty copy is filled; changes: while registrations and blocks are changed in the directory; return: after
they were changed while nothing ran. CLIENT in the environment: the arguments of ldapsearch and ldapmodify, in place of those below.

Right after the cut each file of a user has to be whole, and as before or after the change; what had been reported as
blocked (by a record of the memory, or by the state, read before the cut) has to be blocked. The next start has to end
with what ldapsearch finds in the directory. CERTIFICATES are files of DER, separated by commas. COMMAND is the one that
is ended; its output goes to LOG.
"""
import base64
import ctypes
import fcntl
import hashlib
import os
import random
import re
import shlex
import signal
import struct
import subprocess
import sys
import threading
import time

MOUNT = "/var/lib/pam_jpki"
FLEET = MOUNT + "/fleet"
BASE = "ou=jpki,dc=example"
CLIENT = shlex.split(os.environ.get("CLIENT", "-x -H ldap://localhost:3890 -D cn=admin,dc=example -w secret"))
# 389-ds has no entryCSN: two changes within a second, with a search between, look like one.
COUNTS_SECONDS = "CLIENT" in os.environ
# linux/fs/ext4/ext4.h, EXT4_IOC_SHUTDOWN: without the journal, or with what it has in memory.
SHUTDOWN = 0x8004587D
SHUTDOWN_LOGFLUSH, SHUTDOWN_NOLOGFLUSH = 1, 2
PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n")
WAIT = 90  # seconds until the copy has to be as the directory: some are asked only once a minute


def fail(text):
    raise SystemExit("fleetcuts.py: " + text)


def soon(seconds, condition):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.001)


def content(path):
    try:
        with open(path, encoding="latin-1") as f:
            return f.read()
    except OSError:
        return ""


def names(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


# --- the directory --------------------------------------------------------------------------------


class Directory:
    """What is written there; each change is one batch for ldapmodify, with the state entry last."""

    def __init__(self, users, certificates, seed):
        self.random = random.Random(seed)
        self.der = {hashlib.sha256(der).hexdigest(): der for der in certificates}
        self.users = ["user%d" % i for i in range(users)]
        self.registered = {}
        self.words = {}
        self.generation = 1

    def some_certificates(self, other_than=()):
        while True:
            some = tuple(sorted(self.random.sample(sorted(self.der), self.random.randint(1, 3))))
            if some != other_than:
                return some

    @staticmethod
    def change(dn, kind, *lines):
        return "\n".join(["dn: %s,%s" % (dn, BASE), "changetype: " + kind, *lines]) + "\n\n"

    def write_user(self, user, certificates):
        dn = "uid=%s,ou=enrolments" % user
        values = ["userCertificate;binary:: " + base64.b64encode(self.der[c]).decode() for c in certificates]
        if not certificates:
            return self.change(dn, "delete")
        if user in self.registered:
            return self.change(dn, "modify", "replace: userCertificate;binary", *values)
        return self.change(dn, "add", "objectClass: account", "objectClass: pkiUser", "uid: " + user, *values)

    def set_user(self, user, certificates):
        text = self.write_user(user, certificates)
        if certificates:
            self.registered[user] = certificates
        else:
            del self.registered[user]
        return text

    def set_word(self, name, word):
        dn = "cn=%s,ou=blocked" % name
        known = name in self.words
        self.words[name] = word
        if known:
            return self.change(dn, "modify", "replace: description", "description: " + word)
        return self.change(dn, "add", "objectClass: device", "cn: " + name, "description: " + word)

    def new_blocks(self, count):
        return "".join(self.set_word("%064x" % self.random.getrandbits(256), "block lost") for _ in range(count))

    def lift_one(self):
        blocked = sorted(n for n, word in self.words.items() if word.startswith("block"))
        return self.set_word(self.random.choice(blocked), "lift found again") if blocked else ""

    def state(self):
        """By a clock that is slow by some seconds: who comes back in the second of the removal comes too early (rule 5)."""
        self.generation += 1
        return self.change("cn=state", "modify", "replace: description",
                           "description: generation=%d time=%d enrolled=%d blocked=0" %
                           (self.generation, time.time() - 5, len(self.registered)))

    def first(self):
        return "".join(self.set_user(u, self.some_certificates()) for u in self.users) + self.new_blocks(len(self.users)) + self.state()

    def next(self):
        """Some get other cards, some leave or come back; cards are lost, and now and then one is found."""
        parts = [self.new_blocks(2)]
        for user in self.random.sample(self.users, max(6, len(self.users) // 8)):
            has = self.registered.get(user, ())
            leaves = has and self.random.random() < 0.3
            parts.append(self.set_user(user, () if leaves else self.some_certificates(has)))
        if self.random.random() < 0.3:
            parts.append(self.lift_one())
        parts.append(self.new_blocks(3))
        return "".join(parts) + self.state()

    @staticmethod
    def modify(text):
        p = subprocess.run(["ldapmodify", *CLIENT], input=text, text=True, capture_output=True, check=False)
        if p.returncode != 0:
            fail("ldapmodify: " + p.stderr)


def referee():
    """The directory by OpenLDAP's own client: users with their certificates, what is blocked, the generation."""
    out = subprocess.run(["ldapsearch", *CLIENT, "-LLL", "-o", "ldif-wrap=no", "-b", BASE], text=True, capture_output=True, check=True).stdout
    users, blocked, generation = {}, set(), 0
    for entry in out.split("\n\n"):
        uid = re.search(r"^uid: (.*)$", entry, re.M)
        word = re.search(r"^description: block", entry, re.M)
        if uid:
            values = re.findall(r"^userCertificate;binary:: (.*)$", entry, re.M)
            users[uid[1]] = tuple(sorted(hashlib.sha256(base64.b64decode(v)).hexdigest() for v in values))
        elif word:
            blocked.add(re.search(r"^cn: (.*)$", entry, re.M)[1])
        generation = max(generation, int((re.search(r"^description: generation=(\d+)", entry, re.M) or [0, 0])[1]))
    return users, blocked, generation


# --- the copy ----------------------------------------------------------------------------------------


def certificates_of(text):
    """Fingerprints of a user's file, or None if it is anything but whole certificates."""
    if not text or PEM.sub("", text):
        return None
    try:
        return tuple(sorted(hashlib.sha256(base64.b64decode(b64, validate=False)).hexdigest() for b64 in PEM.findall(text)))
    except ValueError:
        return None


def users_of_copy():
    return {n[:-4]: certificates_of(content("%s/users/%s" % (FLEET, n))) for n in names(FLEET + "/users")}


def generation_of_copy():
    return int((re.search(r"^generation (\d+)$", content(FLEET + "/state"), re.M) or [0, 0])[1])


def copy():
    return users_of_copy(), set(names(FLEET + "/blocked")), generation_of_copy()


def written():
    """How many files there are."""
    return sum(len(names(FLEET + part)) for part in ("/aside", "/blocked", "/users"))


def remembered_blocks():
    return set(re.findall(r"^mark ([0-9a-f]{64}) ", content(FLEET + "/memory") + content(FLEET + "/journal"), re.M))


def left_over():
    return ["aside/" + n for n in names(FLEET + "/aside")] + [n for n in names(FLEET) if n.startswith(".new-")]


# --- the machine --------------------------------------------------------------------------------------


def children_of(pid):
    return [int(p) for p in content("/proc/%d/task/%d/children" % (pid, pid)).split()]


def is_gone(pid):
    return content("/proc/%d/stat" % pid).rpartition(")")[2].split()[:1] in ([], ["Z"])


class Machine:
    def __init__(self, command, log, image):
        self.command, self.log, self.image = command, log, image
        self.writer = None
        self.half = 0

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.writer = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.half = soon(20, self.find_half) or fail("no jpki_ldap")

    def find_half(self):
        return next((c for c in children_of(self.writer.pid) if content("/proc/%d/comm" % c) == "jpki_ldap\n"), 0)

    def kill(self, victim):
        """One of the two; the other one has to end by itself, as have the processes of theirs."""
        family = [self.writer.pid, self.half, *children_of(self.writer.pid)]
        os.kill(self.half if victim == "network" else self.writer.pid, signal.SIGKILL)
        try:
            self.writer.wait(20)
        except subprocess.TimeoutExpired:
            fail("the writer goes on without its network half")
        if not soon(20, lambda: all(is_gone(p) for p in family[1:])):
            fail("something of the writer's goes on without it")
        self.half = 0

    def mount(self):
        subprocess.run(["mount", "-o", "loop,noauto_da_alloc", self.image, MOUNT], check=True)

    def cut_power(self, rng):
        """Both kinds of loss: with all that the file system's journal had, and with what it had on disk alone."""
        fd = os.open(MOUNT, os.O_RDONLY)
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", rng.choice([SHUTDOWN_LOGFLUSH, SHUTDOWN_NOLOGFLUSH])))
        os.close(fd)
        self.kill("writer")
        if not soon(10, lambda: subprocess.run(["umount", MOUNT], capture_output=True, check=False).returncode == 0):
            fail("the file system is in use")
        self.mount()

    @staticmethod
    def wipe():
        subprocess.run(["rm", "-rf", FLEET], check=True)
        sync()


def sync():
    fd = os.open(MOUNT, os.O_RDONLY)
    ctypes.CDLL(None).syncfs(fd)
    os.close(fd)


# --- the points ---------------------------------------------------------------------------------------


class Campaign:
    def __init__(self, victim, phase, directory, machine):
        self.victim, self.phase, self.directory, self.machine = victim, phase, directory, machine
        self.random = random.Random(directory.random.random())
        self.times = []  # that the work takes, and from the first file that is written
        self.within = {"before": 0, "within": 0, "after": 0}

    def until_equal(self, what):
        wanted = referee()
        if not soon(WAIT, lambda: copy() == wanted and not left_over()):
            users, blocked, generation = copy()
            fail("%s: not as the directory: users %s, blocks %s, generation %d and not %d; left over: %s" % (
                what, sorted(u for u in {*users, *wanted[0]} if users.get(u) != wanted[0].get(u)), len(blocked ^ wanted[1]),
                generation, wanted[2], left_over()))

    def begin_point(self):
        """The work that is cut; returns what may be done only once the cut was made."""
        if self.phase == "fill":
            self.machine.wipe()
            self.machine.start()
            return lambda: None
        batch = self.directory.next()
        if COUNTS_SECONDS:
            time.sleep(1)
        if self.phase == "return":
            self.directory.modify(batch)
            self.machine.start()
            return lambda: None
        worker = threading.Thread(target=self.directory.modify, args=(batch,))
        worker.start()
        return worker.join

    def end_turn(self):
        """In changes it goes on; else the next point starts it."""
        if self.phase != "changes":
            self.machine.kill("writer")

    def measure(self):
        """How long the work takes without a cut: the medians of three."""
        times = []
        for _ in range(3):
            began, before = time.monotonic(), written()
            join = self.begin_point()
            soon(WAIT, lambda: written() != before)
            wrote = time.monotonic()
            soon(WAIT, lambda: generation_of_copy() == self.directory.generation)
            times.append((time.monotonic() - began, time.monotonic() - wrote))
            join()
            self.until_equal("without a cut")
            self.end_turn()
        self.times = [sorted(t)[1] for t in zip(*times)]

    def wait(self):
        """Until a moment of the work: of all of it, or, every other time, of what is written."""
        whole = self.random.random() < 0.5
        if not whole:
            before = written()
            soon(WAIT, lambda: written() != before)
        time.sleep(self.random.uniform(0, 1.1 * self.times[0 if whole else 1]))

    def cut(self):
        if self.victim == "power" and self.random.random() < 0.5:
            sync()
        blocked, generation = remembered_blocks(), generation_of_copy()
        if self.victim == "power":
            self.machine.cut_power(self.random)
        else:
            self.machine.kill(self.victim)
        return blocked, generation

    def look(self, point, before, reported, generation):
        """The copy after the cut."""
        old_users, old_blocked, _ = before
        users, blocked, _ = copy()
        new_users, lifted = self.directory.registered, {n for n, w in self.directory.words.items() if not w.startswith("block")}
        done = 0

        for user in {*users, *old_users, *new_users}:
            has, old, new = users.get(user, ()), old_users.get(user, ()), new_users.get(user, ())
            if has not in (old, new):
                fail("point %d: the file of %s is neither the old nor the new one" % (point, user))
            done += has == new and old != new
        if not blocked <= {*old_blocked, *self.directory.words}:
            fail("point %d: a block that no entry has" % point)
        reported |= old_blocked | remembered_blocks()
        if generation == self.directory.generation or generation_of_copy() == self.directory.generation:
            reported |= {n for n, w in self.directory.words.items() if w.startswith("block")}
            if users != new_users:
                fail("point %d: the state is new (before the cut %d, after it %d), and the registrations are not: %s" % (
                    point, generation, generation_of_copy(), {u: (users.get(u), old_users.get(u), new_users.get(u))
                                                              for u in {*users, *new_users} if users.get(u) != new_users.get(u)}))
        if not reported - lifted <= blocked:
            fail("point %d: %d blocks are lost that had been reported" % (point, len(reported - lifted - blocked)))
        changed = sum(old_users.get(u, ()) != new_users.get(u, ()) for u in {*old_users, *new_users})
        self.within["before" if done == 0 else "after" if done == changed else "within"] += 1

    def run(self, points):
        self.end_turn()
        self.measure()
        for point in range(points):
            before = ({}, set(), 0) if self.phase == "fill" else referee()
            join = self.begin_point()
            self.wait()
            reported, generation = self.cut()
            join()
            self.look(point, before, reported, generation)
            self.directory.modify(self.directory.state())  # only the process that is started next can know of this state
            self.machine.start()
            self.until_equal("point %d, started again" % point)
            self.end_turn()
        if self.phase != "changes":
            self.machine.start()
        print("%s, %s: %d points in %d ms, of which %d write: %d with the old registrations, %d in between, %d with the new ones" % (
            self.victim, self.phase, points, 1000 * self.times[0], 1000 * self.times[1], *self.within.values()))


def main():
    separator = sys.argv.index("--")
    victim, phase, points, users, seed, certificates, image, log = sys.argv[1:separator]
    ders = [open(c, "rb").read() for c in certificates.split(",")]
    directory = Directory(int(users), ders, seed)
    machine = Machine(sys.argv[separator + 1:], log, image)
    directory.modify(directory.first())
    machine.mount()
    machine.start()
    campaign = Campaign(victim, phase, directory, machine)
    campaign.until_equal("at first")
    campaign.run(int(points))
    campaign.until_equal("at the end")
    machine.kill("writer")
    subprocess.run(["umount", MOUNT], check=True)


if __name__ == "__main__":
    main()
