// The page: it shows one section at a time, and tells what happened. How the service is
// called stands in api.js, logging in at a provider in oauth.js, the words in texts.js.

import { call, Problem } from './api.js';
import { arrival, begin, beginLink, exchange, onLinkEnd, reportLinkEnd } from './oauth.js';
import { describe, describeField, providers } from './texts.js';

// The tokens live in this variable and nowhere else: storage and cookies that scripts can
// read outlive the page, and give the tokens to any script that ever gets into it.
let session = null; // {token, user, …} as the service answered; null: logged out

let ticket = null;       // stands for the account that lacks an e-mail address
let ticketProvider;      // who did not tell it
let waitingFor = null;   // the provider that is being linked in another window
let suggested = null;    // the provider to link, once logged in

const $ = (selector) => document.querySelector(selector);

start();

async function start() {
  // What a tab keeps belongs to one origin, and providers send people back to localhost.
  if (['127.0.0.1', '[::1]'].includes(location.hostname)) {
    return location.replace(Object.assign(new URL(location), { hostname: 'localhost' }));
  }
  for (const form of document.forms) form.addEventListener('submit', submit);
  for (const list of document.querySelectorAll('.providers')) {
    list.append(...Object.keys(providers).map(providerButton));
  }
  $('#logout').addEventListener('click', logout);
  window.addEventListener('hashchange', () => session || showLoggedOut());
  // A page that the back button brings back is as it was left: busy with leaving.
  window.addEventListener('pageshow', () => document.querySelectorAll('[aria-busy]').forEach(idle));
  onLinkEnd(linkEnded);

  const back = arrival();
  if (!back) return showLoggedOut({ focus: false });
  if (back.code) return comeBack(back);
  return comeBackFromLinking(back);
}

// ---- Logging in and out

const actions = {
  login: ({ name, password }) =>
    call('POST', '/auth/login', { body: { [name.includes('@') ? 'email' : 'username']: name, password } }),

  register: (fields) => call('POST', '/auth/register', { body: fields }),

  complete: (fields) => call('POST', '/auth/oauth/complete', { body: { ticket, ...fields } }),
};

// submit sends a form. Each of them ends with a session, or says why not.
async function submit(event) {
  event.preventDefault();
  const form = event.target;
  const { id } = form.closest('section');
  // Fields that were left empty are not sent, but for those that are needed.
  const filled = [...new FormData(form)].filter(([name, value]) => value || form.elements[name].required);

  await busyWith(form, async () => {
    clearFaults(form);
    try {
      logIn(await actions[id](Object.fromEntries(filled)));
    } catch (problem) {
      if (problem.code === 'invalid_ticket') {
        showLoggedOut();
        return tell(problem, ticketProvider);
      }
      showFaults(form, problem);
    }
  });
}

async function comeBack(back) {
  const provider = back.flow?.provider;
  show('waiting');
  try {
    logIn(await exchange(back));
  } catch (problem) {
    if (problem.code === 'email_required') {
      ({ ticket } = problem);
      ticketProvider = provider;
      $('#complete-provider').textContent = providers[provider];
      return show('complete');
    }
    showLoggedOut();
    tell(problem, provider);
  }
}

function logIn(auth) {
  session = auth;
  ticket = null;
  history.replaceState(null, '', '/'); // without #register
  document.querySelectorAll('form').forEach((form) => form.reset()); // keep no password
  showAccount();
  if (auth.isNewUser) say('Welcome! Your account has been made.');
}

async function logout() {
  const { token } = session;
  forget();
  say('You are logged out.');
  // Even where nobody answers, this page has forgotten the tokens.
  await call('POST', '/auth/logout', { token }).catch(() => {});
}

function forget() {
  session = null;
  waitingFor = null;
  showLoggedOut();
}

// asUser makes a request as who is logged in. A token that is worth nothing any more ends the
// session here too; a front end with a refresh token would get a new one first.
async function asUser(work) {
  try {
    return await work(session.token);
  } catch (problem) {
    if (problem.status === 401) forget();
    throw problem;
  }
}

// ---- Google, Facebook, LINE

function providerButton(provider) {
  const button = element('button', { type: 'button', className: 'provider' }, icon(provider), `Continue with ${providers[provider]}`);
  button.dataset.provider = provider;
  button.addEventListener('click', () => busyWith(button, async () => {
    try {
      await begin(provider);
      await forever(); // the browser is leaving: stay busy
    } catch (problem) {
      tell(problem, provider);
    }
  }));
  return button;
}

// comeBackFromLinking is for the end of a linking, and for any error. A tab that waits for it
// is told; without one it is told here.
async function comeBackFromLinking(back) {
  show('waiting');
  if (!back.flow && await reportLinkEnd(back)) {
    say('Done. You can close this window.');
    return window.close();
  }
  showLoggedOut();
  if (back.linked in providers) return say(`${providers[back.linked]} is linked. Log in again to see it.`);
  suggested = back.error === 'account_exists' ? back.flow?.provider : null;
  tell(new Problem(back.error ?? 'unknown_flow'), back.flow?.provider);
}

function linkEnded({ linked, error }) {
  const provider = waitingFor;
  if (!provider || (linked && linked !== provider)) return false; // another tab's
  waitingFor = null;
  showLinked(provider).then(() => (error
    ? tell(new Problem(error), provider)
    : say(`${providers[provider]} is linked.`)));
  return true;
}

async function showLinked(focusOn) {
  try {
    const linked = await asUser((token) => call('GET', '/users/me/oauth-providers', { token }));
    const since = new Map(linked.map(({ provider, createdAt }) => [provider, createdAt]));
    $('#linked').replaceChildren(...Object.keys(providers).map((provider) => linkedRow(provider, since.get(provider))));
    if (focusOn) $(`#linked [data-provider=${focusOn}]`).focus();
  } catch (problem) {
    tell(problem);
  }
}

function linkedRow(provider, since) {
  const name = providers[provider];
  const button = element('button', { type: 'button', className: 'small' }, since ? 'Unlink' : 'Link');
  button.dataset.provider = provider;
  button.setAttribute('aria-label', `${since ? 'Unlink' : 'Link'} ${name}`);
  button.addEventListener('click', () => busyWith(button, () => (since ? unlink(provider) : link(provider))));
  return element('li', {},
    icon(provider),
    element('span', { className: 'name' }, name, element('small', {}, since ? `linked on ${day(since)}` : 'not linked')),
    button);
}

async function link(provider) {
  waitingFor = provider;
  say(`Go on in the window of ${providers[provider]}.`);
  try {
    await asUser((token) => beginLink(provider, token));
  } catch (problem) {
    waitingFor = null;
    tell(problem, provider);
  }
}

async function unlink(provider) {
  try {
    await asUser((token) => call('DELETE', `/users/me/oauth-providers/${provider}`, { token }));
    await showLinked(provider);
    say(`${providers[provider]} is not linked any more.`);
  } catch (problem) {
    tell(problem, provider);
  }
}

// ---- What is on the screen

function show(id, { focus = true } = {}) {
  say('');
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== id;
  const heading = $(`#${id} h1`);
  document.title = `${heading.textContent} · gofiber-auth demo`;
  if (focus) heading.focus(); // a screen reader reads on from here
}

function showLoggedOut(options) {
  show(location.hash === '#register' ? 'register' : 'login', options);
}

async function showAccount() {
  const { user } = session;
  const name = user.displayName ?? user.username;
  $('#initial').textContent = [...name][0].toUpperCase();
  $('#greeting').textContent = `Hello, ${name}`;
  $('#handle').textContent = `@${user.username}`;
  const facts = {
    'E-mail': `${user.email} (${user.emailVerified ? 'verified' : 'not verified yet'})`,
    'Member since': day(user.createdAt),
    'Role': user.role,
  };
  $('#facts').replaceChildren(...Object.entries(facts).flatMap(([term, fact]) =>
    [element('dt', {}, term), element('dd', {}, fact)]));
  $('#linked').replaceChildren();
  show('account');

  const wanted = suggested;
  suggested = null;
  await showLinked(wanted);
  if (wanted) say(`You are logged in. Now you can link ${providers[wanted]} below.`);
}

// say tells of what went well, tell of what did not.
function say(sentence) {
  $('#error').textContent = '';
  $('#status').textContent = sentence;
}

function tell(problem, provider) {
  if (!(problem instanceof Problem)) throw problem; // a fault of this page
  say('');
  $('#error').textContent = describe(problem, provider);
  $('#error').focus();
}

// showFaults puts what is wrong beside its fields. What belongs to none stands above the form.
function showFaults(form, problem) {
  const ofField = { email_taken: 'email', username_taken: 'username' }[problem.code];
  const found = ofField ? [[ofField, describe(problem)]] : problem.fields.map((fault) => [fault.field, describeField(fault)]);
  const shown = found.filter(([field, sentence]) => markFault(form, field, sentence));
  if (shown.length === 0) return tell(problem);
  form.querySelector('[aria-invalid]').focus();
}

function markFault(form, field, sentence) {
  // The log-in has one field for what the service knows as two.
  const input = form.elements[field] ?? (['email', 'username'].includes(field) && form.elements.name);
  if (!input?.id) return false;
  const id = `${input.id}-fault`;
  document.getElementById(id)?.remove();
  input.after(element('p', { id, className: 'fault' }, sentence));
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-errormessage', id);
  input.dataset.hint ??= input.getAttribute('aria-describedby') ?? '';
  input.setAttribute('aria-describedby', `${id} ${input.dataset.hint}`.trim());
  return true;
}

function clearFaults(form) {
  say('');
  for (const fault of form.querySelectorAll('.fault')) fault.remove();
  for (const input of form.querySelectorAll('[aria-invalid]')) {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-errormessage');
    input.setAttribute('aria-describedby', input.dataset.hint);
  }
}

// busyWith keeps a second click out while the first is worked on. The button stays enabled:
// one that is disabled loses the focus.
async function busyWith(what, work) {
  if (what.ariaBusy) return;
  what.ariaBusy = 'true';
  try {
    await work();
  } finally {
    idle(what);
  }
}

function idle(what) {
  what.removeAttribute('aria-busy');
}

function forever() {
  return new Promise(() => {});
}

// element makes one out of text and other elements: text never becomes HTML.
function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

function day(time) {
  return new Date(time).toLocaleDateString(undefined, { dateStyle: 'medium' });
}
