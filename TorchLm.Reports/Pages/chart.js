'use strict';
// Draws curves as SVG in the width that there is.

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 5 });

function short(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return trim(value / 1e9) + ' B';
  if (size >= 1e6) return trim(value / 1e6) + ' M';
  if (size >= 1e4) return trim(value / 1e3) + ' k';
  if (size !== 0 && size < 1e-3) return value.toExponential(1).replace('.0e', 'e');
  return trim(value);
}

function trim(value) { return number.format(Number(value.toPrecision(4))); }

function duration(seconds) {
  if (seconds < 90) return trim(seconds) + ' s';
  if (seconds < 5400) return trim(seconds / 60) + ' min';
  return trim(seconds / 3600) + ' h';
}

// Marks at 1, 2 or 5 times a power of ten, as many as asked for at most.
function linearTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough);
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function logTicks(low, high, count) {
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const m of steps) if (m * 10 ** e >= low * 0.999 && m * 10 ** e <= high * 1.001) ticks.push(m * 10 ** e);
    if (ticks.length >= 2 && ticks.length <= count) return ticks;
  }
  return linearTicks(low, high, count).filter(t => t > 0);
}

// Exponential moving average without a bias at the beginning (Adam's correction).
function smoothed(values, keep) {
  let sum = 0, weight = 0;
  return values.map(v => {
    if (v === null) return null;
    sum = keep * sum + (1 - keep) * v;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

function element(name, attributes, parent) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

class Chart {
  // curves: [{ name, color, style, xs, ys }]; style is line, raw, points or level
  constructor(host, legend, title) {
    Object.assign(this, { host, legend, title, curves: [], options: {} });
    new ResizeObserver(() => this.draw()).observe(host);
    host.addEventListener('pointermove', event => this.point(event));
    host.addEventListener('pointerdown', event => this.point(event));
    host.addEventListener('pointerleave', () => this.unpoint());
  }

  show(curves, options) {
    this.curves = curves.map(curve => curve.style === 'raw' ? { ...curve, smooth: smoothed(curve.ys, options.smoothing) } : curve);
    this.options = options;
    this.draw();
    this.drawLegend();
  }

  // Of values that jump about, what lies between the 1st and the 99th percentile decides the axis, and all of the smoothed curve.
  range() {
    const all = [];
    for (const curve of this.curves) {
      const values = curve.ys.filter(v => v !== null && (!this.options.log || v > 0)).sort((a, b) => a - b);
      if (curve.style !== 'raw') all.push(...values.slice(0, 1), ...values.slice(-1));
      else all.push(values[Math.floor(values.length * 0.01)], values[Math.ceil(values.length * 0.99) - 1], ...curve.smooth.filter(v => v !== null && (!this.options.log || v > 0)));
    }
    const finite = all.filter(v => v !== undefined);
    let low = Math.min(...finite), high = Math.max(...finite);
    if (finite.length === 0) [low, high] = [this.options.log ? 0.1 : 0, 1];
    if (high - low <= 1e-6 * Math.abs(high)) low = high; // a constant, but for rounding
    if (this.options.log) return low === high ? [low / 2, high * 2] : [low * (low / high) ** 0.04, high * (high / low) ** 0.04];
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    return [low >= 0 && low < (high - low) * 0.5 ? 0 : low - room, high + room];
  }

  draw() {
    const width = Math.floor(this.host.clientWidth);
    if (width < 40) return;
    const height = Math.max(200, Math.min(340, Math.round(width * 0.5)));
    const { unit, along, log } = this.options;
    const [low, high] = this.range();
    const ticks = (log ? logTicks : linearTicks)(low, high, Math.floor(height / 45));
    const labels = ticks.map(short);
    const frame = { left: 14 + 7.5 * Math.max(2, ...labels.map(l => l.length)), right: width - 16, top: 26, bottom: height - 42 };
    const xs = this.curves.flatMap(c => c.xs), last = xs.length ? Math.max(...xs) || 1 : 1;
    const x = v => frame.left + (frame.right - frame.left) * v / last;
    const scale = v => log ? (Math.log(v) - Math.log(low)) / (Math.log(high) - Math.log(low)) : (v - low) / (high - low);
    const y = v => frame.bottom - (frame.bottom - frame.top) * scale(v);
    this.geometry = { frame, x, y, last };

    const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': this.description() });
    const clip = `clip-${this.title.replace(/\W/g, '-')}`;
    element('rect', { x: frame.left, y: frame.top, width: Math.max(0, frame.right - frame.left), height: frame.bottom - frame.top }, element('clipPath', { id: clip }, svg));
    ticks.forEach((tick, i) => {
      element('line', { class: 'gridline', x1: frame.left, x2: frame.right, y1: y(tick), y2: y(tick) }, svg);
      this.text(svg, labels[i], frame.left - 6, y(tick) + 4, 'end');
    });
    const name = along === 'seconds' ? duration : short;
    const places = linearTicks(0, last, Math.max(1, Math.floor((frame.right - frame.left) / 80)));
    for (const tick of places) {
      element('line', { class: 'axis', x1: x(tick), x2: x(tick), y1: frame.bottom, y2: frame.bottom + 4 }, svg);
      this.text(svg, name(tick), Math.min(x(tick), width - 4 * name(tick).length), frame.bottom + 17, 'middle');
    }
    element('line', { class: 'axis', x1: frame.left, x2: frame.right, y1: frame.bottom, y2: frame.bottom }, svg);
    this.text(svg, along === 'seconds' ? 'time in steps' : along, (frame.left + frame.right) / 2, height - 8, 'middle');
    this.text(svg, unit, 4, 13, 'start');

    const plot = element('g', { 'clip-path': `url(#${clip})` }, svg);
    for (const curve of this.curves) {
      const path = ys => curve.xs.map((v, i) => ys[i] === null || (log && ys[i] <= 0) ? null : [x(v), y(ys[i])])
        .reduce((d, p, i, all) => p ? d + (i > 0 && all[i - 1] ? 'L' : 'M') + p[0].toFixed(1) + ' ' + p[1].toFixed(1) : d, '');
      if (curve.style === 'level') {
        element('line', { class: 'curve level', stroke: curve.color, x1: frame.left, x2: frame.right, y1: y(curve.ys[0]), y2: y(curve.ys[0]) }, plot);
      } else if (curve.style === 'raw') {
        element('path', { class: 'curve raw', stroke: curve.color, d: path(curve.ys) }, plot);
        element('path', { class: 'curve', stroke: curve.color, d: path(curve.smooth) }, plot);
      } else {
        element('path', { class: 'curve', stroke: curve.color, d: path(curve.ys), 'stroke-dasharray': curve.dash ?? 'none' }, plot);
        if (curve.style === 'points' && curve.xs.length <= 60)
          curve.xs.forEach((v, i) => curve.ys[i] !== null && element('circle', { cx: x(v), cy: y(curve.ys[i]), r: 3, fill: curve.color }, plot));
      }
    }
    this.cursor = element('line', { class: 'cursor', y1: frame.top, y2: frame.bottom, visibility: 'hidden' }, svg);
    this.tip?.remove();
    this.tip = undefined;
    this.host.replaceChildren(svg);
  }

  text(parent, text, x, y, anchor) {
    element('text', { x, y, 'text-anchor': anchor }, parent).textContent = text;
  }

  // What a person hears who does not see it.
  description() {
    const parts = this.curves.map(c => {
      const values = (c.smooth ?? c.ys).filter(v => v !== null);
      return values.length === 0 ? c.name : c.style === 'level' ? `${c.name}: ${short(values[0])}` : `${c.name}: from ${short(values[0])} to ${short(values[values.length - 1])}`;
    });
    return `${this.title}, ${this.options.unit}. ${parts.join('; ')}.`;
  }

  drawLegend() {
    this.legend.replaceChildren(...this.curves.map(curve => {
      const key = document.createElement('span'), sign = element('svg', { width: 22, height: 10, 'aria-hidden': true });
      key.className = 'key';
      element('line', { x1: 1, x2: 21, y1: 5, y2: 5, stroke: curve.color, 'stroke-width': 2, 'stroke-dasharray': curve.style === 'level' ? '6 4' : curve.dash ?? 'none' }, sign);
      if (curve.style === 'points') element('circle', { cx: 11, cy: 5, r: 3, fill: curve.color }, sign);
      key.append(sign, curve.name);
      return key;
    }));
  }

  point(event) {
    if (!this.geometry) return;
    const { frame, x, last } = this.geometry, bounds = this.host.getBoundingClientRect();
    const at = (event.clientX - bounds.left - frame.left) / (frame.right - frame.left) * last;
    if (at < 0 || at > last * 1.02) return this.unpoint();
    const lines = [];
    let place;
    for (const curve of this.curves) {
      if (curve.xs.length === 0) continue;
      let nearest = 0;
      for (let i = 1; i < curve.xs.length; i++) if (Math.abs(curve.xs[i] - at) < Math.abs(curve.xs[nearest] - at)) nearest = i;
      if (place === undefined || Math.abs(curve.xs[nearest] - at) < Math.abs(place - at)) place = curve.xs[nearest];
      const value = curve.ys[nearest];
      lines.push(`${curve.name}: ${value === null ? 'not a number' : number.format(value)}${curve.smooth ? ` (smoothed ${number.format(curve.smooth[nearest])})` : ''}`);
    }
    if (place === undefined) return;
    this.cursor.setAttribute('x1', x(place));
    this.cursor.setAttribute('x2', x(place));
    this.cursor.setAttribute('visibility', 'visible');
    this.tip ??= this.host.appendChild(Object.assign(document.createElement('div'), { className: 'tip' }));
    const head = this.options.along === 'seconds' ? duration(place) : `${this.options.along.replace(/s$/, '')} ${number.format(place)}`;
    this.tip.replaceChildren(...[head, ...lines].map(text => Object.assign(document.createElement('div'), { textContent: text })));
    const left = x(place) + 12;
    this.tip.style.left = `${left + this.tip.offsetWidth > this.host.clientWidth ? Math.max(0, x(place) - 12 - this.tip.offsetWidth) : left}px`;
    this.tip.style.top = `${frame.top}px`;
  }

  unpoint() {
    this.cursor?.setAttribute('visibility', 'hidden');
    this.tip?.remove();
    this.tip = undefined;
  }
}
