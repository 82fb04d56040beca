#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The controlplane program from outside: HTTP, WebSockets plain and secure, limits, signals. The dataplane is a socket of
this test that says HELLO and listens."""
import json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(__file__))
from program import PROGRAM, ROOT, Dataplane, Program, free_port, main
from wsclient import BINARY, Closed, Refused, WebSocket

OFFER = (ROOT / "tests/data/offer-publish-camera.sdp").read_bytes().decode()


def offer(ws, name, room, media_id="m1", sdp=OFFER, message="publishStream"):
    ws.call(message, {"mediaSessionId": media_id, "name": name, "sdp": sdp, "custom": {"name": room}})


def closing(ws):
    """How the server closes, whatever it says before."""
    try:
        while True:
            ws.receive()
    except Closed as closed:
        return closed.code, closed.reason


def test_pages():
    with tempfile.TemporaryDirectory() as extra:
        page = pathlib.Path(extra, "examples/demo.html")
        page.parent.mkdir()
        page.write_text("<p>demo")
        pathlib.Path(extra, ".secret").write_text("x")
        pathlib.Path(extra, "link.html").symlink_to("/etc/hostname")
        pathlib.Path(extra, "out").symlink_to("/etc")
        pathlib.Path(extra, "big.js").write_bytes(b"0123456789" * 100000)
        with Program(static__dir=extra, static__mount="/client2") as p:
            for tls in (False, True):
                status, headers, body = p.get("/", tls=tls)
                assert status == 200 and headers["content-type"].startswith("text/html") and b"<html" in body
                assert headers["cache-control"] == "no-cache"
            status, headers, body = p.get("/client2/examples/demo.html?roomName=x")
            assert (status, body) == (200, b"<p>demo")
            assert p.get("/client2/big.js")[2] == b"0123456789" * 100000
            status, headers, body = p.get("/client2/big.js", "HEAD")
            assert (status, headers["content-length"], body) == (200, "1000000", b"")
            assert p.get("/client2")[1]["location"] == "/client2/"
            for path in ("/client2/.secret", "/client2/link.html", "/client2/out/hostname", "/nothing", "/client2/../log",
                         "/client2/%2e%2e/log", "/client2/..%2flog", "/.git/config", "/client2/examples/demo.html/",
                         "/" + "a" * 300, "//etc/passwd"):
                assert p.get(path)[0] == 404, path
            assert p.get("/", "POST")[0] == 405


def test_healthz():
    with Program(dataplane=False) as p:
        status, _, body = p.get("/healthz")
        assert status == 503 and json.loads(body)["status"] == "degraded"
        p.dataplane = Dataplane(p.dir / "run", 1)
        p.wait(lambda: p.get("/healthz")[0] == 200)
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")
        health = p.health()
        assert (health["rooms"], health["participants"], health["connections"]) == (1, 1, 1), health
        p.dataplane.close()
        p.wait(lambda: p.get("/healthz")[0] == 503)


def test_conversation():
    with Program() as p:
        a, b = p.socket(path="/any/path?x=1"), p.socket(tls=True)
        assert a.login("Анна")["status"] == "ESTABLISHED"
        b.login("Bob")
        assert a.join("комната")["info"] == []
        assert b.join("комната")["info"] == ["Анна"]
        assert a.expect("OnDataEvent")["payload"]["info"] == "Bob"
        b.command("1", "sendMessage", roomConfig={"name": "комната"}, to="Анна", text="привет 🎉")
        assert b.expect("DataStatusEvent")["status"] == "ACCEPTED"
        assert a.expect("OnDataEvent")["payload"]["info"] == {"from": "Bob", "text": "привет 🎉"}
        b.close()
        assert a.expect("OnDataEvent")["payload"] == {"roomName": "комната", "name": "LEFT", "info": "Bob"}
        a.command("2", "leave", name="комната")
        assert a.expect("DataStatusEvent") == {"operationId": "2", "status": "ACCEPTED"}
        assert p.health()["rooms"] == 0


def test_ipv6():
    with Program() as p:
        WebSocket(p.port, host="::1").login("Six")


def test_listen_address():
    with Program(listen__address="127.0.0.1") as p:
        p.socket().login("Local")
        for host in ("127.0.0.2", "::1"):
            try:
                WebSocket(p.port, host=host)
                assert False, host
            except ConnectionRefusedError:
                pass


def test_frames():
    with Program() as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")
        text = json.dumps({"message": "sendData", "data": [{"operationId": "o", "payload": {"x": "й" * 20000}}]}).encode()
        assert len(text) > 65535
        for pieces in (1, 2, 7):
            step = -(-len(text) // pieces)
            parts = [text[i:i + step] for i in range(0, len(text), step)]
            for i, part in enumerate(parts):
                ws.sock.sendall(ws.frame(part, 0 if i else 1, i == len(parts) - 1))
            assert ws.expect("DataStatusEvent")["status"] == "ACCEPTED"
            assert ws.expect("OnDataEvent")["payload"]["x"] == "й" * 20000
        for byte in ws.frame(b'{"message":"ping","data":[null]}'):
            ws.sock.sendall(bytes([byte]))
        ws.expect("pong")
        ws.sock.sendall(ws.frame(b"", 9))  # an empty ping of the WebSocket itself, then an empty message
        ws.send(b"")
        ws.call("ping", None)
        ws.expect("pong")


def test_limits():
    with Program(ws__max_message_bytes=2000, ws__max_messages_per_second=20, limit__connections=2,
                 limit__participants_per_room=20) as p:
        ws = p.socket()
        ws.send(b"x" * 2000)
        ws.call("ping", None)
        ws.expect("pong")
        ws.send(b"x" * 2001)
        assert closing(ws) == (1009, "message too big")
        ws = p.socket()
        ws.sock.sendall(ws.frame(b"\0", BINARY))
        assert closing(ws) == (1003, "text messages only")
        ws = p.socket()
        for _ in range(300):
            ws.sock.sendall(ws.frame(b"{}"))
        assert closing(ws) == (1008, "too many messages")
        p.wait(lambda: p.health()["connections"] == 0)
        first, second = p.socket(), p.socket()
        try:
            p.socket()
            assert False, "a third connection came through"
        except Refused as refused:
            assert refused.status == 503
        second.close()
        p.wait(lambda: p.health()["connections"] == 1)
        p.socket().login("Third")


def test_origins():
    with Program(origins="https://good.example http://127.0.0.1:8080") as p:
        p.socket(origin="https://good.example").login("a")
        for origin in ("https://bad.example", "https://good.example.bad", None, "null"):
            try:
                p.socket(origin=origin)
                assert False, origin
            except Refused as refused:
                assert refused.status == 403


def test_connections_per_address():
    """One address does not take the places of others, and who goes makes place."""

    def refused(p, **options):
        try:
            p.socket(**options)
            return False
        except Refused as e:
            assert e.status == 429, e.status
            return True

    with Program(limit__connections_per_address=2) as p:
        first, second = p.socket(), p.socket(tls=True)
        assert refused(p) and refused(p, tls=True)
        third = p.socket(source="127.0.0.2")
        assert p.health()["connections"] == 3
        second.sock.close()
        p.wait(lambda: p.health()["connections"] == 2)
        fourth = p.socket()
        assert refused(p)
        for ws in (first, third, fourth):
            ws.call("ping", None)
            ws.expect("pong")


def test_keepalive():
    with Program(keep_alive__server_interval=100, keep_alive__probes=3) as p:
        silent, lively = p.socket(), p.socket()
        silent.login("Silent")
        lively.login("Lively")
        silent.join("r")
        lively.join("r")
        silent.expect("OnDataEvent")
        until = time.monotonic() + 5
        left = None
        while not left and time.monotonic() < until:
            lively.call("ping", None)
            time.sleep(0.02)
            name, data = lively.receive()
            left = data[0]["payload"] if name == "OnDataEvent" else None
        assert left == {"roomName": "r", "name": "LEFT", "info": "Silent"}, left
        assert closing(silent) == (1001, "no answer to pings")


def test_slow_reader():
    with Program(ws__max_queue_bytes=65536) as p:
        slow, fast = p.socket(), p.socket()
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.login("Slow")
        fast.login("Fast")
        slow.join("r")
        fast.join("r")
        for i in range(2000):
            fast.command(str(i), "sendMessage", roomConfig={"name": "r"}, to="Slow", text="x" * 20000)
            name, data = fast.receive()
            if name == "OnDataEvent":
                assert data[0]["payload"]["name"] == "LEFT"
                break
        else:
            assert False, "never closed"
        health = p.health()
        assert (health["slow_readers"], health["connections"]) == (1, 1), health


def test_publish_ends():
    with Program(ice__timeout=300) as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")
        offer(ws, "s", "r")
        media_id, answer, _ = ws.expect("setRemoteSDP")
        assert media_id == "m1" and " 192.0.2.1 31001 typ host" in answer and "a=ice-lite" in answer, answer
        status = ws.expect("notifyStreamStatusEvent")
        assert (status["status"], status["info"]) == ("FAILED", "Failed by ICE timeout"), status
        p.wait(lambda: {2, 3, 5} <= set(p.dataplane.records))  # SESSION_PUT, SESSION_DEL, STREAM_PUT
        offer(ws, "s", "elsewhere", "m2")
        assert ws.expect("notifyStreamStatusEvent")["info"] == "Restricted access"
        offer(ws, "s", "r", "m3", "v=0 garbage")
        assert ws.expect("notifyStreamStatusEvent")["status"] == "FAILED"
        p.dataplane.close()
        p.wait(lambda: p.health()["dataplane"] == "down")
        offer(ws, "s", "r", "m4")
        assert ws.expect("notifyStreamStatusEvent")["info"] == "Failed to add stream to proxy"


def test_frozen_dataplane():
    """It is there and says nothing: what is new fails at once, until it speaks again."""
    with Program() as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")
        p.dataplane.silent.set()
        p.wait(lambda: p.health()["dataplane"] == "frozen")
        assert p.get("/healthz")[0] == 503 and p.health()["status"] == "degraded"
        offer(ws, "s", "r")
        status = ws.expect("notifyStreamStatusEvent")
        assert (status["status"], status["info"]) == ("FAILED", "Failed to add stream to proxy"), status
        p.dataplane.silent.clear()
        p.wait(lambda: p.health()["dataplane"] == "up")
        offer(ws, "s", "r", "m2")
        ws.expect("setRemoteSDP")


def test_overloaded():
    """Who is busy to the limit takes no more; the limit is the operator's."""
    with Program(workers__max_busy_percent=60) as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")

        def refused(name):
            offer(ws, name, "r", "m" + name)
            kind, data = ws.receive()
            while kind not in ("notifyStreamStatusEvent", "setRemoteSDP"):
                kind, data = ws.receive()
            return kind == "notifyStreamStatusEvent" and data[0]["info"] == "Server overloaded"

        assert not refused("idle")
        names = iter(range(100))
        p.dataplane.busy_permille = 700
        p.wait(lambda: refused(f"hot{next(names)}"))
        p.dataplane.busy_permille = 500
        p.wait(lambda: not refused(f"cool{next(names)}"))


def test_metrics():
    def values(p):
        status, headers, body = p.get("/metrics")
        assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4"), (status, headers)
        lines = body.decode().splitlines()
        samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        for name in samples:  # each is declared, once
            bare = name.split("{")[0]
            assert sum(line.startswith(f"# TYPE {bare} ") for line in lines) == 1, name
        return {name: float(value) for name, value in samples.items()}

    with Program() as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")
        offer(ws, "s", "r")
        ws.expect("setRemoteSDP")
        p.dataplane.busy_permille = 125
        p.wait(lambda: values(p).get('roomline_worker_busy_ratio{worker="1"}') == 0.125)
        found = values(p)
        assert [found[f"roomline_{name}"] for name in ("up", "connections", "rooms", "participants")] == [1] * 4, found
        assert found['roomline_worker_recorded_packets_total{worker="1"}'] == 7, found
        assert found['roomline_streams{kind="publish"}'] == 1 and found['roomline_streams{kind="play"}'] == 0
        p.dataplane.close()
        p.wait(lambda: values(p)["roomline_up"] == 0)
        assert not any("worker" in name for name in values(p))


def test_another_dataplane():
    with Program() as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")
        offer(ws, "s", "r")
        ws.expect("setRemoteSDP")
        p.dataplane.close()
        p.dataplane = Dataplane(p.dir / "run", 2)
        status = ws.expect("notifyStreamStatusEvent")
        assert (status["status"], status["info"]) == ("FAILED", "Failed by error"), status
        offer(ws, "s", "r", "m2")
        ws.expect("setRemoteSDP")


def test_stop():
    with Program() as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("r")
        p.process.terminate()
        assert closing(ws) == (1001, "server is stopping")
        assert p.process.wait(5) == 0


def test_reload():
    with Program(conf="limit.rooms = 1\n") as p:
        ws = p.socket()
        ws.login("Alice")
        ws.join("first")
        ws.command("1", "join", name="second")
        assert ws.expect("DataStatusEvent")["info"] == "Too many rooms"
        for text, status in (("limit.rooms = none\n", "FAILED"), ("limit.rooms = 2\n", "ACCEPTED")):
            (p.dir / "conf").write_text(text)
            p.process.send_signal(signal.SIGHUP)
            p.wait(lambda: (p.dir / "log").read_text().count("reload") == (1 if status == "FAILED" else 2))
            ws.command("2", "join", name="second")
            assert ws.expect("DataStatusEvent")["status"] == status


def test_memory_of_idle_connections():
    """What a connection once sent is not held for it: 10000 of them are allowed."""
    with Program() as p:
        def resident_bytes():
            return int(pathlib.Path(f"/proc/{p.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        before, sockets = 0, []
        for i in range(101):
            sockets.append(p.socket())
            sockets[-1].send(b" " * 250000 + b'{"message":"ping","data":[null]}')
            sockets[-1].expect("pong")
            before = before or resident_bytes()
        assert resident_bytes() - before < 8 << 20, resident_bytes() - before


def test_slow_download():
    """As long as the reader takes something it gets all of it."""
    size = 16 << 20
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "large.bin").write_bytes(bytes(size))
        with Program(static__dir=folder) as p, socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            s.settimeout(5)
            s.connect(("127.0.0.1", p.port))
            s.sendall(b"GET /client2/large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            got, slow_until = 0, time.monotonic() + 7
            while part := s.recv(32768):
                got += len(part)
                if time.monotonic() < slow_until:
                    time.sleep(0.05)
            assert got > size, got


def test_own_pages():
    """The pages are found beside the program, wherever it is started from: in a build and when installed."""
    with Program(www__dir="") as p:
        assert b"Roomline" in p.get("/")[2]
    with tempfile.TemporaryDirectory() as prefix:
        installed = pathlib.Path(prefix) / "bin/roomline-controlplane"
        installed.parent.mkdir()
        shutil.copy2(PROGRAM, installed)
        done = subprocess.run([installed], stderr=subprocess.PIPE, timeout=10, text=True, cwd=prefix)
        assert done.returncode == 1 and "www.dir" in done.stderr, done
        shutil.copytree(ROOT / "controlplane/www", pathlib.Path(prefix) / "share/roomline/www")
        with Program(www__dir="", program=installed) as p:
            assert p.get("/conference.html")[0] == 200


def test_bad_start():
    with Program(dataplane=False) as p:
        taken = [PROGRAM, "--set", f"ws.port={p.port}", "--set", "wss.port=0", "--set", f"run_dir={p.dir}/run2",
                 "--set", f"state_dir={p.dir}/state2", "--set", f"www.dir={ROOT}/controlplane/www"]
        unused = taken[:2] + [f"ws.port={free_port()}"] + taken[3:]
        for args, status, words in ((unused + ["--set", "listen.address=192.0.2.77"], 1, "cannot listen"),
                                    (unused + ["--set", "listen.address=2001:db8::7"], 1, "cannot listen"),
                                    (unused + ["--set", "listen.address=nonsense"], 1, "cannot listen"), (taken, 1, "cannot listen"), ([PROGRAM, "--set", "ws.port=nine"], 2, "ws.port"),
                                    (taken + ["--set", "www.dir=/nowhere"], 1, "/nowhere")):
            done = subprocess.run(args, stderr=subprocess.PIPE, timeout=10, text=True)
            assert done.returncode == status and words in done.stderr, done


main("controlplane", globals())
