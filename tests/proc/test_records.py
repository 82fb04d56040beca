#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recordings as the controlplane serves them by HTTP, and what it does when a recorder, a socket of this test, says that
one is ready."""
import os, pathlib, socket, struct, sys, tempfile, urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
from program import Program, main

NAME_BYTES, FILE_BYTES, ERROR_BYTES = 1024, 251, 256  # common/rec_proto.h
HELLO = struct.Struct("=HHIQ")  # struct rec_hello
STATE = struct.Struct(f"=HHBBHQQqq{NAME_BYTES}s{NAME_BYTES}s{FILE_BYTES}s{ERROR_BYTES}s5x")  # struct rec_state
T_HELLO, T_SYNC, T_STATE = 1, 6, 7
TAKE, ROOM = 0, 1
STATES = {"recording": 0, "finishing": 1, "ready": 2, "failed": 3}
BODY = bytes(range(256)) * 40


class Recorder:
    def __init__(self, run_dir):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(run_dir / "recorder.ctl"))
        self.listener.listen()
        self.listener.settimeout(10)
        self.link, _ = self.listener.accept()
        self.link.settimeout(10)
        self.link.send(HELLO.pack(T_HELLO, HELLO.size, 1, 1))
        assert HELLO.unpack(self.link.recv(4096))[:3] == (T_HELLO, HELLO.size, 1)
        assert struct.unpack("=HH", self.link.recv(4096))[0] == T_SYNC  # a snapshot of nothing

    def state(self, of, state, number, file="", stream="", room="", error="", duration_ms=0):
        texts = [t.encode() for t in (stream, room, file, error)]
        self.link.send(STATE.pack(T_STATE, STATE.size, of, STATES[state], 0, number, 100, 1795617603000000,
                                  duration_ms * 1000, *texts))

    def close(self):
        self.link.close()
        self.listener.close()


class Served(Program):
    """With a folder of recordings: records."""

    def __init__(self, **settings):
        self.records_folder = tempfile.TemporaryDirectory()
        self.records = pathlib.Path(self.records_folder.name, "records")
        self.records.mkdir()
        super().__init__(record__dir=self.records, **settings)

    def __exit__(self, *args):
        super().__exit__(*args)
        self.records_folder.cleanup()

    def record(self, name, method="GET", query="", **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.get("/client/records/" + urllib.parse.quote(name) + query, method, headers=headers)


def test_whole_files():
    types = {"a.mp4": "video/mp4", "b.webm": "video/webm", "c.mkv": "video/x-matroska", "c.mkv.json": "application/json",
             "комната 🎉+1.mp4": "video/mp4"}
    with Served() as p:
        for name, kind in types.items():
            (p.records / name).write_bytes(BODY)
            status, headers, body = p.record(name)
            assert (status, headers["content-type"], body) == (200, kind, BODY), (name, status, headers)
            assert headers["accept-ranges"] == "bytes" and headers["x-content-type-options"] == "nosniff"
            status, headers, body = p.record(name, "HEAD")
            assert (status, headers["content-length"], body) == (200, str(len(BODY)), b"")
        status, headers, body = p.record("комната 🎉+1.mp4", query="?download")
        assert headers["content-disposition"] == "attachment; filename*=UTF-8''" + urllib.parse.quote("комната 🎉+1.mp4")
        assert "content-disposition" not in p.record("a.mp4", query="?downloads")[1]
        (p.records / "empty.mp4").touch()
        assert p.record("empty.mp4")[::2] == (200, b"")


def test_ranges():
    with Served() as p:
        (p.records / "a.mp4").write_bytes(BODY)
        size = len(BODY)
        for text, first, last in (("bytes=0-", 0, size - 1), ("bytes=0-0", 0, 0), ("bytes=1000-1999", 1000, 1999),
                                  ("bytes=-10", size - 10, size - 1), (f"bytes=5000-{size * 9}", 5000, size - 1)):
            status, headers, body = p.record("a.mp4", range=text)
            assert (status, headers["content-range"]) == (206, f"bytes {first}-{last}/{size}"), (text, status, headers)
            assert body == BODY[first:last + 1] and headers["content-length"] == str(last - first + 1)
            status, headers, body = p.record("a.mp4", "HEAD", range=text)
            assert (status, body, headers["content-length"]) == (206, b"", str(last - first + 1))
        for text in (f"bytes={size}-", "bytes=-0"):
            status, headers, body = p.record("a.mp4", range=text)
            assert (status, headers["content-range"]) == (416, f"bytes */{size}"), text
        for text in ("bytes=0-1,3-4", "bytes=5-4", "lines=1-2", "bytes=x"):
            assert p.record("a.mp4", range=text)[::2] == (200, BODY), text


def test_conditions():
    with Served() as p:
        path = p.records / "a.mp4"
        path.write_bytes(BODY)
        headers = p.record("a.mp4")[1]
        etag, date = headers["etag"], headers["last-modified"]
        for condition in ({"if_none_match": etag}, {"if_none_match": f'"x", W/{etag}'}, {"if_modified_since": date}):
            status, headers, body = p.record("a.mp4", **condition)
            assert (status, headers["etag"], body) == (304, etag, b""), condition
        assert p.record("a.mp4", if_none_match='"x"', if_modified_since=date)[0] == 200
        for condition, status in ((etag, 206), (date, 206), ('"x"', 200), ("W/" + etag, 200)):
            assert p.record("a.mp4", range="bytes=1-2", if_range=condition)[0] == status, condition
        path.write_bytes(BODY[1:])
        os.utime(path, (1, 1))
        assert p.record("a.mp4", if_none_match=etag)[1]["last-modified"] == "Thu, 01 Jan 1970 00:00:01 GMT"
        assert p.record("a.mp4", range="bytes=1-2", if_range=etag)[0] == 200


def test_nothing_else():
    with Served() as p:
        (p.records / ".captures").mkdir()
        (p.records / ".captures/x.cap").write_text("secret")
        (p.records / ".hidden.mp4").write_text("secret")
        (p.records / "folder").mkdir()
        (p.records / "folder/x.mp4").write_text("x")
        (p.records / "link.mp4").symlink_to("/etc/hostname")
        (p.records.parent / "outside.mp4").write_text("secret")
        for path in (".captures/x.cap", ".captures", ".hidden.mp4", "folder", "folder/", "folder/x.mp4", "link.mp4",
                     "../outside.mp4", "%2e%2e/outside.mp4", "..%2foutside.mp4", "%2e%2e%2foutside.mp4", "nothing.mp4",
                     "-x.mp4", "a%0a.mp4", "x" * 400, "%ff.mp4"):
            assert p.get("/client/records/" + path)[0] in (400, 404), path
            assert b"secret" not in p.get("/client/records/" + path)[2]
        assert p.record("x.mp4", "POST")[0] == 405


def test_folder():
    with Served() as p:
        status, headers, _ = p.get("/client/records")
        assert (status, headers["location"]) == (301, "/client/records/")
        status, headers, body = p.get("/client/records/")
        assert status == 200 and headers["content-type"].startswith("text/html") and b"records.js" in body
        assert p.record("index.json")[::2] == (200, b"[]\n")
        (p.records / "index.json").write_text('[{"name": "a.mp4"}]')
        status, headers, body = p.record("index.json")
        assert (status, body, headers["cache-control"]) == (200, b'[{"name": "a.mp4"}]', "no-cache")
        assert p.record("index.json", if_none_match=headers["etag"])[0] == 304
    with Served(record_streams="false") as p:
        p.records.rmdir()
        assert p.record("index.json")[::2] == (200, b"[]\n") and p.record("a.mp4")[0] == 404
        p.records.mkdir()


def test_in_the_making():
    with Served() as p:
        recorder = Recorder(p.dir / "run")
        assert p.record("x.mp4")[0] == 404
        recorder.state(TAKE, "recording", 7, file="x.mp4", stream="s")
        p.wait(lambda: p.record("x.mp4")[0] == 503)
        status, headers, body = p.record("x.mp4")
        assert headers["retry-after"] == "2" and headers["content-type"].startswith("text/plain")
        status, headers, body = p.record("x.mp4", accept="text/html,*/*")
        assert status == 503 and b'http-equiv="refresh"' in body and headers["retry-after"] == "2"
        assert p.health()["recordings"] == 1

        (p.records / "x.mp4.json").write_text("{}")
        (p.records / "x.mp4.part").write_bytes(BODY[:1000])
        status, headers, body = p.record("x.mp4", range="bytes=0-9")
        assert (status, body, headers["cache-control"], headers["content-type"]) == (200, BODY[:1000], "no-store", "video/mp4")
        assert p.record("x.mp4", query="?download")[0] == 503
        (p.records / "x.mp4.part").rename(p.records / "x.mp4")
        assert p.record("x.mp4", query="?download")[0] == 200

        (p.records / "mix.mp4.json").write_text("{}")  # somebody else's, of whom only the side-car tells
        assert p.record("mix.mp4")[0] == 503
        recorder.state(TAKE, "failed", 8, file="y.mp4", stream="s", error="disk full")
        p.wait(lambda: 'recordings_total{state="failed"} 1' in p.get("/metrics")[2].decode())
        assert p.record("y.mp4")[0] == 404
        recorder.close()


def test_hooks():
    with tempfile.TemporaryDirectory() as folder:
        out, hook, mix = (pathlib.Path(folder, name) for name in ("out", "hook", "mix"))
        hook.write_text(f'#!/bin/sh\nprintf "<%s>" "$@" >{out}\necho said\n')
        mix.write_text("#!/bin/sh\nexit 64\n")
        hook.chmod(0o700), mix.chmod(0o700)
        with Served(on_record_hook_script=hook, on_multiple_record_hook_script=mix) as p:
            recorder = Recorder(p.dir / "run")
            name = "s '$(id)' \"x\" ; &\t-"
            def metric(text):
                return f"roomline_{text}\n" in p.get("/metrics")[2].decode()
            for _ in range(2):  # it may be told twice
                recorder.state(TAKE, "ready", 7, file="x.mp4", stream=name)
            p.wait(lambda: metric('hooks_total{hook="record",result="ok"} 1'))
            assert out.read_text() == f"<{name}><{p.records}/x.mp4>"
            recorder.state(ROOM, "ready", 9, file="room-r.mkv", room="r", duration_ms=5000)
            p.wait(lambda: metric('hooks_total{hook="multiple_record",result="failed"} 1'))
            assert metric('recordings_total{state="ready"} 2') and metric("recorder_up 1")
            assert metric('recordings{of="room",state="recording"} 0')
            recorder.close()
            p.wait(lambda: metric("recorder_up 0"))
            p.log.seek(0)
            log = p.log.read()
            assert 'hook="record" says="said"' in log and f'about="{p.records}/room-r.mkv" status=64' in log, log


main("records", globals())
