// The page: how one gets in and out. What one does with one's account stands in account.js,
// how the service is called in api.js and session.js, the words in texts.js.

import { lookAgain, setUpAccount, showAccount } from './account.js';
import { call, Problem } from './api.js';
import { forgetLinks, watchLinks } from './links.js';
import { askOtherTabs, forgot, mailed, proveForOthers, reset, verify, verifyAsUser } from './mails.js';
import { arrival, begin as beginAtProvider, exchange, reportLinkEnd } from './oauth.js';
import { $, clear, element, icon, idle, onPress, onSubmit, say, show, tell } from './page.js';
import { offerToShow } from './passwords.js';
import { begin, forget, onEnd, outlivesThePage, resume, user } from './session.js';
import { isOpen, loadSettings, mayResume, offered, withWish } from './settings.js';
import { providers } from './texts.js';

let ticket = null;       // stands for the account that lacks an e-mail address
let ticketProvider;      // who did not tell it
let mailToken = null;    // of the mail that led here
let suggested = null;    // the provider to link, once logged in

start();

async function start() {
  // What a tab keeps belongs to one origin, and providers send people back to localhost.
  if (['127.0.0.1', '[::1]'].includes(location.hostname)) {
    return location.replace(Object.assign(new URL(location), { hostname: 'localhost' }));
  }
  const mail = mailed();
  const back = arrival();
  show('waiting', { focus: false });
  document.querySelectorAll('input[type=password]').forEach(offerToShow);
  onSubmit($('#login form'), logInWithPassword);
  onSubmit($('#register form'), register);
  onSubmit($('#complete form'), complete);
  onSubmit($('#forgot form'), askForReset);
  onSubmit($('#reset form'), choosePassword);
  onSubmit($('#verify form'), proveAddress);
  $('#logout').addEventListener('click', logOut);
  window.addEventListener('hashchange', () => user() || showLoggedOut());
  // A page that the back button brings back is as it was left: busy with leaving.
  window.addEventListener('pageshow', () => document.querySelectorAll('[aria-busy]').forEach(idle));
  onEnd(showLoggedOut);
  setUpAccount();
  watchLinks();
  proveForOthers(() => ticket || user(), proveForAnother);

  try {
    await loadSettings();
  } catch (problem) {
    showLoggedOut({ focus: false });
    return tell(problem);
  }
  for (const list of document.querySelectorAll('.providers')) list.append(...offered().map(providerButton));
  $('#login-keep').checked = back?.flow?.keep ?? false;
  if (mail) return comeFromMail(mail);
  if (back?.code) return comeBack(back);
  if (back) return comeBackFromLinking(back);
  return showWhoeverIsHere({ focus: false });
}

// ---- In and out

async function logInWithPassword({ name, password }) {
  await logIn(await call('POST', '/auth/login', { body: withWish({ [name.includes('@') ? 'email' : 'username']: name, password }) }));
}

async function register(fields) {
  const auth = await call('POST', '/auth/register', { body: withWish(fields) });
  await (auth ? logIn(auth) : lookIntoMailbox(fields.email));
}

// lookIntoMailbox is for a registration that becomes an account when its address is proved. Whether
// the address has an account already is told by mail alone.
function lookIntoMailbox(email) {
  document.querySelectorAll('form').forEach(clear);
  history.replaceState(null, '', '/');
  $('#mailbox-email').textContent = email;
  show('mailbox');
}

async function logIn(auth) {
  begin(auth);
  ticket = null;
  history.replaceState(null, '', '/'); // without #register
  document.querySelectorAll('form').forEach(clear); // keep no password
  const wanted = suggested;
  suggested = null;
  const shown = showAccount(wanted);
  if (auth.takenOver) say('The account of your address is yours now. A password or a log-in that was not yours has been removed.');
  else if (auth.isNewUser) say('Welcome! Your account has been made.');
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
  show(wanted === 'forgot' || (wanted === 'register' && isOpen()) ? wanted : 'login', options);
}

// showWhoeverIsHere goes on with the log-in that a cookie has kept, where there is one.
async function showWhoeverIsHere(options) {
  if (user() || (mayResume() && await resume())) return showAccount();
  showLoggedOut(options);
}

// ---- Mails

async function comeFromMail({ purpose, token }) {
  if (purpose === 'reset') {
    mailToken = token;
    return show('reset');
  }
  if (mayResume()) await resume();
  if (!token) {
    await showWhoeverIsHere();
    return tell(new Problem('unverified'));
  }
  mailToken = token;
  $('#verify-proof').hidden = user() !== null;
  show('verify'); // and send nothing yet: a scanner of mails opens links, too
}

// proveAddress sends the mail's token with the proof of the account: a password, the log-in of this
// tab, or what another tab has.
async function proveAddress({ password, username }) {
  const body = { token: mailToken, ...username && { username } };
  try {
    if (password) await verify({ ...body, password });
    else await (user() ? verifyAsUser(body) : askOtherTabs(body));
  } catch (problem) {
    if (problem.code === 'login_required') $('#verify-proof').hidden = false; // who is logged in is another one
    if (problem.code === 'username_taken') $('#verify-rename').hidden = false;
    if (problem.code !== 'invalid_token') throw problem;
    await leaveMail();
    return user()?.emailVerified && !user().pendingEmail ? say('Your e-mail address is verified.') : tell(new Problem('unverified'));
  }
  await leaveMail();
  say(user() ? 'Your e-mail address is verified.' : 'Your e-mail address is verified. You can close this window, or log in here.');
}

async function leaveMail() {
  mailToken = null;
  clear($('#verify form'));
  if (user()) await lookAgain();
  await showWhoeverIsHere();
}

// proveForAnother verifies for a tab that a mail has opened, by the log-in of this one or the ticket
// that it holds.
async function proveForAnother(body) {
  if (!ticket) {
    await verifyAsUser(body);
    return lookAgain();
  }
  await verify({ ...body, ticket });
  ticket = null;
  showLoggedOut({ focus: false });
  say(`Your account has been made. Continue with ${providers[ticketProvider]} to log in.`);
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
    await reset(mailToken, password);
  } catch (problem) {
    if (problem.code !== 'invalid_token') throw problem;
    history.replaceState(null, '', '/#forgot'); // for another mail
    showLoggedOut();
    return tell(problem);
  }
  mailToken = null;
  clear($('#reset form'));
  showLoggedOut();
  say('Your password has been changed, and you have been logged out everywhere. Log in with the new one.');
}

// ---- Google, Facebook, LINE

function providerButton(provider) {
  const button = element('button', { type: 'button', className: 'provider' }, icon(provider), `Continue with ${providers[provider]}`);
  button.dataset.provider = provider;
  onPress(button, async () => {
    await beginAtProvider(provider, $('#login-keep').checked);
    await forever(); // the browser is leaving: stay busy
  }, provider);
  return button;
}

async function comeBack(back) {
  const provider = back.flow?.provider;
  try {
    await logIn(await exchange(back, withWish));
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
    const auth = await call('POST', '/auth/oauth/complete', { body: withWish({ ticket, ...fields }) });
    await (auth ? logIn(auth) : lookIntoMailbox(fields.email));
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
