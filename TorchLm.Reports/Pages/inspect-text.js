'use strict';
// The text, each token coloured by its loss, and what the model expected in its place.
(() => {
  const blind = Math.log(data.vocabularySize), last = data.lens.length - 1;
  const detail = document.getElementById('text-detail');
  const beyond = make('button', { type: 'button', class: 'token none', 'aria-label': 'What comes next' }, ' … ');
  const buttons = tokenButtons(document.getElementById('text'), beyond);
  legend('text-legend', [[0, '0 nats: certain'], [1, `${blind.toFixed(2)} or more: as bad as guessing`]]);

  function show(i) {
    mark(buttons, i);
    const before = i > 0 ? reading(last, i - 1) : null;
    if (!before) {
      detail.replaceChildren(make('h3', {}, 'Token 1: ', code(sign(data.ids[0]))),
        make('p', {}, 'Nothing comes before it, so that nothing was predicted.'));
    } else if (i === length) {
      detail.replaceChildren(make('h3', {}, 'What comes next?'),
        make('p', {}, 'After the whole text the model would go on with:'), expectations(before));
    } else {
      detail.replaceChildren(make('h3', {}, `Token ${i + 1}: `, code(sign(data.ids[i]))),
        make('p', {}, `Loss ${nats(before.loss)}, probability ${percent(Math.exp(-before.loss))}: number ${before.rank} of ${data.vocabularySize}.`),
        make('p', {}, 'What the model expected here:'),
        expectations(before, data.ids[i]));
    }
  }

  buttons.slice(0, length).forEach((button, i) => {
    const loss = i > 0 ? reading(last, i - 1).loss : null;
    button.classList.toggle('none', loss === null);
    button.setAttribute('aria-label', `Token ${i + 1}, ${sign(data.ids[i])}${loss === null ? '' : `, loss ${nats(loss)}`}`);
  });
  buttons.forEach((button, i) => button.addEventListener('pointerenter', () => show(i)));
  themed(() => data.lens[last].forEach((_, i) => {
    if (i > 0) paint(buttons[i], 'loss', reading(last, i - 1).loss / blind);
  }));
  roving(buttons, 1, show);

  // The most surprising token is shown to begin with.
  let most = 1;
  for (let i = 2; i < length; i++) if (reading(last, i - 1).loss > reading(last, most - 1).loss) most = i;
  show(most);
})();
