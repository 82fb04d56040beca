#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed corpora of the fuzz targets in this folder: tests/fuzz/corpus/NOUN/seed-NAME.
Run by hand when a format gains a case; the results are committed."""
import binascii
import hashlib
import hmac
import pathlib
import struct
import subprocess
import tempfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
ROOT = CORPUS.parent.parent.parent


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


def rtcp(count, kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body


def seed_rtcp():
    s, m, zero = bytes.fromhex("11223344"), bytes.fromhex("aabbccdd"), bytes(4)
    info = bytes.fromhex("e600000080000000" "00010000" "00000007" "00001000")
    block = m + bytes.fromhex("40fffffe" "00011234" "00000063" "00008000" "00004000")
    sr = rtcp(1, 200, s + info + block)
    sdes = rtcp(2, 202, s + b"\1\5cname\0" + m + b"\2\1n\1\1c\0\0")
    nack = rtcp(1, 205, s + m + bytes.fromhex("fffe8003" "00640000"))
    remb = rtcp(15, 206, s + zero + b"REMB" + bytes.fromhex("020a0000") + m + s)
    save("rtcp", "sr-sdes", sr, sdes)
    save("rtcp", "rr-bye", rtcp(2, 201, s + block + block), rtcp(2, 203, s + m + b"\3bye"))
    save("rtcp", "nack", nack)
    save("rtcp", "pli-fir-remb", rtcp(0, 201, s), rtcp(1, 206, s + m), rtcp(4, 206, s + zero + m + b"\x09\0\0\0"), remb)
    save("rtcp", "xr-app", rtcp(0, 207, s + bytes(8)), rtcp(3, 204, s + b"NAME"), rtcp(0, 201, s))
    save("rtcp", "padded", rtcp(0, 201, s), b"\xa1" + rtcp(1, 206, s + m + b"\0\0\0\4")[1:])
    for name, body in {
        "run": "fffa0005 00000507 2005 0000010001 00",
        "one-bit": "fffa0010 00000507 a801 0002 000000 00",
        "two-bit": "fffa0003 00000507 d600 00ff0100 0000",
        "negative": "fffa0002 00000507 d800 04fffc 000000",
        "mixed": "00010020 ffffff08 d6c0 0012 c800 0064 9c40 0001 02ff",
        "huge-lost": "0000ffff 00000007" + "1fff" * 8 + "0007 0000",
        "zero-runs": "00010002 00000507 2000 4000 2002 0102",
    }.items():
        save("rtcp", f"twcc-{name}", rtcp(15, 205, s + m + bytes.fromhex(body)))


def seed_codec():
    codecs = {"opus": 1, "h264": 4, "vp8": 5, "vp9": 6, "av1": 7}  # enum codec
    for name, body in {
        "opus": "78 0102",
        "vp8-key": "90 80 9234 5042009d012a4001f000",
        "vp8-all": "90 f0 9234 07 20 5042009d012a",
        "vp8-delta": "90 80 9235 3105000500",
        "vp9-key-ss": "8a 8123 18 0140 00f0 824983",
        "vp9-layers": "aa 8123 00 05 18",
        "vp9-inter": "c8 8124 86",
        "h264-stap": "78 0005 6742e01f8c 0004 68ce3c80 0004 65b80004",
        "h264-fu": "7c 85 b80004",
        "h264-slice": "41 9a246c",
        "av1-w2": "28 0b 080000004 2a7bfe4600d00 3010",
        "av1-w0": "08 8b00 0800",
    }.items():
        save("codec", name, bytes([codecs[name.split("-")[0]]]), bytes.fromhex(body.replace(" ", "")))


def compiled(source):
    """The words of each line that a program prints."""
    with tempfile.TemporaryDirectory() as folder:
        exe = f"{folder}/layout"
        subprocess.run(["cc", f"-I{ROOT}", "-x", "c", "-", "-o", exe], input=source, text=True, check=True)
        return [line.split() for line in subprocess.check_output(exe, text=True).splitlines()]


def dp_sizes():
    """Name, type and size of each message of the control link, as the compiler of this machine has them."""
    source = """
        #include <stdio.h>
        #include "common/dp_proto.h"
        int main(void)
        {
        #define X(id, type) printf("%s %d %zu\\n", #id, DP_##id, sizeof(type));
            DP_MSG_LIST(X)
            printf("PUNT 0 %zu\\n", offsetof(struct dp_punt, bytes));
        }"""
    for name, kind, size in compiled(source):
        yield name.lower(), int(kind), int(size)


def seed_tap():
    """Operations of fuzz_tap.c."""
    write = lambda n: struct.pack("=BH", 0, n)
    poke = lambda at, data: struct.pack("=BHB", 1, at // 8, len(data)) + data
    head, tail = (lambda n: struct.pack("=BQ", 2, n)), (lambda n: struct.pack("=BQ", 3, n))
    read, anew, page, ring = (lambda n: struct.pack("=BB", 4, n)), b"\5", 4096, 65536
    record = lambda size, body, kind: struct.pack("=IHH", size, body, kind)
    save("tap", "round", *[write(1200) + read(0) for _ in range(60)])
    save("tap", "batches", *[write(n * 37 % 2049) + (read(60) if n % 16 == 15 else b"") for n in range(200)])
    save("tap", "full", *[write(2048) for _ in range(33)], read(255), write(2048), read(255))
    save("tap", "another-reader", write(100), anew, write(100), read(0))
    save("tap", "wild-head", head(2**64 - 8), read(0), head(ring + 8), read(0), head(4), read(0))
    save("tap", "odd-head", head(ring - 4), read(0), head(ring), read(0))
    save("tap", "head-goes-back", head(2**64 - 8), read(0), write(9), read(0))
    save("tap", "wild-tail", tail(8), write(9), tail(2**64 - 1), write(9), *[write(2048) for _ in range(32)], tail(1), write(8))
    for name, ill in (("zero", record(0, 0, 1)), ("endless", record(2**32 - 8, 8, 1)), ("body", record(48, 400, 1)),
                      ("type", record(40, 8, 99)), ("pad", record(8, 0, 0)), ("pad-to-end", record(ring, 0, 0)),
                      ("odd", record(41, 9, 1)), ("long", record(2088, 2056, 1))):
        save("tap", f"ill-{name}", write(8), poke(page, ill), read(0), write(8), read(0))
        save("tap", f"ill-{name}-full", head(ring), poke(page, ill), read(255), read(255))


def rec_layout():
    """Sizes of the records of the recorder's link, and where their texts lie."""
    source = """
        #include <stdio.h>
        #include "common/rec_proto.h"
        int main(void)
        {
        #define X(id, type) printf("%s %d %zu %d %d\\n", #id, REC_##id, sizeof(type), 0, 0);
            REC_MSG_LIST(X)
        #define AT(id, type, field, kind) printf("%s %d %zu %zu %d\\n", #id, REC_##id, sizeof(struct type), offsetof(struct type, field), kind);
            AT(ROOM_PUT, rec_room_put, file, 1)
            AT(TAKE_PUT, rec_take_put, file, 1)
            AT(TAKE_PUT, rec_take_put, sources, 2)
            AT(TAKE_END, rec_take_end, file, 1)
            AT(STATE, rec_state, file, 1)
        }"""
    return compiled(source)


def seed_rec_proto():
    for name, kind, size, at, what in rec_layout():
        body = bytearray(struct.pack("=HH", int(kind), int(size)) + bytes(int(size) - 4))
        values = {"0": b"", "1": "Комната 1.mp4".encode(), "2": struct.pack("=QIBBBx", 5, 48000, 1, 111, 2)}
        body[int(at):int(at) + len(values[what])] = values[what]
        save("rec_proto", name.lower() + (f"-{what}" if what != "0" else ""), bytes(body))


def seed_dp_proto():
    for name, kind, size in dp_sizes():
        size += 64 if name == "punt" else 0
        save("dp_proto", name, struct.pack("=HH", kind, size), bytes(range(256)) * 12)
        path = CORPUS / "dp_proto" / f"seed-{name}"
        path.write_bytes(path.read_bytes()[:size])


if __name__ == "__main__":
    seed_codec()
    seed_dp_proto()
    seed_rec_proto()
    seed_rtcp()
    seed_rtp()
    seed_stun()
    seed_tap()
