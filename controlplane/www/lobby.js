// SPDX-License-Identifier: MIT
// The form before the call: name, room, devices, and a look at one's own picture.

import { canCapture, listDevices } from './media.js';
import { byId } from './ui.js';
import { randomHex } from './wcs.js';

const LOGIN_KEY = 'roomline.login';

function remembered() {
  try {
    return localStorage.getItem(LOGIN_KEY) ?? '';
  } catch {
    return ''; // the browser may keep storage closed
  }
}

function remember(login) {
  try {
    localStorage.setItem(LOGIN_KEY, login);
  } catch { /* as above */ }
}

/** Fills a select with a default, the known devices, and off; keeps the choice where it still exists. */
function fill(select, devices) {
  const { value } = select;
  const named = devices.filter((device) => device.label && device.deviceId && device.deviceId !== 'default');
  const options = named.map((device) => new Option(device.label, device.deviceId));
  select.replaceChildren(new Option('Default', ''), ...options, new Option('Off', 'off'));
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

function chosen(select) {
  return select.value === 'off' ? false : select.value || true;
}

export class Lobby {
  /** params: URLSearchParams with roomName and login; recordable: offer to record the room, if it is not one that
   *  others may be in already; onJoin(); onPreview(): capture, please. */
  constructor({ params, recordable, onJoin, onPreview }) {
    byId('record-line').hidden = !recordable || params.size > 0;
    byId('login').value = params.get('login') ?? remembered();
    byId('room').value = params.get('roomName') || `room-${randomHex(6)}`;
    byId('lobby-form').onsubmit = (event) => {
      event.preventDefault();
      onJoin();
    };
    byId('preview-start').onclick = onPreview;
    byId('preview-start').hidden = !canCapture();
    for (const id of ['camera', 'microphone']) byId(id).onchange = () => byId('preview-video').srcObject && onPreview();
    navigator.mediaDevices?.addEventListener?.('devicechange', () => this.showDevices());
    (byId('login').value ? byId('join') : byId('login')).focus();
    this.showDevices();
  }

  /** { login, room, record }, or null after the person has been shown what is missing. */
  read() {
    for (const id of ['login', 'room']) byId(id).value = byId(id).value.trim();
    if (!byId('lobby-form').reportValidity()) return null;
    remember(byId('login').value);
    return { login: byId('login').value, room: byId('room').value, record: byId('record').checked };
  }

  /** In the form that capture() takes. */
  get devices() {
    return { audio: chosen(byId('microphone')), video: chosen(byId('camera')) };
  }

  async showDevices() {
    fill(byId('camera'), await listDevices('videoinput'));
    fill(byId('microphone'), await listDevices('audioinput'));
  }

  showPreview(media) {
    const video = byId('preview-video');
    if (video.srcObject !== media) video.srcObject = media;
    byId('preview').classList.toggle('live', Boolean(media?.getVideoTracks().length));
    byId('preview-start').textContent = media ? 'Microphone is ready' : 'Check camera and microphone';
    byId('preview-start').disabled = Boolean(media);
  }

  set busy(busy) {
    byId('join').disabled = busy;
    byId('join').textContent = busy ? 'Joining…' : 'Join';
  }

  /** Whether the person has allowed the camera before, so that showing it asks nothing. */
  async mayPreview() {
    const permission = await navigator.permissions?.query({ name: 'camera' }).catch(() => null);
    return permission?.state === 'granted';
  }
}
