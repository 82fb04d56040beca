#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""roomline-mixer and the scripts around it: what they print, what they leave, and how they end."""
import http.server, json, os, pathlib, signal, subprocess, sys, tempfile, threading, traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIXER = ROOT / os.environ.get("ROOMLINE_BUILD", "build") / "recorder/mix/roomline-mixer"
TOOL = ROOT / "tools/offline_mixer_tool.sh"
HOOK = ROOT / "tools/on_multiple_record_hook.sh"
SMALL = {"mixerVideoWidth": 320, "mixerVideoHeight": 180}


def make_room(path, seconds=2):
    """Bob for all of it, Eve without sound and only for its second half."""
    half = str(seconds / 2)
    tags = []
    for stream, who, start in ((0, "Bob", 0), (1, "Bob", 0), (2, "Eve", int(seconds * 500))):
        for key, value in (("STREAM_NAME", f"room-{who}"), ("LOGIN", who), ("MEDIA_SESSION_ID", f"id-{who}"),
                           ("START_MS", start), ("END_MS", int(seconds * 1000))):
            tags += [f"-metadata:s:{stream}", f"{key}={value}"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc=s=320x240:r=25:d={seconds}",
                    "-f", "lavfi", "-i", f"sine=d={seconds}:r=8000", "-itsoffset", half,
                    "-f", "lavfi", "-i", f"testsrc=s=160x120:r=25:d={half}", "-map", "0", "-map", "1", "-map", "2",
                    "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-c:a", "pcm_mulaw",
                    "-metadata", "title=a room", "-metadata", "DATE_RECORDED=2026-11-25T12:00:00Z", *tags,
                    "-f", "matroska", f"file:{path}"], check=True)


def run(*command, status=0, **environment):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          env={**os.environ, **{k: str(v) for k, v in environment.items()}})
    assert done.returncode == status, f"{command}: {done.returncode} {done.stdout} {done.stderr}"
    return done


def conf(folder, **keys):
    path = folder / "mixer.json"
    path.write_text(json.dumps({**SMALL, **keys}))
    return path


class Callback(http.server.ThreadingHTTPServer):
    """Takes POSTs and keeps their JSON."""

    def __init__(self):
        self.bodies = []
        super().__init__(("127.0.0.1", 0), Callback.Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/done?x[1]={{a}}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.headers["Content-Type"] == "application/json"
            self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass


def test_exit_statuses(folder):
    make_room(folder / "room.mkv", 0.4)
    good = conf(folder)
    (folder / "junk").write_text("junk")
    (folder / "wrong.json").write_text('{"mixerVideoFps": "fast"}')
    run(MIXER, status=2)
    run(MIXER, "--nonsense", folder / "room.mkv", status=2)
    assert "No such file" in run(MIXER, folder / "none", status=64).stderr
    assert "No such file" in run(MIXER, "--conf", folder / "none", folder / "room.mkv", status=65).stderr
    assert "mixerVideoFps: expected a number 1..60" in run(MIXER, "--conf", folder / "wrong.json", folder / "room.mkv",
                                                           status=65).stderr
    assert "Invalid data" in run(MIXER, folder / "junk", status=1).stderr
    run(TOOL, folder / "none", "0", "0", "u", status=64, ROOMLINE_MIXER_CONF=good)
    run(TOOL, folder / "room.mkv", "0", "0", "u", status=65, ROOMLINE_MIXER_CONF=folder / "none")
    run(TOOL, folder / "room.mkv", status=2)
    assert sorted(p.name for p in folder.iterdir()) == ["junk", "mixer.json", "room.mkv", "wrong.json"]


def test_help_names_every_key(folder):
    text = run(MIXER, "--help").stdout
    for key in json.loads((ROOT / "conf/offline_mixer.json").read_text()):
        assert key in text, key
    assert run(MIXER, "--version").stdout.startswith("roomline ")


def test_tracks_info(folder):
    make_room(folder / "room.mkv")
    bob, sound, eve = json.loads(run(TOOL, "--show-tracks-info", folder / "room.mkv").stdout)
    assert bob == {"durationInMS": "2000", "trackType": "VIDEO", "trackId": "0", "timescale": "1000",
                   "trackEdits": [{"startInMs": "0", "endInMs": "2000", "type": "media"}], "streamName": "room-Bob",
                   "mediaSessionId": "id-Bob", "trackCodec": "avc1", "width": "320", "height": "240"}, bob
    assert (sound["trackType"], sound["trackCodec"], sound["channels"], sound["sampleRate"]) == (
        "AUDIO", "pcm_mulaw", "1", "8000"), sound
    assert eve["trackEdits"] == [{"startInMs": "0", "endInMs": "1000", "type": "pause"},
                                 {"startInMs": "1000", "endInMs": "2000", "type": "media"}], eve
    assert not (folder / "room-mixed.mp4").exists()


def test_hook_mixes_logs_and_calls_back(folder):
    records, callback = folder / "records", Callback()
    records.mkdir()
    room = records / "-it's \"a\" $(touch x)\nroom;.mkv"
    make_room(room)
    uri = "multi-recorder://it's \"a\"\nroom"
    run(HOOK, room, "1795608000", "2000", uri, ROOMLINE_MIXER_CONF=conf(folder, callbackUrl=callback.url))
    mixed = records / (room.stem + "-mixed.mp4")
    side_car = json.loads(pathlib.Path(f"{mixed}.json").read_text())
    assert side_car["state"] == "ready" and side_car["participants"] == ["Bob", "Eve"], side_car
    assert callback.bodies == [{"file": str(mixed), "uri": uri, "durationMs": 2000, "bytes": mixed.stat().st_size,
                                "startUnixMs": 1795608000000}], callback.bodies
    log = (folder / "logs/multi-record.log").read_text().splitlines()
    assert len(log) == 3 and " mixing: " in log[0] and json.loads(log[1]) and log[2].endswith(" mixed"), log
    assert sorted(records.iterdir()) == sorted([room, mixed, pathlib.Path(f"{mixed}.json")])
    callback.shutdown()


def test_hook_without_callback_server_still_mixes(folder):
    make_room(folder / "room.mkv", 0.4)
    with Callback() as gone:
        url = gone.url
        gone.shutdown()
    run(TOOL, folder / "room.mkv", "0", "400", "u",
        ROOMLINE_MIXER_CONF=conf(folder, callbackUrl=url.replace("http://", "http://user@")), PATH=fake_curl(folder))
    assert (folder / "room-mixed.mp4").exists()


def fake_curl(folder):
    """A PATH whose curl fails at once, as the real one does after its attempts."""
    (folder / "bin").mkdir()
    (folder / "bin/curl").write_text("#!/bin/sh\nexit 7\n")
    (folder / "bin/curl").chmod(0o755)
    return f"{folder}/bin:{os.environ['PATH']}"


def test_hooks_take_turns(folder):
    """With a mixer that fails when another one runs."""
    (folder / "recorder/mix").mkdir(parents=True)
    mixer = folder / "recorder/mix/roomline-mixer"
    mixer.write_text('#!/bin/sh\n[ "$3" = --show-callback-url ] && exit\n'
                     f'mkdir {folder}/busy && seq 200000 | sort -R >/dev/null && rmdir {folder}/busy && echo {{}}\n')
    mixer.chmod(0o755)
    environment = {**os.environ, "ROOMLINE_BUILD": os.path.relpath(folder, ROOT), "ROOMLINE_LOGS": f"{folder}/log here"}
    hooks = [subprocess.Popen([HOOK, f"{n}.mkv", "0", "0", "u"], env=environment) for n in range(4)]
    assert [h.wait(60) for h in hooks] == [0] * 4, (folder / "log here/multi-record.log").read_text()


def test_a_mix_plays_while_it_grows_and_leaves_nothing_when_stopped(folder):
    make_room(folder / "room.mkv", 20)
    mixer = subprocess.Popen([MIXER, "--conf", conf(folder), "--progress", "json", folder / "room.mkv"],
                             stdout=subprocess.PIPE, text=True)
    while json.loads(mixer.stdout.readline())["progress"] < 500:
        pass
    mixer.send_signal(signal.SIGSTOP)
    assert json.loads((folder / "room-mixed.mp4.json").read_text())["state"] == "finishing"
    frames = run("ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0",
                 folder / "room-mixed.mp4.part").stdout.split()
    assert int(frames[0]) >= 30 and int(frames[1]) >= 40, frames  # a second at the least
    mixer.send_signal(signal.SIGTERM)
    mixer.send_signal(signal.SIGCONT)
    assert mixer.wait(10) == 1
    mixer.stdout.close()
    assert sorted(p.name for p in folder.iterdir()) == ["mixer.json", "room.mkv"]


def test_a_mix_has_its_index_in_front(folder):
    make_room(folder / "room.mkv", 0.4)
    run(MIXER, "--conf", conf(folder), folder / "room.mkv")
    mixed = (folder / "room-mixed.mp4").read_bytes()
    assert 0 < mixed.index(b"moov") < mixed.index(b"mdat") and b"moof" not in mixed


def main():
    failed = 0
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    for n, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(pathlib.Path(folder))
                print(f"ok {n} - {name}")
            except Exception:
                failed = 1
                print(f"not ok {n} - {name}")
                traceback.print_exc()
    return failed


sys.exit(main())
