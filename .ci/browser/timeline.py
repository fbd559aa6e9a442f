"""Looks at a timeline as a reader does: rows, a hover, a zoom, the picture that it saves.

    timeline.py PAGE [FOLDER]           checks a page of `examples/timeline.rs`; pictures of it go to FOLDER
    timeline.py --calm PAGE             whether the run was not interrupted by others for long: then it shows nothing
    timeline.py --hostile PAGE          checks a page whose tasks have hostile names
    timeline.py --large PAGE            checks a page of a hundred thousand events
    timeline.py --svg PAGE FILE [WIDTH] what "Save as SVG" gives for all of it
"""

import pathlib
import re
import sys
import time
import xml.etree.ElementTree as ET

from driver import Browser

# As the protocol says it.
ESCAPE = "\ue00c"
SVG = "{http://www.w3.org/2000/svg}"


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def rows(browser):
    return browser.run("return [...document.querySelectorAll('#chart .name')].map((name) => name.textContent);")


def bars(browser):
    """Place and size of each bar in view of which the page says what it is."""
    return browser.run(
        """return [...document.querySelectorAll('#chart [data-bar]')].map((bar) => {
            const box = bar.getBoundingClientRect();
            return {bar: bar.dataset.bar, many: bar.dataset.many || null, park: bar.classList.contains('park'),
                    x: box.x, y: box.y, width: box.width, height: box.height};
        });"""
    )


def polls(browser):
    return [bar for bar in bars(browser) if not bar["park"] and not bar["many"]]


def hover(browser):
    return browser.run("const hover = document.getElementById('hover'); return hover.hidden ? null : hover.innerText;")


def point_at(browser, bar):
    left, right = max(bar["x"], 140), min(bar["x"] + bar["width"], 1195)
    browser.pointer(("move", (left + right) / 2, bar["y"] + bar["height"] / 2))
    browser.frames()
    return hover(browser)


def click(browser, name):
    browser.run("document.getElementById(arguments[0]).click();", name)
    browser.frames()


def widest(browser):
    return max(polls(browser), key=lambda bar: bar["width"])


def width_of(browser, number):
    """How wide a bar is drawn, wherever it is."""
    found = [bar for bar in bars(browser) if bar["bar"] == number]
    return found[0]["width"] if found else None


def saved(browser):
    """What the button saves, taken on its way to the disk."""
    return browser.run_later(
        """const done = arguments[0], make = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blob.text().then(done); URL.createObjectURL = make; return make.call(URL, blob); };
        document.getElementById('save').click();"""
    )


def check_log(browser):
    log = browser.log()  # which forgets what it has said
    check(log == [], f"the page complains: {log}")


def opened(browser, page):
    browser.open(page)
    browser.frames()
    check_log(browser)


def check_rows(browser):
    threads = rows(browser)
    check(threads[:3] == ["worker 0", "worker 1", "main"], f"a row for each worker, and the others after: {threads}")
    check("rt-blocking" in threads, f"a row for the thread that blocks: {threads}")
    check(len(polls(browser)) >= 10, "polls can be told apart")
    click(browser, "by-task")
    tasks = rows(browser)
    for name in ["dinner", "oven", "waiter", "recipe"] + [f"cook {number}" for number in range(6)]:
        check(name in tasks, f"a row for the task {name}: {tasks}")
    check(browser.run("return document.querySelectorAll('#chart .wait').length") > 3, "tasks wait for a thread")
    click(browser, "by-thread")
    check(rows(browser) == threads, "the threads are back")


def check_hover(browser):
    check(hover(browser) is None, "nothing is said where nobody points")
    said = point_at(browser, widest(browser))
    check(said is not None, "a bar that is pointed at says what it is")
    for word in ["polled for" if "ran for" not in said else "ran for", "on ", " at ", "task "]:
        check(word in said, f"the hover says `{word}`: {said}")
    check(browser.run("return document.querySelectorAll('#chart .over').length") == 1, "the bar is marked")
    woken = 0
    for bar in polls(browser):
        said = point_at(browser, bar) or ""
        woken += "woken by" in said or "spawned by" in said
    check(woken > 3, "hovers say who woke whom")
    browser.pointer(("move", 300, 20))
    browser.frames()
    check(hover(browser) is None, "the hover goes with the pointer")


def check_zoom(browser):
    # One that will not be cut off at an edge.
    bar = min([bar for bar in polls(browser) if 4 < bar["width"] < 150], key=lambda bar: abs(bar["x"] - 660))
    before = bar["width"]
    click(browser, "zoom-in")
    wider = width_of(browser, bar["bar"])
    check(wider is not None and wider > before * 1.3, f"the button makes bars wider: {before} to {wider}")
    click(browser, "zoom-out")
    check(abs(width_of(browser, bar["bar"]) - before) < 2, "and the other one narrower")
    x, y = bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2
    browser.wheel(x, y, -200)
    browser.frames()
    zoomed = width_of(browser, bar["bar"])
    check(zoomed is not None and zoomed > before * 1.3, f"the wheel makes the bar under it wider: {before} to {zoomed}")
    there = [each for each in bars(browser) if each["bar"] == bar["bar"]][0]
    check(there["x"] <= x <= there["x"] + there["width"], "and it stays under the pointer")
    browser.pointer(("move", x, y), ("down",), ("move", x - 60, y), ("up",))
    browser.frames()
    moved = [each for each in bars(browser) if each["bar"] == bar["bar"]]
    check(not moved or moved[0]["x"] < there["x"] - 30, "a drag moves it")
    click(browser, "reset")
    check(abs(width_of(browser, bar["bar"]) - before) < 2, "everything is in view again")
    browser.press("+")
    browser.frames()
    browser.press("n")
    browser.frames()
    check(hover(browser) is not None, "the keyboard goes from bar to bar")
    browser.press("0")
    browser.press("t")
    browser.frames()
    check("dinner" in rows(browser), "and to the rows of tasks")
    browser.press("t")
    browser.press(ESCAPE)
    browser.frames()
    check(hover(browser) is None, "Escape lets the bar go")


def check_arrows(browser):
    arrows = "return document.querySelectorAll('#chart path.wake').length"
    check(browser.run(arrows) > 5, "wakes are drawn")
    click(browser, "arrows")
    check(browser.run(arrows) == 0, "until one does not want them")
    click(browser, "arrows")


def check_saved(browser):
    text = saved(browser)
    picture = ET.fromstring(text)
    check(picture.tag == f"{SVG}svg", "it is a picture")
    names = [each.text for each in picture.iter(f"{SVG}text") if each.get("class") == "name"]
    check(names == rows(browser), f"it has all rows: {names}")
    check(len(text) < 60_000, f"it is small: {len(text)} bytes")
    for forbidden in ["http://", "https://", "<script"]:
        rest = text.replace("http://www.w3.org/2000/svg", "")
        check(forbidden not in rest, f"it stands alone, without {forbidden}")
    return text


def check_find(browser):
    click(browser, "by-task")
    browser.run("const find = document.getElementById('find'); find.value = 'cook'; find.dispatchEvent(new Event('input'));")
    browser.frames()
    check(sorted(rows(browser)) == [f"cook {number}" for number in range(6)], f"who is looked for: {rows(browser)}")
    browser.run("const find = document.getElementById('find'); find.value = ''; find.dispatchEvent(new Event('input'));")
    click(browser, "by-thread")


def check_page(page, folder):
    with Browser() as browser:
        opened(browser, page)
        for step in [check_rows, check_hover, check_zoom, check_arrows, check_find]:
            step(browser)
            print(f"    {step.__name__.replace('check_', '')}: as it should be")
        text = check_saved(browser)
        print(f"    saved: {len(text)} bytes")
        check_log(browser)
        if folder:
            pictures(browser, pathlib.Path(folder), text)


def pictures(browser, folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "threads.svg").write_text(text)
    point_at(browser, widest(browser))
    browser.screenshot(folder / "threads.png")
    click(browser, "by-task")
    browser.screenshot(folder / "tasks.png")


def check_hostile(page):
    with Browser() as browser:
        opened(browser, page)
        check(browser.run("return window.isHurt === undefined"), "a name was run as a script")
        click(browser, "by-task")
        names = rows(browser)
        check(len(names) >= 5 and any("</script>" in name for name in names), f"names are shown as they are: {names}")
        for bar in polls(browser):
            point_at(browser, bar)
        check(browser.run("return document.querySelectorAll('#hover img, #chart img, #chart script').length") == 0, "a name became an element")
        ET.fromstring(saved(browser))
        check(browser.run("return window.isHurt === undefined"), "a name was run as a script")
        check_log(browser)
    print("    hostile names: shown, not run")


def check_large(page):
    with Browser() as browser:
        opened(browser, page)
        events = browser.run("return document.getElementById('summary').textContent")
        slowest, most = 0, 0
        for name in ["by-task", "zoom-in", "zoom-in", "by-thread", "zoom-in", "zoom-in", "zoom-out", "reset"]:
            start = time.monotonic()
            click(browser, name)
            slowest = max(slowest, time.monotonic() - start)
            most = max(most, browser.run("return document.querySelectorAll('#chart *').length"))
        check(most < 20_000, f"only what is in view is drawn: {most} elements")
        check(slowest < 2.0, f"a step takes {slowest:.2f} s")
        print(f"    {events}: at most {most} elements, {slowest * 1000:.0f} ms a step")


def is_calm(page):
    return int(re.search(r'"span":(\d+)', pathlib.Path(page).read_text())[1]) < 12_000_000


def save_svg(page, file, width):
    with Browser(width=width) as browser:
        opened(browser, page)
        pathlib.Path(file).write_text(saved(browser))


def main(arguments):
    match arguments:
        case ["--hostile", page]:
            check_hostile(page)
        case ["--large", page]:
            check_large(page)
        case ["--calm", page]:
            sys.exit(not is_calm(page))
        case ["--svg", page, file, *rest]:
            save_svg(page, file, int(rest[0]) if rest else 1000)
        case [page, *rest]:
            check_page(page, rest[0] if rest else None)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
