// The live view: puts events at the top as they come, over server-sent events. The browser remembers the id of the last
// message and says it when it connects again, so nothing is lost or shown twice.
'use strict';

(() => {
  const list = document.getElementById('events');
  const nothing = document.getElementById('nothing');
  const state = document.getElementById('live-state');
  const words = document.getElementById('live-words');
  const pause = document.getElementById('pause');
  const told = document.getElementById('live-told');
  const most = Number(list.dataset.most);
  // What came while the view is paused; bounded like the view itself.
  let waiting = [];
  let paused = false;
  // What was not yet told to those who have the page read to them.
  let untold = 0;
  let telling = null;

  function say(name, text) {
    state.dataset.state = name;
    words.textContent = text;
  }

  function show(rows) {
    for (const row of rows) {
      row.classList.add('fresh');
      list.prepend(row);
    }
    while (list.rows.length > most) list.deleteRow(-1);
    nothing.hidden = list.rows.length > 0;
    window.tidings.localTimes(list);
    untold += rows.length;
    // Not each by each: many may come in a second.
    telling ??= setTimeout(() => {
      told.textContent = `${untold} new ${untold === 1 ? 'event' : 'events'}`;
      untold = 0;
      telling = null;
    }, 4000);
  }

  function isPaused() {
    const more = waiting.length === most ? ' or more' : '';
    say('off', `Paused, ${waiting.length}${more} waiting`);
  }

  const source = new EventSource(list.dataset.stream);
  source.addEventListener('open', () => paused || say('on', 'Connected'));
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) say('lost', 'Disconnected. Open the page again to go on.');
    else say('lost', 'Connection lost, trying again');
  });
  source.addEventListener('ended', () => {
    source.close();
    say('lost', 'Your session has ended. Open the page again to sign in.');
  });
  source.addEventListener('events', (message) => {
    const table = document.createElement('template');
    table.innerHTML = `<table><tbody>${message.data}</tbody></table>`;
    const rows = [...table.content.querySelectorAll('tr')];
    if (paused) {
      waiting = waiting.concat(rows).slice(-most);
      isPaused();
    } else {
      show(rows);
    }
  });

  pause.hidden = false;
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
    if (paused) {
      isPaused();
    } else {
      show(waiting);
      waiting = [];
      if (source.readyState === EventSource.OPEN) say('on', 'Connected');
      else say('lost', 'Connection lost, trying again');
    }
  });
})();
