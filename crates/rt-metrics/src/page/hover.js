// What a thing says when the pointer is on it: lines of text, the first of them large. Names are set as text,
// never as markup.

const OUTCOMES = {
  "": "not seen to end", pending: "waits now", again: "was woken meanwhile, and is queued again", done: "done",
  completed: "completed", cancelled: "cancelled", panicked: "panicked",
};
const CAUSES = {
  spawned: "spawned", woken: "woken", aborted: "aborted", timer: "woken by a timer", socket: "woken by a socket",
};

function counted(number, word) {
  return `${grouped(number)} ${word}${number === 1 ? "" : "s"}`;
}

function taskName(index) {
  return `${tasks[index].label} (${tasks[index].id})`;
}

function barLines(bar, many) {
  if (bar.task < 0) return ["parked", `for ${duration(bar.to - bar.from)}`, ...thereLines(bar)];
  if (many > 1) return [`${grouped(many)} bars`, "too narrow to tell apart: zoom in", ...thereLines(bar)];
  const what = bar.doing === "job" ? "ran" : "polled";
  const lines = [tasks[bar.task].label, `${what} for ${duration(bar.to - bar.from)}: ${OUTCOMES[bar.outcome]}`];
  if (bar.wake) lines.push(wakeLine(bar));
  const led = bar.led.map((wake) => wake.task).filter((task) => task !== bar.task);
  if (led.length) lines.push(`woke ${led.slice(0, 4).map(taskName).join(", ")}${led.length > 4 ? ` and ${led.length - 4} more` : ""}`);
  return [...lines, ...thereLines(bar), ...whoLines(bar.task)];
}

function wakeLine({ wake, from }) {
  const by = wake.by >= 0 ? ` by ${taskName(wake.by)}` : "";
  return `${CAUSES[wake.cause]}${by} on ${read.threads[wake.thread]}, ${duration(from - wake.at)} before`;
}

function thereLines(bar) {
  return [`~on ${read.threads[bar.thread]}, at ${duration(bar.from)}`];
}

function whoLines(index) {
  const task = tasks[index], row = everyTaskRow[index];
  const lines = [`~task ${task.id}${task.priority && task.priority !== "Normal" ? `, ${task.priority}` : ""}, ${counted(row.polls, "poll")}, ${duration(row.busy)} in all`];
  if (task.place) lines.push(`~spawned at ${task.place}`);
  return lines;
}

function rowLines(row) {
  const idle = row.thread >= 0 ? [] : whoLines(row.task).slice(1);
  const share = read.span ? ` (${(100 * row.busy / read.span).toFixed(1)} %)` : "";
  return [row.title, `${counted(row.polls, "poll")}, busy for ${duration(row.busy)}${share}`, ...idle];
}

function markLines(mark) {
  const who = mark.task >= 0 ? taskName(mark.task) : "";
  const by = mark.by >= 0 ? `by ${taskName(mark.by)}` : "";
  const words = {
    spawn: [`spawned ${who}`, by], abort: [`aborted ${who}`, by], queue: [`job queued: ${who}`],
    steal: [`stole ${mark.count === 1 ? "a task" : `${mark.count} tasks`}`],
    arm: [`timer armed, ${duration(mark.count)} ahead`, who && `by ${who}`],
    fire: [mark.count === 1 ? "a timer fired" : `${mark.count} timers fired`],
    disarm: ["timer cancelled", who && `by ${who}`],
    socket: [mark.count === 1 ? "a socket is ready" : `${mark.count} sockets are ready`],
  }[mark.kind];
  return [...words.filter(Boolean), `~on ${read.threads[mark.thread]}, at ${duration(mark.at)}`];
}

const hover = document.getElementById("hover");

function say(lines, x, y) {
  hover.replaceChildren(...lines.map((line, at) => {
    const is = line.startsWith("~") && at > 0;
    const element = document.createElement(at === 0 ? "b" : "p");
    element.textContent = is ? line.slice(1) : line;
    if (is) element.className = "dim";
    return element;
  }));
  hover.hidden = false;
  const box = hover.getBoundingClientRect();
  hover.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  hover.style.top = `${y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 12) : y + 18}px`;
}

function hush() {
  hover.hidden = true;
}
