#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The packet path costs no more instructions than it did: counted, not timed, so that no neighbour can disturb it. When a
change is worth its price, save the new count: tools/bench instructions --json >bench/instructions.json"""
import json, os, pathlib, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNT = ROOT / os.environ.get("ROOMLINE_BUILD", "build") / "bench/bench-instructions"
SAVED = ROOT / "bench/instructions.json"
TOLERANCE = "5"


def compare(saved, new):
    run = subprocess.run([ROOT / "bench/compare", saved, "-", "--tolerance", TOLERANCE], input=new, text=True,
                         stdout=subprocess.PIPE)
    return run.returncode, run.stdout


def report(ok, what, text):
    print("".join(f"# {line}\n" for line in text.splitlines()), end="")
    print(f"{'ok' if ok else 'not ok'} - instructions: {what}", flush=True)
    return ok


def main():
    if not COUNT.exists():
        print("ok - instructions # SKIP built without intel-ipsec-mb")
        return 0
    new = subprocess.run([COUNT, "--json"], text=True, stdout=subprocess.PIPE, check=True).stdout
    status, text = compare(SAVED, new)
    ok = report(status == 0, "no more than saved", text)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as lower:  # the comparison can fail
        for line in new.splitlines():
            row = json.loads(line)
            lower.write(json.dumps(row | {"instructions": row["instructions"] * 0.9}) + "\n")
        lower.flush()
        status, text = compare(lower.name, new)
    ok &= report(status == 1 and text.count("WORSE") == len(new.splitlines()), "a tenth more is noticed", "")
    return 0 if ok else 1


sys.exit(main())
