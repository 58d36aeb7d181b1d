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

// verify proves that the address is whose the mail came to.
export async function verify(token) {
  if (!token) throw new Problem('invalid_token');
  await call('POST', '/auth/email/verify', { body: { token } });
}

// sendVerification sends who is logged in another mail. Only its link works from then on.
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
