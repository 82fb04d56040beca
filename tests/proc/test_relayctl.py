#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/relayctl against a dataplane program: what it prints, as tables and as JSON, and what it says when it cannot."""
import json, os, pathlib, signal, socket, struct, subprocess, sys, tempfile, time, traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("ROOMLINE_BUILD", "build") / "dataplane/roomline-dataplane"
RELAYCTL = ROOT / "tools/relayctl"
HELLO = struct.Struct("=HHIQII64HQ")  # common/dp_proto.h
SESSION_PUT = struct.Struct("=HHIQ16s40s257s7x")
ACK, EPOCH, SESSIONS = 11, 7, 3


def free_port():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind(("::", 0))
        return s.getsockname()[1]


class Relay:
    """A dataplane with sessions, and a configuration file that names its folder."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir, self.port = pathlib.Path(self.folder.name), free_port()
        self.conf = self.dir / "conf"
        self.conf.write_text(f"# a comment\nrun_dir = {self.dir}/run\nmedia.port = {self.port}\n"
                             "dataplane.port = socket\n")
        self.process = subprocess.Popen([PROGRAM, "--conf", self.conf], stderr=open(self.dir / "log", "w"))
        self.ctl = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        until = time.monotonic() + 10
        while self.ctl.connect_ex(str(self.dir / "run/dataplane.ctl")) != 0:  # bound, it may not listen yet
            assert time.monotonic() < until and self.process.poll() is None, (self.dir / "log").read_text()
            time.sleep(0.02)
        self.ctl.recv(4096)
        self.ctl.send(HELLO.pack(1, HELLO.size, 3, 0, EPOCH, 0, *[0] * 64, 0))
        for n in range(1, SESSIONS + 1):
            self.ctl.send(SESSION_PUT.pack(2, SESSION_PUT.size, 0, EPOCH << 32 | n, f"ours{n}".encode(),
                                           b"password-of-session-%05d" % n, b"theirs"))
            while struct.unpack_from("=H", self.ctl.recv(4096))[0] != ACK:
                pass
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait(10)
        self.ctl.close()
        self.folder.cleanup()

    def send_bad(self, n):
        """n datagrams that are dropped: their first byte is of no protocol."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for _ in range(n):
                s.sendto(b"\xff", ("127.0.0.1", self.port))

    def ask(self, *arguments, status=0):
        return ask(*arguments, "--conf", self.conf, status=status)


def ask(*arguments, status=0):
    done = subprocess.run([RELAYCTL, *map(str, arguments)], capture_output=True, text=True, timeout=20)
    assert done.returncode == status, (arguments, done)
    assert "Traceback" not in done.stderr and bool(done.stderr) == (status != 0), done
    return done.stdout if status == 0 else done.stderr


def cells(text):
    return [line.split() for line in text.splitlines()]


def wait_for(what):
    until = time.monotonic() + 5
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_tables():
    with Relay() as r:
        info = dict(line[:2] for line in cells(r.ask("info"))[1:])
        assert (info["workers"], info["sessions"], info["epoch"]) == ("1", str(SESSIONS), str(EPOCH)), info
        assert r.ask("drops") == "nothing dropped\n"
        r.send_bad(4)
        wait_for(lambda: json.loads(r.ask("drops", "--json"))["DEMUX"] == 4)
        assert cells(r.ask("drops")) == [["reason", "packets"], ["DEMUX", "4"]]
        assert cells(r.ask("drops", 0)) == cells(r.ask("drops"))
        assert ["AUTH", "0"] in cells(r.ask("drops", "--all"))
        heading, worker = r.ask("workers").splitlines()
        assert heading.startswith("worker") and worker.split()[:3] == ["0", str(SESSIONS), "4"]
        assert len({len(line) for line in (heading, worker)}) == 1, "columns do not line up"
        assert ["rx_packets", "4"] in cells(r.ask("workers", 0))
        lines = cells(r.ask("sessions"))
        assert len(lines) == 1 + SESSIONS and lines[1][0] == hex(EPOCH << 32 | 1)
        for number in (EPOCH << 32 | 2, hex(EPOCH << 32 | 2)):
            assert ["worker", "0"] in cells(r.ask("session", number))


def test_json():
    with Relay() as r:
        assert json.loads(r.ask("info", "--json"))["sessions"] == SESSIONS
        assert json.loads(r.ask("workers", "--json"))["0"]["sessions"] == SESSIONS
        assert set(json.loads(r.ask("sessions", "--json"))) == {str(EPOCH << 32 | n) for n in (1, 2, 3)}
        assert json.loads(r.ask("session", EPOCH << 32 | 1, "--json"))["id"] == EPOCH << 32 | 1


def test_ports():
    """What a full receive buffer turned away, which no worker has seen."""
    with Relay() as r:
        assert cells(r.ask("ports"))[1] == ["socket", "-", "-", "0", "-", "-", "-"]
        r.process.send_signal(signal.SIGSTOP)
        r.send_bad(30000)
        r.process.send_signal(signal.SIGCONT)
        wait_for(lambda: json.loads(r.ask("drops", "--json"))["DEMUX"] +
                 json.loads(r.ask("ports", "--json"))["socket"]["rx_missed"] == 30000)
        assert json.loads(r.ask("ports", "--json"))["socket"]["rx_missed"] > 0


def test_cores():
    """What came in the second it looks at, what became of it, and where the time went."""
    with Relay() as r:
        r.send_bad(1000)  # before: not counted
        wait_for(lambda: json.loads(r.ask("drops", "--json"))["DEMUX"] == 1000)
        looks = subprocess.Popen([RELAYCTL, "cores", "0", "--json", "--conf", r.conf], stdout=subprocess.PIPE, text=True)
        while looks.poll() is None:
            r.send_bad(1)
            time.sleep(0.005)
        core = json.loads(looks.communicate()[0])["0"]
        sent = json.loads(r.ask("drops", "--json"))["DEMUX"] - 1000
        assert core["queues"] == ["socket:0"] and core["cpus"] and core["sessions"] == SESSIONS, core
        assert 0 < core["rx_pps"] <= sent and core["tx_pps"] == 0, (sent, core)
        assert abs(core["drops_pps"] - core["rx_pps"]) < 5, core  # they are not read at one instant
        stages = core["stages"]
        assert stages["PARSE"]["percent"] > 0 and stages["PROTECT"]["percent"] == 0, stages
        assert 0 < core["busy_percent"] < 100 and core["asleep_percent"] > 0
        assert abs(core["busy_percent"] - sum(s["percent"] for n, s in stages.items() if n != "POLL")) < 1e-6
        assert 1 <= core["burst_mean"] <= 64 and core["cycles_per_tx"] is None and core["cycles_per_rx"] > 0
        turns = core["times_us"]["turns"]
        assert 0 < turns["n"] <= sent + 1000 and 0 < turns["p50"] <= turns["p99"] <= turns["p99.9"] <= turns["max"], turns
        assert core["times_us"]["audio"] == {"n": 0}
        lines = cells(r.ask("cores", 0))
        assert lines[0][:3] == ["worker", "cpu", "queues"] and "socket:0" in lines[1]
        assert {"poll", "forward", "asleep", "33-64"} <= {line[0] for line in lines if line}, lines
        watch = subprocess.Popen([RELAYCTL, "cores", "--watch", "0.1", "--conf", r.conf], stdout=subprocess.PIPE, text=True)
        headings = 0
        while headings < 3:
            headings += watch.stdout.readline().startswith("worker  cpu")
        watch.terminate()
        watch.communicate()


def test_watch():
    """Each interval a table with rates, until the dataplane ends."""
    with Relay() as r:
        watch = subprocess.Popen([RELAYCTL, "drops", "--watch", "0.2", "--conf", r.conf], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        lines = []
        until = time.monotonic() + 10
        while not (lines and lines[-1][0] == "DEMUX" and float(lines[-1][2]) > 0):
            assert time.monotonic() < until, lines
            r.send_bad(10)
            lines.append(watch.stdout.readline().split())
        assert ["reason", "packets", "per", "s"] in lines
        r.process.terminate()
        _, said = watch.communicate(timeout=10)
        assert watch.returncode == 1 and "relayctl: the dataplane" in said, said


def test_errors():
    with Relay() as r:
        for arguments, status, words in (
            (("session", 9), 1, "no session 9"),
            (("workers", 1), 1, "no worker 1"),
            (("drops", 1), 1, "no worker 1"),
            (("cores", 1), 1, "no worker 1"),
            (("session",), 2, "ID"),
            (("session", "x"), 2, "'x'"),
            (("drops", "-1"), 2, "-1"),
            (("info", "--watch", "0"), 2, "--watch"),
            (("fly",), 2, "fly"),
        ):
            assert words in r.ask(*arguments, status=status), arguments
        run = r.dir / "run"
        assert "sessions" in ask("info", "--run-dir", run)
        r.process.kill()  # leaves its sockets behind
        r.process.wait()
        assert f"no dataplane runs with run_dir {run}" in ask("info", "--run-dir", run, status=1)
    assert "no dataplane runs" in ask("info", "--run-dir", "/nowhere", status=1)
    assert "/nowhere: No such file" in ask("info", "--conf", "/nowhere", status=1)


def main():
    failed = 0
    for name, test in [(n, t) for n, t in globals().items() if n.startswith("test_")]:
        try:
            test()
            print(f"ok - relayctl: {name[5:]}", flush=True)
        except Exception:
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok - relayctl: {name[5:]}", flush=True)
    sys.exit(failed > 0)


main()
