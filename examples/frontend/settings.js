// What the service offers, which decides what the page shows.

import { call } from './api.js';
import { $ } from './page.js';
import { providers } from './texts.js';

let settings = { registration: 'closed', providers: [], refreshCookie: 'false' }; // until it is known

// loadSettings asks the service, and shows nothing that it does not offer.
export async function loadSettings() {
  settings = await call('GET', '/auth/settings');
  for (const { provider, name } of settings.providers) providers[provider] = name;
  $('#to-register').hidden = !isOpen();
  $('#keep').hidden = settings.refreshCookie !== 'ask';
}

// isOpen tells whether people can register.
export const isOpen = () => settings.registration !== 'closed';

// offered returns the providers that are switched on.
export const offered = () => settings.providers.map(({ provider }) => provider);

// mayResume tells whether a cookie may have kept a log-in.
export const mayResume = () => settings.refreshCookie !== 'false';

// withWish returns the body of a log-in, which asks for its refresh token as a cookie if the person
// wants to be kept logged in.
export const withWish = (body) => ($('#login-keep').checked ? { ...body, refreshCookie: true } : body);
