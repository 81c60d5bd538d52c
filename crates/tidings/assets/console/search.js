// The histogram can be dragged to narrow the window. Without script its bars are links and the fields do the same.
'use strict';

(() => {
  const chart = document.getElementById('histogram');
  if (!chart) return;
  const chosen = document.getElementById('chosen');
  const from = Date.parse(chart.dataset.from);
  const to = Date.parse(chart.dataset.to);
  const width = chart.viewBox.baseVal.width;
  // A shorter pull is a click on a bar.
  const leastPixels = 6;
  let begin = null;

  document.querySelector('.drag-hint').hidden = false;

  // Where in the chart a pointer is, from 0 to 1.
  function share(event) {
    const box = chart.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  }

  function mark(one, other) {
    chosen.setAttribute('x', String(Math.min(one, other) * width));
    chosen.setAttribute('width', String(Math.abs(one - other) * width));
  }

  const pulled = (event) => begin && Math.abs(event.clientX - begin.x) >= leastPixels;

  chart.addEventListener('pointerdown', (event) => {
    if (event.button === 0) begin = { x: event.clientX, at: share(event) };
  });
  // A link that is pulled would be dragged away as an address.
  chart.addEventListener('dragstart', (event) => event.preventDefault());
  window.addEventListener('pointermove', (event) => {
    if (pulled(event)) mark(begin.at, share(event));
  });
  window.addEventListener('pointerup', (event) => {
    if (!pulled(event)) {
      begin = null;
      return;
    }
    const ends = [begin.at, share(event)].sort((a, b) => a - b);
    begin = null;
    // The click that follows is none on a bar.
    window.addEventListener('click', (click) => click.preventDefault(), { capture: true, once: true });
    const second = (part) => new Date(Math.round((from + part * (to - from)) / 1000) * 1000);
    const [first, end] = ends.map(second);
    if (end <= first) return mark(0, 0);
    const address = new URL(chart.dataset.base, window.location.href);
    const written = (time) => `${time.toISOString().slice(0, 19)}Z`;
    address.searchParams.set('created_after', written(first));
    address.searchParams.set('created_before', written(end));
    window.location.assign(address);
  });
  window.addEventListener('pointercancel', () => {
    begin = null;
    mark(0, 0);
  });
})();
