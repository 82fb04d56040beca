// SPDX-License-Identifier: MIT
// A room page: binds one Call to lobby, gallery, panel, toolbar and notice. The three pages differ in the options only.

import { Call } from './call.js';
import { Gallery, outgoingBadge } from './gallery.js';
import { icon } from './icons.js';
import { roomMarkup } from './layout.js';
import { Lobby } from './lobby.js';
import { canShareScreen, capture, captureScreen, stopTracks } from './media.js';
import { Panel } from './panel.js';
import { RecordingWatch, recordingUrl } from './recording.js';
import { byId, copyText, link, Notice, person, setTool } from './ui.js';

const STATS_INTERVAL_MS = 1_000;
const SPEAKING_INTERVAL_MS = 300;
const COPIED_MS = 2_000;
const UNMUTED = { audio: false, video: false };

const params = new URLSearchParams(location.search);
const ownServer = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;

/** Another port or path of the page's own host, as ?ws= says. A link must not send camera and microphone elsewhere. */
function serverUrl() {
  try {
    const url = new URL(params.get('ws') || ownServer);
    return url.hostname === location.hostname ? url.href : ownServer;
  } catch {
    return ownServer; // not a URL
  }
}

/** layout: 'grid' or 'duo'; capacity: people; sharing: true, false or 'prominent'; recordable: a whole room may be. */
export function openRoomPage({ title, layout, capacity, sharing = true, recordable = false }) {
  document.body.innerHTML = roomMarkup(title);
  new RoomPage({ layout, capacity, sharing, recordable });
}

class RoomPage {
  #call;
  #lobby;
  #gallery;
  #panel;
  #notice = new Notice();
  #statsOn = false;
  #watch = new RecordingWatch((file, kind) => this.#showRecorded(file, kind));
  #wholeFile = null; // of the room's recording, while one is in it

  constructor({ layout, capacity, sharing, recordable }) {
    const url = serverUrl();
    byId('server').hidden = url === ownServer;
    byId('server').textContent = `Server: ${url}`;
    byId('share-toggle').hidden = !sharing || !canShareScreen();
    byId('share-toggle').classList.toggle('prominent', sharing === 'prominent');

    this.#call = new Call({ url, capacity, codecs: { audio: params.get('audio'), video: params.get('video') } });
    this.#gallery = new Gallery({ root: byId('stage'), layout, onBlocked: () => this.#offerPlay() });
    this.#panel = new Panel({ onSay: (text) => this.#say(text) });
    this.#lobby = new Lobby({
      params, recordable, onJoin: () => this.#join(), onPreview: () => this.#preview(),
    });
    this.#bindCall();
    this.#bindToolbar();
    this.#showState('idle');
    setInterval(() => this.#showStats(), STATS_INTERVAL_MS);
    setInterval(() => this.#gallery.showSpeaking(this.#call), SPEAKING_INTERVAL_MS);
    this.#previewIfAllowed();
  }

  // ---- before the call ----

  async #previewIfAllowed() {
    if (await this.#lobby.mayPreview() && this.#call.state === 'idle' && !this.#call.camera.media) this.#preview();
  }

  async #preview() {
    this.#call.unpublishCamera();
    await this.#capture();
  }

  /** Captures what the lobby says; resolves to false if the person has been told why not. */
  async #capture() {
    const { audio, video } = this.#lobby.devices;
    if (!audio && !video) return true;
    try {
      const media = await capture({ audio, video });
      const notice = this.#notice;
      notice.hide();
      if (video && media.getVideoTracks().length === 0) notice.show('No camera was found: others only hear you.');
      if (audio && media.getAudioTracks().length === 0) notice.show('No microphone was found: others only see you.');
      for (const track of media.getTracks()) track.onended = () => notice.show('The camera or microphone went away.');
      this.#call.publishCamera(media);
      this.#lobby.showDevices();
      return true;
    } catch (error) {
      const run = () => this.#join({ receiveOnly: true });
      const actions = [{ id: 'join-without-media', label: 'Join without camera', run }];
      this.#notice.show(error.message, { code: error.code, actions: this.#call.state === 'idle' ? actions : [] });
      return false;
    }
  }

  async #join({ receiveOnly = false } = {}) {
    if (this.#call.state !== 'idle' || byId('join').disabled) return;
    const wanted = this.#lobby.read();
    if (!wanted) return;
    this.#notice.hide();
    this.#watch.stop();
    this.#lobby.busy = true;
    try {
      if (receiveOnly) this.#call.unpublishCamera();
      else if (!this.#call.camera.media && !await this.#capture()) return;
      this.#panel.chat.clear();
      this.#showRoom(wanted.room);
      await this.#call.enter(wanted.login, wanted.room, { record: wanted.record });
    } catch (error) {
      this.#explain(error, wanted.login);
    } finally {
      this.#lobby.busy = false;
    }
  }

  #explain({ code, message }, login) {
    if (code === 'aborted') return;
    const texts = {
      full: 'The room is full.',
      taken: `The name “${login}” is taken: somebody in this room already has it. Choose another name.`,
      unreachable: 'The server cannot be reached. Check your connection and try again.',
      closed: 'The server closed the connection.',
    };
    this.#notice.show(texts[code] ?? `Joining failed: ${message}`, { code, info: message });
    if (code === 'taken') byId('login').select();
  }

  // ---- the call ----

  #bindCall() {
    const call = this.#call;
    const gallery = this.#gallery;
    const { chat } = this.#panel;
    call.on('state', (state) => this.#showState(state));
    call.on('retry', (delayMs, error) => this.#showLost(delayMs, error));
    call.on('joined', (login, already) => {
      gallery.addPerson(login);
      if (!already) chat.note(person(login), ' joined');
      this.#showPeople();
    });
    call.on('left', (login) => {
      gallery.removePerson(login);
      if (call.state === 'joined') chat.note(person(login), ' left');
      this.#showPeople();
    });
    call.on('incoming', (incoming) => {
      gallery.showIncoming(incoming);
      this.#showPeople();
    });
    call.on('incoming-removed', (incoming) => {
      gallery.removeIncoming(incoming);
      this.#showPeople();
    });
    call.on('outgoing', (outgoing) => {
      if (outgoing === call.screen) this.#showScreen();
      else this.#showCamera();
      this.#showPeople();
    });
    call.on('recording', () => this.#showRecording());
    call.on('recorded', ({ file, stream, state }) => {
      if (state === 'ready') chat.note('Recorded: ', link(recordingUrl(file), stream || file));
      else chat.note('The recording of ', person(stream || file), ' failed');
    });
    call.on('message', (from, text) => this.#panel.receive(from, text));
    addEventListener('online', () => call.rejoin());
  }

  #showState(state) {
    const inCall = state === 'joined' || state === 'lost';
    document.body.dataset.state = state;
    byId('lobby').hidden = inCall;
    byId('call').hidden = !inCall;
    if (state === 'idle') this.#gallery.clear();
    if (state === 'joined') {
      this.#notice.hide('lost');
      this.#gallery.addOwn(this.#call.login);
      history.replaceState(null, '', byId('invite').value);
    }
    for (const id of ['publish-toggle', 'share-toggle', 'chat-send']) byId(id).disabled = state !== 'joined';
    if (state === 'idle') this.#afterRecording();
    else if (state !== 'joined') byId('recording').hidden = true;
    this.#showCamera();
    this.#showScreen();
    this.#showPeople();
  }

  #showRecording() {
    const { active, whole, file } = this.#call.recording;
    const mark = byId('recording');
    const was = mark.dataset.active;
    mark.hidden = !active && !whole;
    mark.dataset.active = String(Boolean(active));
    mark.textContent = active ? 'REC' : 'Not recorded';
    mark.title = active ? 'This room is being recorded' : 'This room should be recorded, but is not: the recorder is away, or its disk is full';
    if (whole) this.#wholeFile = file;
    if (!mark.hidden && was !== mark.dataset.active) this.#panel.chat.note(`${mark.title}.`);
  }

  /** Out of the room: where its recording will be. */
  #afterRecording() {
    const file = this.#wholeFile;
    byId('recording').hidden = true;
    delete byId('recording').dataset.active;
    this.#wholeFile = null;
    if (!file) return;
    const actions = [{ id: 'recordings', label: 'Recordings', run: () => open('/client/records/', '_blank') }];
    this.#notice.show('This room was recorded. Its recording is made when everybody has left.', {
      code: 'recorded', info: file, actions,
    });
    this.#watch.start(file);
  }

  #showRecorded(file, kind) {
    const run = () => open(recordingUrl(file), '_blank');
    this.#notice.show(kind === 'mix' ? 'The recording of the room is ready, in one picture.'
      : 'The recording of the room is ready.', {
      code: 'recorded', info: file, actions: [{ id: 'watch', label: 'Watch', run }],
    });
  }

  #showRoom(roomName) {
    const link = new URL(location.href);
    link.hash = '';
    link.searchParams.delete('login');
    link.searchParams.set('roomName', roomName);
    byId('invite').value = link.href;
    byId('room-name').textContent = roomName;
  }

  #showLost(delayMs, error) {
    const seconds = Math.round(delayMs / 1000);
    this.#notice.show(`Connection lost. Trying again ${seconds > 1 ? `in ${seconds} s` : 'now'}…`, {
      code: 'lost',
      info: error.message,
      actions: [{ id: 'rejoin', label: 'Rejoin', run: () => this.#call.rejoin() }],
    });
  }

  #showCamera() {
    const { state, camera, muted } = this.#call;
    const [words, tone] = outgoingBadge(camera);
    const status = byId('status');
    status.dataset.call = state;
    status.dataset.publish = camera.status;
    status.dataset.tone = { joined: tone, lost: 'bad' }[state] ?? '';
    status.textContent = { idle: 'Not connected', joining: 'Connecting…', lost: 'Connection lost' }[state] ?? words;

    this.#lobby.showPreview(state === 'idle' || state === 'joining' ? camera.media : null);
    this.#gallery.showOwnCamera(camera, { muted, onPublish: () => this.#togglePublish() });
    this.#showCameraTools();
  }

  #showCameraTools() {
    const { state, camera, muted } = this.#call;
    const has = (kind) => camera.media?.getTracks().some((track) => track.kind === kind) ?? false;
    const { audio, video } = muted;
    setTool(byId('mute-audio'), {
      image: audio ? 'micOff' : 'mic', pressed: audio, alarm: audio,
      label: audio ? 'Unmute microphone' : 'Mute microphone', word: audio ? 'Unmute' : 'Mute',
    });
    setTool(byId('mute-video'), {
      image: video ? 'cameraOff' : 'camera', pressed: video, alarm: video,
      label: video ? 'Unmute camera' : 'Mute camera', word: video ? 'Show' : 'Hide',
    });
    byId('mute-audio').disabled = state !== 'joined' || !has('audio');
    byId('mute-video').disabled = state !== 'joined' || !has('video');
    const publishing = camera.link || camera.restarting;
    setTool(byId('publish-toggle'), publishing
      ? { image: 'stop', label: 'Stop publishing', word: 'Stop' }
      : { image: 'air', label: 'Publish', word: 'Publish', alarm: camera.status === 'FAILED' });
    byId('publish-toggle').dataset.status = camera.status;
  }

  #showScreen() {
    const { screen, login } = this.#call;
    if (screen.status === 'FAILED' && !screen.restarting && screen.media) {
      this.#notice.show(`The screen could not be shared: ${screen.info}`, { code: 'share-failed', info: screen.info });
      this.#call.unshare(); // comes back here
      return;
    }
    const sharing = Boolean(screen.media);
    setTool(byId('share-toggle'), {
      image: sharing ? 'screenOff' : 'screen', pressed: sharing,
      label: sharing ? 'Stop sharing' : 'Share screen', word: sharing ? 'Unshare' : 'Share',
    });
    byId('share-toggle').dataset.status = screen.status;
    this.#gallery.showOwnScreen(screen, login);
  }

  #showPeople() {
    const call = this.#call;
    const joined = call.state === 'joined';
    const own = {
      login: call.login, remark: 'you', muted: call.camera.media ? call.muted : UNMUTED,
      sharing: Boolean(call.screen.media), silent: !call.camera.media,
    };
    const others = call.people.map((login) => {
      const streams = call.streamsOf(login);
      const camera = streams.find(({ kind }) => kind === 'camera');
      const sharing = streams.some(({ kind }) => kind === 'screen');
      return { login, muted: camera?.muted ?? UNMUTED, sharing, silent: !camera };
    });
    this.#panel.showPeople(joined ? [own, ...others] : []);
    byId('alone').hidden = !joined || others.length > 0;
  }

  #offerPlay() {
    const run = () => {
      this.#notice.hide();
      this.#gallery.playAll();
    };
    this.#notice.show('The browser plays sound and picture only after you touch the page.', {
      code: 'autoplay',
      actions: [{ id: 'play-all', label: 'Play', run }],
    });
  }

  async #showStats() {
    if (!this.#statsOn || this.#call.state !== 'joined') return;
    await this.#gallery.showStats(this.#call);
    if (!this.#statsOn) this.#gallery.hideStats();
  }

  async #say(text) {
    const { chat } = this.#panel;
    chat.message(this.#call.login, 'You', text, true);
    if (this.#call.people.length === 0) chat.note('Nobody else is here to read it.');
    const missed = await this.#call.say(text);
    if (missed.length > 0) chat.note('Not delivered to ', ...missed.flatMap((login) => [person(login), ' ']));
  }

  // ---- toolbar ----

  #bindToolbar() {
    const call = this.#call;
    byId('mute-audio').onclick = () => call.mute('audio', !call.muted.audio);
    byId('mute-video').onclick = () => call.mute('video', !call.muted.video);
    byId('publish-toggle').onclick = () => this.#togglePublish();
    byId('share-toggle').onclick = () => this.#toggleShare();
    byId('stats-toggle').onclick = () => this.#toggleStats();
    byId('leave').onclick = () => {
      this.#notice.hide();
      call.leave();
    };
    byId('copy-invite').onclick = async () => {
      await copyText(byId('invite'));
      this.#showCopied(true);
      setTimeout(() => this.#showCopied(false), COPIED_MS);
    };
  }

  #showCopied(copied) {
    const [image, words] = copied ? ['check', 'Copied'] : ['link', 'Copy invite link'];
    byId('copy-invite').innerHTML = `${icon(image)}<span>${words}</span>`;
    byId('announce').textContent = copied ? 'Invite link copied' : '';
  }

  async #togglePublish() {
    const call = this.#call;
    const { camera, room } = call;
    if (camera.link || camera.restarting) return call.unpublishCamera();
    if (camera.media) return camera.start();
    byId('publish-toggle').disabled = true;
    await this.#capture();
    byId('publish-toggle').disabled = call.state !== 'joined';
    if (room !== call.room && call.state === 'idle') call.unpublishCamera(); // left while the browser asked
    return undefined;
  }

  async #toggleShare() {
    const call = this.#call;
    const { room } = call;
    if (call.screen.media) return call.unshare();
    try {
      const media = await captureScreen();
      if (media && room && room === call.room) call.share(media);
      else stopTracks(media);
    } catch (error) {
      this.#notice.show(error.message, { code: error.code });
    }
    return undefined;
  }

  #toggleStats() {
    this.#statsOn = !this.#statsOn;
    byId('stats-toggle').setAttribute('aria-pressed', String(this.#statsOn));
    if (this.#statsOn) this.#showStats();
    else this.#gallery.hideStats();
  }
}
