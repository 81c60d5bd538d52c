// What every page of the console does when it may run script: times in the reader's zone, a question before what cannot be
// undone, and figures that keep themselves fresh. Without script, pages show UTC and ask nothing.
'use strict';

(() => {
  const day = { year: 'numeric', month: 'short', day: 'numeric' };
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  const today = new Intl.DateTimeFormat(undefined, clock);
  const thisYear = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', ...clock });
  const longAgo = new Intl.DateTimeFormat(undefined, { ...day, ...clock });

  // Shows the times below a part of the page in the reader's zone; their titles keep the exact UTC.
  function localTimes(part) {
    const now = new Date();
    for (const time of part.querySelectorAll('time[datetime]:not([data-shown])')) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const form = at.toDateString() === now.toDateString() ? today
        : at.getFullYear() === now.getFullYear() ? thisYear : longAgo;
      time.textContent = form.format(at);
      time.dataset.shown = '';
    }
  }

  document.addEventListener('submit', (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  const stale = document.getElementById('stale');

  // Fetches the page again now and then and puts the fresh figures in the place of the old ones.
  async function refresh(part) {
    const every = Number(part.dataset.refresh) * 1000;
    if (!document.hidden) {
      try {
        const answer = await fetch(part.dataset.from ?? window.location.href, { redirect: 'error', headers: { 'tidings-refresh': '1' } });
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const fresh = answer.ok && page.getElementById(part.id);
        // What has the focus keeps it if it can be known again, and is left alone otherwise.
        const focused = part.contains(document.activeElement) ? document.activeElement.id : null;
        if (fresh && focused !== '') {
          part.replaceChildren(...fresh.childNodes);
          if (fresh.dataset.refresh) part.dataset.refresh = fresh.dataset.refresh; else delete part.dataset.refresh;
          localTimes(part);
          if (focused) (document.getElementById(focused) ?? document.getElementById('main')).focus({ preventScroll: true });
        }
        stale.hidden = Boolean(fresh);
      } catch {
        // The next turn may fare better.
        stale.hidden = false;
      }
    }
    if (part.dataset.refresh) setTimeout(() => refresh(part), every);
  }

  window.tidings = { localTimes };
  // On a phone the sections are a line that scrolls. Scrolling to the link itself would also move where tabbing begins.
  const here = document.querySelector('.sections [aria-current]');
  const line = here?.closest('.sections');
  if (line) line.scrollLeft = here.offsetLeft + here.offsetWidth / 2 - line.clientWidth / 2;
  localTimes(document);
  for (const part of document.querySelectorAll('[data-refresh]')) {
    setTimeout(() => refresh(part), Number(part.dataset.refresh) * 1000);
  }
})();
