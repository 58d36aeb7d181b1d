// What a person reads for each error code. A code is a promise of the service, its own
// "detail" is for developers.

// Names and codes come from outside: without a prototype, "constructor" finds nothing. The service
// tells which providers it has, and their names.
export const providers = { __proto__: null, google: 'Google', facebook: 'Facebook', line: 'LINE' };

const problems = {
  __proto__: null,

  // Accounts and passwords.
  invalid_credentials: 'The account or the password is wrong.',
  account_disabled: 'This account has been disabled. Ask whoever runs this service.',
  email_taken: 'This address has an account already.',
  username_taken: 'This username is taken. Try another one.',
  validation_failed: 'Something is missing or not right. See below.',
  wrong_password: 'Your current password is missing or wrong.',
  reauthentication_required: 'An account without a password can do this for 10 minutes after logging in. '
    + 'Log out, log in once more, and try again.',
  last_admin: 'Somebody has to stay an admin, and you are the last one.',
  already_verified: 'Your e-mail address is verified already.',
  login_required: 'The password is wrong, or none was typed and no other tab could prove the account.',
  registration_closed: 'New accounts are made by those who run this service alone.',
  email_domain_not_allowed: 'Addresses of that domain cannot be used here.',
  invalid_token: 'This link has been used or is too old. Ask for a new one.',
  unverified: 'This link has been used or is too old. Once logged in, you can have the mail sent again.',

  // The session.
  token_expired: 'Your session has ended. Log in again.',
  unauthorized: 'You are not logged in any more. Log in again.',
  invalid_refresh_token: 'Your session has ended. Log in again.',
  refresh_token_reused: 'Your session has been ended for your safety. Log in again.',
  other_user: 'Somebody else has logged in in another tab of this browser. Reload this page to go on as them, or log in here.',
  half_logged_out: 'You are logged out in this tab, but the service could not be told. Log in and out once more, '
    + 'so that nobody after you finds you logged in here.',
  forbidden: 'You are not allowed to do this.',

  // Google, Facebook and LINE. {provider} becomes the name of the one in question.
  access_denied: 'You did not allow {provider} to log you in here. Nothing has changed.',
  account_exists: 'Your e-mail address has an account here already. Log in to it with your password or in '
    + 'another way you have used before; then link {provider} under “Linked accounts”.',
  provider_already_linked: 'That account of {provider} is linked to an account here already, '
    + 'or this account has another one of {provider}.',
  last_login_method: 'That is the only way into your account. Link another one first.',
  provider_error: '{provider} did not answer as it should. Try again in a moment.',
  provider_not_found: '{provider} is not switched on here.',
  invalid_state: 'This log-in took too long, has been used, or was begun in another browser. Try again.',
  invalid_code: 'This log-in has been used or took too long. Try again.',
  invalid_ticket: 'This took too long. Continue with {provider} once more.',
  email_required: '{provider} gave no e-mail address. Please add one.',
  unknown_flow: 'That log-in was not begun in this tab, or is over, so it was not accepted. Log in here.',
  insecure_context: 'Continuing with {provider} needs an address with https, or localhost.',

  // The service. {when} becomes what it said of when to try again.
  rate_limited: 'Too many attempts. Try again {when}.',
  overloaded: 'There is a lot to do right now. Try again {when}.',
  unavailable: 'The service is not available right now. Try again in a moment.',
  network: 'The service cannot be reached. Are you online?',
  internal: 'Something went wrong on our side.',

  // Faults of a front end, which a person should never see.
  not_found: 'There is nothing there.',
  method_not_allowed: 'This page made a mistake. Reload it.',
  bad_request: 'This page made a mistake. Reload it.',
  invalid_json: 'This page made a mistake. Reload it.',
  unsupported_media_type: 'This page made a mistake. Reload it.',
  payload_too_large: 'That is too much at once.',
  header_too_large: 'That is too much at once.',
  request_timeout: 'The connection is too slow right now. Try again.',
};

const faults = {
  __proto__: null,
  required: 'This is needed.',
  format: 'This does not look right.',
  too_short: 'This is too short.',
  too_long: 'This is too long.',
  common_password: 'Many people use this password, so it is guessed first. Choose another one.',
  breached_password: 'This password was stolen from some other place, and is known. Choose another one.',
  reserved: 'This name is kept for those who run this service.',
  contains_identity: 'Leave your username and your e-mail address out of it.',

  'email format': 'This is not an e-mail address.',
  'username format': 'Use letters, digits, dots, dashes and underscores; begin and end with a letter or digit.',
  'username too_short': 'Use at least 3 characters.',
  'username too_long': 'Use at most 50 characters.',
  'password too_short': 'Use at least 8 characters.',
  'password too_long': 'Use at most 128 characters.',
};

// describe returns the sentence for a problem.
export function describe(problem, provider) {
  const sentence = (problems[problem.code] ?? problems.internal)
    .replaceAll('{provider}', providers[provider] ?? 'the provider')
    .replace(/^the/, 'The')
    .replace('{when}', inSeconds(problem.retryAfter));
  return problem.status >= 500 && problem.requestId ? `${sentence} (Request ${problem.requestId})` : sentence;
}

function inSeconds(seconds) {
  if (!(seconds > 1)) return 'in a moment';
  const relative = new Intl.RelativeTimeFormat('en');
  return seconds < 100 ? relative.format(seconds, 'second') : relative.format(Math.ceil(seconds / 60), 'minute');
}

// describeField returns the sentence for what is wrong with one field of a form.
export function describeField({ field, code }) {
  const kind = field === 'newPassword' ? 'password' : field;
  return faults[`${kind} ${code}`] ?? faults[code] ?? faults.format;
}

// What stands in the audit log. {with} becomes the way of a log-in, {provider} a provider's name.
const deeds = {
  __proto__: null,
  registered: 'Account created {with}',
  logged_in: 'Logged in {with}',
  login_failed: 'Failed to log in {with}',
  logged_out: 'Logged out',
  refresh_token_reused: 'Logged out for safety: a session was used in two places',
  oauth_code_reused: 'Logged out for safety: a log-in through {provider} was used twice',
  session_ended: 'One device logged out',
  sessions_ended: 'Other devices logged out',
  password_changed: 'Password changed',
  password_reset: 'Password reset by mail',
  password_reset_requested: 'Mail for a new password asked for',
  email_change_started: 'Change of the e-mail address begun',
  email_changed: 'E-mail address changed',
  email_verified: 'E-mail address verified',
  username_changed: 'Username changed',
  identity_linked: '{provider} linked',
  identity_unlinked: '{provider} unlinked',
  account_handed_over: 'Account handed over to whom {provider} knows by its e-mail address',
  user_created: 'Account created',
  user_changed: 'Account changed',
  user_deleted: 'Account deleted',
  data_exported: 'Data downloaded',
};

// describeEntry returns the words for an entry of the audit log.
export function describeEntry({ action, detail, userId, actorId }) {
  const { method = '', provider = method } = detail ?? {};
  const words = (deeds[action] ?? action)
    .replace('{with}', describeMethod(method))
    .replace('{provider}', providers[provider] ?? 'a provider')
    .trim();
  const byOthers = (actorId && actorId !== userId) || detail?.by;
  return byOthers ? `${words}, by those who run this service` : words;
}

// describeMethod returns words for the way of a log-in.
export function describeMethod(method) {
  if (method in providers) return `with ${providers[method]}`;
  return method === 'password' ? 'with a password' : '';
}

// What a browser says of itself names many others, too: the first of these that is there, counts.
const browsers = { Edg: 'Edge', OPR: 'Opera', SamsungBrowser: 'Samsung Internet', Firefox: 'Firefox', FxiOS: 'Firefox', CriOS: 'Chrome', Chrome: 'Chrome', Safari: 'Safari', curl: 'curl' };
const systems = { iPhone: 'iPhone', iPad: 'iPad', Android: 'Android', Windows: 'Windows', CrOS: 'ChromeOS', Macintosh: 'Mac', Linux: 'Linux' };

// describeDevice returns words for a User-Agent. It may say anything: they are a hint, no proof.
export function describeDevice(userAgent) {
  if (!userAgent) return 'Unknown device';
  const find = (names) => names[Object.keys(names).find((name) => userAgent.includes(name))];
  const [browser, system] = [find(browsers), find(systems)];
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? userAgent.slice(0, 40);
}
