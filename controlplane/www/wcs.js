// SPDX-License-Identifier: MIT
// The WCS room protocol, client side: a Session is one WebSocket, a Room one joined room on it, a Stream one published
// or played stream: an offer sent, an answer received, a status. No DOM and no media in here.

import { Emitter } from './emitter.js';

const CONNECT_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 10_000;
const STREAM_TIMEOUT_MS = 45_000; // the server owes a definite status; this only guards against one that forgot
const PROBE_INTERVAL_MS = 5_000;
const PROBES_UNANSWERED_MAX = 3;

const NO_LIMITS = { bitrate: 0, minBitrate: 0, maxBitrate: 0 }; // kbit/s, as the protocol spells "none"

const TERMINAL = new Set(['FAILED', 'STOPPED', 'UNPUBLISHED']);

export const isTerminal = (status) => TERMINAL.has(status);

/** code: 'unreachable' | 'closed' | 'timeout' | 'refused'; message: the server's own text where it gave one. */
export class WcsError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Works on plain http pages too, where crypto.randomUUID does not exist. */
export function randomHex(digits) {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(digits / 2)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('').slice(0, digits);
}

function uuid() {
  const hex = randomHex(32);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-');
}

/** A promise with its resolve and reject, a deadline and, optionally, an AbortSignal. */
function deferred({ timeoutMs, what, signal }) {
  const result = {};
  result.promise = new Promise((resolve, reject) => {
    result.resolve = resolve;
    result.reject = reject;
  });
  const expire = () => result.reject(new WcsError('timeout', `${what}: no answer from the server`));
  const timer = setTimeout(expire, timeoutMs);
  const abort = () => result.reject(signal.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  const settled = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  result.promise.then(settled, settled);
  return result;
}

/** Emits 'closed' (WcsError) once, unless close() was called. */
export class Session extends Emitter {
  #socket;
  #rooms = new Map(); // room name -> Room
  #streams = new Map(); // mediaSessionId -> Stream
  #operations = new Map(); // operationId -> deferred
  #established;
  #probeTimer;
  #unanswered = 0;
  #closed = false;

  static async connect(url, { login, appKey = 'roomApp', signal } = {}) {
    const session = new Session(url, { appKey, login, signal });
    try {
      await session.#established.promise;
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  constructor(url, { appKey, login, signal }) {
    super();
    this.login = login;
    this.#established = deferred({ timeoutMs: CONNECT_TIMEOUT_MS, what: 'Connecting', signal });
    try {
      this.#socket = new WebSocket(url);
    } catch (error) {
      this.#established.reject(new WcsError('unreachable', error.message));
      return;
    }
    this.#socket.onopen = () => {
      const client = { mediaProviders: ['WebRTC'], clientVersion: '2.0', clientInfo: {} };
      this.send('connection', { appKey, custom: { login }, ...client });
      this.#probeTimer = setInterval(() => this.#probe(), PROBE_INTERVAL_MS);
    };
    this.#socket.onmessage = (event) => this.#onMessage(event.data);
    this.#socket.onclose = () => this.#onClose(new WcsError('closed', 'The connection to the server was closed'));
  }

  send(message, ...data) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ message, data }));
  }

  /** Sends a room command; resolves on ACCEPTED, rejects with the server's info text on FAILED. */
  command(command, options, { signal } = {}) {
    const operationId = uuid();
    const operation = deferred({ timeoutMs: COMMAND_TIMEOUT_MS, what: command, signal });
    if (this.#closed) operation.reject(new WcsError('closed', 'Not connected'));
    this.#operations.set(operationId, operation);
    const forget = () => this.#operations.delete(operationId);
    operation.promise.then(forget, forget);
    this.send('sendData', { operationId, payload: { command, options } });
    return operation.promise;
  }

  /** Resolves to a Room whose participants are known. record: if this join makes the room, all of it is recorded. */
  async join(name, { record = false, signal } = {}) {
    const room = new Room(this, name, deferred({ timeoutMs: COMMAND_TIMEOUT_MS, what: 'join', signal }));
    this.#rooms.set(name, room);
    try {
      await Promise.all([this.command('join', { name, record }, { signal }), room.stateReceived.promise]);
    } catch (error) {
      this.#rooms.delete(name);
      throw error;
    }
    return room;
  }

  async leave(room) {
    try {
      await this.command('leave', { name: room.name });
    } finally {
      this.#rooms.delete(room.name);
    }
  }

  /** message: 'publishStream' or 'playStream'; fields as in the protocol, mediaSessionId and status excepted. */
  startStream(message, fields) {
    const stream = new Stream(this, fields.name, fields.published);
    this.#streams.set(stream.id, stream);
    stream.on('end', () => this.#streams.delete(stream.id));
    const head = { mediaSessionId: stream.id, status: 'PENDING', mediaProvider: 'WebRTC', record: false };
    this.send(message, { ...head, ...NO_LIMITS, ...fields });
    if (this.#closed) stream.update('FAILED', { info: 'Not connected' });
    return stream;
  }

  close() {
    this.#finish(new WcsError('closed', 'Closed'));
    this.#socket?.close();
  }

  #onClose(error) {
    if (this.#closed) return;
    this.#finish(error);
    this.emit('closed', error);
  }

  #finish(error) {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#probeTimer);
    this.#established.reject(new WcsError('unreachable', 'The server cannot be reached'));
    for (const operation of [...this.#operations.values()]) operation.reject(error);
    for (const room of this.#rooms.values()) room.stateReceived.reject(error);
    for (const stream of [...this.#streams.values()]) stream.update('FAILED', { info: error.message });
  }

  /** Counts ticks, not time, so a throttled background tab never declares a living server dead. */
  #probe() {
    if (this.#unanswered >= PROBES_UNANSWERED_MAX) {
      this.#onClose(new WcsError('closed', 'The server does not answer any more'));
      this.#socket.close();
      return;
    }
    this.#unanswered++;
    this.send('ping', null);
  }

  #onMessage(text) {
    this.#unanswered = 0;
    let envelope;
    try {
      envelope = JSON.parse(text);
    } catch {
      return; // not ours; an unknown message must not end the session
    }
    const data = Array.isArray(envelope?.data) ? envelope.data : [];
    switch (envelope?.message) {
      case 'ping': return this.send('pong', null);
      case 'getUserData': return this.#established.resolve();
      case 'DataStatusEvent': return this.#onDataStatus(data[0] ?? {});
      case 'OnDataEvent': return this.#onData(data[0]?.payload ?? {});
      case 'setRemoteSDP': return this.#streams.get(data[0])?.emit('answer', data[1]);
      case 'notifyStreamStatusEvent': return this.#onStreamStatus(data[0] ?? {});
      case 'notifyStreamEvent': return this.#onStreamEvent(data[0] ?? {});
      default: return undefined;
    }
  }

  #onStreamStatus(fields) {
    this.#streams.get(fields.mediaSessionId)?.update(fields.status, fields);
  }

  #onStreamEvent({ mediaSessionId, type, payload }) {
    this.#streams.get(mediaSessionId)?.emit('event', type, payload);
  }

  #onDataStatus({ operationId, status, info }) {
    const operation = this.#operations.get(operationId);
    if (status === 'ACCEPTED') operation?.resolve();
    else operation?.reject(new WcsError('refused', info || 'Refused by the server'));
  }

  #onData({ roomName, name, info }) {
    this.#rooms.get(roomName)?.onEvent(name, info);
  }
}

/** Emits 'joined' (login), 'left' (login), 'published' (login, stream), 'unpublished' (login, stream),
 *  'message' (from, text), 'recording' (that of the room has changed), 'recorded' (a stream's file is ready or failed:
 *  { file, stream, state }). Whoever comes back under a known login is reported as gone first. */
export class Room extends Emitter {
  participants = new Map(); // login -> Set of stream names; oneself is not in it
  recording = null; // { active, whole, file }: whether the room is, or should be, recorded

  constructor(session, name, stateReceived) {
    super();
    this.session = session;
    this.name = name;
    this.stateReceived = stateReceived;
    stateReceived.promise.catch(() => {}); // join() reports it
  }

  streamName(suffix = '') {
    return `${this.name}-${this.session.login}-${randomHex(4)}${suffix && `-${suffix}`}`;
  }

  publish({ suffix, sdp, hasAudio, hasVideo }) {
    return this.session.startStream('publishStream', {
      name: this.streamName(suffix), published: true, sdp, hasAudio, hasVideo, custom: { name: this.name },
      constraints: { audio: hasAudio, video: hasVideo },
    });
  }

  play({ name, sdp }) {
    return this.session.startStream('playStream', {
      name, published: false, sdp, hasAudio: true, hasVideo: true, custom: { name: this.name },
      constraints: { audio: true, video: true }, width: 0, height: 0, quality: 0,
    });
  }

  sendMessage(to, text) {
    return this.session.command('sendMessage', { roomConfig: { name: this.name }, to, text });
  }

  leave() {
    return this.session.leave(this);
  }

  onEvent(name, info) {
    switch (name) {
      case 'STATE': return this.#onState(Array.isArray(info) ? info : []);
      case 'JOINED': return this.#onJoined(info);
      case 'LEFT': return this.#onLeft(info);
      case 'PUBLISHED': return this.#onPublished(info?.login, info?.name);
      case 'UNPUBLISHED':
      case 'FAILED': return this.#onUnpublished(info?.login, info?.name);
      case 'RECORDING': return this.#onRecording(info);
      case 'RECORDED': return this.emit('recorded', info ?? {});
      case 'MESSAGE': return this.emit('message', info?.from, info?.text);
      default: return undefined;
    }
  }

  #onState(entries) {
    for (const entry of entries) {
      if (typeof entry === 'string') this.#streamsOf(entry);
      else if (entry?.login) this.#streamsOf(entry.login).add(entry.name);
    }
    this.stateReceived.resolve();
  }

  #onRecording(info) {
    this.recording = info;
    this.emit('recording');
  }

  #streamsOf(login) {
    if (!this.participants.has(login)) this.participants.set(login, new Set());
    return this.participants.get(login);
  }

  #onJoined(login) {
    if (this.participants.has(login)) this.#onLeft(login);
    this.#streamsOf(login);
    this.emit('joined', login);
  }

  #onLeft(login) {
    for (const stream of [...(this.participants.get(login) ?? [])]) this.#onUnpublished(login, stream);
    if (this.participants.delete(login)) this.emit('left', login);
  }

  #onPublished(login, stream) {
    if (!this.participants.has(login)) this.#onJoined(login);
    const streams = this.#streamsOf(login);
    if (streams.has(stream)) return;
    streams.add(stream);
    this.emit('published', login, stream);
  }

  #onUnpublished(login, stream) {
    if (this.participants.get(login)?.delete(stream)) this.emit('unpublished', login, stream);
  }
}

/** Emits 'answer' (sdp), 'status' (status, fields), 'event' (type, payload), and 'end' after a terminal status. */
export class Stream extends Emitter {
  id = uuid();
  status = 'PENDING';
  #timer = setTimeout(() => this.fail('No answer from the server'), STREAM_TIMEOUT_MS);

  constructor(session, name, published) {
    super();
    this.session = session;
    this.name = name;
    this.published = published;
  }

  update(status, fields) {
    if (isTerminal(this.status) || !status) return;
    clearTimeout(this.#timer);
    this.status = status;
    this.emit('status', status, fields);
    if (isTerminal(status)) this.emit('end');
  }

  sendEvent(type, payload) {
    this.session.send('sendStreamEvent', { mediaSessionId: this.id, type, payload });
  }

  /** Ends it on both sides at once; the server's confirmation would tell nothing new. */
  stop() {
    this.#end(this.published ? 'UNPUBLISHED' : 'STOPPED');
  }

  /** Ends it because of something seen only on our side. */
  fail(info) {
    this.#end('FAILED', info);
  }

  #end(status, info) {
    if (isTerminal(this.status)) return;
    this.session.send(this.published ? 'unPublishStream' : 'stopStream', {
      mediaSessionId: this.id, name: this.name, published: this.published,
      hasAudio: true, hasVideo: true, status: this.status, record: false,
    });
    this.update(status, { info });
  }
}
