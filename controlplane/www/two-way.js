// SPDX-License-Identifier: MIT
import { openRoomPage } from './page.js';

openRoomPage({ title: 'Two Way Video Chat', layout: 'duo', capacity: 2, sharing: false });
