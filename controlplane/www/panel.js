// SPDX-License-Identifier: MIT
// The panel beside the stage (a sheet on narrow screens): who is here, the invite link, the chat.

import { byId, Chat, showPeople } from './ui.js';

const TEXT_HEIGHT_MAX_PX = 120;

export class Panel {
  chat = new Chat(byId('chat-log'));
  #narrow = matchMedia('(max-width: 899px)');
  #unread = 0;

  /** onSay(text) */
  constructor({ onSay }) {
    this.#setOpen(!this.#narrow.matches);
    this.#narrow.onchange = () => this.#setOpen(!this.#narrow.matches);
    byId('panel-toggle').onclick = () => this.#setOpen(!this.#isOpen);
    byId('panel-close').onclick = () => this.#setOpen(false);
    addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#narrow.matches) this.#setOpen(false);
    });
    this.#bindForm(onSay);
  }

  receive(from, text) {
    this.chat.message(from, from, typeof text === 'string' ? text : JSON.stringify(text), false);
    if (!this.#isOpen) this.#setUnread(this.#unread + 1);
  }

  showPeople(people) {
    showPeople(byId('people'), people);
    byId('people-count').textContent = people.length || '';
  }

  get #isOpen() {
    return byId('panel').classList.contains('open');
  }

  #bindForm(onSay) {
    const field = byId('chat-text');
    const fit = () => {
      field.style.height = 'auto';
      field.style.height = `${Math.min(field.scrollHeight + 2, TEXT_HEIGHT_MAX_PX)}px`;
    };
    field.oninput = fit;
    field.onkeydown = (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId('chat-form').requestSubmit();
    };
    byId('chat-form').onsubmit = (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text || byId('chat-send').disabled) return;
      field.value = '';
      fit();
      onSay(text);
    };
  }

  #setOpen(open) {
    byId('panel').classList.toggle('open', open);
    byId('panel-toggle').setAttribute('aria-expanded', String(open));
    if (open) this.#setUnread(0);
  }

  #setUnread(unread) {
    this.#unread = unread;
    byId('panel-toggle').dataset.unread = unread || '';
  }
}
