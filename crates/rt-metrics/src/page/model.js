// What the page knows: things with names in place of arrays of numbers, and where to find what is in view.
// Times are nanoseconds since the first event.

const read = JSON.parse(document.getElementById("data").textContent);

const tasks = read.tasks;
const wakes = read.wakes.map(([thread, at, task, by, cause]) => ({ thread, at, task, by, cause, from: null, to: null }));
const bars = read.bars.map(([thread, task, from, to, doing, outcome, wake], index) =>
  ({ index, thread, task, from, to, doing, outcome, wake: wakes[wake] || null, depth: 0, led: [] }));
const marks = read.marks.map(([thread, at, kind, task, by, count], index) => ({ index, thread, at, kind, task, by, count }));

// A row: its bars in their order, and the latest end among each and those before it. That only grows, so the
// first bar in view is found by halving, although a bar may contain others.
function row(name, title) {
  return { name, title, task: -1, thread: -1, bars: [], ends: [], marks: [], polls: 0, busy: 0 };
}

const threadRows = read.threads.map((name, thread) => Object.assign(row(name, name), { thread }));
const everyTaskRow = tasks.map((task, index) => Object.assign(row(task.label, task.label), { task: index }));

function put(into, bar) {
  const before = into.ends.length ? into.ends[into.ends.length - 1] : 0;
  into.bars.push(bar);
  into.ends.push(Math.max(before, bar.to));
}

for (const bar of bars) {
  const thread = threadRows[bar.thread];
  const open = thread.open = (thread.open || []).filter((other) => other.to > bar.from);
  bar.depth = open.length;
  open.push(bar);
  put(thread, bar);
  if (bar.task < 0) continue;
  put(everyTaskRow[bar.task], bar);
  for (const each of [thread, everyTaskRow[bar.task]]) {
    each.polls += 1;
    each.busy += bar.depth ? 0 : bar.to - bar.from;
  }
  if (bar.wake) bar.wake.to = bar;
}
for (const mark of marks) threadRows[mark.thread].marks.push(mark);

// The bar of which a wake came, and all wakes of a bar.
for (const wake of wakes) {
  if (wake.by < 0) continue;
  const own = everyTaskRow[wake.by];
  const bar = own.bars[after(own.bars, (each) => each.from <= wake.at) - 1];
  if (bar && bar.to >= wake.at) {
    wake.from = bar;
    bar.led.push(wake);
  }
}

// A task that no runtime of this trace has polled has no row.
const taskRows = everyTaskRow.filter((each) => each.bars.length > 0);

// How many of a sorted list come first for which something holds.
function after(list, holds) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle])) low = middle + 1; else high = middle;
  }
  return low;
}

// The places of the bars of a row that are in view, at most: from .. to.
function between(row, from, to) {
  return [after(row.ends, (end) => end < from), after(row.bars, (bar) => bar.from <= to)];
}

function duration(nanos) {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]]) {
    if (nanos >= size) {
      const value = nanos / size;
      return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2).replace(/\.0+$|(\.\d*?)0+$/, "$1")} ${unit}`;
    }
  }
  return `${Math.round(nanos)} ns`;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
