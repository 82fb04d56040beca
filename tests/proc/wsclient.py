# SPDX-License-Identifier: MIT
"""A WebSocket client (RFC 6455) over plain sockets, so that tests decide each frame and each byte of it."""
import base64, json, os, socket, ssl, struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The upgrade was answered by another status."""

    def __init__(self, status):
        super().__init__(f"HTTP status {status}")
        self.status = status


class Closed(Exception):
    """The server closed the WebSocket; code 1006: without a close frame."""

    def __init__(self, code, reason):
        super().__init__(f"closed {code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    def __init__(self, port, tls=False, path="/", origin=None, host="127.0.0.1", timeout=5, source=None):
        self.sock = socket.create_connection((host, port), timeout, source and (source, 0))
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: test", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
        if origin:
            lines.append(f"Origin: {origin}")
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            more = self.sock.recv(4096)
            if not more:
                raise Refused(0)
            self.buffer += more
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status = int(head.split()[1])
        if status != 101:
            self.sock.close()
            raise Refused(status)

    def frame(self, payload, opcode=TEXT, final=True):
        head = bytes([(0x80 if final else 0) | opcode])
        n, mask = len(payload), os.urandom(4)
        head += bytes([0x80 | n]) if n < 126 else struct.pack(">BH", 0xfe, n) if n < 65536 else struct.pack(">BQ", 0xff, n)
        return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))

    def send(self, message):
        text = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        self.sock.sendall(self.frame(text))

    def call(self, name, *data):
        self.send({"message": name, "data": list(data)})

    def command(self, operation, command, **options):
        self.call("sendData", {"operationId": operation, "payload": {"command": command, "options": options}})

    def take(self, n):
        while len(self.buffer) < n:
            try:
                more = self.sock.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                raise Closed(1006, "")
            self.buffer += more
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def receive(self):
        """The next message, decoded; the server's JSON pings are skipped."""
        while True:
            first, second = self.take(2)
            n = second & 0x7f
            if n > 125:
                n = struct.unpack(">H", self.take(2))[0] if n == 126 else struct.unpack(">Q", self.take(8))[0]
            payload, opcode = self.take(n), first & 0x0f
            if opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if n >= 2 else 1005
                raise Closed(code, payload[2:].decode())
            if opcode == TEXT:
                message = json.loads(payload)
                assert isinstance(message["data"], list), message
                if message["message"] != "ping":
                    return message["message"], message["data"]

    def expect(self, name):
        got, data = self.receive()
        assert got == name, f"expected {name}, got {got} {data}"
        return data[0] if len(data) == 1 else data

    def login(self, name):
        self.call("connection", {"appKey": "roomApp", "custom": {"login": name}})
        self.expect("getVersion")
        return self.expect("getUserData")

    def join(self, room):
        self.command("join", "join", name=room)
        status = self.expect("DataStatusEvent")
        assert status["status"] == "ACCEPTED", status
        return self.expect("OnDataEvent")["payload"]

    def close(self):
        self.sock.close()
