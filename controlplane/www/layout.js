// SPDX-License-Identifier: MIT
// The fixed markup of a room page: lobby, stage, side panel, toolbar. Nothing in it comes from a user.

import { icon } from './icons.js';

const tool = (id, label, image, word, attributes = '') =>
  `<button id="${id}" class="tool" type="button" aria-label="${label}" title="${label}" ${attributes}>
    ${icon(image)}<span class="word">${word}</span></button>`;

const LOGO = `<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
  <rect x="2" y="6" width="28" height="20" rx="7"/><path d="M7 16h4l2.5-5 5 10 2.5-5h4"/></svg>`;

export const roomMarkup = (title) => `
<header class="top">
  <a class="brand" href="./" aria-label="Roomline: all pages">${LOGO}<span>Roomline</span></a>
  <span class="in-call" id="room-name" dir="auto"></span>
  <span id="status" class="status" role="status">Not connected</span>
  <span id="recording" class="recording" role="status" hidden></span>
  <span class="spring"></span>
  <button id="copy-invite" class="button in-call" type="button">${icon('link')}<span>Copy invite link</span></button>
</header>

<div id="error" class="notice" role="alert" hidden>
  <p id="error-text"></p>
  <span id="error-actions"></span>
  <button id="error-close" class="ghost" type="button" aria-label="Dismiss">${icon('close')}</button>
</div>

<main id="lobby" class="lobby">
  <form id="lobby-form" class="card" autocomplete="off">
    <div class="preview" id="preview">
      <video id="preview-video" autoplay playsinline muted></video>
      <div class="preview-empty">${icon('camera')}
        <button id="preview-start" class="button" type="button">Check camera and microphone</button>
      </div>
    </div>
    <div class="fields">
      <h1>${title}</h1>
      <label>Your name<input id="login" name="login" required maxlength="64" dir="auto"
        placeholder="How others see you"></label>
      <label>Room<input id="room" name="room" required maxlength="64" dir="auto"></label>
      <div class="pair">
        <label>Camera<select id="camera"></select></label>
        <label>Microphone<select id="microphone"></select></label>
      </div>
      <label id="record-line" class="check" hidden><input id="record" type="checkbox"> Record this room</label>
      <button id="join" class="button primary" type="submit">Join</button>
      <p id="server" class="hint" hidden></p>
    </div>
  </form>
</main>

<main id="call" class="call" hidden>
  <section id="stage" class="stage" aria-label="Video">
    <div id="featured" class="featured"></div>
    <div id="tiles" class="tiles"></div>
    <div id="alone" class="alone" hidden>
      <p>Nobody else is here yet. Send the invite link.</p>
    </div>
  </section>
  <aside id="panel" class="panel" aria-label="People and chat">
    <div class="panel-head">
      <h2>${icon('people')}In the room <span id="people-count" class="count"></span></h2>
      <button id="panel-close" class="ghost" type="button" aria-label="Close people and chat">${icon('close')}</button>
    </div>
    <ul id="people" class="people"></ul>
    <label class="invite-line">Invite link<input id="invite" readonly></label>
    <h2>${icon('chat')}Chat</h2>
    <div id="chat-log" class="chat-log" role="log" aria-live="polite" aria-label="Messages" tabindex="0"></div>
    <form id="chat-form" class="chat-form">
      <textarea id="chat-text" rows="1" maxlength="4000" dir="auto" placeholder="Message to everyone"
        aria-label="Message to everyone" enterkeyhint="send"></textarea>
      <button id="chat-send" class="round" type="submit" aria-label="Send message">${icon('send')}</button>
    </form>
  </aside>
  <footer class="toolbar" role="group" aria-label="Call">
    ${tool('mute-audio', 'Mute microphone', 'mic', 'Mute', 'aria-pressed="false"')}
    ${tool('mute-video', 'Mute camera', 'camera', 'Hide', 'aria-pressed="false"')}
    ${tool('publish-toggle', 'Stop publishing', 'stop', 'Stop')}
    ${tool('share-toggle', 'Share screen', 'screen', 'Share', 'aria-pressed="false"')}
    ${tool('stats-toggle', 'Statistics', 'stats', 'Stats', 'aria-pressed="false"')}
    ${tool('panel-toggle', 'People and chat', 'chat', 'Chat', 'aria-expanded="true" aria-controls="panel"')}
    ${tool('leave', 'Leave', 'leave', 'Leave')}
  </footer>
</main>
<p id="announce" class="visually-hidden" role="status"></p>`;
