# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens pages of --html in a browser: what they show equals the JSON. TAP.

argv[1]: the folder of the pages, each with what --json printed in NAME.json, a document
a line; argv[2]: the program."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, Page  # noqa: E402

work, program = sys.argv[1:3]
number = failed = 0


def result(good, words, *notes):
    global number, failed
    number += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {number} - {words}")
    for note in notes if not good else ():
        print("#", str(note)[:2000].replace("\n", "\n# "))


def equal(got, wanted, words):
    result(got == wanted, words, f"got:    {got}", f"wanted: {wanted}")


def documents(name):
    with open(f"{work}/{name}.json") as f:
        return [json.loads(line) for line in f]


browser = Browser()


def opened(name, hash="", **how):
    return Page(browser, f"file://{work}/{name}.html{hash}", **how)


def quiet(page, words):
    equal(page.complaints(), [], f"{words}: no errors")
    others = [r for r in page.requests() if not r.startswith("file://" + work)]
    equal(others, [], f"{words}: no request leaves it")


def texts(page, selector):
    return page.js(f"[...document.querySelectorAll({selector!r})].map(e => e.textContent)")


# The boxes of a lane of a map, by its title: [first, last] in hexadecimal
BOXES = """(map, title) => {
    const lane = map.lanes.find(l => l.title === title);
    return lane.columns.flat().map(b => [b.first.toString(16), b.last.toString(16)]);
}"""


def boxes(page, map, title):
    return page.js(f"({BOXES})({map}, {title!r})")


def span(gpa, size):
    return [f"{int(gpa, 0):x}", f"{int(gpa, 0) + int(size, 0) - 1:x}"]


def spans(slots, as_id=0):
    found = [span(s["gpa"], s["size"]) for s in slots if s.get("as_id", 0) == as_id]
    return sorted(found, key=lambda s: int(s[0], 16))


def same_documents(page, name):
    inside = page.js("data.documents")
    wanted = documents(name)
    for d in inside + wanted:  # what depends on when it was looked at
        for f in d.get("findings", []):
            f.get("story", {}).pop("ago_ns", 0)
    equal(inside[:len(wanted)], wanted, f"{name}: it has the documents of --json")


def say_kind(verdict):
    return "cannot tell" if verdict == "unknown" else verdict


def check_page(name):
    page = opened(name)
    check = documents(name)[0]
    quiet(page, name)
    same_documents(page, name)
    equal(texts(page, "#c0 .verdict b"), [
        {"agree": "✓", "mismatch": "✗", "unknown": "?"}[check["verdict"]] + " " + say_kind(check["verdict"])],
        f"{name}: the verdict")
    equal(texts(page, "#c0 .finding .sentence"), [f["sentence"] for f in check["findings"]],
          f"{name}: the findings' sentences")
    equal(texts(page, "#c0 .finding h4 b"), [f["id"] for f in check["findings"]], f"{name}: the findings' ids")
    rows = page.js("[...document.querySelectorAll('#c0 .ranges tbody tr')].map(r => "
                   "[r.querySelector('.range').textContent, r.querySelector('.row-verdict').textContent])")
    equal(rows, [["0x" + "-0x".join(span(r["gpa"], r["size"])), r["verdict"]] for r in check["rows"]],
          f"{name}: a row a range, with its verdict")
    # Each link of the page leads somewhere
    equal(page.js("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
                  ".filter(id => !document.getElementById(id) && !/^e\\d+$/.test(id))"), [],
          f"{name}: each link leads somewhere")
    for as_id in sorted({r["as_id"] for r in check["rows"]}):
        map = f"checkMaps[0].get({as_id})"
        for view, title in (("traced", "slots asked"), ("kernel", "slots held")):
            slots = check["views"].get(view, {}).get("memslots")
            if slots is not None:
                equal(boxes(page, map, title), spans(slots, as_id), f"{name}, {as_id}: {title}")
        flat = [v for v in check["views"].get("model", {}).get("tree", {}).get("flat_views", [])
                if v["as_id"] == as_id]
        if flat:
            equal(boxes(page, map, "flat view"), spans([r for r in flat[0]["ranges"] if r["kind"] != "hole"]),
                  f"{name}, {as_id}: the flat view")
        if flat and check["views"]["model"]["tree"].get("places"):
            # What is drawn covers all that the lanes have: nothing is lost on the scale
            seen = boxes(page, map, "regions")
            missing = [r for r in boxes(page, map, "flat view") if not any(
                int(s[0], 16) <= int(r[0], 16) <= int(s[1], 16) for s in seen)]
            equal(missing, [], f"{name}, {as_id}: each flat range is of a region that is drawn")
    return page, check


# A check of files, with a mismatch
page, check = check_page("files")
finding = next(i for i, f in enumerate(check["findings"]) if f["kind"] == "mismatch")
first, last = span(check["findings"][finding]["gpa"], check["findings"][finding]["size"])
page.js(f"document.querySelector('#c0f{finding} button.link').click()")
equal(page.js("[...document.querySelectorAll('.map .box.tied')].some(b => b.classList.contains('is-mismatch'))"), True,
      "a finding's place: marked in the map")
result(first in page.js("document.querySelector('.map-info').textContent"), "... and said beneath it")
tied = page.js("(() => { const b = [...document.querySelectorAll('.map .box')].find(b => b.one && b.one.label.startsWith('#9'));"
               "b.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));"
               "return [...document.querySelectorAll('.map .box.tied')].map(t => t.textContent) })()")
result(len(tied) == 3 and any("pc.ram" in t for t in tied) and any("agree" in t for t in tied),
       "the pointer on a range: the same range in all lanes", tied)
page.js(f"location.hash = '#e{check['findings'][finding]['seq']}'")
equal(page.js("new Promise(f => setTimeout(() => f(events[timeLine.step - 1].seq), 0))"),
      check["findings"][finding]["seq"], "a finding's event: the time line is there")
equal(page.js("document.querySelector('.near .now a').textContent"), str(check["findings"][finding]["seq"]),
      "... and tells of it")
# By keyboard alone: the first box, then to others, and into one and back
page.js("document.querySelector('#c0 .map .box').focus()")
page.key("ArrowDown")
down = page.js("document.activeElement.range.first > 0n && document.activeElement.className.includes('box')")
page.key("ArrowRight")
right = page.js("document.activeElement.getBoundingClientRect().left > "
                "document.querySelector('#c0 .map .box').getBoundingClientRect().left")
result(down and right, "arrow keys go through the map", down, right)
page.js("document.activeElement.closest('.map') && document.activeElement.focus()")
page.key("z")
zoomed = page.js("checkMaps[0].get(0).zooms.length")
page.key("Escape")
equal([zoomed, page.js("checkMaps[0].get(0).zooms.length")], [1, 0], "z looks into a range, and Esc comes back")
page.close()

# A real machine: q35, two address spaces, and its tree
page, check = check_page("q35")
tree = check["views"]["model"]["tree"]
names = page.js("[...document.querySelectorAll('#c0 table.tree')].map(t => [...t.querySelectorAll('tbody th b')].map(b => b.textContent))")
equal(names, [[tree["regions"][p["region"]]["name"] for p in tree["places"] if p["as_id"] == a] for a in (0, 1)],
      "q35: the tree has each place, in order")
hidden = sum(len([h for h in p["hidden"] if h["why"] != "disabled"]) for p in tree["places"])
equal(page.js("document.querySelectorAll('#c0 table.tree td:last-child div').length"), hidden, "... and what hides what")
# The scale is that of slotscope map: the same pieces, as long in proportion
for space in documents("q35-map")[0]["address_spaces"]:
    got = page.js(f"checkMaps[0].get({space['as_id']}).pieces.map(p => ['0x' + p.first.toString(16), "
                  "'0x' + (p.last - p.first + 1n).toString(16), p.hole, scaleWeight(p)])")
    equal(got, [[p["gpa"], p["size"], p["hole"], p["weight"]] for p in space["scale"]],
          f"q35, {space['as_id']}: its scale is that of slotscope map")
# Whatever is hidden says why, in the table and in the map
HIDDEN = """[...document.querySelectorAll('#c0 table.tree td:last-child div')].map(d => d.textContent).concat(
    [...checkMaps[0].values()].flatMap(m => m.boxes()).filter(b => b.kind.includes('k-hidden')).map(b => b.says))"""
words = page.js(HIDDEN)
result(len(words) > hidden, "q35: the map has what is hidden, too", len(words), hidden)
equal([w for w in words if not re.search("hidden by .*: it (has a higher priority|lies in )", w)], [], "... and why")
size = os.path.getsize(f"{work}/q35.html")
result(size < 1 << 20, f"q35: {size} bytes are under 1 MiB")
page.close()

page, check = check_page("newer")
equal([re.sub(".*hidden by", "hidden by", w) for w in page.js(HIDDEN)],
      ["hidden by later: it was mapped later, at equal priority"] * 2, "newer: what is of equal priority, in the table and in the map")
page.close()

# A flat view of another moment: what is seen of the region is not known, not nothing
page, check = check_page("other")
equal(page.js("[...document.querySelectorAll('#c0 table.tree tr')].filter(r => r.querySelector('b')?.textContent === 'pc.bios')"
              ".map(r => r.cells[4].textContent)"), ["nothing", "not known"] * 2, "other: what the flat view contradicts is not known; behind isa-bios is nothing seen")
result(page.js("[...checkMaps[0].values()].some(m => m.boxes().some(b => b.label === '? pc.bios'))"), "... nor is it in the map")
page.close()

# A page as text: without scripts all is there
page = opened("files", scripts=False)
text = page.js("document.body.innerText")
check = documents("files")[0]
result(all(f["sentence"] in text for f in check["findings"]) and "mismatch" in text, "without scripts: the findings")
result(all("0x" + "-0x".join(span(r["gpa"], r["size"])) in text for r in check["rows"]), "without scripts: the ranges")
result("Scripts are off" in text and not page.js("document.querySelector('.map')"), "without scripts: it is said")
page.close()

# What a VMM calls its regions is text
page, check = check_page("hostile")
equal(page.js("[document.images.length, document.scripts.length, document.querySelectorAll('iframe, object, embed, svg script').length, window.pwned === undefined]"),
      [0, 2, 0, True], "hostile names make no elements and run nothing")
equal(page.js("[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/.test(a.name))).length"), 0,
      "... and no handlers")
result(any("onerror" in t for t in texts(page, "table.tree b")), "... they are shown as they are")
result(not re.search("[\u202e\u200b]", page.js("document.body.innerText")), "... but for what cannot be seen")
page.close()
page = opened("hostile", scripts=False)
result("onerror" in page.js("document.body.innerText") and page.js("document.images.length") == 0,
       "without scripts likewise")
page.close()

# A recording: two address spaces, a gap, a refusal
page = opened("recording")
quiet(page, "recording")
same_documents(page, "recording")
events = [d for d in documents("recording") if d.get("seq")]
equal(page.js("document.querySelectorAll('.events tbody tr').length"), len(events), "recording: a row an event")
for step, event in enumerate(events, 1):
    at = (event["time_ns"] + event["duration_ns"] - events[0]["time_ns"] + 1) / 1e9
    state = json.loads(subprocess.run([program, "--json", "slots", "-i", f"{work}/recording", "--vm", "1", "--at",
                                       f"{at:.9f}"], capture_output=True, text=True).stdout.split("\n")[0] or "{}")
    if "slots" not in state:
        continue
    page.js(f"timeLine.slider.value = {step}; timeLine.slider.dispatchEvent(new Event('input'))")
    got = [boxes(page, f"timeLine.maps.get({a})", "slots held") for a in (0, 1)]
    if got != [spans(state["slots"], a) for a in (0, 1)]:
        equal(got, [spans(state["slots"], a) for a in (0, 1)], f"recording: the slots after event {event['seq']}")
        break
else:
    result(True, "recording: after each event the slots are those of slots -i --at")
gap = next(i for i, e in enumerate(events) if e["type"] == "change" and e["change"]["kind"] == "delete")
page.js(f"timeLine.go({gap + 1})")
equal(boxes(page, "timeLine.maps.get(0)", "gaps"), [span("0", "0xa0000")], "recording: the gap is drawn while it lasts")
page.js(f"timeLine.go({gap + 6})")
equal(boxes(page, "timeLine.maps.get(0)", "gaps"), [], "... and not when it is over")
refused = next(i for i, e in enumerate(events) if e["type"] == "request" and e["request"]["result"])
page.js(f"location.hash = '#e{events[refused]['seq']}'")
page.js("new Promise(f => setTimeout(f, 0))")
equal(boxes(page, "timeLine.maps.get(0)", "refused"), [span("0x50000", "0x1000")], "recording: a refused request is drawn")
result(events[refused]["why"]["sentence"] in page.js("document.querySelector('.near .now .why').textContent"),
       "... with why it was refused")
equal(page.js("document.querySelector('.near .now .why a').getAttribute('href')"), "#rule-overlap", "... and its rule")
result("kvm_check_memslot_overlap" in page.js("document.getElementById('rule-overlap').nextSibling.textContent"),
       "... which is told")
page.js("timeLine.element.focus()")
for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", len(events))):
    page.key(key)
    equal(page.js("timeLine.step"), step, f"recording: {key}")
equal(page.js("location.hash"), f"#e{events[-1]['seq']}", "... and the address leads there")
page.js("timeLine.go(0)")
page.js("timeLine.toggle()")
result(page.js("new Promise(f => { const look = () => timeLine.step > 1 ? f(true) : setTimeout(look, 20); look(); })"),
       "play goes on by itself")
page.js("timeLine.stop()")
page.js("document.querySelector('.time select').value = '2'; document.querySelector('.time select').dispatchEvent(new Event('change'))")
page.js(f"timeLine.go({len(events)})")
equal(boxes(page, "timeLine.maps.get(0)", "slots held"), [span("0x40000000", "0x200000")], "another VM of it")
page.close()

# The story
if os.path.exists(f"{work}/story.html"):
    page = opened("story")
    quiet(page, "story")
    told = documents("story")
    steps = [d for d in told if d["event"] == "step"]
    same = page.js("story.map(d => [d.event, d.step])")
    equal(same, [[d["event"], d["step"]] for d in told if "step" in d], "story: all of it is there")
    equal(page.js("document.querySelectorAll('.story-list li').length"), len(steps), "story: a step a line")
    with_change = [d for d in told if d["event"] == "change" and d["how"] == "changed"][:8]
    for d in with_change:
        page.js(f"location.hash = '#s{d['step']}'; new Promise(f => setTimeout(f, 0))")
        cells = page.js("[...document.querySelectorAll('.changes tbody tr')].map(r => "
                        "[r.querySelector('td').textContent, r.querySelector('.before').textContent, r.querySelector('.after').textContent])")
        text = (lambda v: "" if v is None else str(v).lower() if isinstance(v, bool) else
                json.dumps(v, separators=(",", ":")) if isinstance(v, (list, dict)) else str(v))
        if not all([f["field"], text(f["before"]), text(f["after"])] in cells for f in d["fields"]):
            result(False, f"story: before and after of step {d['step']}", cells, d)
            break
    else:
        result(bool(with_change), "story: before and after, as the JSON has them")
    page.js("stepper.element.focus(); stepper.go(0)")
    for key, at in (("n", 1), ("ArrowRight", 2), ("p", 1), ("End", len(steps) - 1), ("Home", 0)):
        page.key(key)
        equal(page.js("stepper.at"), at, f"story: {key}")
    slots = {}
    for d in told:
        if d["event"] == "change" and d["structure"] == "KVMSlot":
            slot = slots.setdefault(d["name"], {})
            slot.update({f["field"]: f["after"] for f in d["fields"]})
            if d["how"] == "gone":
                del slots[d["name"]]
    page.js("stepper.go(stepper.steps.length - 1)")
    number_of = (lambda v: v if isinstance(v, int) else int(v, 0))
    wanted = sorted([s["start_addr"], hex(number_of(s["memory_size"]))] for s in slots.values() if number_of(s["memory_size"]))
    equal(sorted(boxes(page, "stepper.picture", "KVMSlots")), sorted(span(hex(number_of(a)), b) for a, b in wanted),
          "story: by its end the map has the slots that were made")
    flat = boxes(page, "stepper.picture", "flat view")
    result(all(any(int(f[0], 16) <= int(s[0], 16) <= int(f[1], 16) for f in flat)
               for s in boxes(page, "stepper.picture", "KVMSlots")), "story: each slot lies in a flat range that is drawn", flat)
    page.js("stepper.search.value = 'memory_map_init'; stepper.filter()")
    equal(page.js("[...document.querySelectorAll('.story-list li')].filter(l => !l.hidden).length"),
          len([s for s in steps if "memory_map_init" in s["function"]]), "story: what is searched for")
    page.close()
else:
    print(f"ok {number + 1} - story # SKIP no /dev/kvm")
    number += 1

# Light and dark, wide and narrow, on paper
CONTRAST = """(() => {
    const channel = c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    const parse = s => s.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
    const ground = e => {
        for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] === 1)
                return c;
        }
        return [255, 255, 255];
    };
    const bad = new Set();
    document.querySelectorAll('p, b, small, td, th, a, button, span, code, li, dt, dd, summary, h1, h2, h3, h4').forEach(e => {
        if (!e.textContent.trim() || !e.offsetWidth || e.closest('.silent, .future, [hidden]') || e.matches('.brand'))
            return;
        const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5)
            bad.add(`${e.tagName}.${e.className} ${ratio.toFixed(2)}`);
    });
    return [...bad];
})()"""
for name in ("files", "q35", "recording"):
    for dark in (False, True):
        page = opened(name, dark=dark)
        equal(page.js(CONTRAST), [], f"{name}, {'dark' if dark else 'light'}: all text stands out (4.5 to 1)")
        page.close()
    page = opened(name, width=400)
    equal(page.js("document.documentElement.scrollWidth"), 400, f"{name}: 400 pixels are enough")
    page.close()
page = opened("files")
page.pdf(f"{work}/files.pdf")
with open(f"{work}/files.pdf", "rb") as f:
    result(f.read(5) == b"%PDF-", "it can be printed")
equal(page.js("[...document.querySelectorAll('details')].every(d => d.open)"), True, "... with all that was folded")
page.close()

# Too much for a browser, if it were drawn as it is
page = opened("many")
quiet(page, "many slots")
equal(page.js("data.documents.filter(d => d.seq).length"), len([d for d in documents("many") if d.get("seq")]),
      "many: all events are in it")
result(page.js("document.querySelectorAll('*').length") < 60000, "many: no more elements than a browser can do with",
       page.js("document.querySelectorAll('*').length"))
result("more events are not in this table" in page.js("document.body.innerText"), "many: what is left out is said")
result("too many to draw" in page.js("document.querySelector('.time .map-info').textContent"), "many: groups are said")
slots = len(spans(json.loads(subprocess.run([program, "--json", "slots", "-i", f"{work}/many", "--vm", "1"],
                                           capture_output=True, text=True).stdout.split("\n")[0])["slots"]))
equal(len(boxes(page, "timeLine.maps.get(0)", "slots held")), slots, "many: all slots are in the map")
page.js("""(() => {
    window.odd = new AddressMap('odd');
    odd.set([{ title: 'verdict', columns: [Array.from({ length: 1000 }, (_, i) => boxOf(i * 4096, 4096, 'x',
        i === 500 ? 'is-mismatch' : 'is-agree', 'x'))] }]);
})()""")
equal(len([t for t in page.js("[...odd.grid.querySelectorAll('.box')].map(b => b.textContent)") if "✗" in t]), 1,
      "many: a mismatch among ranges that are one row is told in words")
page.js("timeLine.maps.get(0).show(0x2000002000n, 0x2000002fffn)")
equal(page.js("(() => { const m = timeLine.maps.get(0); return [m.grouped, m.pinned?.one?.first.toString(16)]; })()"),
      [False, "2000002000"], "many: one of them is found")
page.close()

browser.close()
print(f"1..{number}")
sys.exit(1 if failed else 0)
