#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""otherpcscd.py SOCKET: a pcscd of another version, which greets as pcsc-lite does where client and server
speak different versions (winscard_svc.c, CMD_VERSION), and hears nothing else. Its own version is one
that no client goes back to: libpcsclite 2.5 tries again with that of a pcscd of the same generation."""
import os
import socket
import struct
import sys

HEADER = struct.Struct('=II')           # length of the body, command
CMD_VERSION = 0x11
VERSION = struct.Struct('=iiI')         # major, minor, result
OURS = 3, 0
SCARD_E_SERVICE_STOPPED = 0x8010001E


def receive(peer, length):
    data = b''
    while len(data) < length:
        piece = peer.recv(length - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
server.listen(8)
while True:
    client, _ = server.accept()
    with client:
        try:
            while True:
                length, command = HEADER.unpack(receive(client, HEADER.size))
                body = receive(client, length)
                if command != CMD_VERSION:
                    break
                VERSION.unpack(body)
                client.sendall(VERSION.pack(*OURS, SCARD_E_SERVICE_STOPPED))
        except (ConnectionError, struct.error):
            pass
