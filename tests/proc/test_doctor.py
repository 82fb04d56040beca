#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/doctor on this machine, and on machines that are folders: one in order, and the same with one thing wrong."""
import json, os, pathlib, socket, subprocess, sys, tempfile, traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCTOR = ROOT / "tools/doctor"
CPU, NODE, NIC = "sys/devices/system/cpu/", "sys/devices/system/node/", "sys/bus/pci/devices/0000:3b:00.0/"
PAGES = "/hugepages/hugepages-2048kB/free_hugepages"

# Two nodes of two CPUs, each CPU a core; a NIC of DPDK's on node 1, an interface of the kernel's with two queues.
MACHINE = {
    "proc/sys/kernel/osrelease": "6.1.0-56-amd64", "proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   8000000 kB\n",
    "proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
                      "eth1\t00000000\t0\t3\t0\t0\t50\t00000000\neth0\t00000000\t0\t3\t0\t0\t10\t00000000\n",
    "proc/sys/net/ipv4/conf/lo/accept_local": "0", "proc/sys/net/ipv4/conf/lo/route_localnet": "0",
    "proc/sys/net/core/rmem_max": "212992", "proc/irq/9/effective_affinity_list": "0-1",
    "sys/class/net/eth0/mtu": "1500", "sys/class/net/eth0/queues/rx-0/x": "", "sys/class/net/eth0/queues/rx-1/x": "",
    "sys/class/net/eth0/device/numa_node": "0", "sys/class/iommu/dmar0/x": "",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
    CPU + "online": "0-3", CPU + "isolated": "2-3", CPU + "nohz_full": "2-3",
    NODE + "node0" + PAGES: "0", NODE + "node1" + PAGES: "1024", NODE + "node1/cpulist": "2-3", NIC + "numa_node": "1",
    **{f"{CPU}cpu{i}/cpufreq/scaling_governor": "performance" for i in range(4)},
    **{f"{CPU}cpu{i}/topology/thread_siblings_list": str(i) for i in range(4)},
    **{f"{CPU}cpu{i}/node{i // 2}/x": "" for i in range(4)},
}
PLAIN = ["dataplane.port=auto", "media.port=39001", "ws.port=0", "wss.port=0"]
BARE = ["dataplane.port=0000:3b:00.0", "dataplane.idle=poll", "workers.count=2", "workers.cores=2 3", "ws.port=0",
        "wss.port=0", "media.announce=192.0.2.1"]


def run(*arguments, root=None, prefix=()):
    done = subprocess.run([*prefix, DOCTOR, "--json", *(["--root", root] if root else []), *arguments],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode in (0, 1) and not done.stderr, done
    findings = json.loads(done.stdout)
    assert all(set(f) == {"check", "ok", "found", "do"} and f["ok"] == (f["do"] is None) for f in findings), findings
    assert done.returncode == any(not f["ok"] for f in findings)
    return {f["check"]: f for f in findings if not f["ok"]}


def machine(folder, changes={}):
    for path, text in {**MACHINE, **changes}.items():
        if text is not None:
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    driver = pathlib.Path(folder) / NIC / "driver"
    if driver.parent.exists() and not driver.exists():
        target = pathlib.Path(folder) / "sys/bus/pci/drivers/vfio-pci"
        target.mkdir(parents=True)
        driver.symlink_to(target)


def sets(settings):
    return [word for setting in settings for word in ("--set", setting)]


def test_one_thing_wrong():
    for settings, changes, name, says in (
        (PLAIN, {}, None, None),
        (BARE, {}, None, None),
        (PLAIN, {"proc/sys/kernel/osrelease": "5.10.0"}, "kernel", "Linux 5.18"),
        (PLAIN + ["dataplane.port=socket"], {"proc/sys/kernel/osrelease": "5.10.0"}, None, None),
        (PLAIN, {"proc/net/route": "Iface\n"}, "interface", "dataplane.interfaces"),
        (PLAIN, {"sys/class/net/eth0/mtu": "9001"}, "interface", "lower the MTU"),
        (PLAIN + ["dataplane.interfaces=eth7"], {}, "interface", "correct dataplane.interfaces"),
        (PLAIN + ["workers.count=3"], {}, "queues", "ethtool -L eth0 combined 3"),
        (PLAIN, {"proc/meminfo": "MemAvailable: 100000 kB"}, "memory", "lower dataplane.mbufs"),
        (PLAIN, {CPU + "cpu1/cpufreq/scaling_governor": "powersave"}, "governor", "cpupower"),
        (PLAIN, {"sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet"}, "clock", "system call"),
        (PLAIN + ["dataplane.idle=poll"], {}, "worker CPUs", "name them in workers.cores"),
        (BARE, {NODE + "node1" + PAGES: "10"}, "hugepages", "--node 1 --reserve"),
        (BARE, {NIC + "numa_node": "0"}, "NUMA", "workers.cores of node 0"),
        (BARE, {NIC + "driver/x": ""}, "NIC", "--bind vfio-pci 0000:3b:00.0"),
        (BARE, {"sys/class/iommu/dmar0/x": None}, "NIC", "intel_iommu=on"),
        (BARE, {NIC + "numa_node": None}, "NIC", "dpdk-devbind.py --status"),
        (BARE, {CPU + "isolated": "3"}, "isolation", "isolcpus=2,3"),
        (BARE, {CPU + "nohz_full": ""}, "isolation", "nohz_full=2,3"),
        (BARE, {"proc/irq/9/effective_affinity_list": "3"}, "interrupts", "smp_affinity_list"),
        (BARE, {"sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never"}, "transparent hugepages",
         "madvise"),
        (BARE, {CPU + "online": "0-2"}, "worker CPUs", "correct workers.cores"),
        (BARE, {f"{CPU}cpu{i}/topology/thread_siblings_list": "2-3" for i in (2, 3)}, "worker CPUs", "half of it"),
        (BARE + ["workers.cores=2"], {}, "worker CPUs", "workers.count=2"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            machine(folder, changes)
            warnings = run(*sets(settings), root=folder)
            warnings.pop("permissions", None)  # of whoever runs the tests
            warnings.pop("locked memory", None)
            warnings.pop("XDP program", None)
            warnings.pop("receive buffer", None)
            assert set(warnings) == ({name} if name else set()), (settings, changes, warnings)
            assert not name or says in warnings[name]["do"], warnings


def test_this_machine():
    """Whatever it is: the answer is in form, twice the same, and a port in use is found."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        taken.bind(("::", 0))
        settings = sets(["ws.port=0", "wss.port=0", f"media.port={taken.getsockname()[1]}"])
        warnings = run(*settings)
        assert "ss -lntup" in warnings["ports"]["do"] and warnings == run(*settings)
    assert "ports" not in run(*settings)
    lines = subprocess.run([DOCTOR, *settings], capture_output=True, text=True, timeout=20).stdout.splitlines()
    assert lines and all(line.startswith(("OK    ", "WARN  ", "      ")) for line in lines), lines


def test_ordinary_user():
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if os.geteuid() != 0 or subprocess.run([*nobody, "test", "-r", DOCTOR]).returncode != 0:
        print("ok - doctor: ordinary_user # SKIP not root, or the tree is not readable by others")
        return
    warnings = run("--set", "dataplane.port=xdp", prefix=nobody)
    assert "CAP_NET_RAW" in warnings["permissions"]["found"], warnings
    assert "permissions" not in run("--set", "dataplane.port=socket", prefix=nobody)


def test_wrong_usage():
    for arguments, says in ((["--set", "no.such=1"], "no such key"), (["--conf", "/nowhere"], "/nowhere"), (["x"], "x")):
        done = subprocess.run([DOCTOR, *arguments], capture_output=True, text=True, timeout=20)
        assert done.returncode == 2 and says in done.stderr, done


def main():
    failed = 0
    for name, test in [(n, t) for n, t in globals().items() if n.startswith("test_")]:
        try:
            test()
            print(f"ok - doctor: {name[5:]}", flush=True)
        except Exception:
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok - doctor: {name[5:]}", flush=True)
    sys.exit(failed > 0)


main()
