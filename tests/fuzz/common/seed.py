#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpora of the fuzz targets in this folder: tests/fuzz/corpus/NOUN/seed-NAME.
Run by hand when a format gains a case; the results are committed."""
import binascii
import hashlib
import hmac
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"


def save(noun, name, *parts):
    folder = CORPUS / noun
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(b"".join(parts))


def rtp(first=0x80, pt=96, body=b"", seq=0x1234, ts=160, ssrc=0xDEADBEEF):
    return struct.pack(">BBHII", first, pt, seq, ts, ssrc) + body


def seed_rtp():
    one = bytes.fromhex("bede0004" "100a" "22112233" "310001" "40" "30" "5161" "6f" + "00" * 2)
    save("rtp", "bare", rtp())
    save("rtp", "marker", rtp(pt=0x80 | 111, body=b"\x78opus"))
    save("rtp", "csrc", rtp(0x82, body=b"\0\0\0\1\0\0\0\2payload"))
    save("rtp", "padding", rtp(0xA0, body=b"payload\0\0\3"))
    save("rtp", "padding-only", rtp(0xA0, body=bytes(254) + b"\xff"))
    save("rtp", "one-byte", rtp(0x90, body=one + b"payload"))
    save("rtp", "one-byte-stop", rtp(0x90, body=bytes.fromhex("bede0002" "10aaf0bb20cc0000")))
    save("rtp", "two-byte", rtp(0x90, body=bytes.fromhex("10000003" "0101aa" "8000" "0f0201020000" "00")))
    save("rtp", "everything", rtp(0xB1, 0xE0, b"\0\0\0\1" + one + b"payload\0\2"))


MAGIC = 0x2112A442
TID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"


def attr(kind, value):
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def stun(kind, attrs, integrity=True, fingerprint=True):
    def head(n):
        return struct.pack(">HHI", kind, n, MAGIC) + TID

    body = attrs
    if integrity:
        body += attr(0x0008, hmac.new(PASSWORD, head(len(body) + 24) + body, hashlib.sha1).digest())
    if fingerprint:
        body += attr(0x8028, struct.pack(">I", binascii.crc32(head(len(body) + 8) + body) ^ 0x5354554E))
    return head(len(body)) + body


def seed_stun():
    user, prio = attr(6, b"evtj:h6vY"), attr(0x24, b"\x6e\0\1\xff")
    controlling = attr(0x802A, b"\x93\x2f\xf9\xb1\x51\x26\x3b\x36")
    save("stun", "request", stun(1, user + attr(0xC057, b"\0\1\0\x32") + controlling + attr(0x25, b"") + prio))
    save("stun", "request-controlled", stun(1, user + attr(0x8029, bytes(8)) + prio))
    save("stun", "request-unknown", stun(1, user + attr(0x1C, bytes(32)) + attr(0x30, b"\0\0\0\1") + attr(0x7FFF, b"x")))
    save("stun", "after-integrity", stun(1, user, fingerprint=False)[:2] + stun(1, user + prio)[2:] + attr(0x25, b""))
    save("stun", "no-trailers", stun(1, user + prio, False, False))
    save("stun", "success-v4", stun(0x101, attr(0x20, bytes.fromhex("0001a147e112a643"))))
    save("stun", "success-v6", stun(0x101, attr(0x20, bytes.fromhex("0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"))))
    save("stun", "error-420", stun(0x111, attr(9, b"\0\0\4\x14Unknown Attribute") + attr(0xA, b"\0\x1c\x7f\xff")))
    save("stun", "error-487", stun(0x111, attr(9, b"\0\0\4\x57Role Conflict")))


if __name__ == "__main__":
    seed_rtp()
    seed_stun()
