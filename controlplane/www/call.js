// SPDX-License-Identifier: MIT
// A call: being in a room with what one sends and what one receives, and the policy around it: who fits in, what is
// tried again and when. No DOM. Everything belongs to the current visit (enter .. leave); leaving aborts it.

import { Emitter } from './emitter.js';
import { play, publish } from './media.js';
import { isTerminal, Session, WcsError } from './wcs.js';

const REJOIN_DELAYS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000]; // the last one repeats
const RESTART_DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 15_000]; // then only when the person asks
const STABLE_MS = 30_000; // a stream that lived this long has earned a new series of restarts
const LEAVE_PATIENCE_MS = 1_500;
const SCREEN = 'screenShare';

const PUBLISHER_GONE = 'Stopped by publisher stop';
const FINAL = new Set(['No common codecs', 'Restricted access', 'Transcoding required, but disabled']);

/** A stream that is started again when it fails for a passing reason. */
class Endpoint {
  link = null;
  status = '';
  info = '';
  unstable = false;
  #restarts = 0;
  #restartTimer = null;
  #proven = false; // it has worked, so a failure is worth another try
  #liveSinceMs = 0;

  constructor(call) {
    this.call = call;
  }

  get restarting() {
    return this.#restartTimer !== null;
  }

  start() {
    this.halt();
    this.info = '';
    this.status = 'PENDING';
    const link = this.link = this.open();
    link.on('status', (status, fields) => this.#onStatus(link, status, fields));
    link.on('event', (type) => this.onStreamEvent(type));
    link.on('connection', (state) => {
      this.unstable = state === 'disconnected';
      this.changed();
    });
    this.changed();
  }

  /** Ends what there is, to be started again. */
  halt() {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
    this.link?.close();
    this.link = null;
    this.status = '';
    this.unstable = false;
  }

  stop() {
    this.halt();
    this.#restarts = 0;
    this.#proven = false;
  }

  onStreamEvent() {}
  onLive() {}

  #onStatus(link, status, fields) {
    if (link !== this.link) return;
    this.status = status;
    this.info = fields.info ?? '';
    if (isTerminal(status)) {
      this.#onEnd();
    } else if (status !== 'PENDING') {
      this.#proven = true;
      this.#liveSinceMs = performance.now();
      this.onLive(fields);
    }
    this.changed();
  }

  #onEnd() {
    this.link = null;
    this.unstable = false;
    if (this.#liveSinceMs > 0 && performance.now() - this.#liveSinceMs > STABLE_MS) this.#restarts = 0;
    this.#liveSinceMs = 0;
    if (!this.mayRestart(this.#proven) || this.#restarts >= RESTART_DELAYS_MS.length) return;
    this.#restartTimer = setTimeout(() => this.start(), RESTART_DELAYS_MS[this.#restarts++]);
  }
}

/** Camera and microphone, or the screen, as published. */
class Outgoing extends Endpoint {
  media = null;

  constructor(call, kind, suffix) {
    super(call);
    this.kind = kind;
    this.suffix = suffix;
  }

  open() {
    return publish(this.call.room, this.media, { suffix: this.suffix, codecs: this.call.codecs });
  }

  /** A publish refused at first is told to the person; one that was on the air is brought back. */
  mayRestart(proven) {
    return proven && !FINAL.has(this.info);
  }

  onLive() {
    if (this.kind === 'camera') this.call.tellMuted();
  }

  changed() {
    this.call.emit('outgoing', this);
  }
}

/** One stream of somebody else, as played. */
export class Incoming extends Endpoint {
  muted = { audio: false, video: false };

  constructor(call, login, name) {
    super(call);
    this.login = login;
    this.name = name;
    this.kind = name.endsWith(`-${SCREEN}`) ? 'screen' : 'camera';
  }

  open() {
    return play(this.call.room, this.name);
  }

  mayRestart() {
    return this.info !== PUBLISHER_GONE && !FINAL.has(this.info);
  }

  onLive({ audioState, videoState }) {
    this.muted = { audio: Boolean(audioState?.muted), video: Boolean(videoState?.muted) };
  }

  onStreamEvent(type) {
    const match = /^(audio|video)(Muted|Unmuted)$/.exec(type);
    if (!match) return;
    this.muted[match[1]] = match[2] === 'Muted';
    this.changed();
  }

  changed() {
    this.call.emit('incoming', this);
  }
}

/** Emits:
 *  'state' (state)              idle | joining | joined | lost
 *  'retry' (delayMs, error)     lost, and the next attempt comes in delayMs
 *  'joined' (login, already)    somebody else; already: was here before us
 *  'left' (login)
 *  'incoming' (Incoming)        added or changed; 'incoming-removed' (Incoming)
 *  'outgoing' (Outgoing)        camera or screen changed
 *  'message' (from, text)
 *  'recording'                  what the room says of its recording has changed
 *  'recorded' ({ file, stream, state })    a stream's file */
export class Call extends Emitter {
  state = 'idle';
  room = null;
  muted = { audio: false, video: false };
  camera = new Outgoing(this, 'camera', '');
  screen = new Outgoing(this, 'screen', SCREEN);
  #incoming = new Map(); // stream name -> Incoming
  #visit = null;
  #wake = null;

  constructor({ url, capacity = Infinity, codecs = {} }) {
    super();
    this.url = url;
    this.capacity = capacity;
    this.codecs = codecs;
  }

  /** Of the room one is in: { active, whole, file } or null. */
  get recording() {
    return this.room?.recording ?? null;
  }

  get people() {
    return [...(this.room?.participants.keys() ?? [])];
  }

  streamsOf(login) {
    return [...this.#incoming.values()].filter((incoming) => incoming.login === login);
  }

  get incoming() {
    return [...this.#incoming.values()];
  }

  /** Rejects with a WcsError; code 'full' and 'taken' besides those of wcs.js, 'aborted' when left meanwhile. */
  async enter(login, roomName, { record = false } = {}) {
    const visit = this.#visit = new AbortController();
    this.login = login;
    this.roomName = roomName;
    this.record = record;
    this.#setState('joining');
    try {
      await this.#join(visit.signal);
    } catch (error) {
      if (this.#visit === visit) this.#setState('idle');
      throw error;
    }
  }

  /** Never fails and never waits long: what the server does not confirm, closing the socket ends. */
  async leave() {
    this.#visit?.abort(new WcsError('aborted', 'Left'));
    const { room } = this;
    this.#setState('idle');
    this.#reset();
    this.unpublishCamera();
    this.unshare();
    if (!room) return;
    const patience = new Promise((resolve) => setTimeout(resolve, LEAVE_PATIENCE_MS));
    await Promise.race([room.leave(), patience]).catch(() => {});
    room.session.close();
  }

  /** While 'lost': try now instead of waiting. */
  rejoin() {
    this.#wake?.();
  }

  /** From here on the media is the call's: it is published whenever there is a room, and stopped in the end. */
  publishCamera(media) {
    this.camera.media = media;
    this.#applyMuted();
    if (this.room) this.camera.start();
    else this.camera.changed();
  }

  unpublishCamera() {
    this.#end(this.camera);
  }

  share(media) {
    this.screen.media = media;
    media.getVideoTracks()[0]?.addEventListener('ended', () => {
      if (this.screen.media === media) this.unshare();
    });
    if (this.room) this.screen.start();
  }

  unshare() {
    this.#end(this.screen);
  }

  mute(kind, muted) {
    this.muted[kind] = muted;
    this.#applyMuted();
    this.camera.link?.sendEvent(`${kind}${muted ? 'Muted' : 'Unmuted'}`);
    this.camera.changed();
  }

  /** A stream starts out unmuted for the server, and capture starts out unmuted for the browser. */
  tellMuted() {
    this.#applyMuted();
    for (const kind of ['audio', 'video']) {
      if (this.muted[kind]) this.camera.link?.sendEvent(`${kind}Muted`);
    }
  }

  /** Resolves to the logins that could not be reached. */
  async say(text) {
    const { people } = this;
    const results = await Promise.allSettled(people.map((login) => this.room.sendMessage(login, text)));
    return people.filter((_, index) => results[index].status === 'rejected');
  }

  async #join(signal) {
    const session = await Session.connect(this.url, { login: this.login, signal });
    let room;
    try {
      room = await session.join(this.roomName, { record: this.record, signal });
      if (room.participants.size >= this.capacity) {
        await room.leave().catch(() => {});
        throw new WcsError('full', 'The room is full');
      }
      signal.throwIfAborted();
    } catch (error) {
      session.close();
      if (/already has user/i.test(error.message)) error.code = 'taken';
      throw error;
    }
    this.#enterRoom(room, signal);
  }

  #enterRoom(room, signal) {
    this.room = room;
    room.session.on('closed', (error) => this.#onLost(error, signal));
    room.on('joined', (login) => this.emit('joined', login, false));
    room.on('left', (login) => this.emit('left', login));
    room.on('published', (login, name) => this.#addIncoming(login, name));
    room.on('unpublished', (_, name) => this.#removeIncoming(name));
    room.on('recording', () => this.#onRecording());
    room.on('recorded', (info) => this.emit('recorded', info));
    room.on('message', (from, text) => this.emit('message', from, text));
    this.#setState('joined');
    if (room.recording) this.#onRecording();
    for (const [login, names] of room.participants) {
      this.emit('joined', login, true);
      for (const name of names) this.#addIncoming(login, name);
    }
    this.#applyMuted();
    for (const outgoing of [this.camera, this.screen]) if (outgoing.media) outgoing.start();
  }

  /** Whoever comes back first after a restart of the server makes the room, and keeps it recorded. */
  #onRecording() {
    this.record ||= this.recording.whole;
    this.emit('recording');
  }

  async #onLost(error, signal) {
    if (signal.aborted) return;
    this.#setState('lost');
    this.#reset();
    for (let attempt = 0; ; attempt++) {
      const delayMs = REJOIN_DELAYS_MS[Math.min(attempt, REJOIN_DELAYS_MS.length - 1)];
      this.emit('retry', delayMs, error);
      await this.#pause(delayMs, signal);
      if (signal.aborted) return;
      try {
        await this.#join(signal);
        return;
      } catch (reason) {
        error = reason; // even "taken" and "full" pass: the server may still hold our own old connection
      }
    }
  }

  #pause(delayMs, signal) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, delayMs);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #addIncoming(login, name) {
    const incoming = new Incoming(this, login, name);
    this.#incoming.set(name, incoming);
    incoming.start();
  }

  #removeIncoming(name) {
    const incoming = this.#incoming.get(name);
    if (!incoming) return;
    this.#incoming.delete(name);
    incoming.stop();
    this.emit('incoming-removed', incoming);
  }

  #applyMuted() {
    for (const track of this.camera.media?.getTracks() ?? []) track.enabled = !this.muted[track.kind];
  }

  /** Media ends with the publication: the camera light goes out. */
  #end(outgoing) {
    outgoing.stop();
    for (const track of outgoing.media?.getTracks() ?? []) track.stop();
    outgoing.media = null;
    outgoing.changed();
  }

  #reset() {
    for (const name of [...this.#incoming.keys()]) this.#removeIncoming(name);
    for (const login of this.people) this.emit('left', login);
    this.room = null;
    for (const outgoing of [this.camera, this.screen]) {
      outgoing.halt();
      outgoing.changed();
    }
  }

  #setState(state) {
    this.state = state;
    this.emit('state', state);
  }
}
