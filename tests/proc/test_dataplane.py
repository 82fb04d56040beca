#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The dataplane program from outside, on kernel sockets: its control link, ICE over IPv4 and IPv6, restarts of the
controlplane, statistics, signals, idle CPU. This test is the controlplane and the peers."""
import errno, hashlib, hmac, json, os, pathlib, resource, signal, socket, stat, struct, subprocess, sys, tempfile, time
import traceback, zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("ROOMLINE_BUILD", "build") / "dataplane/roomline-dataplane"
HELLO = struct.Struct("=HHIQII64HQ")  # common/dp_proto.h
SESSION_PUT = struct.Struct("=HHIQ16s40s257s7x")
STREAM_PUT = struct.Struct("=HHBBxxQQIIIIBBB37x")
DEL = struct.Struct("=HHIQ")
ACK = struct.Struct("=HHHHiIQ")
EVENT = struct.Struct("=HHIQ16sH6x")
PUNT = struct.Struct("=HHHHQ")
(T_HELLO, T_SESSION_PUT, T_SESSION_DEL), T_ACK, T_EVENT = (1, 2, 3), 11, 12
T_STREAM_PUT, T_TAP_PUT = 5, 14
ICE, CONSENT = 1, 4


def free_ports(n):
    """n UDP ports in a row."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            first = s.getsockname()[1]
        try:
            for port in range(first, first + n):
                with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
                    s.bind(("::", port))
            return first
        except OSError:
            pass


class Program:
    def __init__(self, status=0, before=None, **settings):
        self.folder = tempfile.TemporaryDirectory()
        self.dir, self.status, self.port = pathlib.Path(self.folder.name), status, free_ports(2)
        keys = {"run_dir": self.dir / "run", "media.port": self.port, "workers.count": 2,
                "dataplane.port": "socket", "dataplane.mbufs": 4096, "dataplane.max_sessions": 100}
        keys.update({k.replace("__", "."): v for k, v in settings.items()})
        self.log = open(self.dir / "log", "w+")
        self.process = subprocess.Popen([PROGRAM] + [a for k, v in keys.items() for a in ("--set", f"{k}={v}")],
                                        stderr=self.log, preexec_fn=before)

    def __enter__(self):
        wait(lambda: (self.dir / "run/dataplane.ctl").exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.text()
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(10)
        log = self.text()
        left = [p.name for p in (self.dir / "run").glob("dataplane.*")]
        self.folder.cleanup()
        if kind:
            print("# " + log.replace("\n", "\n# "))
        assert kind or (status == self.status and not left), f"exit status {status}, left {left}"

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def telemetry(self, command):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(5)
            s.connect(str(self.dir / "run/dpdk/roomline/dpdk_telemetry.v2"))
            s.recv(4096)
            s.send(command.encode())
            return json.loads(s.recv(65536))[command.split(",")[0]]


def wait(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


class Link:
    """The controlplane's end of both sockets."""

    def __init__(self, program, epoch=7, version=3, greet=True):
        self.ctl, self.punt = (self.connect(program.dir / "run" / n) for n in ("dataplane.ctl", "dataplane.punt"))
        self.hello = HELLO.unpack(self.ctl.recv(4096))
        self.epoch = epoch
        if greet:
            self.ctl.send(HELLO.pack(T_HELLO, HELLO.size, version, 0, epoch, 0, *[0] * 64, 0))

    @staticmethod
    def connect(path):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.settimeout(5)
        s.connect(str(path))
        return s

    def receive(self, kind):
        """The next record of this type; others are passed over."""
        while True:
            record = self.ctl.recv(4096)
            assert record, "closed"
            if struct.unpack_from("=H", record)[0] == kind:
                return record

    def send_put(self, n, worker=0):
        self.ctl.send(SESSION_PUT.pack(T_SESSION_PUT, SESSION_PUT.size, worker, self.epoch << 32 | n,
                                       f"ours{n}".encode(), password(n), f"theirs{n}".encode()))

    def send_del(self, n):
        self.ctl.send(DEL.pack(T_SESSION_DEL, DEL.size, 0, self.epoch << 32 | n))

    def acked(self):
        return ACK.unpack(self.receive(T_ACK))[4]

    def ask(self, layout, kind, *fields):
        self.ctl.send(layout.pack(kind, layout.size, *fields))
        return self.acked()

    def put_session(self, n, worker=0):
        self.send_put(n, worker)
        return self.acked()

    def del_session(self, n):
        self.send_del(n)
        return self.acked()

    def put_and_del_sessions(self, n):
        """Nothing waits for an acknowledgement before the end."""
        for i in range(1, n + 1):
            self.send_put(i)
        for i in range(1, n + 1):
            self.send_del(i)
        assert not any(self.acked() for _ in range(2 * n))

    def event(self):
        _, _, bits, session, ip, port = EVENT.unpack(self.receive(T_EVENT))
        return bits, session & 0xffffffff, socket.inet_ntop(socket.AF_INET6, ip), port

    def is_closed(self):
        try:
            while self.ctl.recv(4096):
                pass
        except ConnectionError:
            pass
        return True

    def close(self):
        self.ctl.close()
        self.punt.close()


def password(n):
    return b"password-of-session-%05d" % n


class Peer:
    def __init__(self, host, port, n):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.connect((host, port))  # so that only answers from the address we asked get through
        self.n, self.port = n, self.sock.getsockname()[1]

    def check(self, key=None, timeout=2):
        """One connectivity check. None: not answered; else the mapped port."""
        key, tid = key or password(self.n), os.urandom(12)
        attr = lambda kind, value: struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
        head = lambda size: struct.pack("!HHI", 1, size, 0x2112a442) + tid
        body = attr(0x0006, f"ours{self.n}:theirs{self.n}".encode()) + attr(0x0024, b"\0\0\0\1") + attr(0x0025, b"")
        body += attr(0x0008, hmac.new(key, head(len(body) + 24) + body, hashlib.sha1).digest())
        crc = zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554e
        self.sock.send(head(len(body) + 8) + body + attr(0x8028, struct.pack("!I", crc)))
        self.sock.settimeout(timeout)
        try:
            answer = self.sock.recv(2048)
        except socket.timeout:
            return None
        assert answer[:2] == b"\1\1" and answer[8:20] == tid and answer[20:22] == b"\0\x20"
        return struct.unpack_from("!H", answer, 26)[0] ^ 0x2112


def test_ice():
    with Program() as p:
        link = Link(p)
        _, _, version, boot_id, _, workers, *rest = link.hello
        assert (version, workers, rest[:2]) == (3, 2, [p.port, p.port + 1]) and boot_id != 0 and rest[64] & 0xe == 0xe
        for n, (host, worker) in enumerate((("127.0.0.1", 0), ("::1", 0), ("127.0.0.2", 1), ("::1", 1)), 1):
            assert link.put_session(n, worker) == 0
            peer = Peer(host, p.port + worker, n)
            assert peer.check(key=b"somebody elses password", timeout=0.1) is None
            assert peer.check() == peer.port
            bits, session, ip, port = link.event()
            assert (bits, session, port) == (ICE, n, peer.port) and ip.endswith(host if ":" in host else "127.0.0.1"), ip
            peer.sock.send(b"\x16\xfe\xfd" + bytes(100))
            record = link.punt.recv(4096)
            kind, size, index, _, session = PUNT.unpack_from(record)
            assert (kind, size, session & 0xffffffff, len(record)) == (0, len(record), n, PUNT.size + 103)
            link.punt.send(PUNT.pack(0, PUNT.size + 700, index, 0, session) + bytes([22]) * 700)
            assert peer.sock.recv(2048) == bytes([22]) * 700


def test_wrong_worker_port():
    """A session asked at the other worker's port is answered too, from the port that was asked."""
    with Program() as p:
        link = Link(p)
        link.put_session(1, 0)
        peer = Peer("127.0.0.1", p.port + 1, 1)
        assert peer.check() == peer.port
        assert p.telemetry("/roomline/workers,1")["handed_over"] == 1


def test_link():
    with Program() as p:
        for name in ("dataplane.ctl", "dataplane.punt"):
            assert stat.S_IMODE((p.dir / "run" / name).stat().st_mode) == 0o600
        first = Link(p)
        assert first.put_session(1) == 0 and first.put_session(1) == 0 and first.put_session(2, 9) == -22
        peer = Peer("127.0.0.1", p.port, 1)
        assert peer.check() and first.event()[0] == ICE
        second = Link(p)  # takes the place of the first
        assert first.is_closed() and second.event()[:2] == (ICE, 1)  # and hears the state
        assert second.put_session(1) == 0 and peer.check()
        for bad in (b"x", b"\2\0\4\0", struct.pack("=HH", 99, 4), DEL.pack(T_SESSION_DEL, DEL.size + 1, 0, 1) + b"x"):
            link = Link(p)
            link.ctl.send(bad)
            assert link.is_closed()
        silent = Link(p, greet=False)
        silent.ctl.send(DEL.pack(T_SESSION_DEL, DEL.size, 0, 7 << 32 | 1))  # before HELLO
        assert silent.is_closed() and Link(p, version=1).is_closed() and peer.check()
        last = Link(p)
        assert last.del_session(1) == 0 and last.del_session(1) == 0 and peer.check(timeout=0.2) is None


def no_large_files():
    """Nor memory to share, which is one."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))


def test_no_tee():
    """Where there is no memory to share media is relayed all the same, but nothing recorded."""
    for before, error in (None, 0), (no_large_files, -errno.ENODEV):
        with Program(before=before) as p:
            link = Link(p)
            stream = 7 << 32 | 9
            assert (p.dir / "run/dataplane.tap").exists() == (error == 0)
            assert ("nothing can be recorded" in p.text()) == (error != 0)
            assert link.put_session(1) == 0 and Peer("127.0.0.1", p.port, 1).check()
            assert link.ask(STREAM_PUT, T_STREAM_PUT, 0, 1, stream, 7 << 32 | 1, 48000, 0, 5, 0, 111, 255, 0) == 0
            assert link.ask(DEL, T_TAP_PUT, 0, stream) == error


def test_controlplane_restart():
    """Sessions outlive the controlplane that made them, until their consent ends."""
    with Program(consent__timeout=1000) as p:
        link = Link(p, epoch=7)
        link.put_session(1)
        link.put_session(2)
        peer = Peer("127.0.0.1", p.port, 1)
        assert peer.check()
        link.close()
        assert peer.check()
        link = Link(p, epoch=8)
        for _ in range(12):
            time.sleep(0.2)
            assert peer.check()
        assert p.telemetry("/roomline/sessions") == [7 << 32 | 1]
        wait(lambda: p.telemetry("/roomline/sessions") == [])
        assert peer.check(timeout=0.2) is None and link.put_session(1) == 0


def test_statistics():
    with Program() as p:
        link = Link(p)
        link.put_session(5)
        peer = Peer("::1", p.port, 5)
        peer.check()
        peer.check(key=b"wrong", timeout=0.1)
        peer.sock.send(b"\xff")
        wait(lambda: p.telemetry("/roomline/drops")["DEMUX"] == 1)
        assert p.telemetry("/roomline/drops")["STUN_INTEGRITY"] == 1
        info, worker = p.telemetry("/roomline/info"), p.telemetry("/roomline/workers,0")
        assert (info["workers"], info["sessions"], info["epoch"]) == (2, 1, 7)
        assert (worker["stun_requests"], worker["stun_responses"], worker["rx_packets"]) == (2, 1, 3)
        assert set(p.telemetry("/roomline/workers")) == {"0", "1"}
        session = p.telemetry(f"/roomline/session,{7 << 32 | 5}")
        assert session["consent"] == 1 and session["remote"] == f"[::1]:{peer.port}"
        for command in ("/roomline/session,9", "/roomline/session", "/roomline/workers,2", "/roomline/drops,x"):
            p.telemetry(command)  # answered, whatever is asked


def test_idle():
    """Near 0 CPU, with sessions as well."""
    with Program() as p:
        link = Link(p)
        for n in range(1, 51):
            link.put_session(n, n % 2)
            Peer("127.0.0.1", p.port + n % 2, n).check()
        ticks = lambda: sum(int(t) for t in (pathlib.Path(f"/proc/{p.process.pid}/stat").read_text().rsplit(")")[1]
                                             .split()[11:13]))
        before = ticks()
        time.sleep(2)
        percent = (ticks() - before) / os.sysconf("SC_CLK_TCK") / 2 * 100
        print(f"# idle with 50 sessions: {percent:.1f} % CPU")
        assert percent < 5


def test_cores():
    """Each worker runs on the CPU that it is given, and nowhere else; ctl and telemetry on those that are left, if any."""
    ours = os.sched_getaffinity(0)
    for n in 1, 2:
        cpus = sorted(ours)[-n:]
        with Program(workers__count=len(cpus), workers__cores=" ".join(map(str, reversed(cpus)))) as p:
            threads = {}
            for task in pathlib.Path(f"/proc/{p.process.pid}/task").iterdir():
                threads[(task / "comm").read_text().strip()] = os.sched_getaffinity(int(task.name))
            assert [threads[f"rte-worker-{i + 1}"] for i in range(len(cpus))] == [{cpu} for cpu in reversed(cpus)], threads
            left = ours - set(cpus) or ours
            assert os.sched_getaffinity(p.process.pid) == threads["telemetry-v2"] == left, threads


def scheduling(p, workers):
    """Policy and niceness of each worker's thread, or of all others."""
    tasks = pathlib.Path(f"/proc/{p.process.pid}/task").iterdir()
    tids = [int(t.name) for t in tasks if (t / "comm").read_text().startswith("rte-worker") == workers]
    return {(os.sched_getscheduler(tid), os.getpriority(os.PRIO_PROCESS, tid)) for tid in tids}


def test_priority():
    """The workers', and one step less for ctl and telemetry."""
    ordinary = (os.SCHED_OTHER, 0)
    for priority, workers, others in (("normal", ordinary, ordinary),
                                      ("high", (os.SCHED_OTHER, -20), (os.SCHED_OTHER, -19)),
                                      ("realtime", (os.SCHED_RR, -19), (os.SCHED_OTHER, -19))):
        with Program(workers__priority=priority) as p:
            p.telemetry("/roomline/info")  # its thread is there
            wait(lambda: scheduling(p, True) == {workers if os.geteuid() == 0 else ordinary})
            assert scheduling(p, False) == {others if os.geteuid() == 0 else ordinary}


FLOOD = """
import os, socket, sys
cpu, port = map(int, sys.argv[1:])
os.sched_setaffinity(0, {cpu})
os.setpriority(os.PRIO_PROCESS, 0, -20)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.connect(("127.0.0.1", port))
    while True:
        s.send(b"\\x80" + bytes(1000))
"""


def test_control_under_load():
    """A worker takes all of one CPU, who floods it all of the other, both at nice -20: ctl is served all the same."""
    if os.geteuid() != 0:
        return
    ours = os.sched_getaffinity(0)
    cpus = sorted(ours)[-2:]
    os.sched_setaffinity(0, cpus)  # inherited
    os.setpriority(os.PRIO_PROCESS, 0, -20)  # so that waiting for a CPU ourselves is not measured
    try:
        with Program(workers__count=1, workers__cores=cpus[0], dataplane__idle="poll",
                     dataplane__max_sessions=2000) as p:
            link = Link(p)
            flood = subprocess.Popen([sys.executable, "-c", FLOOD, str(cpus[-1]), str(p.port)])
            try:
                wait(lambda: p.telemetry("/roomline/workers,0")["rx_packets"] > 10000)
                began = time.monotonic()
                for _ in range(10):
                    link.put_and_del_sessions(400)
                    assert p.telemetry("/roomline/info")["workers"] == 1
                seconds = time.monotonic() - began
                subprocess.run([ROOT / "tools/relayctl", "workers", "--run-dir", p.dir / "run"], check=True, timeout=2,
                               stdout=subprocess.DEVNULL)
            finally:
                flood.kill()
                flood.wait()
            print(f"# ten times 800 commands and a question under load: {1000 * seconds:.0f} ms")
            assert seconds < 2, seconds
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, 0)
        os.sched_setaffinity(0, ours)


def test_signals():
    with Program() as p:
        p.process.send_signal(signal.SIGHUP)
        wait(lambda: "reloaded" in p.text())
        p.process.send_signal(signal.SIGINT)
        assert p.process.wait(10) == 0
    with Program(status=-9) as p:
        run = p.dir / "run"
        p.process.kill()
        p.process.wait()
        again = subprocess.Popen([PROGRAM, "--set", f"run_dir={run}", "--set", f"media.port={p.port}",
                                  "--set", "dataplane.port=socket"], stderr=subprocess.DEVNULL)
        wait(lambda: "epoch" in str(try_hello(p)))  # the sockets left behind are taken over
        again.terminate()
        assert again.wait(10) == 0


def try_hello(p):
    try:
        return {"epoch": Link(p).hello}
    except OSError:
        return None


def test_bad_start():
    with Program() as p:
        taken = {"media.port": p.port}
        for settings, status, words in (
            ({"workers.cores": "0 1"}, 2, "workers.cores"),
            ({"workers.cores": "1023"}, 2, "CPU 1023"),
            ({"workers.cores": "0 0", "workers.count": 2}, 2, "CPU 0 twice"),
            ({"dataplane.port": "net_null0", "media.announce": "192.0.2.1", "dataplane.rx_descriptors": 16384}, 2,
             "need at least 23214"),
            ({"dataplane.port": "net_null0", "media.announce": "192.0.2.1", "dataplane.steering": "flow"}, 4,
             "device refuses the rule"),
            ({"media.port": 65535, "workers.count": 2}, 2, "media.port"),
            ({"workers.count": 64}, 2, "dataplane.mbufs"),
            ({"dataplane.port": "net_null0"}, 2, "media.announce"),
            ({"dataplane.port": "net_nonsense", "media.announce": "192.0.2.1"}, 3, "net_nonsense"),
            ({"dataplane.port": "net_af_packet0,iface=nowhere", "media.announce": "192.0.2.1"}, 4,
             "net_af_packet0 did not start"),
            ({"dataplane.port": "net_af_packet0,iface=lo,qpairs=2", "media.announce": "192.0.2.1"}, 4,
             "more queues than workers.count"),
            ({"dataplane.port": "net_memif0,role=client,socket=/tmp/no-such-memif,socket-abstract=no",
              "media.announce": "192.0.2.1"}, 4, "net_memif0: start"),
            ({"dataplane.port": "fe:1f.7", "media.announce": "192.0.2.1"}, 4, "no network device at 0000:fe:1f.7"),
            ({"dataplane.eal": "--no-such-option"}, 3, "DPDK does not start"),
            ({"dataplane.mbufs": 262144, "dataplane.eal": "-m 64"}, 4, "memory"),
            ({"run_dir": "/proc/nowhere"}, 2, "/proc/nowhere"),
            (taken, 4, "Address already in use"),
            ({"workers.count": "many"}, 2, "workers.count"),
        ):
            with tempfile.TemporaryDirectory() as folder:
                keys = {"run_dir": folder + "/run", "media.port": free_ports(1), "dataplane.port": "socket", **settings}
                done = subprocess.run([PROGRAM] + [a for k, v in keys.items() for a in ("--set", f"{k}={v}")],
                                      stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, timeout=20, text=True)
                assert done.returncode == status and words in done.stderr, (settings, done)
                assert not list(pathlib.Path(folder).glob("run/dataplane.*")), settings


def main():
    failed = 0
    for name, test in [(n, t) for n, t in globals().items() if n.startswith("test_")]:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        try:
            test()
            print(f"ok - dataplane: {name[5:]}", flush=True)
        except Exception:
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok - dataplane: {name[5:]}", flush=True)
    sys.exit(failed > 0)


main()
