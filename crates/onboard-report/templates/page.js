'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const PAGE = 50, WIDE = 1000, SVG = 'http://www.w3.org/2000/svg';
  const $ = id => document.getElementById(id);
  const names = {};
  for (const chip of document.querySelectorAll('[data-outcome]')) names[chip.dataset.outcome] = chip.querySelector('span').textContent;
  const severity = ['failed', 'refused', 'interrupted', 'pending', 'differs', 'mixed', 'skipped', 'imported', 'done', 'already-imported', 'unchanged', 'matches'];
  const longest = data.accounts.reduce((most, a) => Math.max(most, a.m), 0);

  // Texts are only ever set as text: nothing from the data becomes markup.
  const el = (name, attributes, ...inner) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...inner.filter(part => part !== null && part !== undefined));
    return made;
  };
  const svg = (name, attributes, title) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (title) made.appendChild(document.createElementNS(SVG, 'title')).textContent = title;
    return made;
  };
  const number = n => n.toLocaleString('en-US');
  const pad = n => String(n).padStart(2, '0');
  const time = ms => {
    const s = Math.floor(ms / 1000);
    if (s < 1) return `${ms} ms`;
    if (s < 60) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
    return `${Math.floor(s / 3600)} h ${pad(Math.floor(s / 60) % 60)} min`;
  };

  // What is looked for stands in the address, so that a view can be kept and passed on.
  const state = {q: '', outcome: new Set(), cause: null, left: false, sort: '', down: false, page: 0, clock: '', open: new Set()};
  const read = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    state.q = asked.get('q') || '';
    state.outcome = new Set((asked.get('outcome') || '').split(',').filter(Boolean));
    state.cause = asked.has('cause') ? Number(asked.get('cause')) : null;
    state.left = asked.has('left');
    const sort = asked.get('sort') || '';
    state.down = sort.startsWith('-');
    state.sort = state.down ? sort.slice(1) : sort;
    state.page = Math.max(0, (Number(asked.get('page')) || 1) - 1);
    state.clock = asked.get('clock') || (data.makespan > longest * 4 ? 'own' : 'run');
  };
  const write = () => {
    const kept = new URLSearchParams();
    if (state.q) kept.set('q', state.q);
    if (state.outcome.size) kept.set('outcome', [...state.outcome].join(','));
    if (state.cause !== null) kept.set('cause', state.cause);
    if (state.left) kept.set('left', '');
    if (state.sort) kept.set('sort', (state.down ? '-' : '') + state.sort);
    if (state.page) kept.set('page', state.page + 1);
    kept.set('clock', state.clock);
    history.replaceState(null, '', `#${kept}`);
  };

  const hay = new Array(data.accounts.length);
  const haystack = n => {
    if (hay[n] === undefined) {
      const a = data.accounts[n], errors = [a.e, a.u].filter(Boolean).flatMap(e => [e.k, e.m, ...e.c, e.h || '']);
      hay[n] = [a.a, a.t, a.n || '', a.o, names[a.o] || '', ...errors, ...(a.f || []).map(f => f[1]),
        ...(a.w || []).map(w => data.texts[w]), ...(a.d || []).flat(), ...(a.l || []).flat()].join('\n').toLowerCase();
    }
    return hay[n];
  };
  const words = (a, b) => a < b ? -1 : a > b ? 1 : 0;
  const columns = [
    ['account', 'Account', a => a.a, words],
    ['turbot', 'Turbot id', a => a.t, words],
    ['title', 'Title', a => a.n || '', (a, b) => a.localeCompare(b, 'en', {sensitivity: 'base', numeric: true})],
    ['outcome', 'Outcome', a => severity.indexOf(a.o), (a, b) => a - b],
    ['began', 'Began', a => a.b, (a, b) => a - b],
    ['took', 'Took', a => a.m, (a, b) => a - b],
  ];
  const chosen = () => {
    const wanted = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let found = data.accounts.map((_, n) => n).filter(n => {
      const a = data.accounts[n];
      return (!state.outcome.size || state.outcome.has(a.o)) && (state.cause === null || a.c === state.cause)
        && (!state.left || a.l) && wanted.every(word => haystack(n).includes(word));
    });
    const column = columns.find(c => c[0] === state.sort);
    if (column) {
      const [, , value, compare] = column, sign = state.down ? -1 : 1;
      found = found.map(n => [value(data.accounts[n]), n]).sort((x, y) => sign * compare(x[0], y[0]) || x[1] - y[1]).map(x => x[1]);
    }
    return found;
  };

  const bar = (a, from, span) => {
    const drawn = svg('svg', {viewBox: `0 0 ${WIDE} 16`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `took ${time(a.m)}`});
    const scale = span > 0 ? WIDE / span : 0;
    const rect = (kind, x, width, y, height, title) => drawn.appendChild(svg('rect', {class: kind, x: (x * scale).toFixed(2),
      y, width: Math.max(width * scale, 1.5).toFixed(2), height}, title));
    drawn.appendChild(svg('rect', {class: 'back', x: 0, y: 7, width: WIDE, height: 2}));
    if (!a.m) return drawn;
    rect('p-waits', from, a.m, 3, 10, `looks and waits; ${time(a.m)} in all`);
    for (const [step, target, result, phase, offset, took] of a.s) {
      rect(`p-${data.phases[phase][0]}`, from + offset, took, 3, 10, `${data.texts[step]} of ${data.texts[target]}: ${result}, ${time(took)}`);
      if (result === 'failed' || result === 'outcome unknown') rect('mark', from + offset + took, 0, 0, 16, result);
    }
    return drawn;
  };

  const failure = (e, heading) => [el('h3', {}, heading), el('p', {class: 'wrong'}, e.m), ...e.c.filter(c => !e.m.includes(c)).map(c => el('p', {}, `because: ${c}`)),
    e.h ? el('p', {}, el('b', {}, 'Next: '), e.h) : null];
  const detail = a => {
    const cell = el('td', {colspan: columns.length + 1});
    const add = (...parts) => cell.append(...parts.filter(Boolean));
    if (a.e) add(...failure(a.e, 'Why'));
    if (a.u) add(...failure(a.u, 'What was begun could not be taken back'));
    if (a.d) add(el('h3', {}, 'Not as wanted'), ...a.d.map(([what, wanted, found]) => el('p', {}, el('b', {}, what), `: wanted ${wanted}, found ${found}`)));
    if (a.w) add(el('h3', {}, 'Warnings'), ...a.w.map(w => el('p', {}, data.texts[w])));
    if (a.l) add(el('h3', {}, 'Left over'), ...a.l.map(([kind, id, why, remove]) => el('p', {}, `${kind} `, el('code', {}, id), `: ${why}. Remove it with `, el('code', {}, remove))));
    if (a.s.length) {
      const rows = a.s.map(([step, target, result, phase, offset, took]) => el('tr', {},
        el('td', {}, data.texts[step]), el('td', {}, data.texts[target]), el('td', {class: result === 'failed' || result === 'outcome unknown' ? 'wrong' : ''}, result),
        el('td', {class: 'num'}, time(took)), el('td', {}, bar({m: 0, s: []}, 0, 0))));
      rows.forEach((row, n) => {
        const [, , , phase, offset, took] = a.s[n];
        row.querySelector('svg').appendChild(svg('rect', {class: `p-${data.phases[phase][0]}`, x: (offset / a.m * WIDE || 0).toFixed(2), y: 3, width: Math.max(took / a.m * WIDE || 0, 2).toFixed(2), height: 10}));
      });
      add(el('h3', {}, 'Steps'), el('div', {class: 'scroll'}, el('table', {class: 'steps'}, el('tbody', {}, ...rows))));
    }
    const run = data.runs[a.r || 0];
    add(el('h3', {}, 'Facts'), el('dl', {class: 'facts'}, ...(a.n ? [['Title', a.n]] : []).concat(a.f.map(([name, value]) => [data.texts[name], value]),
      data.runs.length > 1 ? [['Run', `${run[1]} of ${run[2]}, ${run[0]}`]] : []).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])));
    return el('tr', {class: 'detail'}, cell);
  };

  const head = () => {
    const row = el('tr');
    for (const [key, name] of columns) {
      const cell = el('th', key === 'took' || key === 'began' ? {class: 'num'} : {}, el('button', {type: 'button', 'data-sort': key}, name));
      if (state.sort === key) cell.setAttribute('aria-sort', state.down ? 'descending' : 'ascending');
      row.append(cell);
    }
    row.append(el('th', {class: 'line'}, state.clock === 'run' ? `Timeline, 0 to ${time(data.makespan)}` : `Timeline, 0 to ${time(longest)}`));
    return row;
  };
  const draw = () => {
    const found = chosen(), pages = Math.max(1, Math.ceil(found.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    const from = state.page * PAGE, here = found.slice(from, from + PAGE), rows = [];
    for (const n of here) {
      const a = data.accounts[n], open = state.open.has(n);
      rows.push(el('tr', {class: 'row', 'data-n': n},
        el('td', {class: 'id'}, el('button', {type: 'button', class: 'open', 'aria-expanded': open}, a.a || '(unknown)')),
        el('td', {class: 'id'}, a.t), el('td', {class: 'title', title: a.n || ''}, a.n || '–'),
        el('td', {}, el('span', {class: 'tag'}, el('i', {class: `o-${a.o}`}), names[a.o] || a.o)),
        el('td', {class: 'num'}, a.m ? `+${time(a.b)}` : '–'), el('td', {class: 'num'}, a.m ? time(a.m) : '–'),
        el('td', {class: 'line'}, state.clock === 'run' ? bar(a, a.b, data.makespan) : bar(a, 0, longest))));
      if (open) rows.push(detail(a));
    }
    if (!rows.length) rows.push(el('tr', {}, el('td', {class: 'none', colspan: columns.length + 1}, 'No account fits.')));
    $('rows').tHead.replaceChildren(head());
    $('rows').tBodies[0].replaceChildren(...rows);
    $('count').textContent = found.length === data.accounts.length ? `${number(found.length)} account${found.length === 1 ? '' : 's'}` : `${number(found.length)} of ${number(data.accounts.length)} accounts`;
    $('page').textContent = `${number(from + (found.length ? 1 : 0))} to ${number(from + here.length)} of ${number(found.length)}`;
    document.querySelector('.pages').hidden = pages < 2;
    $('back').disabled = state.page === 0;
    $('on').disabled = state.page >= pages - 1;
    $('clear').hidden = !(state.q || state.outcome.size || state.cause !== null || state.left);
    $('clock').value = state.clock;
    if ($('q').value !== state.q) $('q').value = state.q;
    for (const b of document.querySelectorAll('[data-outcome]')) b.setAttribute('aria-pressed', state.outcome.has(b.dataset.outcome));
    for (const b of document.querySelectorAll('[data-cause]')) b.setAttribute('aria-pressed', state.cause === Number(b.dataset.cause));
    for (const b of document.querySelectorAll('[data-left]')) b.setAttribute('aria-pressed', state.left);
  };
  const change = (what, keep) => {
    what();
    if (!keep) state.page = 0;
    write();
    draw();
  };
  const toList = () => $('accounts').scrollIntoView({behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'});

  document.addEventListener('click', event => {
    const b = event.target.closest('button');
    if (b && b.dataset.outcome) change(() => state.outcome.delete(b.dataset.outcome) || state.outcome.add(b.dataset.outcome));
    else if (b && b.dataset.cause) { change(() => { state.cause = state.cause === Number(b.dataset.cause) ? null : Number(b.dataset.cause); }); if (state.cause !== null) toList(); }
    else if (b && b.dataset.left) { change(() => { state.left = !state.left; }); if (state.left) toList(); }
    else if (b && b.dataset.sort) change(() => { state.down = state.sort === b.dataset.sort && !state.down; state.sort = b.dataset.sort; });
    else if (b && b.id === 'clear') change(() => { state.q = ''; state.outcome.clear(); state.cause = null; state.left = false; });
    else if (b && (b.id === 'back' || b.id === 'on')) { change(() => { state.page += b.id === 'on' ? 1 : -1; }, true); toList(); }
    else {
      const row = event.target.closest('tr.row');
      if (!row || String(getSelection())) return;
      const n = Number(row.dataset.n);
      if (!state.open.delete(n)) state.open.add(n);
      draw();
      const again = document.querySelector(`tr.row[data-n="${n}"] .open`);
      if (again && b) again.focus();
    }
  });
  let typing = 0;
  $('q').addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(() => change(() => { state.q = $('q').value; }), 120); });
  $('clock').addEventListener('change', () => change(() => { state.clock = $('clock').value; }, true));
  addEventListener('hashchange', () => { read(); draw(); });
  read();
  if (data.accounts.length === 1) state.open.add(0);
  const asked = new URLSearchParams(location.hash.slice(1)).get('open');
  if (asked) data.accounts.forEach((a, n) => { if (a.a === asked || a.t === asked) state.open.add(n); });
  document.querySelector('.tools').hidden = false;
  draw();
})();
