// The accounts at Google, Facebook and LINE that are linked, and how one changes that.

import { Problem } from './api.js';
import { beginLink, onLinkEnd } from './oauth.js';
import { $, clear, day, element, icon, onPress, onSubmit, say, tell } from './page.js';
import { asUser, user } from './session.js';
import { offered } from './settings.js';
import { providers } from './texts.js';

let waitingFor = null; // the provider that is being linked in another window
let asked = null;      // what the current password is asked for: {provider, act}

export function watchLinks() {
  onLinkEnd(linkEnded);
  onSubmit($('#prove'), goOn);
}

export function forgetLinks() {
  waitingFor = null;
  hideProof();
  $('#linked').replaceChildren();
}

// showLinked returns the providers that are linked. It shows what it can, and says why where
// that is nothing.
export async function showLinked(focusOn) {
  try {
    const linked = await asUser('GET', '/users/me/oauth-providers');
    const since = new Map(linked.map(({ provider, createdAt }) => [provider, createdAt]));
    const shown = new Set([...offered(), ...since.keys()]); // what is switched off can be unlinked
    hideProof();
    $('#linked').replaceChildren(...[...shown].map((provider) => row(provider, since.get(provider))));
    if (focusOn) $(`#linked [data-provider=${focusOn}]`)?.focus();
  } catch (problem) {
    tell(problem);
  }
}

function row(provider, since) {
  const name = providers[provider] ?? provider;
  const button = element('button', { type: 'button', className: 'small' }, since ? 'Unlink' : 'Link');
  button.dataset.provider = provider;
  button.setAttribute('aria-label', `${since ? 'Unlink' : 'Link'} ${name}`);
  onPress(button, () => prove(provider, since ? unlink : link), provider);
  return element('li', {},
    icon(provider),
    element('span', { className: 'name' }, name, element('small', {}, since ? `linked on ${day(since)}` : 'not linked')),
    button);
}

// prove goes on with act once the account is proved: by the current password where there is one, else
// by a session that the service takes for young enough.
async function prove(provider, act) {
  if (!user().hasPassword) return act(provider);
  clear($('#prove'));
  asked = { provider, act };
  $('#prove button.primary').textContent = `${act === link ? 'Link' : 'Unlink'} ${providers[provider] ?? provider} now`;
  $('#prove').hidden = false;
  $('#prove-current').focus();
}

async function goOn(proof) {
  const { provider, act } = asked;
  try {
    await act(provider, proof);
    hideProof();
  } catch (problem) {
    if (problem.code === 'wrong_password' || problem.fields?.length) throw problem;
    hideProof();
    tell(problem, provider);
  }
}

function hideProof() {
  asked = null;
  $('#prove').hidden = true;
  $('#prove').reset();
}

async function link(provider, proof) {
  waitingFor = provider;
  say(`Go on in the window of ${providers[provider]}.`);
  try {
    await beginLink(provider, proof);
  } catch (problem) {
    waitingFor = null;
    throw problem;
  }
}

async function unlink(provider, proof) {
  await asUser('DELETE', `/users/me/oauth-providers/${provider}`, { body: proof });
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
