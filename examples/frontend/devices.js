// Where one is logged in, and logging out there.

import { $, element, minute, onPress, say, tell } from './page.js';
import { asUser } from './session.js';
import { describeDevice, describeMethod } from './texts.js';

// showDevices shows the sessions, this one first.
export async function showDevices() {
  try {
    const sessions = await asUser('GET', '/users/me/sessions');
    sessions.sort((a, b) => b.current - a.current);
    $('#device-list').replaceChildren(...sessions.map(row));
    if (sessions.length > 1) $('#device-list').append(element('li', {}, endOthersButton()));
  } catch (problem) {
    tell(problem);
  }
}

function row({ id, method, userAgent, ip, createdAt, lastUsedAt, current }) {
  const device = describeDevice(userAgent);
  return element('li', {},
    element('span', { className: 'name', title: userAgent }, device,
      element('small', {}, ip),
      element('small', {}, `since ${minute(createdAt)}, ${describeMethod(method)}`),
      element('small', {}, `last used ${minute(lastUsedAt)}`)),
    current ? element('strong', { className: 'badge' }, 'This one') : endButton(id, device, createdAt));
}

function endButton(id, device, createdAt) {
  const button = element('button', { type: 'button', className: 'small', ariaLabel: `Log out ${device}, since ${minute(createdAt)}` }, 'Log out');
  onPress(button, async () => {
    try {
      await asUser('DELETE', `/users/me/sessions/${id}`);
    } catch (problem) {
      if (problem.code !== 'not_found') throw problem; // it has ended by itself: just as well
    }
    await ended(`${device} has been logged out.`);
  });
  return button;
}

function endOthersButton() {
  const button = element('button', { type: 'button' }, 'Log out everywhere else');
  onPress(button, async () => {
    await asUser('DELETE', '/users/me/sessions');
    await ended('Everywhere but here, you have been logged out.');
  });
  return button;
}

async function ended(sentence) {
  await showDevices();
  $('#devices summary').focus(); // the button has gone
  say(sentence);
}
