#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The web servers of the cases: webserver.py DIRECTORY PORT LOG [CERTIFICATE KEY]

Serves the files of DIRECTORY with ETag and Last-Modified and says 304 when it
may. What else there is: /redirect-to/URL, /silent (a header, then nothing), /dripping
(bytes, one by one),
/endless (bytes, on and on), /announced (says that it has 2 GiB), /cut (ends
before it should), /unasked (304 to every client), /flip (redirects to itself), /choices
(300 without a place to go), /guarded/FILE (for who knows the password).
As a proxy it serves http://ANY.example/FILE itself, connects to 127.0.0.1 for CONNECT ANY.example:PORT,
and answers 407 for locked.example.
Appends "METHOD PATH STATUS" to LOG for each request.
"""
import base64
import email.utils
import http.server
import os
import select
import socket
import ssl
import sys
import time

directory, port, log = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def begin(self, status, headers=()):
        with open(log, "a") as f:
            f.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def do_CONNECT(self):
        host, port = self.path.rsplit(":", 1)
        if host == "locked.example":
            self.begin(407, [("Content-Length", "0"), ("Proxy-Authenticate", "Basic")])
            return
        with open(log, "a") as f:
            f.write(f"{self.command} {self.path} 200\n")
        server = socket.create_connection(("127.0.0.1", int(port)))
        self.wfile.write(b"HTTP/1.1 200 connected\r\n\r\n")
        self.wfile.flush()
        ends = {self.connection: server, server: self.connection}
        while ends:
            for end in select.select(list(ends), [], [])[0]:
                data = end.recv(65536)
                if not data:
                    ends = {}
                    break
                ends[end].sendall(data)
        server.close()
        self.close_connection = True

    def do_GET(self):
        if self.path.startswith("http://"):
            host, _, name = self.path[len("http://"):].partition("/")
            if host == "locked.example":
                self.begin(407, [("Content-Length", "0"), ("Proxy-Authenticate", "Basic")])
            elif host.endswith(".example"):
                self.file(name)
            else:
                self.begin(502, [("Content-Length", "0")])
        elif self.path.startswith("/redirect-to/"):
            self.begin(302, [("Location", self.path[len("/redirect-to/"):]), ("Content-Length", "0")])
        elif self.path == "/flip":
            self.begin(302, [("Location", "/flip"), ("Content-Length", "0")])
        elif self.path == "/choices":
            self.begin(300, [("Content-Length", "0")])
        elif self.path.startswith("/guarded/"):
            wanted = "Basic " + base64.b64encode(b"verifier:S3cret@Ours").decode()
            if self.headers.get("Authorization") == wanted:
                self.file(self.path[len("/guarded/"):])
            else:
                self.begin(401, [("Content-Length", "0"), ("WWW-Authenticate", "Basic")])
        elif self.path == "/unasked":
            self.begin(304)
        elif self.path == "/silent":
            self.begin(200, [("Content-Length", "100")])
            time.sleep(60)
        elif self.path == "/dripping":
            self.begin(200, [("Content-Length", "100")])
            for _ in range(100):
                self.wfile.write(b"0")
                self.wfile.flush()
                time.sleep(0.3)
        elif self.path == "/announced":
            self.begin(200, [("Content-Length", str(2 ** 31))])
        elif self.path == "/endless":
            self.begin(200)
            while True:
                self.wfile.write(b"0" * 1048576)
        else:
            self.file(self.path[1:].split("?")[0])

    def file(self, name):
        cut = name == "cut"
        path = os.path.join(directory, "good.crl" if cut else name)
        if not os.path.isfile(path):
            body = b"<html>not found</html>"
            self.begin(404, [("Content-Length", str(len(body)))])
            self.wfile.write(body)
            return
        with open(path, "rb") as f:
            body = f.read()
        modified = email.utils.formatdate(os.stat(path).st_mtime, usegmt=True)
        tag = f'"{len(body)}-{os.stat(path).st_mtime_ns}"'
        if self.headers.get("If-None-Match") == tag and self.headers.get("If-Modified-Since") == modified:
            self.begin(304, [("ETag", tag)])
            return
        self.begin(200, [("Content-Length", str(len(body))), ("ETag", tag), ("Last-Modified", modified)])
        self.wfile.write(body[:-100] if cut else body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = True
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
