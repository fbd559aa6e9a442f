// The view, and what changes it.

const scroll = document.getElementById("scroll"), svg = document.getElementById("chart");
const byId = (id) => document.getElementById(id);

// A little room at both ends.
const margin = read.span * 0.01 + 1;
const view = {
  kind: "thread", rows: threadRows, from: 0, scale: 1, width: 0, top: 0, bottom: 0, arrows: true, found: null, hot: null,
};

function plot() {
  return Math.max(50, view.width - GUTTER);
}

function leastScale() {
  return plot() / (read.span + 2 * margin);
}

// Everything that may not be is put right here: so whoever changes the view need not know what may be.
function settle() {
  const height = HEIGHT[view.kind] * view.rows.length;
  view.width = scroll.clientWidth;
  view.top = Math.min(scroll.scrollTop, Math.max(0, height - (scroll.clientHeight - AXIS)));
  view.bottom = view.top + Math.max(0, scroll.clientHeight - AXIS);
  view.scale = Math.max(leastScale(), Math.min(view.scale, 20));
  view.from = Math.max(-margin, Math.min(view.from, read.span + margin - plot() / view.scale));
}

let isAsked = false;
function redraw() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => { isAsked = false; draw(); });
}

function draw() {
  byId("height").style.height = `${Math.max(0, HEIGHT[view.kind] * view.rows.length + AXIS - scroll.clientHeight)}px`;
  settle();
  svg.setAttribute("height", scroll.clientHeight);
  svg.setAttribute("class", "chart");
  const { text, hidden } = chart(view);
  svg.innerHTML = text;
  const none = view.rows.length === 0 ? "nothing to show" : "";
  byId("note").textContent = none || (view.arrows && hidden ? "too many wakes in view: zoom in" : "");
}

function zoom(factor, x) {
  const at = view.from + (x - GUTTER) / view.scale;
  view.scale = Math.max(leastScale(), Math.min(view.scale * factor, 20));
  view.from = at - (x - GUTTER) / view.scale;
  redraw();
}

function zoomAtMiddle(factor) {
  zoom(factor, GUTTER + plot() / 2);
}

function move(pixels) {
  view.from += pixels / view.scale;
  redraw();
}

function reset() {
  view.scale = 0;
  view.from = -margin;
  redraw();
}

function show(kind) {
  view.kind = kind;
  byId("by-thread").setAttribute("aria-pressed", kind === "thread");
  byId("by-task").setAttribute("aria-pressed", kind === "task");
  scroll.scrollTop = 0;
  find();
}

// Of tasks only those stay whose name says so; among threads the others pale.
function find() {
  const wanted = byId("find").value.trim().toLowerCase();
  const has = (row) => row.name.toLowerCase().includes(wanted);
  view.found = wanted === "" ? null : new Set(everyTaskRow.filter(has).map((row) => row.task));
  view.rows = view.kind === "thread" ? threadRows : wanted === "" ? taskRows : taskRows.filter(has);
  hush();
  redraw();
}

// The next bar of the same row, or the first one in view.
function step(by) {
  const row = view.hot && (view.kind === "thread" ? threadRows[view.hot.thread] : everyTaskRow[view.hot.task]);
  const bar = row ? row.bars[row.bars.indexOf(view.hot) + by] : bars[after(bars, (each) => each.from < view.from)];
  if (!bar) return;
  view.hot = bar;
  const end = view.from + plot() / view.scale;
  if (bar.from < view.from || bar.from > end) view.from = bar.from - plot() / view.scale / 3;
  draw();
  const place = view.rows.findIndex((each) => (view.kind === "thread" ? each.thread === bar.thread : each.task === bar.task));
  const box = svg.getBoundingClientRect();
  say(barLines(bar, 1), box.left + Math.max(GUTTER, xOf(view, bar.from)), box.top + AXIS + place * HEIGHT[view.kind] - view.top + 24);
}

function setHot(bar) {
  if (view.hot === bar) return;
  view.hot = bar;
  redraw();
}

function point(event) {
  const target = event.target.closest("[data-bar], [data-mark], [data-row]");
  const { bar, many, mark, row } = target ? target.dataset : {};
  setHot(bar && !many ? bars[bar] : null);
  if (bar) say(barLines(bars[bar], Number(many || 1)), event.clientX, event.clientY);
  else if (mark) say(markLines(marks[mark]), event.clientX, event.clientY);
  else if (row) say(rowLines(view.rows[row]), event.clientX, event.clientY);
  else hush();
}

// What is in view from left to right, and every row, up to a hundred.
function picture() {
  const height = HEIGHT[view.kind] * Math.min(view.rows.length, 100);
  const copy = Object.assign({}, view, { top: 0, bottom: height, hot: null });
  const style = byId("chart-style").textContent;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${copy.width}" height="${AXIS + height}" `
    + `viewBox="0 0 ${copy.width} ${AXIS + height}"><title>${escaped(document.title)}</title>`
    + `<style>${style.trim()}</style>${chart(copy).text}</svg>\n`;
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([picture()], { type: "image/svg+xml" }));
  link.download = `${read.title.replace(/[^\w.-]/g, "_")}-timeline.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const keys = {
  "+": () => zoomAtMiddle(1.5), "=": () => zoomAtMiddle(1.5), "-": () => zoomAtMiddle(1 / 1.5),
  "0": reset, Home: reset, ArrowLeft: () => move(-80), ArrowRight: () => move(80),
  n: () => step(1), p: () => step(-1), s: save, Escape: () => { setHot(null); hush(); },
  t: () => show(view.kind === "thread" ? "task" : "thread"),
};

addEventListener("keydown", (event) => {
  if (event.target.matches("input[type=search]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

scroll.addEventListener("wheel", (event) => {
  if (event.shiftKey) return; // moves the rows
  event.preventDefault();
  hush();
  const unit = event.deltaMode === 1 ? 33 : 1; // lines, in some browsers
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) return move(event.deltaX * unit);
  const x = event.clientX - svg.getBoundingClientRect().left;
  zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY * unit)) / 300), Math.max(GUTTER, x));
}, { passive: false });

let drag = null, last = { x: -1, y: -1 };
svg.addEventListener("pointerdown", (event) => {
  drag = { x: event.clientX, y: event.clientY };
  svg.setPointerCapture(event.pointerId);
  scroll.classList.add("moving");
});
svg.addEventListener("pointermove", (event) => {
  // A browser says so too when what lies under a pointer that rests was drawn anew.
  const rests = event.clientX === last.x && event.clientY === last.y;
  last = { x: event.clientX, y: event.clientY };
  if (rests) return;
  if (!drag) return point(event);
  hush();
  scroll.scrollTop -= event.clientY - drag.y;
  move(drag.x - event.clientX);
  drag = { x: event.clientX, y: event.clientY };
});
for (const end of ["pointerup", "pointercancel"]) {
  svg.addEventListener(end, () => { drag = null; scroll.classList.remove("moving"); });
}
svg.addEventListener("pointerleave", () => { setHot(null); hush(); });
svg.addEventListener("dblclick", (event) => zoom(2.5, event.clientX - svg.getBoundingClientRect().left));

byId("zoom-in").onclick = () => zoomAtMiddle(1.5);
byId("zoom-out").onclick = () => zoomAtMiddle(1 / 1.5);
byId("reset").onclick = reset;
byId("by-thread").onclick = () => show("thread");
byId("by-task").onclick = () => show("task");
byId("save").onclick = save;
byId("find").oninput = find;
byId("arrows").onchange = (event) => { view.arrows = event.target.checked; redraw(); };
scroll.addEventListener("scroll", redraw);
new ResizeObserver(redraw).observe(scroll);

document.title = `${read.title}: timeline`;
byId("title").textContent = read.title;
byId("summary").textContent = `${duration(read.span)} on ${counted(read.threads.length, "thread")}: ${counted(read.events, "event")} of ${counted(taskRows.length, "task")}`
  + (read.dropped ? `; the oldest ${grouped(read.dropped)} events were dropped` : "");
byId("glyphs").innerHTML = Object.values(GLYPHS).map(([path, kind, words]) =>
  `<span><svg class="chart" width="14" height="14" viewBox="-7 -7 14 14"><path class="mark ${kind}" d="${path}"/></svg>${words}</span>`).join(" ");

view.width = scroll.clientWidth;
reset();
