'use strict';
// The report's curves and the controls above them.

const { runs, plots } = JSON.parse(document.getElementById('data').textContent);
const controls = Object.fromEntries(['along', 'smoothing', 'log'].map(id => [id, document.getElementById(id)]));
const hidden = new Set();
const charts = plots.map(plot => {
  const figure = document.getElementById(`plot-${plot.id}`);
  return { plot, chart: new Chart(figure.querySelector('.chart'), figure.querySelector('.legend'), plot.title) };
});

// One run: each curve its own colour. Several: each run one, and its curves are told apart by their dashes.
function color(curve, i) {
  const place = runs.length === 1 ? i : curve.run;
  return curve.style === 'level' ? 'var(--soft)' : `var(--series-${place % 8})`;
}

function show() {
  const along = controls.along.value;
  for (const { plot, chart } of charts) {
    const curves = plot.curves.map((curve, i) => ({ curve, i })).filter(({ curve }) => !hidden.has(curve.run)).map(({ curve, i }) => ({
      name: curve.name, color: color(curve, i), style: curve.style, xs: curve[along], ys: curve.values,
      dash: runs.length > 1 && curve.style === 'points' ? '5 3' : undefined,
    }));
    chart.show(curves, { unit: plot.unit, along, smoothing: Number(controls.smoothing.value), log: plot.logarithmic || (plot.id === 'loss' && controls.log.checked) });
  }
}

if (plots.length > 0) {
  for (const control of Object.values(controls)) control.addEventListener('input', show);
  for (const button of document.querySelectorAll('button[data-run]')) {
    button.addEventListener('click', () => {
      const run = Number(button.dataset.run);
      if (!hidden.delete(run)) hidden.add(run);
      button.setAttribute('aria-pressed', String(!hidden.has(run)));
      show();
    });
  }
  show();
}
