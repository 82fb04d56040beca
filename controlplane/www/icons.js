// SPDX-License-Identifier: MIT
// Line icons, 24 x 24, drawn with the colour of the text around them.

const PATHS = {
  mic: '<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3"/>',
  micOff:
    '<path d="M9 9V6a3 3 0 0 1 6 0v5m-.9 2.1A3 3 0 0 1 9 11M5 11a7 7 0 0 0 11.3 5.5M19 11a7 7 0 0 1-.6'
    + ' 2.8M12 18v3M4 4l16 16"/>',
  camera: '<rect x="3" y="6" width="12" height="12" rx="2.5"/><path d="m15 11 6-3.5v9L15 13"/>',
  cameraOff:
    '<path d="M9.5 6h3A2.5 2.5 0 0 1 15 8.5v3l6-4v9l-3-2M15 15.5A2.5 2.5 0 0 1 12.5 18h-7A2.5 2.5 0 0 1 3'
    + ' 15.5v-7a2.5 2.5 0 0 1 2-2.45M4 4l16 16"/>',
  air:
    '<circle cx="12" cy="12" r="2"/><path d="M8 16a5.7 5.7 0 0 1 0-8M16 8a5.7 5.7 0 0 1 0 8M5 19a9.9 9.9'
    + ' 0 0 1 0-14M19 5a9.9 9.9 0 0 1 0 14"/>',
  stop: '<circle cx="12" cy="12" r="9"/><rect x="9" y="9" width="6" height="6" rx="1"/>',
  screen: '<rect x="3" y="4" width="18" height="13" rx="2.5"/><path d="M8.5 21h7M12 14V8M9.5 10.2 12 7.7l2.5 2.5"/>',
  screenOff:
    '<rect x="3" y="4" width="18" height="13" rx="2.5"/><path d="M8.5 21h7M9.7 8.2l4.6 4.6M14.3 8.2l-4.6'
    + ' 4.6"/>',
  stats: '<path d="M5 20v-7M10 20V5M15 20v-9M20 20v-4"/>',
  chat:
    '<path d="M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5'
    + ' 2.5 0 0 1 4 13.5Z"/>',
  people:
    '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20a6.5 6.5 0 0 1 13 0M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18'
    + ' 14.5a6.5 6.5 0 0 1 3.5 5.5"/>',
  leave:
    '<path d="M14 8V5.5A1.5 1.5 0 0 0 12.5 4h-6A1.5 1.5 0 0 0 5 5.5v13A1.5 1.5 0 0 0 6.5 20h6a1.5 1.5 0 0'
    + ' 0 1.5-1.5V16M10 12h11m-3.5-3.5L21 12l-3.5 3.5"/>',
  link:
    '<path d="M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12.5 5.8M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4'
    + ' 4 0 0 0 5.7 5.7l1.1-1.1"/>',
  send: '<path d="M12 20V5M5.5 11.5 12 5l6.5 6.5"/>',
  close: '<path d="m6 6 12 12M18 6 6 18"/>',
  expand: '<path d="M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5"/>',
  check: '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
  play: '<path d="M8 5.5v13l10.5-6.5Z"/>',
  download: '<path d="M12 4v11M7 10.5l5 5 5-5M5 20h14"/>',
  record: '<circle cx="12" cy="12" r="8"/><circle cx="12" cy="12" r="3.5"/>',
  duo: '<rect x="3" y="4" width="18" height="16" rx="3"/><rect x="13" y="12.5" width="5.5" height="5" rx="1.2"/>',
  grid:
    '<rect x="3" y="3" width="8" height="8" rx="2"/><rect x="13" y="3" width="8" height="8" rx="2"/><rect'
    + ' x="3" y="13" width="8" height="8" rx="2"/><rect x="13" y="13" width="8" height="8" rx="2"/>',
};

/** Markup of an icon; the name is one of ours, never user text. */
export function icon(name) {
  return `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`;
}
