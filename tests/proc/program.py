# SPDX-License-Identifier: MIT
"""The controlplane program as its tests start it, with what they have instead of a dataplane: a socket that says HELLO and
listens."""
import http.client, json, os, pathlib, socket, ssl, struct, subprocess, sys, tempfile, threading, time, traceback

from wsclient import WebSocket

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("ROOMLINE_BUILD", "build") / "controlplane/roomline-controlplane"
HELLO = struct.Struct("=HHIQII64HQ")  # struct dp_hello (common/dp_proto.h)
LOAD = struct.Struct("=HHI" + 64 * "4I2Q" + "II64I")  # struct dp_load
T_LOAD, LOAD_S = 13, 0.2


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Dataplane:
    """Both sockets of a dataplane: accepts, says HELLO, takes whatever comes, and tells its load unless it is silent."""

    def __init__(self, run_dir, boot_id):
        self.boot_id, self.records, self.connections, self.listeners = boot_id, [], [], []
        self.silent, self.busy_permille = threading.Event(), 0
        for name in ("dataplane.ctl", "dataplane.punt"):
            path = run_dir / name
            path.unlink(missing_ok=True)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.bind(str(path))
            s.listen()
            self.listeners.append(s)
            threading.Thread(target=self.accept, args=(s, name.endswith("ctl")), daemon=True).start()

    def accept(self, listener, ctl):
        try:
            while True:
                s, _ = listener.accept()
                self.connections.append(s)
                if ctl:
                    ports = [31001, 31002] + [0] * 62
                    s.send(HELLO.pack(1, HELLO.size, 3, self.boot_id, 0, 2, *ports, 0x0e))
                    threading.Thread(target=self.read, args=(s,), daemon=True).start()
                    threading.Thread(target=self.tell_load, args=(s,), daemon=True).start()
        except OSError:
            pass

    def read(self, s):
        try:
            while record := s.recv(4096):
                self.records.append(struct.unpack_from("=H", record)[0])
        except OSError:
            pass  # closed by close()

    def tell_load(self, s):
        try:
            while True:
                if not self.silent.is_set():
                    workers = [self.busy_permille, 0, 0, 0, 7, 0] * 2 + [0] * 372
                    s.send(LOAD.pack(T_LOAD, LOAD.size, 2, *workers, 0, 0, *[0] * 64))
                time.sleep(LOAD_S)
        except OSError:
            pass

    def close(self):
        for s in self.listeners + self.connections:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


class Program:
    def __init__(self, dataplane=True, conf="", program=None, **settings):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.folder.name)
        (self.dir / "conf").write_text(conf)
        (self.dir / "run").mkdir()
        self.port, self.tls_port = free_port(), free_port()
        self.dataplane = Dataplane(self.dir / "run", 1) if dataplane else None
        keys = {"run_dir": self.dir / "run", "state_dir": self.dir / "state", "ws.port": self.port,
                "wss.port": self.tls_port, "www.dir": ROOT / "controlplane/www", "media.announce": "192.0.2.1"}
        keys.update({k.replace("__", "."): v for k, v in settings.items()})
        self.log = open(self.dir / "log", "w+")
        self.process = subprocess.Popen([program or PROGRAM, "--conf", self.dir / "conf"] +
                                        [a for k, v in keys.items() for a in ("--set", f"{k}={v}")],
                                        stderr=self.log, cwd=self.dir)

    def __enter__(self):
        self.wait(lambda: self.health()["dataplane"] == ("up" if self.dataplane else "down"))
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(10)
        if self.dataplane:
            self.dataplane.close()
        self.log.seek(0)
        log = self.log.read()
        self.folder.cleanup()
        if kind:
            print("# " + log.replace("\n", "\n# "))
        assert kind or status == 0, f"exit status {status}"

    def wait(self, condition):
        until = time.monotonic() + 10
        while True:
            try:
                if condition():
                    return
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < until and self.process.poll() is None, "waited in vain"
            time.sleep(0.02)

    def get(self, path, method="GET", tls=False, headers={}):
        kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
        extra = {"context": ssl._create_unverified_context()} if tls else {}
        c = kind("127.0.0.1", self.tls_port if tls else self.port, timeout=5, **extra)
        c.request(method, path, headers=headers)
        r = c.getresponse()
        body = r.read()
        c.close()
        return r.status, {k.lower(): v for k, v in r.getheaders()}, body

    def health(self):
        return json.loads(self.get("/healthz")[2])

    def socket(self, **options):
        return WebSocket(self.tls_port if options.get("tls") else self.port, **options)


def main(name, tests):
    """Runs those of tests, a module's globals(), that are called test_..., or those the command line names."""
    failed = 0
    for function, test in [(n, t) for n, t in tests.items() if n.startswith("test_")]:
        if len(sys.argv) > 1 and function not in sys.argv[1:]:
            continue
        try:
            test()
            print(f"ok - {name}: {function[5:]}", flush=True)
        except Exception:
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok - {name}: {function[5:]}", flush=True)
    sys.exit(failed > 0)
