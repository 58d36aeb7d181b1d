// What has happened to the account: the newest first, page by page.

import { $, element, minute, onPress, tell } from './page.js';
import { asUser } from './session.js';
import { describeDevice, describeEntry } from './texts.js';

export async function showAudit() {
  try {
    $('#audit-list').replaceChildren(...await page());
  } catch (problem) {
    tell(problem);
  }
}

// page returns rows, the last of which is a button where there are more.
async function page(cursor) {
  const query = new URLSearchParams({ limit: 10, ...cursor && { cursor } });
  const { entries, nextCursor } = await asUser('GET', `/users/me/audit?${query}`);
  const rows = entries.map(row);
  if (nextCursor) rows.push(moreButton(nextCursor));
  return rows;
}

function row(entry) {
  const where = [entry.userAgent && describeDevice(entry.userAgent), entry.ip].filter(Boolean).join(', ');
  return element('li', {}, element('span', { className: 'name', title: entry.userAgent ?? '' }, describeEntry(entry),
    element('small', {}, minute(entry.at), where && ` · ${where}`)));
}

function moreButton(cursor) {
  const button = element('button', { type: 'button' }, 'Show older');
  const item = element('li', {}, button);
  onPress(button, async () => {
    const rows = await page(cursor);
    item.replaceWith(...rows);
    rows[0].tabIndex = -1; // the button has gone: a screen reader reads on from here
    rows[0].focus();
  });
  return item;
}
