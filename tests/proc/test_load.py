#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/bench load at a rate that any machine carries: every packet arrives, and each is what was sent."""
import json, os, pathlib, subprocess, sys, traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("ROOMLINE_BUILD", "build") / "bench/bench-load"
ROOMS, PEOPLE, RATE_MPPS = 3, 4, 0.0015  # a worker that waits for its CPU shall not take it for overload


def run(over, profile):
    command = [PROGRAM, "--json", "--over", over, "--profile", profile, "--size", "1200", "--rooms", str(ROOMS),
               "--people", str(PEOPLE), "--rate", str(RATE_MPPS), "--verify", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    row = json.loads(done.stdout)
    assert row["bench"] == "load" and row["n"] == PEOPLE - 1 and row["keys"] == ROOMS * PEOPLE, row
    assert row["lost_percent"] == 0 and row["corrupt"] == 0, row
    assert row["verified"] >= RATE_MPPS * 1e6 * 0.5, row  # each that counts; the machine may be busy
    assert row["p50_us"] > 0 and row["ceiling_mpps"] > 0, row


def test_memif():
    run("memif", "GCM")


def test_sockets():
    run("sockets", "CM")


def main():
    if not PROGRAM.exists() or os.geteuid() != 0:
        print("ok - load # SKIP wants root, and intel-ipsec-mb")
        return
    failed = 0
    for name, test in [(n, t) for n, t in globals().items() if n.startswith("test_")]:
        try:
            test()
            print(f"ok - load: {name[5:]}", flush=True)
        except Exception:
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok - load: {name[5:]}", flush=True)
    sys.exit(failed > 0)


main()
