// A button beside each password that shows it while it is typed: who sees what they type can
// choose a long one, and need not type it twice.

import { element } from './page.js';

export function offerToShow(input) {
  const button = element('button', { type: 'button', className: 'reveal' });
  const turn = (shown) => {
    input.type = shown ? 'text' : 'password';
    button.textContent = shown ? 'Hide' : 'Show';
    button.ariaLabel = `${button.textContent} ${input.labels[0].textContent.toLowerCase()}`;
  };
  turn(false);
  button.addEventListener('click', () => turn(input.type === 'password'));
  // What is sent, or emptied, is a password again, which no browser keeps for the next time.
  input.form.addEventListener('submit', () => turn(false));
  input.form.addEventListener('reset', () => turn(false));
  input.closest('.field').append(button);
}
