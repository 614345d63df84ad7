'use strict';
// Where heads look: small maps of all of them, a large one of the chosen head, and the text tinted by what one token looks at.
(() => {
  const bytes = Uint8Array.from(atob(data.attention), c => c.charCodeAt(0)), view = new DataView(bytes.buffer);
  const triangle = length * (length + 1) / 2;
  const share = (head, from, to) => view.getUint16(2 * (head * triangle + from * (from + 1) / 2 + to), true) / 65535;
  const title = head => `Layer ${Math.floor(head / data.heads) + 1}, head ${head % data.heads + 1}`;
  const map = document.getElementById('map'), box = document.getElementById('map-box'), detail = document.getElementById('attention-detail');
  const grid = document.getElementById('heads'), tokens = tokenButtons(document.getElementById('attention-text'));
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const font = '"Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace';
  const chosen = { head: 0, from: length - 1, to: null };
  let frame = { left: 0, top: 0, cell: 1 }, shades = [];
  legend('attention-legend', [0, 0.05, 0.25, 0.5, 1].map(p => [attentionPlace(p), `${100 * p} %`]));

  const small = [];
  grid.style.gridTemplateColumns = `max-content repeat(${data.heads}, max-content)`;
  grid.append(make('span'));
  for (let h = 0; h < data.heads; h++) grid.append(make('span', { class: 'label' }, data.heads > 8 ? `${h + 1}` : `Head ${h + 1}`));
  for (let head = 0; head < data.layers * data.heads; head++) {
    if (head % data.heads === 0) grid.append(make('span', {}, `Layer ${head / data.heads + 1}`));
    const button = make('button', { type: 'button', 'aria-label': title(head) }, make('canvas', { width: length, height: length }));
    small.push(button);
    grid.append(button);
  }

  function drawSmall(button, head) {
    const context = button.firstChild.getContext('2d'), image = context.createImageData(length, length);
    for (let from = 0; from < length; from++) {
      for (let to = 0; to <= from; to++) {
        const at = 4 * (from * length + to);
        image.data.set(shades[Math.round(255 * attentionPlace(share(head, from, to)))], at);
        image.data[at + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  }

  // Tokens stand beside rows and over columns, every one where there is room and every n-th where there is not.
  function drawMap() {
    const style = getComputedStyle(box), width = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const context = map.getContext('2d'), density = window.devicePixelRatio || 1, size = 11;
    context.font = `${size}px ${font}`;
    const gutter = Math.min(Math.max(...data.ids.map(id => context.measureText(sign(id)).width)), 84) + 8;
    const cell = Math.min((width - gutter - 1) / length, 30), side = cell * length;
    const every = Math.ceil((size + 1) / cell);
    frame = { left: gutter, top: gutter, cell };
    for (const [name, value] of [['width', gutter + side + 1], ['height', gutter + side + 1]]) {
      map[name] = Math.round(value * density);
      map.style[name] = `${value}px`;
    }
    context.setTransform(density, 0, 0, density, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small[chosen.head].firstChild, gutter, gutter, side, side);
    context.strokeStyle = css('--line');
    context.strokeRect(gutter, gutter, side, side);
    const edge = css('--accent');
    context.strokeStyle = edge;
    context.lineWidth = 2;
    context.strokeRect(gutter, gutter + chosen.from * cell, (chosen.from + 1) * cell, cell);
    if (chosen.to !== null) context.strokeRect(gutter + chosen.to * cell, gutter + chosen.to * cell, cell, (length - chosen.to) * cell);
    for (let i = 0; i < length; i++) {
      const row = i === chosen.from, column = i === chosen.to;
      if (i % every && !row && !column) continue;
      context.textBaseline = 'middle';
      context.textAlign = 'right';
      const middle = gutter + (i + 0.5) * cell, text = sign(data.ids[i]), room = gutter - 8;
      if (!(i % every) || row) label(context, text, gutter - 5, middle, 0, row, room, row && every > 1 ? size : 0);
      context.textAlign = 'left';
      if (!(i % every) || column) label(context, text, middle, gutter - 5, -Math.PI / 2, column, room, column && every > 1 ? size : 0);
    }
    map.setAttribute('aria-label', `Attention of ${title(chosen.head).toLowerCase()}: rows look at columns`);
  }

  function label(context, text, x, y, angle, strong, room, clear) {
    context.save();
    context.translate(x, y);
    context.rotate(angle);
    if (clear) { // a label between the n-th ones covers its neighbours
      context.fillStyle = css('--card');
      context.fillRect(angle ? 0 : -room - 2, -clear, room + 2, 2 * clear);
    }
    context.font = `${strong ? 'bold ' : ''}11px ${font}`;
    context.fillStyle = strong ? css('--text') : css('--soft');
    context.fillText(text, 0, 0, room);
    context.restore();
  }

  function drawTokens() {
    const { head, from } = chosen;
    tokens.forEach((token, i) => {
      token.classList.toggle('dim', i > from);
      if (i <= from) return paint(token, 'share', attentionPlace(share(head, from, i)));
      token.style.background = token.style.color = '';
    });
    mark(tokens, from);
    small.forEach((button, i) => button.setAttribute('aria-pressed', String(i === head)));
    document.getElementById('head-title').textContent = title(head);
    const places = Array.from({ length: from + 1 }, (_, to) => to).sort((a, b) => share(head, from, b) - share(head, from, a)).slice(0, 10);
    const pointed = make('p', { class: 'note' });
    if (chosen.to !== null) {
      const gets = percent(share(head, from, chosen.to));
      pointed.append(`Under the pointer: token ${chosen.to + 1} `, code(sign(data.ids[chosen.to])), ` gets ${gets}.`);
    }
    detail.replaceChildren(make('h3', {}, `Token ${from + 1} `, code(sign(data.ids[from])), ' looks at'),
      chances(places.map(i => ({ text: sign(data.ids[i]), at: i + 1, share: share(head, from, i), real: i === chosen.to }))), pointed);
  }

  function choose(changes) {
    Object.assign(chosen, changes);
    drawMap();
    drawTokens();
  }

  function point(event) {
    const place = map.getBoundingClientRect(), { left, top, cell } = frame;
    const from = Math.floor((event.clientY - place.top - top) / cell), to = Math.floor((event.clientX - place.left - left) / cell);
    if (from < 0 || from >= length || (from === chosen.from && to === chosen.to)) return;
    choose({ from, to: to >= 0 && to <= from ? to : null });
  }

  map.addEventListener('pointermove', point);
  map.addEventListener('pointerdown', point);
  tokens.forEach((token, i) => {
    token.setAttribute('aria-label', `Token ${i + 1}, ${sign(data.ids[i])}`);
    token.addEventListener('pointerenter', () => choose({ from: i, to: null }));
  });
  themed(() => {
    shades = Array.from({ length: 256 }, (_, i) => colour('share', i / 255));
    small.forEach(drawSmall);
    choose({});
  });
  roving(tokens, 1, from => choose({ from, to: null }));
  roving(small, data.heads, head => choose({ head }));
  new ResizeObserver(drawMap).observe(box);
})();
