#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A finisher for tests of the recorder: keeps to the contract (arguments, output, exit status) and makes no film.

What it does in place of finishing stands in the environment, FAKE_FINISHER:
  crash       dies of a signal        crash-once  the first time only     fail    one line on stderr, status 1
  empty       status 2                full-once   status 3 the first time  hang    waits to be killed
"""
import json
import os
import signal
import struct
import sys
import time

HEAD = struct.Struct('<IHHQqq')
META, END = 3, 6


def texts(path):
    meta, end, packets = {}, {}, 0
    data = open(path, 'rb').read()
    at = 8
    while at + HEAD.size <= len(data):
        size, body, kind, *_ = HEAD.unpack_from(data, at)
        text = data[at + HEAD.size:at + HEAD.size + body]
        if kind == META:
            meta = json.loads(text)
        elif kind == END:
            end = json.loads(text)
        packets += kind == 1
        at += size
    return meta, end, packets


def first_time(records):
    marker = os.path.join(records, '..', 'finisher-ran')
    if os.path.exists(marker):
        return False
    open(marker, 'w').close()
    return True


def publish(records, name, kind, room, stream, content):
    side = {'name': name, 'kind': kind, 'room': room, 'stream': stream, 'bytes': len(content), 'duration_ms': 1500,
            'start_unix_ms': 1700000000000, 'state': 'ready'}
    for file, text in ((name, content), (name + '.json', json.dumps(side))):
        part = os.path.join(records, file + '.part')
        with open(part, 'w') as out:
            out.write(text)
        os.rename(part, os.path.join(records, file))


def main():
    verb, option, records, path = sys.argv[1:]
    assert option == '--records'
    assert os.getpriority(os.PRIO_PROCESS, 0) == 19 and os.sched_getscheduler(0) == os.SCHED_BATCH
    mode = os.environ.get('FAKE_FINISHER', '')
    if mode == 'crash' or (mode == 'crash-once' and first_time(records)):
        os.kill(os.getpid(), signal.SIGABRT)
    if mode == 'fail':
        print('the film tore', file=sys.stderr)
        return 1
    if mode == 'hang':
        time.sleep(3600)
    if mode == 'full-once' and first_time(records):
        return 3
    print(json.dumps({'progress': 500}), flush=True)
    if verb == 'take':
        meta, end, packets = texts(path)
        if mode == 'empty' or not packets:
            return 2
        name = end.get('file') or meta['file']
        publish(records, name, 'stream', meta['room'], meta['stream'], f'{packets}')
        print(json.dumps({'file': name, 'take': meta['take'], 'bytes': 10, 'duration_ms': 1500,
                          'start_unix_ms': 1700000000000}))
        return 0
    room = json.load(open(os.path.join(path, 'room.json')))
    takes = sorted(f for f in os.listdir(path) if f.endswith('.cap'))
    if verb == 'room':
        publish(records, room['file'], 'room', room['room'], '', ' '.join(takes))
        print(json.dumps({'file': room['file'], 'bytes': 20, 'duration_ms': 2500, 'start_unix_ms': 1700000000000}))
    return 0


sys.exit(main())
