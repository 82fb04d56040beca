// SPDX-License-Identifier: MIT
// Media of the browser: capture, one peer connection per stream, and what getStats says about it. No DOM.

import { Emitter } from './emitter.js';
import { isTerminal } from './wcs.js';

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** message: what to tell the person; code: 'insecure' | 'refused' | 'absent' | 'busy' | 'other'. */
export class CaptureError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function explain(error) {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new CaptureError('refused',
        'The browser does not let this page use your camera or microphone. '
        + 'Allow them in the site settings and try again.');
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new CaptureError('absent', 'No camera or microphone was found, or the chosen one is no longer there.');
    case 'NotReadableError':
    case 'AbortError':
      return new CaptureError('busy', 'The camera or microphone cannot be opened. Another program may be using it.');
    default:
      return new CaptureError('other', `The camera or microphone cannot be opened: ${error.message}`);
  }
}

export const canCapture = () => Boolean(navigator.mediaDevices?.getUserMedia);
export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** The devices of one kind ('audioinput' | 'videoinput'); labels are empty until the person allowed capture once. */
export async function listDevices(kind) {
  const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
  return devices.filter((device) => device.kind === kind);
}

/** audio, video: false, true, or a device id. A kind for which the machine has no device at all is left out. */
export async function capture({ audio, video }) {
  if (!canCapture()) {
    throw new CaptureError('insecure',
      'This page was not opened over https, so the browser keeps camera and microphone closed. '
      + 'You can join to watch and listen.');
  }
  const [microphones, cameras] = await Promise.all([listDevices('audioinput'), listDevices('videoinput')]);
  const audioWanted = audio && microphones.length > 0;
  const videoWanted = video && cameras.length > 0;
  if (!audioWanted && !videoWanted) throw explain({ name: 'NotFoundError' });
  const device = (wanted) => (typeof wanted === 'string' ? { deviceId: { exact: wanted } } : {});
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: audioWanted && { ...MICROPHONE, ...device(audio) },
      video: videoWanted && { ...CAMERA, ...device(video) },
    });
  } catch (error) {
    throw explain(error);
  }
}

/** Resolves to null when the person closed the picker. */
export async function captureScreen() {
  try {
    const media = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 30 } }, audio: true });
    for (const track of media.getVideoTracks()) track.contentHint = 'detail';
    return media;
  } catch (error) {
    if (error.name === 'NotAllowedError') return null;
    throw new CaptureError('other', `The screen cannot be shared: ${error.message}`);
  }
}

export function stopTracks(media) {
  for (const track of media?.getTracks() ?? []) track.stop();
}

/** Offers only the named codec (with RTX), so that the relay has no other choice; an unknown name changes nothing. */
function offerOnly(transceiver, kind, name) {
  const codecs = RTCRtpSender.getCapabilities(kind)?.codecs ?? [];
  const is = (type) => (codec) => codec.mimeType.toLowerCase() === type.toLowerCase();
  const isNamed = is(`${kind}/${name}`);
  const isRtx = is('video/rtx');
  if (!codecs.some(isNamed)) return;
  transceiver.setCodecPreferences?.(codecs.filter((codec) => isNamed(codec) || isRtx(codec)));
}

/** One stream's peer connection. Emits 'status' (status, fields), 'event' (type, payload), 'connection' (state). */
export class Link extends Emitter {
  status = 'PENDING';
  media = new MediaStream(); // of a played stream: the tracks that arrived
  #stream = null;
  #closed = false;
  #previous = new Map(); // getStats counters of the last sample, by report id

  constructor() {
    super();
    this.pc = new RTCPeerConnection();
    this.pc.onconnectionstatechange = () => this.#onConnectionState(this.pc.connectionState);
    this.pc.ontrack = ({ track }) => this.media.addTrack(track);
  }

  get name() {
    return this.#stream?.name ?? '';
  }

  /** start(sdp) sends the offer and returns the protocol stream. */
  async negotiate(start) {
    try {
      const offer = await this.pc.createOffer();
      if (this.#closed) return;
      await this.pc.setLocalDescription(offer);
      if (this.#closed) return;
      this.#stream = start(offer.sdp);
      this.#stream.on('answer', (sdp) => this.#onAnswer(sdp));
      this.#stream.on('event', (type, payload) => this.emit('event', type, payload));
      this.#stream.on('status', (status, fields) => this.#onStatus(status, fields));
      if (isTerminal(this.#stream.status)) this.#onStatus(this.#stream.status, {});
    } catch (error) {
      this.#onStatus('FAILED', { info: `The browser could not make an offer: ${error.message}` });
    }
  }

  sendEvent(type, payload) {
    this.#stream?.sendEvent(type, payload);
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.stop();
    this.pc.close();
  }

  async #onAnswer(sdp) {
    try {
      await this.pc.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      if (!this.#closed) this.#stream.fail(`The browser refused the server's answer: ${error.message}`);
    }
  }

  #onStatus(status, fields) {
    if (this.#closed) return;
    this.status = status;
    if (isTerminal(status)) {
      this.#closed = true;
      this.pc.close();
    }
    this.emit('status', status, fields ?? {});
  }

  #onConnectionState(state) {
    if (this.#closed) return;
    if (state === 'failed') this.#stream.fail('The media connection was lost');
    else this.emit('connection', state);
  }

  /** 0..1, of a played stream. */
  audioLevel() {
    const receiver = this.#closed ? null : this.pc.getReceivers().find(({ track }) => track.kind === 'audio');
    return receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0;
  }

  /** { video, audio: { width, height, fps, kbps, lossPercent, codec }, rttMs }; a field is undefined where unknown. */
  async sample() {
    if (this.#closed) return {};
    const reports = await this.pc.getStats();
    const result = {};
    for (const report of reports.values()) {
      if (report.type === 'candidate-pair' && report.nominated) result.rttMs ??= toMs(report.currentRoundTripTime);
      if (report.type === 'inbound-rtp') result[report.kind] = this.#describe(reports, report, report);
      if (report.type === 'outbound-rtp') {
        const remote = reports.get(report.remoteId);
        result[report.kind] = this.#describe(reports, report, remote);
        if (remote?.roundTripTime !== undefined) result.rttMs = toMs(remote.roundTripTime);
      }
    }
    return result;
  }

  #describe(reports, report, lossReport) {
    const now = {
      ms: report.timestamp,
      bytes: report.bytesReceived ?? report.bytesSent ?? 0,
      packets: report.packetsReceived ?? report.packetsSent ?? 0,
      lost: lossReport?.packetsLost ?? 0,
    };
    const before = this.#previous.get(report.id);
    this.#previous.set(report.id, now);
    const ms = before ? now.ms - before.ms : 0;
    const lost = before ? Math.max(0, now.lost - before.lost) : 0;
    const packets = before ? now.packets - before.packets : 0;
    return {
      width: report.frameWidth,
      height: report.frameHeight,
      fps: report.framesPerSecond,
      kbps: ms > 0 ? Math.round(((now.bytes - before.bytes) * 8) / ms) : undefined,
      lossPercent: packets + lost > 0 ? (100 * lost) / (packets + lost) : undefined,
      codec: reports.get(report.codecId)?.mimeType.split('/')[1],
    };
  }
}

const toMs = (seconds) => (seconds === undefined ? undefined : Math.round(seconds * 1000));

/** codecs: { audio, video } names, each optional. */
export function publish(room, media, { suffix, codecs = {} } = {}) {
  const link = new Link();
  for (const track of [...media.getAudioTracks(), ...media.getVideoTracks()]) {
    const transceiver = link.pc.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    if (codecs[track.kind]) offerOnly(transceiver, track.kind, codecs[track.kind]);
  }
  const has = (kind) => media.getTracks().some((track) => track.kind === kind);
  link.negotiate((sdp) => room.publish({ suffix, sdp, hasAudio: has('audio'), hasVideo: has('video') }));
  return link;
}

export function play(room, name) {
  const link = new Link();
  link.pc.addTransceiver('audio', { direction: 'recvonly' });
  link.pc.addTransceiver('video', { direction: 'recvonly' });
  link.negotiate((sdp) => room.play({ name, sdp }));
  return link;
}
