#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpora of the fuzz targets in this folder: tests/fuzz/corpus/NOUN/seed-NAME.
Run by hand when a format gains a case; the results are committed."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
RTP, VIDEO, RTX, SR, RTCP, NACK, TIME, SUBSCRIBE = range(8)
KEY = b"\x10\0\0\0\x9d\x01\x2a" + b"key frame"
DELTA = b"\x10\1" + b"delta"
EXT = bytes.fromhex("bede0002" "1055" "31" "0001" "40" "30" "00")


def save(noun, name, *parts):
    folder = CORPUS / noun
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(b"".join(parts))


def packet(op, body):
    return bytes([op, len(body)]) + body


def rtp(op, seq, body, first=0):
    return struct.pack(">BHBB", op, seq, first, len(body)) + body


def feedback(pt, fmt, media, fci=b"", sender=1):
    return struct.pack(">BBHII", 0x80 | fmt, pt, 2 + len(fci) // 4, sender, media) + fci


def nack(seq, mask=0):
    return struct.pack(">BHH", NACK, seq, mask)


def time(ticks=1):
    return bytes([TIME, ticks])


def seed_media():
    start = rtp(VIDEO, 65533, KEY)
    some = b"".join(rtp(VIDEO, (65534 + i) % 65536, DELTA) for i in range(6))
    sr = struct.pack(">BBHIQIII", 0x80, 200, 6, 0x1000, 0xE9C1A2B3C4D5E6F7, 5000, 1, 2)
    rr = struct.pack(">BBHIIIIIII", 0x81, 201, 7, 1, 0x5000, 0x40000001, 9, 3, 0xA2B3C4D5, 100)
    save("media", "forward", start, some, time())
    save("media", "extensions", rtp(VIDEO, 1, EXT + KEY, 0x10), rtp(VIDEO, 2, b"\0\0\0\7" + EXT + DELTA, 0x11), time(9))
    save("media", "padding", rtp(VIDEO, 1, KEY + b"\0\0\3", 0x20), rtp(VIDEO, 2, b"\0\2", 0x20), rtp(VIDEO, 3, b"\0\x09", 0x20))
    save("media", "gap", start, rtp(VIDEO, 9, DELTA), time(2), time(9), rtp(RTX, 5, b"\0\1" + DELTA), time(30), time(200))
    save("media", "rtx", start, rtp(VIDEO, 1, DELTA), rtp(RTX, 7, b"\0\0" + DELTA), rtp(RTX, 8, b"\0\0" + DELTA), rtp(RTX, 9, b""))
    save("media", "nack", start, some, nack(0, 0xFFFF), nack(65533, 7), time(20), nack(65533, 7), time())
    save("media", "nack-rtx", bytes([SUBSCRIBE, SUBSCRIBE]), start, some, nack(65533, 0xFFFF), time(20), nack(0, 1), time())
    save("media", "resubscribe", start, some, bytes([SUBSCRIBE]), some, bytes([SUBSCRIBE]), rtp(VIDEO, 40, KEY), nack(40), time())
    save("media", "reports", start, packet(SR, sr), time(), packet(RTCP, rr), rtp(VIDEO, 1, DELTA), time(100), time(100))
    save("media", "keyframes", start, packet(RTCP, feedback(206, 1, 0x5000)), time(50),
         packet(RTCP, feedback(206, 4, 0, struct.pack(">IBxxx", 0x5000, 1))), time(200), rtp(VIDEO, 9, KEY))
    save("media", "others", start, packet(RTCP, feedback(206, 15, 0, b"REMB" + bytes.fromhex("01041234") + b"\0\0\x50\0")),
         packet(RTCP, feedback(205, 15, 0x5000, bytes.fromhex("0001000100000100") + b"\x20\1\4\0")),
         packet(SR, struct.pack(">BBHI", 0x81, 203, 1, 0x1000)), packet(RTCP, b"\x81\xca\0\3\0\0\0\1\1\1a\0\0\0\0\0"))
    save("media", "foreign", packet(RTP, struct.pack(">BBHII", 0x80, 96, 1, 2, 0xBAD) + KEY), packet(RTP, b"\x80\x60"),
         packet(RTCP, feedback(206, 1, 0xBAD)), packet(RTCP, b"\x81\xc9\0\x09\0\0\0\1"))
    together = lambda *steps: b"".join(bytes([s[0] + 128]) + s[1:] for s in steps)
    save("media", "twice", start, together(rtp(VIDEO, 1, b"\x10\1one"), rtp(VIDEO, 1, b"\x10\1two"),
         rtp(RTX, 1, b"\0\1" + DELTA), rtp(RTX, 2, b"\0\1" + KEY), nack(1), rtp(VIDEO, 65533, DELTA)), nack(1), time())
    save("media", "jumps", start, rtp(VIDEO, 300, DELTA), time(), rtp(VIDEO, 30000, DELTA), time(150),
         rtp(VIDEO, 65000, DELTA), rtp(VIDEO, 5, DELTA), time(2), rtp(RTX, 1, b"\xff\xff" + DELTA), time())


def seed_rewrite():
    head = struct.pack(">BBHII", 0x90, 0xE0, 1, 2, 3)
    blocks = {
        "one-byte": "bede0003" "1055" "2101aabb"[:6] + "310001" "40" "30" "0000",
        "two-byte": "10000002" "01010a" "ff00" "2001bb",
        "foreign": "abcd0001" "00000000",
        "stop": "bede0001" "10aaf0bb",
        "overrun": "bede0001" "1055" "1f00",
        "many": "bede0010" + "1055" * 32,
    }
    for name, block in blocks.items():
        save("rewrite", name, b"\7\xff\0", head, bytes.fromhex(block), b"payload")
    save("rewrite", "csrc", b"\0\x20\1", b"\x82" + head[1:], b"\0\0\0\1\0\0\0\2payload")
    save("rewrite", "small", b"\0\x0b\0", head, bytes.fromhex("bede000110550000"))


seed_media()
seed_rewrite()
