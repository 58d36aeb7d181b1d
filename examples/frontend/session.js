// Who is logged in, and their tokens, which are renewed when their time comes.

import { call, Problem } from './api.js';

// The tokens live in this variable and nowhere else: storage and cookies that scripts can
// read outlive the page, and give the tokens to any script that ever gets into it.
let session = null; // null: logged out

let ended = () => {};

// onEnd has then called when nobody is logged in any more.
export function onEnd(then) {
  ended = then;
}

// begin keeps what the service answered to a log-in.
export function begin(auth) {
  session = {};
  keep(session, auth);
}

function keep(s, auth) {
  const margin = Math.min(30, auth.expiresIn / 4); // a token is renewed while it still works
  Object.assign(s, {
    token: auth.token,
    renewAt: Date.now() + (auth.expiresIn - margin) * 1000,
    refreshToken: auth.refreshToken, // undefined where it came as a cookie: the browser has it, and no script
    user: auth.user,
  });
}

// replace keeps the new session that the service has begun in place of this one.
export function replace(auth) {
  keep(session, auth);
}

// user returns who is logged in, or null.
export function user() {
  return session?.user ?? null;
}

// know keeps what has become known of who is logged in.
export function know(user) {
  session.user = user;
}

// outlivesThePage tells whether a cookie keeps the log-in over a reload.
export function outlivesThePage() {
  return !session.refreshToken;
}

// resume goes on with the log-in that a cookie has kept, and returns whether there was one.
export async function resume() {
  try {
    begin(await inTurn(() => redeem()));
    return true;
  } catch {
    return false;
  }
}

// forget ends the session in this page, and then in the service. Even where nobody answers,
// this page has forgotten the tokens.
export async function forget() {
  const s = session;
  drop();
  await callAs(s, 'POST', '/auth/logout');
}

// drop ends the session in this page alone, where the service has ended it already.
export function drop() {
  session = null;
  ended();
}

// asUser makes a call as who is logged in.
export async function asUser(method, path, options) {
  const s = session;
  try {
    const answer = await callAs(s, method, path, options);
    if (session === s) return answer;
  } catch (problem) {
    if (session === s) {
      if (problem.status === 401 && problem.code !== 'login_required') drop();
      throw problem;
    }
  }
  throw new Problem('left'); // the answer is for somebody who has logged out meanwhile
}

// callAs makes a call with a token that works. One that has run out, as when the computer has
// slept, is renewed and the call repeated: it has done nothing yet.
async function callAs(s, method, path, options) {
  const token = await tokenOf(s);
  try {
    return await call(method, path, { ...options, token });
  } catch (problem) {
    if (problem.code !== 'token_expired') throw problem;
    return call(method, path, { ...options, token: await tokenOf(s, token) });
  }
}

// tokenOf returns the session's access token: another one than worn, and not one that is about
// to run out. However many calls need a new one, one refresh fetches it.
async function tokenOf(s, worn) {
  if (s.token === worn || Date.now() > s.renewAt) {
    s.refreshing ??= refresh(s).finally(() => { s.refreshing = null; });
    await s.refreshing;
  }
  return s.token;
}

// refresh exchanges the refresh token, which works once, for its successor.
async function refresh(s) {
  const auth = s.refreshToken ? await redeem(s.refreshToken) : await inTurn(() => redeem());
  // The cookie is the browser's. Nobody acts as somebody else who has logged in in another tab.
  if (auth.user.id !== s.user.id) throw new Problem('other_user', { status: 401 });
  keep(s, auth);
}

// redeem asks once more where no answer came: it may have got lost on its way, and for a short time
// (REFRESH_GRACE) the service answers a used token with the same successor. So it does not wait long.
async function redeem(refreshToken) {
  const ask = () => call('POST', '/auth/refresh', { body: { refreshToken }, patience: 5_000 });
  try {
    return await ask();
  } catch (problem) {
    if (problem.code !== 'network') throw problem;
    return ask();
  }
}

// inTurn does work that uses the cookie while no other tab does. A browser without locks leaves
// that to the service, which bears with tabs that come at once.
function inTurn(work) {
  return navigator.locks ? navigator.locks.request('refresh', work) : work();
}
