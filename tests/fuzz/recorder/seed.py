#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpora of the fuzz targets in this folder: tests/fuzz/corpus/NOUN/seed-NAME.
Run by hand when a format gains a case; the results are committed."""
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
RTP, SR, META, CLOCK, LOST, END = 1, 2, 3, 4, 5, 6


def save(noun, name, *parts):
    folder = CORPUS / noun
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(b"".join(parts))


def record(kind, body, stream=0, index=0, rx_us=1000):
    size = (32 + len(body) + 7) // 8 * 8
    return struct.pack("<IHHQqq", size, len(body), kind, stream, rx_us, index) + body + bytes(size - 32 - len(body))


def rtp(seq, payload, pt=96):
    return struct.pack(">BBHII", 0x80, pt, seq, seq * 3000, 7) + payload


TRACKS = [{"kind": "audio", "stream": "0000000000000001", "codec": "opus", "clock": 48000, "channels": 2, "pt": 111},
          {"kind": "video", "stream": "0000000000000002", "codec": "VP8", "clock": 90000, "channels": 0, "pt": 96}]
TAKE = {"take": "0000000500000002", "room_id": "0000000500000001", "room": "r\u00e9", "login": "ann", "stream": "ann-1",
        "mediaSessionId": "1-2", "file": "a.mp4", "own_file": True, "whole": True, "step": False, "tracks": TRACKS}
ROOM = {"room_id": "0000000500000001", "room": "../../etc", "file": "r.mkv", "whole": True, "step": True}
FILE = {"file": "a.mp4", "take": "0000000500000002", "bytes": 12, "duration_ms": 34, "start_unix_ms": 56}


def text(value):
    return json.dumps(value).encode()


def packets():
    key, delta = b"\x10\x00\x00\x00", b"\x10\x01\x00\x00"
    yield record(RTP, rtp(1, key), 5, 1)
    yield record(RTP, rtp(2, delta), 5, 2)
    yield record(RTP, rtp(9, delta * 100), 5, 9, 900000)
    yield record(SR, struct.pack("<QII", 1, 2, 3), 5)


def seed_captures():
    start = [b"RLCAPT01", record(META, text(TAKE)), record(CLOCK, bytes(16))]
    end = record(END, text({"file": "", "why": "ended"}))
    save("capture_scan", "live", *start, *packets())
    save("capture_scan", "closed", *start, *packets(), record(LOST, struct.pack("<Q", 3)), end, b"more")
    save("capture_scan", "zeros", *start, *packets(), bytes(100))
    save("capture_scan", "two-metas", *start, start[1])
    save("capture_scan", "no-meta", start[0], start[2])


def seed_texts():
    save("capture_label", "take", text(TAKE))
    save("capture_label", "sound", text({**TAKE, "tracks": TRACKS[:1], "own_file": False, "file": ""}))
    save("capture_label", "room", text(ROOM))
    save("manifest_car", "all", text({"name": "a.mp4", "kind": "stream", "state": "ready", "room": "r", "stream": "s",
                                      "bytes": 1, "duration_ms": 2, "start_unix_ms": 3, "tracks": TRACKS}))
    save("manifest_car", "odd", text({"name": "a.mp4", "kind": 7, "bytes": -1, "duration_ms": 1e300}))
    save("finisher_report", "all", b'{"progress": 0}\n{"progress": 1000}\n', text(FILE), b"\n",
         text({k: v for k, v in FILE.items() if k != "take"}), b"\nno json\n\n{\"progress\": 1e99}")
    save("finisher_report", "long", b"x" * 5000, b"\n", text(FILE))


def seed_rings():
    records = b"".join(packets())
    save("tap_intake", "packets", struct.pack("<Q", len(records)), records)
    save("tap_intake", "torn", struct.pack("<Q", len(records) + 64), records)
    save("tap_intake", "far", struct.pack("<Q", 1 << 40), records)
    pad = struct.pack("<IHH", 65536 - len(records), 0, 0)
    save("tap_intake", "pad", struct.pack("<Q", 65536), records, pad)


seed_captures()
seed_texts()
seed_rings()
