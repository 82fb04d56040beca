#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpora of the fuzz targets in this folder: tests/fuzz/corpus/NOUN/seed-NAME.
Run by hand when a format gains a case; the results are committed."""
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent.parent.parent / "corpus"
OPUS, PCMU, H264, VP8 = 1, 2, 4, 5  # enum codec
MARKER, AFTER_LOSS, NEXT_TS = 1, 2, 4
SPS = bytes.fromhex("6742e01f8c8d40501ed0")
PPS = bytes.fromhex("68ce3c80")


def save(noun, name, *parts):
    folder = CORPUS / noun
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(b"".join(parts))


def track(kind, stream, codec, clock, channels, pt):
    return {"kind": kind, "stream": f"{stream:016x}", "codec": codec, "clock": clock, "channels": channels, "pt": pt}


def meta(*tracks, **more):
    return json.dumps({"take": "0000000100000002", "room_id": "0000000100000001", "room": "r", "login": "l",
                       "stream": "s", "mediaSessionId": "m", "file": "f.mp4", "own_file": True, "whole": False,
                       "step": False, "tracks": tracks, **more}, separators=(",", ":")).encode()


SOUND = track("audio", 1, "opus", 48000, 2, 111)
PICTURE = track("video", 2, "VP8", 90000, 0, 96)


def seed_capture_text():
    save("capture_text", "meta", meta(SOUND, PICTURE))
    save("capture_text", "twice", meta(SOUND, {**SOUND, "codec": "PCMA"}, PICTURE))
    save("capture_text", "odd", meta({**SOUND, "clock": 0}, {**PICTURE, "codec": "opus"}, "no track", room=7))
    save("capture_text", "end", json.dumps({"file": "last.mp4", "why": "disk full"}).encode())
    save("capture_text", "array", b"[{}]")


def packets(*items):
    return b"".join(struct.pack(">BH", flags, len(body)) + body for flags, body in items)


def stap(*nals):
    return b"\x78" + b"".join(struct.pack(">H", len(n)) + n for n in nals)


def fragments(header, body, n):
    size = (len(body) + n - 1) // n
    for i in range(n):
        mark = (0x80 if i == 0 else 0) | (0x40 if i == n - 1 else 0) | (header & 0x1F)
        yield bytes([(header & 0xE0) | 28, mark]) + body[i * size:(i + 1) * size]


def vp8(picture_id, body, start=True, wide=True):
    number = struct.pack(">H", 0x8000 | picture_id) if wide else bytes([picture_id & 0x7F])
    return (b"\x90" if start else b"\x80") + b"\x80" + number + body


VP8_KEY = bytes.fromhex("100100" "9d012a" "4001" "f000") + bytes(20)
VP8_DELTA = bytes.fromhex("110100") + bytes(20)


def seed_depay():
    first, middle, last = fragments(0x65, b"\x88" + bytes(60), 3)
    later = list(fragments(0x41, b"\x9a" + bytes(40), 2))
    save("depay", "h264", bytes([H264]), packets(
        (NEXT_TS, stap(SPS, PPS)), (0, first), (0, middle), (MARKER, last),
        (NEXT_TS, later[0]), (MARKER, later[1]), (NEXT_TS | MARKER, b"\x41\x9a\1\2")))
    save("depay", "h264-lost", bytes([H264]), packets(
        (NEXT_TS, stap(SPS, PPS)), (0, first), (AFTER_LOSS | MARKER, last),
        (NEXT_TS, first), (0, middle), (NEXT_TS | AFTER_LOSS, b"\x09\xf0"), (0, b"\x65\x88\0\0\3\1"),
        (NEXT_TS | AFTER_LOSS, later[1]), (NEXT_TS, later[0])))
    save("depay", "h264-odd", bytes([H264]), packets(
        (NEXT_TS, b"\x78\0\x30\x67"), (NEXT_TS, b"\x79\0\0"), (NEXT_TS, b"\x7c"), (NEXT_TS, b"\x7c\x85"),
        (NEXT_TS, b"\0"), (NEXT_TS, SPS[:5]), (NEXT_TS, b"\x68\0")))
    high = bytes.fromhex("67f4000a919b28e4f1b1f808800000030080000005078912cb")
    save("depay", "h264-high", bytes([H264]), packets((NEXT_TS, stap(high, PPS)), (MARKER, b"\x65\x88\x84\0")))
    save("depay", "vp8", bytes([VP8]), packets(
        (NEXT_TS, vp8(0x7FFE, VP8_KEY)), (MARKER, vp8(0x7FFE, bytes(9), False)),
        (NEXT_TS | MARKER, vp8(0x7FFF, VP8_DELTA)), (NEXT_TS | MARKER | AFTER_LOSS, vp8(0, VP8_DELTA)),
        (NEXT_TS | MARKER | AFTER_LOSS, vp8(5, VP8_DELTA)), (NEXT_TS, vp8(6, VP8_KEY))))
    save("depay", "vp8-odd", bytes([VP8]), packets(
        (NEXT_TS, b"\x10\x10\1\0"), (NEXT_TS, b"\x90\xf0\x92\x34\7\x20" + VP8_KEY), (NEXT_TS, b"\x90\x80\x7f" + VP8_DELTA),
        (NEXT_TS, b"\x91\x80\0\1"), (NEXT_TS, b"\x90"), (NEXT_TS, vp8(1, b"\x10\0")), (NEXT_TS, vp8(2, b"\x10\0\0" * 4))))
    save("depay", "opus", bytes([OPUS]), packets(
        (NEXT_TS, b"\x78\1\2"), (NEXT_TS, b"\x79\1\2"), (NEXT_TS, b"\x7a\1\2\3"), (NEXT_TS, b"\x7b\2\1\2"),
        (NEXT_TS | AFTER_LOSS, b"\x7b\xc3\2\1\1\1\2\3\0\0"), (NEXT_TS, b"\x7b\x3f"), (NEXT_TS, b"\x78"),
        (NEXT_TS, b"\x7a\xff\xff" + bytes(9)), (NEXT_TS, b"\x1b\x43\xff\xff\1")))
    save("depay", "pcmu", bytes([PCMU]), packets((NEXT_TS, bytes(320)), (NEXT_TS, b"\1")))


def record(kind, body, stream=0, rx_us=0, index=0):
    size = (32 + len(body) + 7) & ~7
    return struct.pack("=IHHQqq", size, len(body), kind, stream, rx_us, index) + body + bytes(size - 32 - len(body))


RTP, SR, META, CLOCK, LOST, END = range(1, 7)  # enum tap_type
START = 5_000_000_000


def rtp(stream, at_us, index, ts, body, marker=False):
    pt = (111 if stream == 1 else 96) | (0x80 if marker else 0)
    head = struct.pack(">BBHII", 0x80, pt, index & 0xFFFF, ts & 0xFFFFFFFF, stream)
    return record(RTP, head + body, stream, START + at_us, index)


def report(stream, at_us, ts, ntp_s):
    return record(SR, struct.pack("=QII", int(ntp_s * (1 << 32)), ts & 0xFFFFFFFF, 0), stream, START + at_us)


def seed_take():
    head = b"RLCAPT01" + record(META, meta(SOUND, PICTURE)) + record(CLOCK, struct.pack("=qq", START, 1 << 50))
    end = record(END, b'{"file":"","why":"ended"}')
    sound = [rtp(1, i * 20000, 65534 + i, i * 960 - 3000, b"\x78\1\2") for i in range(8)]
    video = []
    for i in range(6):
        body = VP8_KEY if i % 3 == 0 else VP8_DELTA
        video.append(rtp(2, i * 40000, 65530 + 2 * i, i * 3600 - 7200, vp8(i, body)))
        video.append(rtp(2, i * 40000, 65531 + 2 * i, i * 3600 - 7200, vp8(i, b"\1\2\3", False), True))
    reports = [report(1 + i % 2, 1000 + i * 30000, 48 * 30 * i if i % 2 == 0 else 90 * 30 * i, 3e9 + i * 0.03)
               for i in range(6)]
    save("take", "clean", head, *sound, *reports, *video, end)
    save("take", "torn", head, *video[:5], *sound[:3], video[5][:40])
    save("take", "reordered", head, *reversed(sound), *video[1:4], *video[6:4:-1], *video[9:], *video[9:], end)
    save("take", "hole", head, *sound[:4], bytes(200), *sound[4:], record(LOST, struct.pack("=Q", 5)), *video[8:])
    jumps = [rtp(1, i * 700000, 100 + i * 90000, i * 0x40000000, b"\x78\1\2") for i in range(6)]
    save("take", "jumps", head, *jumps, *[report(1, i * 700000, i * 0x40000000, i * 3600) for i in range(6)], end)
    odd = [record(RTP, b"\x80\x6f", 1, START), record(SR, b"\1", 1, START), record(CLOCK, b"", 0, START),
           rtp(1, 5, 1 << 40, 5, b""), rtp(2, 5, 3, 5, b"\x10"), record(END, b"[]"), record(9, b"unknown")]
    save("take", "odd", head, *odd, sound[0])
    save("take", "nobody", b"RLCAPT01", record(META, b"{}"), *sound)


def seed_sets():
    code, high, idr, other = b"\0\0\0\1", bytes.fromhex("67640028ac"), bytes.fromhex("6588840010ff"), b"\x41\x9a\x22"

    def units(name, first, second):
        save("sets", name, bytes([len(first)]), first, second)

    sets = code + SPS + code + PPS
    units("whole", sets + code + b"\6\5\1\0\x80" + code + idr, code + other)
    units("later", sets + code + idr, code + idr)
    units("changed", sets + code + idr, code + high + code + PPS + code + idr)
    units("pps-only", code + other, code + PPS + code + PPS + code + other)
    units("cut", code, code + code + b"\0\0\1")


if __name__ == "__main__":
    seed_capture_text()
    seed_depay()
    seed_sets()
    seed_take()
