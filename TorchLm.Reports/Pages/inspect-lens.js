'use strict';
// What the model would say after each of its layers: rows are layers, columns positions.
(() => {
  const table = document.getElementById('lens-table'), detail = document.getElementById('lens-detail');
  const byFirst = document.getElementById('by-first'), byReal = document.getElementById('by-real');
  const name = layer => (layer === 0 ? 'Embedding' : layer === data.lens.length - 1 ? `Layer ${layer}: the answer` : `Layer ${layer}`);
  const cells = [];
  let real = false;
  legend('lens-legend', [[0, '0 %'], [0.25, '25 %'], [0.5, '50 %'], [0.75, '75 %'], [1, '100 %']]);

  const heads = make('tr', {}, make('th', { scope: 'col' }, 'Last token read'));
  data.ids.forEach(id => heads.append(make('th', { scope: 'col' }, make('span', { class: 'sign' }, sign(id)))));
  table.append(make('thead', {}, heads));
  const body = make('tbody');
  data.lens.forEach((row, layer) => {
    const line = make('tr', {}, make('th', { scope: 'row' }, name(layer)));
    row.forEach((_, position) => {
      const { ids, shares } = reading(layer, position);
      const words = `${name(layer)}, after token ${position + 1}: ${sign(ids[0])}, ${percent(shares[0])}`;
      const cell = make('button', { type: 'button', 'aria-label': words }, sign(ids[0]));
      cells.push(cell);
      line.append(make('td', {}, cell));
    });
    body.append(line);
  });
  const truth = make('tr', {}, make('th', { scope: 'row' }, 'Really next'));
  data.ids.forEach((_, i) => truth.append(make('td', {}, i + 1 < length ? make('span', { class: 'sign' }, sign(data.ids[i + 1])) : '')));
  body.append(truth);
  table.append(body);

  function show(index) {
    const layer = Math.floor(index / length), position = index % length, next = data.ids[position + 1], found = reading(layer, position);
    mark(cells, index);
    const title = make('h3', {}, `${name(layer)}, after token ${position + 1}: `, code(sign(data.ids[position])));
    const truly = make('p', {}, next === undefined ? 'Nothing follows in this text.' : 'Really next: ');
    if (next !== undefined) {
      truly.append(code(sign(next)), ` with ${percent(Math.exp(-found.loss))}, number ${found.rank} of ${data.vocabularySize}.`);
    }
    detail.replaceChildren(title, truly, expectations(found, next));
  }

  function colourCells() {
    cells.forEach((cell, index) => {
      const { shares, loss } = reading(Math.floor(index / length), index % length);
      paint(cell, 'share', real ? (loss === null ? 0 : Math.exp(-loss)) : shares[0]);
    });
    byFirst.setAttribute('aria-pressed', String(!real));
    byReal.setAttribute('aria-pressed', String(real));
  }

  byFirst.addEventListener('click', () => { real = false; colourCells(); });
  byReal.addEventListener('click', () => { real = true; colourCells(); });
  themed(colourCells);
  roving(cells, length, show);
  show((data.lens.length - 1) * length);
})();
