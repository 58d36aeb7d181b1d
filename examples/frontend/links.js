// The accounts at Google, Facebook and LINE that are linked, and how one changes that.

import { Problem } from './api.js';
import { beginLink, onLinkEnd } from './oauth.js';
import { $, day, element, icon, onPress, say, tell } from './page.js';
import { asUser } from './session.js';
import { providers } from './texts.js';

let waitingFor = null; // the provider that is being linked in another window

export function watchLinks() {
  onLinkEnd(linkEnded);
}

export function forgetLinks() {
  waitingFor = null;
  $('#linked').replaceChildren();
}

// showLinked returns the providers that are linked. It shows what it can, and says why where
// that is nothing.
export async function showLinked(focusOn) {
  try {
    const linked = await asUser('GET', '/users/me/oauth-providers');
    const since = new Map(linked.map(({ provider, createdAt }) => [provider, createdAt]));
    $('#linked').replaceChildren(...Object.keys(providers).map((provider) => row(provider, since.get(provider))));
    // Who comes through a provider may have no password.
    for (const hint of document.querySelectorAll('.perhaps-none')) hint.hidden = linked.length === 0;
    if (focusOn) $(`#linked [data-provider=${focusOn}]`).focus();
  } catch (problem) {
    tell(problem);
  }
}

function row(provider, since) {
  const name = providers[provider];
  const button = element('button', { type: 'button', className: 'small' }, since ? 'Unlink' : 'Link');
  button.dataset.provider = provider;
  button.setAttribute('aria-label', `${since ? 'Unlink' : 'Link'} ${name}`);
  onPress(button, () => (since ? unlink(provider) : link(provider)), provider);
  return element('li', {},
    icon(provider),
    element('span', { className: 'name' }, name, element('small', {}, since ? `linked on ${day(since)}` : 'not linked')),
    button);
}

async function link(provider) {
  waitingFor = provider;
  say(`Go on in the window of ${providers[provider]}.`);
  try {
    await beginLink(provider);
  } catch (problem) {
    waitingFor = null;
    throw problem;
  }
}

async function unlink(provider) {
  await asUser('DELETE', `/users/me/oauth-providers/${provider}`);
  await showLinked(provider);
  say(`${providers[provider]} is not linked any more.`);
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
