#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/bench peers at a rate that every server carries, for each one that is installed here: every packet arrives, and
each is what was sent. Only the benchmark itself installs them."""
import json, os, pathlib, shutil, subprocess, sys, traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("ROOMLINE_BUILD", "build") / "bench/bench-peers"
RATE_MPPS = 0.005
LOADS = 3


def run(server):
    done = subprocess.run([PROGRAM, "--json", "--only", server, "--rate", str(RATE_MPPS)], cwd=ROOT, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(rows) == LOADS, done.stdout + done.stderr
    for row in rows:
        assert row["case"] == server and row["bench"] == "peers" and row["n"] == 9, row
        assert row["lost_percent"] == 0, row
        assert row["verified"] >= RATE_MPPS * 1e6 * 0.25, row  # of half a second; the machine may be busy
        assert row["p50_us"] > 0 and row["cpu_us"] > 0 and row["ceiling_mpps"] > 0, row


def main():
    if not PROGRAM.exists() or os.geteuid() != 0:
        print("ok - peers # SKIP wants root, and intel-ipsec-mb")
        return
    failed = 0
    for server in ["rtpengine", "janus"]:
        if not shutil.which(server):
            print(f"ok - peers: {server} # SKIP not installed", flush=True)
            continue
        try:
            run(server)
            print(f"ok - peers: {server}", flush=True)
        except Exception:
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok - peers: {server}", flush=True)
    sys.exit(failed > 0)


main()
