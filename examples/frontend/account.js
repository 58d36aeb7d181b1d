// The account of who is logged in, and what one changes of it.

import { Problem } from './api.js';
import { showAudit } from './audit.js';
import { showDevices } from './devices.js';
import { forgetLinks, showLinked } from './links.js';
import { sendVerification } from './mails.js';
import { $, clear, day, element, onPress, onSubmit, say, show, tell } from './page.js';
import { asUser, drop, know, outlivesThePage, replace, user } from './session.js';

// setUpAccount makes the section work. What nobody opens is not asked for.
export function setUpAccount() {
  onPress($('#resend'), resend);
  onPress($('#export'), download);
  onSubmit($('#change-email form'), changeEmail);
  onSubmit($('#change-password form'), changePassword);
  onSubmit($('#delete form'), deleteAccount);
  for (const details of document.querySelectorAll('#account details')) {
    details.addEventListener('toggle', () => details.open && say('')); // of something else
  }
  onOpen('#devices', showDevices);
  onOpen('#audit', showAudit);
  // The mail's link opens in another tab. Who comes back from there sees what it did.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && waiting()) lookAgain();
  });
}

function onOpen(selector, act) {
  $(selector).addEventListener('toggle', () => $(selector).open && act());
}

// showAccount shows who is logged in. It is done when the linked accounts stand there.
export async function showAccount(focusOn) {
  for (const details of document.querySelectorAll('#account details')) details.open = false;
  for (const form of document.querySelectorAll('#account form')) clear(form);
  for (const list of [$('#device-list'), $('#audit-list')]) list.replaceChildren(); // somebody else's
  forgetLinks();
  showUser();
  $('#reload-hint').textContent = outlivesThePage()
    ? 'A cookie that no script can read keeps your log-in when you reload this page.'
    : 'This page keeps your log-in in memory only: reloading it logs you out.';
  show('account');
  await showLinked(focusOn);
}

function showUser() {
  const { username, displayName, email, emailVerified, pendingEmail, hasPassword, createdAt, role } = user();
  const name = displayName ?? username;
  $('#initial').textContent = [...name][0].toUpperCase();
  $('#greeting').textContent = `Hello, ${name}`;
  $('#handle').textContent = `@${username}`;
  const facts = {
    'E-mail': `${email} (${emailVerified ? 'verified' : 'not verified yet'})`,
    ...pendingEmail && { 'New e-mail': `${pendingEmail} (pending)` },
    'Member since': day(createdAt),
    'Role': role,
  };
  $('#facts').replaceChildren(...Object.entries(facts).flatMap(([term, fact]) =>
    [element('dt', {}, term), element('dd', {}, fact)]));
  $('#unverified').hidden = !waiting();
  $('#unverified-text').textContent = pendingEmail
    ? `Open the link in the mail that we have sent to ${pendingEmail}. Until then, ${email} stays your address.`
    : 'Your e-mail address is not verified. Open the link in the mail that we have sent to it.';
  for (const field of document.querySelectorAll('.proof')) field.hidden = !hasPassword;
}

// waiting returns the address that waits for its proof, or null.
function waiting() {
  if (!user()) return null;
  return user().pendingEmail ?? (user().emailVerified ? null : user().email);
}

// lookAgain asks what has become of the account since.
export async function lookAgain() {
  try {
    know(await asUser('GET', '/users/me'));
    showUser();
    if (!waiting()) say('Your e-mail address is verified.');
  } catch (problem) {
    tell(problem);
  }
}

async function resend() {
  try {
    await sendVerification();
    say(`A mail is on its way to ${waiting()}. Only the link in the newest one works.`);
  } catch (problem) {
    if (problem.code !== 'already_verified') throw problem;
    await lookAgain();
  }
}

async function changeEmail(fields) {
  const before = user().email;
  know(await asUser('PATCH', '/users/me', { body: fields }));
  showUser();
  const { email, pendingEmail } = user();
  if (pendingEmail) done('#change-email', `We have sent a link to ${pendingEmail}. It becomes your address when you open the link.`);
  else done('#change-email', email === before ? 'That is your address already.' : `Your address is ${email} now.`);
}

async function changePassword(fields) {
  const body = outlivesThePage() ? { ...fields, refreshCookie: true } : fields;
  replace(await asUser('PUT', '/users/me/password', { body }));
  showUser();
  done('#change-password', 'Your password has been changed. Everywhere but here, you have been logged out.');
  $('#devices').open = false; // what it shows is over
}

async function deleteAccount({ sure, ...proof }) {
  if (!sure) throw new Problem('validation_failed', { errors: [{ field: 'sure', code: 'required' }] });
  await asUser('DELETE', '/users/me', { body: proof });
  drop();
  say('Your account has been deleted.');
}

// download saves all that the service holds about the person as a file. A link to it would have
// to carry the token in its address.
async function download() {
  const address = URL.createObjectURL(await asUser('GET', '/users/me/export', { as: 'blob' }));
  element('a', { href: address, download: `${user().username}-${new Date().toISOString().slice(0, 10)}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // when it has surely been saved
  say('Your data has been saved as a file.');
}

// done closes what somebody has finished with.
function done(selector, sentence) {
  const details = $(selector);
  details.querySelector('form').reset();
  details.open = false;
  details.querySelector('summary').focus();
  say(sentence);
}
