'use strict';
// What the parts of the page share: the data, colours, lists of tokens with bars, and the way of the arrow keys.

const data = JSON.parse(document.getElementById('data').textContent);
const length = data.ids.length;
const sign = id => data.tokens[id];
const reading = (layer, position) => {
  const [ids, shares, loss, rank] = data.lens[layer][position];
  return { ids, shares, loss, rank };
};

// Colours from few to many after Cynthia Brewer's ramps (colorbrewer2.org), which differ in lightness, so that no one needs to tell hues apart; in
// the dark they begin dark.
const ramps = {
  light: { share: ['#f7fbff', '#c6dbef', '#6baed6', '#2171b5', '#08306b'], loss: ['#fff9f2', '#fdd0a2', '#fd8d3c', '#d94801', '#7f2704'] },
  dark: { share: ['#1c2026', '#123a63', '#2171b5', '#6baed6', '#dcebf9'], loss: ['#1c2026', '#5e2206', '#b9410a', '#fd8d3c', '#fee3c8'] },
};
const darkness = matchMedia('(prefers-color-scheme: dark)');
const ramp = name => ramps[darkness.matches ? 'dark' : 'light'][name];
const channels = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));

function colour(name, x) {
  const stops = ramp(name), at = Math.min(Math.max(x, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2);
  const [low, high] = [channels(stops[i]), channels(stops[i + 1])];
  return low.map((c, k) => Math.round(c + (high[k] - c) * (at - i)));
}

// Black or white, whichever is easier to read on the colour: the better of the two has a contrast of 4.5 at least on any.
function ink(rgb) {
  const linear = rgb.map(c => c / 255).map(c => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? '#000' : '#fff';
}

function paint(element, name, x) {
  const rgb = colour(name, x);
  element.style.background = `rgb(${rgb})`;
  element.style.color = ink(rgb);
}

// Small shares of attention differ visibly this way; the legend says so.
const attentionPlace = Math.sqrt;

const percent = p => (p >= 0.9995 ? '100 %' : p >= 0.1 ? `${(100 * p).toFixed(1)} %` : p >= 0.0001 ? `${(100 * p).toFixed(2)} %` : '< 0.01 %');

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const code = text => make('code', { class: 'sign' }, text);

// A list of tokens with bars; items: {text, at: its position if that is of interest, share, real: whether it is marked}.
function chances(items) {
  const list = make('ol', { class: 'chances' });
  for (const { text, at, share, real } of items) {
    const bar = make('i'), name = make('span', {}, code(text), at === undefined ? '' : make('span', { class: 'at' }, ` ${at}`));
    bar.style.width = `${100 * share}%`;
    const number = make('span', { class: 'number' }, percent(share));
    list.append(make('li', real ? { class: 'real' } : {}, name, make('span', { class: 'track' }, bar), number));
  }
  return list;
}

// The likeliest next tokens of a reading; the one that really follows is marked, or added where it is not among them.
function expectations({ ids, shares, loss }, real) {
  const items = ids.map((id, i) => ({ text: sign(id), share: shares[i], real: id === real }));
  if (real !== undefined && !ids.includes(real)) items.push({ text: sign(real), share: Math.exp(-loss), real: true });
  return chances(items);
}

const nats = loss => `${loss.toFixed(loss < 0.01 ? 4 : 2)} nats`;

// One stop for the Tab key, arrow keys inside; what gets the focus is chosen.
function roving(items, columns, choose) {
  const go = i => {
    if (i >= 0 && i < items.length) items[i].focus();
  };
  items.forEach((item, i) => {
    item.tabIndex = -1;
    item.addEventListener('focus', () => {
      for (const other of items) if (other.tabIndex === 0) other.tabIndex = -1;
      item.tabIndex = 0;
      choose(i);
    });
    item.addEventListener('click', () => { item.focus(); choose(i); }); // not every browser focuses a button that is clicked
    item.addEventListener('keydown', event => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -i, End: items.length - 1 - i }[event.key];
      if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      go(i + step);
    });
  });
  items[0].tabIndex = 0;
}

// The text as a row of buttons that breaks where the text has a line's end.
function tokenButtons(container, extra) {
  const buttons = data.ids.map(id => make('button', { type: 'button', class: 'token' }, sign(id)));
  if (extra) buttons.push(extra);
  for (const button of buttons) {
    container.append(button, make('wbr'));
    if (button.textContent.endsWith('⏎')) container.append(make('br'));
  }
  return buttons;
}

function mark(items, chosen) {
  items.forEach((item, i) => {
    item.classList.toggle('chosen', i === chosen);
    if (i === chosen) item.setAttribute('aria-current', 'true');
    else item.removeAttribute('aria-current');
  });
}

// What is to be drawn again when the reader's system goes from light to dark or back.
function themed(draw) {
  darkness.addEventListener('change', draw);
  draw();
}

function legend(id, ticks) {
  const element = document.getElementById(id), bar = make('div', { class: 'ramp' }), labels = make('div', { class: 'ticks' });
  for (const [place, text] of ticks) {
    const label = make('span', {}, text);
    label.style.left = `${100 * place}%`;
    labels.append(label);
  }
  element.append(bar, labels);
  themed(() => { bar.style.background = `linear-gradient(to right, ${ramp(element.dataset.scale).join(', ')})`; });
}
