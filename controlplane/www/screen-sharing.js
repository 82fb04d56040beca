// SPDX-License-Identifier: MIT
import { openRoomPage } from './page.js';

openRoomPage({ title: 'Video Chat & Screen Sharing', layout: 'grid', sharing: 'prominent' });
