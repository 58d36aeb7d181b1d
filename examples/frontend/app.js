// The page: how one gets in and out. What one does with one's account stands in account.js,
// how the service is called in api.js and session.js, the words in texts.js.

import { setUpAccount, showAccount } from './account.js';
import { call, Problem } from './api.js';
import { forgetLinks, watchLinks } from './links.js';
import { forgot, mailed, reset, verify } from './mails.js';
import { arrival, begin as beginAtProvider, exchange, reportLinkEnd } from './oauth.js';
import { $, clear, element, icon, idle, onPress, onSubmit, say, show, tell } from './page.js';
import { offerToShow } from './passwords.js';
import { begin, forget, onEnd, outlivesThePage, resume, user } from './session.js';
import { providers } from './texts.js';

let ticket = null;       // stands for the account that lacks an e-mail address
let ticketProvider;      // who did not tell it
let resetToken = null;   // of the mail that led here
let suggested = null;    // the provider to link, once logged in

start();

async function start() {
  // What a tab keeps belongs to one origin, and providers send people back to localhost.
  if (['127.0.0.1', '[::1]'].includes(location.hostname)) {
    return location.replace(Object.assign(new URL(location), { hostname: 'localhost' }));
  }
  for (const list of document.querySelectorAll('.providers')) {
    list.append(...Object.keys(providers).map(providerButton));
  }
  document.querySelectorAll('input[type=password]').forEach(offerToShow);
  onSubmit($('#login form'), logInWithPassword);
  onSubmit($('#register form'), register);
  onSubmit($('#complete form'), complete);
  onSubmit($('#forgot form'), askForReset);
  onSubmit($('#reset form'), choosePassword);
  $('#logout').addEventListener('click', logOut);
  window.addEventListener('hashchange', () => user() || showLoggedOut());
  // A page that the back button brings back is as it was left: busy with leaving.
  window.addEventListener('pageshow', () => document.querySelectorAll('[aria-busy]').forEach(idle));
  onEnd(showLoggedOut);
  setUpAccount();
  watchLinks();

  const mail = mailed();
  const back = arrival();
  show('waiting', { focus: false });
  if (mail) return comeFromMail(mail);
  if (back?.code) return comeBack(back);
  if (back) return comeBackFromLinking(back);
  return showWhoeverIsHere({ focus: false });
}

// ---- In and out

async function logInWithPassword({ name, password }) {
  await logIn(await call('POST', '/auth/login', { body: { [name.includes('@') ? 'email' : 'username']: name, password } }));
}

async function register(fields) {
  await logIn(await call('POST', '/auth/register', { body: fields }));
}

async function logIn(auth) {
  begin(auth);
  ticket = null;
  history.replaceState(null, '', '/'); // without #register
  document.querySelectorAll('form').forEach(clear); // keep no password
  const wanted = suggested;
  suggested = null;
  const shown = showAccount(wanted);
  if (auth.isNewUser) say('Welcome! Your account has been made.');
  await shown;
  if (wanted) say(`You are logged in. Now you can link ${providers[wanted]} below.`);
}

async function logOut() {
  const comesBack = outlivesThePage();
  const told = forget();
  say('You are logged out.');
  try {
    await told;
  } catch (problem) {
    // A session that was over already is what was wanted.
    if (comesBack && problem.status !== 401 && !user()) tell(new Problem('half_logged_out'));
  }
}

function showLoggedOut(options) {
  forgetLinks();
  const wanted = location.hash.slice(1);
  show(['register', 'forgot'].includes(wanted) ? wanted : 'login', options);
}

// showWhoeverIsHere goes on with the log-in that a cookie has kept, where there is one.
async function showWhoeverIsHere(options) {
  if (await resume()) return showAccount();
  showLoggedOut(options);
}

// ---- Mails

async function comeFromMail({ purpose, token }) {
  if (purpose === 'reset') {
    resetToken = token;
    return show('reset');
  }
  try {
    await verify(token);
    await showWhoeverIsHere();
    say(user() ? 'Your e-mail address is verified.' : 'Your e-mail address is verified. You can close this window, or log in here.');
  } catch (problem) {
    await showWhoeverIsHere();
    if (problem.code === 'invalid_token' && user()?.emailVerified) return say('Your e-mail address is verified.');
    tell(problem.code === 'invalid_token' ? new Problem('unverified') : problem);
  }
}

// askForReset always says the same: whether somebody has an account is nobody's business.
async function askForReset({ email }) {
  await forgot(email);
  history.replaceState(null, '', '/');
  showLoggedOut();
  say(`If there is an account with the address ${email}, a mail is on its way to it. The link in it works for 30 minutes.`);
}

async function choosePassword({ password }) {
  try {
    await reset(resetToken, password);
  } catch (problem) {
    if (problem.code !== 'invalid_token') throw problem;
    history.replaceState(null, '', '/#forgot'); // for another mail
    showLoggedOut();
    return tell(problem);
  }
  resetToken = null;
  clear($('#reset form'));
  showLoggedOut();
  say('Your password has been changed, and you have been logged out everywhere. Log in with the new one.');
}

// ---- Google, Facebook, LINE

function providerButton(provider) {
  const button = element('button', { type: 'button', className: 'provider' }, icon(provider), `Continue with ${providers[provider]}`);
  button.dataset.provider = provider;
  onPress(button, async () => {
    await beginAtProvider(provider);
    await forever(); // the browser is leaving: stay busy
  }, provider);
  return button;
}

async function comeBack(back) {
  const provider = back.flow?.provider;
  try {
    await logIn(await exchange(back));
  } catch (problem) {
    if (problem.code === 'email_required') {
      ({ ticket } = problem);
      ticketProvider = provider;
      $('#complete-provider').textContent = providers[provider];
      return show('complete');
    }
    await showWhoeverIsHere();
    tell(problem, provider);
  }
}

async function complete(fields) {
  try {
    await logIn(await call('POST', '/auth/oauth/complete', { body: { ticket, ...fields } }));
  } catch (problem) {
    if (problem.code !== 'invalid_ticket') throw problem;
    showLoggedOut();
    tell(problem, ticketProvider);
  }
}

// comeBackFromLinking is for the end of a linking, and for any error. A tab that waits for it
// is told; without one it is told here.
async function comeBackFromLinking(back) {
  if (!back.flow && await reportLinkEnd(back)) {
    say('Done. You can close this window.');
    return window.close();
  }
  await showWhoeverIsHere();
  if (back.linked in providers) return say(`${providers[back.linked]} is linked.${user() ? '' : ' Log in again to see it.'}`);
  suggested = back.error === 'account_exists' ? back.flow?.provider : null;
  tell(new Problem(back.error ?? 'unknown_flow'), back.flow?.provider);
}

function forever() {
  return new Promise(() => {});
}
