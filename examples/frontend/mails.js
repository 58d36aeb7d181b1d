// What goes through a person's mailbox: the links that the service mails, and asking for them.

import { call, Problem } from './api.js';
import { asUser } from './session.js';

const links = { __proto__: null, '/auth/verify-email': 'verify', '/auth/reset-password': 'reset' };

// mailed takes what this page was called with, if that is a link of a mail: {purpose, token}.
// It takes the token out of the address at once: out of the history, of what a reload would send
// again, and of what one shows to others.
export function mailed() {
  const purpose = links[location.pathname];
  if (!purpose) return null;
  const token = new URLSearchParams(location.search).get('token');
  history.replaceState(null, '', '/');
  return { purpose, token };
}

// verify sends {token, password or ticket, username?}: the token of the mail proves the mailbox, the
// rest proves the account.
export function verify(body) {
  return call('POST', '/auth/email/verify', { body });
}

// verifyAsUser proves the account by who is logged in.
export function verifyAsUser(body) {
  return asUser('POST', '/auth/email/verify', { body });
}

// A mail's link opens in a tab that knows nothing. One that is logged in, or holds the ticket of the
// registration, proves the account for it: both are of one origin.
const channel = new BroadcastChannel('verifying');

// proveForOthers has prove called with the body of verify for another tab, where canProve.
export function proveForOthers(canProve, prove) {
  channel.addEventListener('message', async ({ data }) => {
    if (!data.body || !canProve()) return;
    channel.postMessage({ trying: true });
    const code = await prove(data.body).then(() => null, (problem) => problem.code);
    channel.postMessage({ tried: true, code });
  });
}

// askOtherTabs has other tabs prove the account. It throws the Problem of the last one that tried, and
// login_required where none did.
export function askOtherTabs(body) {
  return new Promise((resolve, reject) => {
    const refuse = (code) => reject(new Problem(code));
    const none = setTimeout(refuse, 2000, 'login_required');
    let trying = 0;
    channel.addEventListener('message', ({ data }) => {
      if (data.trying) {
        clearTimeout(none);
        trying++;
      } else if (data.tried) {
        trying--;
        if (!data.code) resolve();
        else if (trying === 0) refuse(data.code);
      }
    });
    channel.postMessage({ body });
  });
}

// sendVerification sends another mail to the address that waits for its proof. Only its link works from then on.
export function sendVerification() {
  return asUser('POST', '/auth/email/resend');
}

// forgot has the service send a link, if the address has an account: it does not tell whether.
export function forgot(email) {
  return call('POST', '/auth/password/forgot', { body: { email } });
}

// reset sets a new password, and ends all sessions.
export async function reset(token, password) {
  if (!token) throw new Problem('invalid_token');
  await call('POST', '/auth/password/reset', { body: { token, password } });
}
