// What is on the screen: one section at a time, what happened above it, and faults of a form
// beside its fields.

import { Problem } from './api.js';
import { describe, describeField } from './texts.js';

export const $ = (selector) => document.querySelector(selector);

// show shows a section.
export function show(id, { focus = true } = {}) {
  say('');
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== id;
  const heading = $(`#${id} h1`);
  document.title = `${heading.textContent} · gofiber-auth demo`;
  if (focus) heading.focus(); // a screen reader reads on from here
}

// say tells of what went well, tell of what did not.
export function say(sentence) {
  $('#error').textContent = '';
  $('#status').textContent = sentence;
}

export function tell(problem, provider) {
  if (!(problem instanceof Problem)) throw problem; // a fault of this page
  if (problem.code === 'left') return; // it concerns nobody any more
  say('');
  $('#error').textContent = describe(problem, provider);
  $('#error').focus();
}

// onSubmit has a form's act called with its fields: of those that were left empty only those
// that are needed. Where act throws a Problem, that is shown; the form is busy meanwhile.
export function onSubmit(form, act) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const filled = [...new FormData(form)].filter(([name, value]) => value || form.elements[name].required);
    busyWith(form, async () => {
      clearFaults(form);
      try {
        await act(Object.fromEntries(filled));
      } catch (problem) {
        showFaults(form, problem);
      }
    });
  });
}

// onPress has act called when a button is pressed. Where it throws a Problem, that is shown.
export function onPress(button, act, provider) {
  button.addEventListener('click', () => busyWith(button, async () => {
    try {
      await act();
    } catch (problem) {
      tell(problem, provider);
    }
  }));
}

const fieldOf = { __proto__: null, email_taken: 'email', username_taken: 'username', wrong_password: 'currentPassword', login_required: 'password' };

// showFaults puts what is wrong beside its fields. What belongs to none stands above the form.
function showFaults(form, problem) {
  if (!(problem instanceof Problem)) throw problem;
  const field = fieldOf[problem.code];
  const found = field ? [[field, describe(problem)]] : problem.fields.map((fault) => [fault.field, describeField(fault)]);
  const shown = found.filter(([field, sentence]) => markFault(form, field, sentence));
  if (shown.length === 0) return tell(problem);
  form.querySelector('[aria-invalid]').focus();
}

function markFault(form, field, sentence) {
  // The log-in has one field for what the service knows as two.
  const input = form.elements[field] ?? (['email', 'username'].includes(field) && form.elements.name);
  if (!input?.id) return false;
  const id = `${input.id}-fault`;
  document.getElementById(id)?.remove();
  input.after(element('p', { id, className: 'fault' }, sentence));
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-errormessage', id);
  input.dataset.hint ??= input.getAttribute('aria-describedby') ?? '';
  input.setAttribute('aria-describedby', `${id} ${input.dataset.hint}`.trim());
  return true;
}

function clearFaults(form) {
  say('');
  for (const fault of form.querySelectorAll('.fault')) fault.remove();
  for (const input of form.querySelectorAll('[aria-invalid]')) {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-errormessage');
    input.setAttribute('aria-describedby', input.dataset.hint);
  }
}

// clear empties a form: no password stays in it, nor what was wrong.
export function clear(form) {
  form.reset();
  clearFaults(form);
}

// busyWith keeps a second click out while the first is worked on. The button stays enabled:
// one that is disabled loses the focus.
export async function busyWith(what, work) {
  if (what.ariaBusy) return;
  what.ariaBusy = 'true';
  try {
    await work();
  } finally {
    idle(what);
  }
}

export function idle(what) {
  what.removeAttribute('aria-busy');
}

// element makes one out of text and other elements: text never becomes HTML.
export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

export function day(time) {
  return new Date(time).toLocaleDateString(undefined, { dateStyle: 'medium' });
}

export function minute(time) {
  const at = new Date(time);
  const year = at.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return at.toLocaleString(undefined, { year, month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });
}
