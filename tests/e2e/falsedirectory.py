#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A directory that lies: LDAP over TLS, one connection after the other, for jpki_ldap.

	falsedirectory.py PORT CERTIFICATE KEY ENTRIES BEHAVIOUR...

ENTRIES is a file of LDIF with base64 values alone ("attribute:: …"). Each connection shows the next
BEHAVIOUR, and all after the last one as the last: see the functions that are called so. Its log, on
standard output, is what it was asked for.
"""
import base64
import hashlib
import os
import socket
import ssl
import sys
import time

SYNC = "1.3.6.1.4.1.4203.1.9.1"


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(n, tag=2):
    return tlv(tag, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def octets(text, tag=4):
    return tlv(tag, text if isinstance(text, bytes) else text.encode())


def control(oid, value):
    return tlv(0xA0, tlv(0x30, octets(oid), octets(value)))


class Peer:
    """One connection."""

    def __init__(self, sock, path):
        self.sock, self.path, self.id, self.buffer = sock, path, 0, b""
        self.entries, self.stays = read_entries(path), False

    def read(self, n):
        while len(self.buffer) < n:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more
        head, self.buffer = self.buffer[:n], self.buffer[n:]
        return head

    def element(self):
        tag, length = self.read(2)
        if length & 0x80:
            length = int.from_bytes(self.read(length & 0x7F), "big")
        return tag, self.read(length)

    def request(self):
        """The tag of the next operation, and what the message says."""
        _, message = self.element()
        at = 2 + message[1]
        self.id = int.from_bytes(message[2:at], "big")
        print("asked", hex(message[at]), flush=True)
        self.stays = octets(SYNC + ".1") in message
        return message[at], message

    def send(self, *operation, times=1):
        self.sock.sendall(tlv(0x30, integer(self.id), *operation) * times)

    def result(self, tag, code=0):
        self.send(tlv(tag, integer(code, 10), octets(""), octets("")))

    def entry(self, dn, attributes, state=1):
        body = [tlv(0x30, octets(name), tlv(0x31, *map(octets, values))) for name, values in attributes.items()]
        uuid = hashlib.sha256(dn.encode()).digest()[:16]
        self.send(tlv(0x64, octets(dn), tlv(0x30, *body)),
                  control(SYNC + ".2", tlv(0x30, integer(state, 10), octets(uuid))))

    def info(self, value, times=1):
        self.send(tlv(0x79, octets(SYNC + ".4", 0x80), octets(value, 0x81)), times=times)

    def done(self, present=True):
        self.info(tlv(0xA2 if present else 0xA1, b""))

    def all(self, few=None):
        for dn, attributes in self.entries[:few]:
            self.entry(dn, attributes)


def good(peer):
    peer.all()
    peer.done()


def half(peer):
    """It breaks off."""
    peer.all(2)


def no_end(peer):
    """Success, but the refresh never ended."""
    peer.all(2)
    peer.result(0x65)


def size_limit(peer):
    peer.all(2)
    peer.result(0x65, 4)


def present(peer):
    """As to a client with a cookie: says which entries are still present, without sending them."""
    for dn, _ in peer.entries:
        peer.entry(dn, {}, state=0)
    peer.done()


def empty(peer):
    """The present phase without a list, which means: delete all."""
    peer.done()


def deletes(peer):
    """Deletes in the refresh, which are for those with a cookie."""
    for dn, _ in peer.entries:
        peer.entry(dn, {}, state=3)
    peer.done(False)


def id_set(peer):
    """All but a million entries are gone."""
    peer.info(tlv(0xA3, tlv(1, b"\xff"), tlv(0x31, *[octets(n.to_bytes(16, "big")) for n in range(1000000)])))
    peer.done()


def small_id_set(peer):
    peer.info(tlv(0xA3, tlv(0x31, octets(bytes(16)))))
    peer.done()


def long_cookie(peer):
    peer.info(octets(b"a" * 65536, 0x80))
    good(peer)


def long_entry(peer):
    """One entry that is too long for us: it costs that entry."""
    dn, attributes = peer.entries[-1]
    peer.entry("uid=long," + dn, {**attributes, "description": [b"x" * 200000], "objectClass": ["account", "pkiUser"]})
    good(peer)


def longest_entry(peer):
    """And one that libldap is not to read at all."""
    dn, attributes = peer.entries[-1]
    peer.entry("uid=longest," + dn, {**attributes, "description": [b"x" * 5000000]})
    good(peer)


def garbage(peer):
    peer.sock.sendall(os.urandom(4096))


def referral(peer):
    peer.all()
    peer.send(tlv(0x73, octets("ldap://localhost:9/dc=example")))
    peer.done()


def shrunk(peer):
    """Whole by its own account, and most of it is gone: the state says so, too."""
    for dn, attributes in peer.entries:
        if "description" in attributes:
            text = attributes["description"][0].decode().split("enrolled=")[0] + "enrolled=0 blocked=0"
            peer.entry(dn, {**attributes, "description": [text.replace("generation=", "generation=9")]})
    peer.done()


def told(peer):
    """While one is connected: the same entries are said to be deleted, without a name that is known."""
    good(peer)
    peer.entry("uid=nobody-knows", {}, state=3)
    peer.info(tlv(0xA3, tlv(1, b"\xff"), tlv(0x31, octets(bytes(16)), octets(b"short"))))


def goes_on(peer):
    """Its answer has no end, and it is never silent."""
    while True:
        peer.info(octets(b"rid=001", 0x80))
        time.sleep(0.1)


def floods(peer):
    """The same, and it sends faster than anyone reads. No message is cut by the end of a TLS record, where libldap would pause."""
    while True:
        peer.info(octets(b"rid=001", 0x80), times=300)


def ends_libldap(peer):
    """An intermediate response with an empty name: libldap 2.5 ends the process (assert)."""
    peer.send(tlv(0x79, octets(b"", 0x80)))
    while peer.sock.recv(4096):
        pass


def hangs_up(peer):
    """As soon as it has sent everything."""
    good(peer)


def leaves_out(peer):
    """Calls itself 389 Directory Server. It reports changed entries to its listeners, but no new or removed ones."""
    peer.entries = read_entries(peer.path)
    if not peer.stays:
        peer.all()
        peer.result(0x65)
        return
    good(peer)
    while True:
        time.sleep(0.2)
        before, peer.entries = dict(peer.entries), read_entries(peer.path)
        for dn, attributes in peer.entries:
            if dn in before and before[dn] != attributes:
                peer.entry(dn, attributes, state=2)


def leaves_out_unnamed(peer):
    """The same, with a vendorName that its access rules hide."""
    leaves_out(peer)


def no_place(peer):
    """Refuses a listener, as 389 Directory Server does while ten others listen. Answers searches that end."""
    if peer.stays:
        peer.result(0x65, 53)
    else:
        peer.all()
        peer.result(0x65)


PERSISTENT_SEARCH = "2.16.840.1.113730.3.4.3"
ROOTS = {
    leaves_out: {"supportedControl": [SYNC + ".1", PERSISTENT_SEARCH], "vendorName": ["389 Project"]},
    leaves_out_unnamed: {"supportedControl": [SYNC + ".1", PERSISTENT_SEARCH]},
}


def stops_before_tls(sock):
    """Sends the first bytes of its answer to StartTLS, then keeps the connection open."""
    if sock.recv(4096):
        sock.sendall(tlv(0x30, integer(1), bytes(100))[:7])
    while sock.recv(4096):
        pass


def serve(peer, behaviour):
    while True:
        tag, message = peer.request()
        if tag == 0x60:
            peer.result(0x61)
        elif tag == 0x63 and b"supportedControl" in message:
            root = ROOTS.get(behaviour, {"supportedControl": [SYNC + ".1"]})
            peer.send(tlv(0x64, octets(""), tlv(0x30, *[tlv(0x30, octets(a), tlv(0x31, *map(octets, v))) for a, v in root.items()])))
            peer.result(0x65)
        elif tag == 0x63:
            behaviour(peer)
            if behaviour in (half, garbage, hangs_up):
                return
        else:
            return


def read_entries(path):
    entries, attributes, dn = [], {}, None
    with open(path, encoding="ascii") as file:
        for line in file.read().splitlines() + [""]:
            if not line:
                if dn is not None:
                    entries.append((dn, attributes))
                attributes, dn = {}, None
                continue
            name, value = line.split(":: ") if ":: " in line else line.split(": ")
            data = base64.b64decode(value) if ":: " in line else value.encode()
            if name == "dn":
                dn = data.decode()
            else:
                attributes.setdefault(name, []).append(data)
    return entries


def main():
    port, certificate, key, entries, *behaviours = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("localhost", int(port)))
    turn = 0
    while True:
        sock, _ = listener.accept()
        try:
            if behaviours == ["stops_before_tls"]:
                stops_before_tls(sock)
                continue
            with context.wrap_socket(sock, server_side=True) as tls:
                name = behaviours[min(turn, len(behaviours) - 1)]
                turn += 1
                print("connection", turn, name, flush=True)
                serve(Peer(tls, entries), globals()[name])
        except (OSError, EOFError) as error:
            print("over:", error, flush=True)


main()
