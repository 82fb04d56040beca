// SPDX-License-Identifier: MIT
import { openRoomPage } from './page.js';

openRoomPage({ title: 'Conference', layout: 'grid', recordable: true });
