// Logging in at Google, Facebook or LINE, and linking them to an account.
//
// The browser goes to the provider, from there to the service, and comes back to
// /auth/callback with a one-time code, or an error. The code alone is worth nothing: it is
// redeemed with a secret that never left this tab (PKCE, RFC 7636). That also proves that
// whoever comes back is who went away.

import { call, Problem } from './api.js';
import { asUser } from './session.js';

// begin sends this tab to the provider. It returns only where that fails. keep comes back with arrival.
export async function begin(provider, keep) {
  if (!window.crypto?.subtle) throw new Problem('insecure_context'); // plain http, but not localhost
  const state = randomText();
  const verifier = randomText();
  const query = new URLSearchParams({
    state,
    code_challenge: await sha256(verifier),
    code_challenge_method: 'S256',
  });
  const { url } = await call('GET', `/auth/${provider}?${query}`);
  // For the way back. sessionStorage belongs to this tab, so any number of tabs can log in at
  // once. What is kept is no token, and is forgotten when it is used.
  sessionStorage.setItem(`oauth:${state}`, JSON.stringify({ provider, verifier, keep }));
  location.assign(url);
}

// arrival takes what this page was called with, if that is the end of a log-in or of a
// linking, and takes it out of the address at once: out of the history, and of what a reload
// or the back button would send again.
export function arrival() {
  if (location.pathname !== '/auth/callback') return null;
  const query = new URLSearchParams(location.search);
  history.replaceState(null, '', '/');

  const key = `oauth:${query.get('state')}`;
  const flow = JSON.parse(sessionStorage.getItem(key));
  sessionStorage.removeItem(key); // it works once
  return {
    code: query.get('code'),
    error: query.get('error'),
    linked: query.get('linked'),
    flow, // {provider, verifier, keep}; null where this tab began nothing of the kind
  };
}

// exchange redeems the code for a session. It throws email_required, with a ticket, where the
// provider gave no e-mail address.
export async function exchange({ code, flow }, withWish) {
  // Somebody else's code, in a link that one was made to follow, would log one in as them.
  if (!flow) throw new Problem('unknown_flow');
  return call('POST', '/auth/exchange', { body: withWish({ code, codeVerifier: flow.verifier }) });
}

// beginLink lets a person who is logged in add a provider. It happens in a window of its own,
// since leaving this page would forget the session; where the browser allows none, this tab
// goes there. proof is the current password, if there is one.
export async function beginLink(provider, proof) {
  const popup = window.open('', '_blank', 'popup,width=480,height=720'); // allowed only within a click
  try {
    const { url } = await asUser('POST', `/users/me/oauth-providers/${provider}`, { body: proof });
    if (!popup) return location.assign(url);
    popup.opener = null; // the provider's page need not know this one
    popup.location.replace(url);
  } catch (problem) {
    popup?.close();
    throw problem;
  }
}

// The window tells how the linking ended to the tab that waits for it: both are of one origin.
const channel = new BroadcastChannel('linking');

// onLinkEnd has take called with {linked, error} whenever a linking has ended in another
// window. take returns whether this tab waited for it.
export function onLinkEnd(take) {
  channel.onmessage = ({ data }) => {
    if (data.end && take(data.end)) channel.postMessage({ received: true });
  };
}

// reportLinkEnd returns whether a tab took the news, so that this window can close. None does
// where the tab itself had to go to the provider.
export function reportLinkEnd({ linked, error }) {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => data.received && resolve(true);
    setTimeout(resolve, 2000, false);
    channel.postMessage({ end: { linked, error } });
  });
}

// 256 random bits, as text that needs no escaping anywhere.
function randomText() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function sha256(text) {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
