// From what is in view to the text of an SVG. Nothing here touches the page: the saved picture is made by the
// same functions.

const GUTTER = 132, AXIS = 32, BAR = 20, CHAR = 6.7;
const HEIGHT = { thread: 44, task: 30 };
// So many wakes are drawn at once; with more of them one sees nothing.
const ARROWS = 400;

// The marks: a path around 0,0 each, and what it means. They stand below the bars.
const GLYPHS = {
  spawn: ["M-4,-3H4L0,4Z", "full", "spawn"],
  steal: ["M0,-5L5,0L0,5L-5,0Z", "steal", "steal"],
  arm: ["M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0M0,-2.5V0H2", "", "timer armed"],
  fire: ["M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", "full", "timers fired"],
  disarm: ["M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0M-2.5,2.5L2.5,-2.5", "", "timer cancelled"],
  socket: ["M-3.5,-3.5H3.5V3.5H-3.5Z", "full", "sockets ready"],
  queue: ["M-4,-3H4M-4,0H4M-4,3H4", "", "job queued"],
  abort: ["M-3.5,-3.5L3.5,3.5M-3.5,3.5L3.5,-3.5", "abort", "abort"],
};

function escaped(text) {
  return String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function cut(text, width) {
  const most = Math.floor(width / CHAR), letters = Array.from(text);
  return letters.length <= most ? text : most < 4 ? "" : letters.slice(0, most - 1).join("") + "…";
}

// view: { rows, kind, from, scale (pixels a nanosecond), width, top, bottom (of the rows, in pixels), found, hot }
function chart(view) {
  const shown = rowsInView(view);
  const places = new Map(shown.map(([row, y]) => [view.kind === "thread" ? row.thread : row.task, y]));
  const layers = { back: [], items: [], arrows: [], front: [] };
  const wakesInView = [];
  for (const [row, y, index] of shown) {
    if (index % 2) layers.back.push(`<rect class="band" x="0" y="${y}" width="${view.width}" height="${HEIGHT[view.kind]}"/>`);
    if (view.kind === "task") drawLife(view, row, y, layers.items);
    drawBars(view, row, y, layers, wakesInView);
    drawMarks(view, row, y, layers.items);
    const name = cut(row.name, GUTTER - 20);
    layers.front.push(`<text class="name" data-row="${index}" x="12" y="${y + HEIGHT[view.kind] / 2 + 3}">${escaped(name)}</text>`);
  }
  const isTooMany = wakesInView.length > ARROWS;
  const hot = view.hot ? [view.hot.wake, ...view.hot.led].filter(Boolean) : [];
  if (view.arrows && !isTooMany) wakesInView.forEach((wake) => drawWake(view, places, wake, layers.arrows, ""));
  hot.forEach((wake) => drawWake(view, places, wake, layers.arrows, "hot"));
  return { text: assemble(view, layers), hidden: isTooMany ? wakesInView.length : 0 };
}

function rowsInView(view) {
  const height = HEIGHT[view.kind];
  const first = Math.max(0, Math.floor(view.top / height));
  const last = Math.min(view.rows.length, Math.ceil(view.bottom / height));
  return view.rows.slice(first, last).map((row, at) => [row, AXIS + (first + at) * height - view.top, first + at]);
}

function xOf(view, at) {
  return GUTTER + (at - view.from) * view.scale;
}

// Numbers of a picture: a tenth of a pixel is enough, and far outside of it anything is.
function px(number) {
  return String(Math.round(Math.max(-1e5, Math.min(1e5, number)) * 10) / 10);
}

function isDim(view, task) {
  return view.found !== null && !view.found.has(task);
}

// Bars that are too narrow to be told apart become one.
function drawBars(view, row, y, layers, wakesInView) {
  const until = view.from + (view.width - GUTTER) / view.scale;
  const [first, last] = between(row, view.from, until);
  let many = null;
  const flush = () => {
    if (many) layers.items.push(manyBars(view, y, many));
    many = null;
  };
  for (let at = first; at < last; at += 1) {
    const bar = row.bars[at];
    if (bar.to < view.from) continue;
    const x = xOf(view, bar.from), width = (bar.to - bar.from) * view.scale;
    if (bar.wake && wakesInView.length <= ARROWS) wakesInView.push(bar.wake);
    if (width >= 1.5) {
      flush();
      drawBar(view, bar, y, x, width, layers.items);
    } else if (many && x - many.end < 1 && many.bar.doing === bar.doing) {
      many.end = Math.max(many.end, x + width);
      many.count += 1;
      many.isMixed ||= many.bar.task !== bar.task;
    } else {
      flush();
      many = { x, end: x + Math.max(width, 1), count: 1, bar, isMixed: false };
    }
  }
  flush();
}

function manyBars(view, y, { x, end, count, bar, isMixed }) {
  const color = bar.task < 0 ? "park" : isMixed ? "mixed" : `c${bar.task % 10}`, kind = count > 1 ? " many" : "";
  const number = `${count > 1 ? `data-many="${count}" ` : ""}data-bar="${bar.index}"`;
  const dim = count === 1 && bar.task >= 0 && isDim(view, bar.task) ? " dim" : "";
  return `<rect class="bar ${color}${kind}${dim}" ${number} x="${px(x)}" y="${y + inset(bar)}" width="${px(Math.max(end - x, 1))}" height="${BAR - 4 * bar.depth}"/>`;
}

function inset(bar) {
  return 6 + 2 * Math.min(bar.depth, 3);
}

function drawBar(view, bar, y, x, width, items) {
  const left = Math.max(x, GUTTER - 4), right = Math.min(x + width, view.width + 4);
  const color = bar.task < 0 ? "park" : bar.doing === "job" ? "job" : `c${bar.task % 10}`;
  const dim = bar.task >= 0 && isDim(view, bar.task) ? " dim" : "", height = BAR - 4 * Math.min(bar.depth, 3);
  const box = `x="${px(left)}" y="${y + inset(bar)}" width="${px(right - left)}" height="${height}" rx="${width > 8 ? 3 : 0}"`;
  if (color === "job") items.push(`<rect class="bar c${bar.task % 10}${dim}" ${box}/>`);
  items.push(`<rect class="bar ${color}${dim}" data-bar="${bar.index}" ${box}/>`);
  const text = cut(barText(view, bar), right - left - 10);
  if (text) {
    items.push(`<text class="label${bar.task < 0 ? " onpark" : ""}${dim}" x="${px(Math.max(left, GUTTER) + 6)}" y="${y + 20}">${escaped(text)}</text>`);
  }
  if (bar.outcome === "panicked" || bar.outcome === "cancelled") {
    items.push(`<path class="end" d="M${px(x + width)},${y + 4}v${BAR + 4}"/>`);
  }
  if (bar === view.hot) items.push(`<rect class="over" ${box}/>`);
}

function barText(view, bar) {
  if (bar.task < 0) return "parked";
  return view.kind === "thread" ? tasks[bar.task].label : read.threads[bar.thread];
}

// A task from its spawn to its end, and where it was woken and waited for a thread.
function drawLife(view, row, y, items) {
  const task = tasks[row.task], middle = y + 16;
  const from = Math.max(GUTTER, xOf(view, task.spawned ?? row.bars[0].from));
  const to = Math.min(view.width, xOf(view, task.ended ?? read.span));
  if (from < to) items.push(`<path class="life" d="M${px(from)},${middle}H${px(to)}"/>`);
  const until = view.from + (view.width - GUTTER) / view.scale;
  const [first, last] = between(row, view.from, until);
  let end = -1;
  for (let at = first; at < Math.min(last + 1, row.bars.length); at += 1) {
    const { wake, from } = row.bars[at];
    if (!wake) continue;
    const left = Math.max(GUTTER, xOf(view, wake.at), end), right = Math.min(view.width, xOf(view, from));
    if (right - left < .7) continue;
    items.push(`<path class="wait" d="M${px(left)},${middle}H${px(right)}"/>`);
    end = right;
  }
}

// Of several marks of a kind in one place one is drawn.
function drawMarks(view, row, y, items) {
  const until = view.from + (view.width - GUTTER) / view.scale, last = {};
  const start = after(row.marks, (mark) => mark.at < view.from);
  for (let at = start; at < row.marks.length && row.marks[at].at <= until; at += 1) {
    const mark = row.marks[at], x = xOf(view, mark.at), [path, kind] = GLYPHS[mark.kind];
    if (x - (last[mark.kind] ?? -10) < 5) continue;
    last[mark.kind] = x;
    items.push(`<path class="mark ${kind}" data-mark="${mark.index}" transform="translate(${px(x)},${y + 34})" d="${path}"/>`);
  }
}

// From where somebody woke to where the poll began that followed.
function drawWake(view, places, wake, arrows, hot) {
  if (!wake.to) return;
  const isThread = view.kind === "thread";
  const from = places.get(isThread ? wake.thread : wake.by < 0 ? wake.task : wake.by);
  const to = places.get(isThread ? wake.to.thread : wake.task);
  if (from === undefined || to === undefined) return;
  const [x, end] = [xOf(view, wake.at), xOf(view, wake.to.from)];
  if (end < GUTTER || x > view.width || (from === to && end - x < 8)) return;
  const middle = 16, start = from + middle, stop = to + middle;
  // On one row in a bow above the bars; else out of the bar, over, and into the edge of the other one.
  const bow = Math.min(60, Math.max(10, Math.abs(end - x) / 2));
  const path = from === to
    ? `M${px(x)},${from + 8}C${px(x + bow / 3)},${from - 2} ${px(end - bow / 3)},${from - 2} ${px(end)},${to + 7}`
    : `M${px(x)},${start}C${px(x + bow)},${start} ${px(end - bow)},${stop} ${px(end)},${stop}`;
  const tip = from === to ? `M${px(end)},${to + 9}l-4.5,-5l6.5,-1Z` : `M${px(end + 1)},${stop}l-7,-3.5v7Z`;
  arrows.push(`<path class="wake ${wake.cause} ${hot}" d="${path}"/><path class="head" d="${tip}"/>`);
}

// Steps of 1, 2 and 5, some 110 pixels apart.
function ticks(view) {
  const least = 110 / view.scale;
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= least));
  const found = [];
  for (let at = Math.max(0, Math.ceil(view.from / step) * step); xOf(view, at) < view.width; at += step) found.push(at);
  return { found, step };
}

// In the unit of the right end, with as many digits as the steps have.
function tickText(view, at, step) {
  const end = view.from + (view.width - GUTTER) / view.scale;
  const [unit, size] = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]].find(([, size]) => end >= size) || ["ns", 1];
  return at === 0 ? "0" : `${(at / size).toFixed(Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9)))} ${unit}`;
}

function assemble(view, { back, items, arrows, front }) {
  const height = AXIS + view.bottom - view.top, lines = [], times = [];
  const { found, step } = ticks(view);
  for (const at of found) {
    const x = px(xOf(view, at));
    lines.push(`<path class="grid" d="M${x},${AXIS}V${height}"/>`);
    times.push(`<path class="grid" d="M${x},${AXIS - 6}V${AXIS}"/><text class="tick" x="${+x + 4}" y="19">${tickText(view, at, step)}</text>`);
  }
  return `<defs><pattern id="job" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">`
    + `<rect width="3" height="7" fill="#fff" fill-opacity=".28"/></pattern>`
    + `<clipPath id="plot"><rect x="${GUTTER}" y="${AXIS}" width="${view.width - GUTTER}" height="${Math.max(0, height - AXIS)}"/></clipPath>`
    + `<clipPath id="rows"><rect x="0" y="${AXIS}" width="${view.width}" height="${Math.max(0, height - AXIS)}"/></clipPath></defs>`
    + `<rect class="ground" width="${view.width}" height="${height}"/><g clip-path="url(#rows)">${back.join("")}</g>${lines.join("")}`
    + `<g clip-path="url(#plot)"><g id="items">${items.join("")}</g>${arrows.join("")}</g>`
    + `<g clip-path="url(#rows)">${front.join("")}</g><path class="grid" d="M0,${AXIS}H${view.width}M${GUTTER},0V${height}"/>`
    + `<text class="tick" x="12" y="19">${view.kind === "thread" ? "thread" : "task"}</text>${times.join("")}`;
}
