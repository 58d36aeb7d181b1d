// What a person reads for each error code. A code is a promise of the service, its own
// "detail" is for developers.

// Names and codes come from outside: without a prototype, "constructor" finds nothing.
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
  reauthentication_required: 'For this you need to have logged in within the last 10 minutes. Log in again.',
  last_admin: 'Somebody has to stay an admin, and you are the last one.',
  already_verified: 'Your e-mail address is verified already.',
  invalid_token: 'This link has been used or is too old. Ask for a new one.',

  // The session.
  token_expired: 'Your session has ended. Log in again.',
  unauthorized: 'You are not logged in any more. Log in again.',
  invalid_refresh_token: 'Your session has ended. Log in again.',
  refresh_token_reused: 'Your session has been ended for your safety. Log in again.',
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

  // The service.
  rate_limited: 'Too many attempts. Wait a little, and try again.',
  overloaded: 'There is a lot to do right now. Try again in a moment.',
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
    .replace(/^the/, 'The');
  return problem.status >= 500 && problem.requestId ? `${sentence} (Request ${problem.requestId})` : sentence;
}

// describeField returns the sentence for what is wrong with one field of a form.
export function describeField({ field, code }) {
  return faults[`${field} ${code}`] ?? faults[code] ?? faults.format;
}
