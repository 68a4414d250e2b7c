// SPDX-License-Identifier: GPL-2.0-or-later
/* The time line: events in order, and the slots at the moment that is chosen. */
const nameOfErrno = e => e.why?.errno ?? e[e.type]?.errno ??
	{ '-2': 'ENOENT', '-4': 'EINTR', '-7': 'E2BIG', '-9': 'EBADF', '-12': 'ENOMEM', '-14': 'EFAULT',
		'-16': 'EBUSY', '-17': 'EEXIST', '-22': 'EINVAL', '-25': 'ENOTTY', '-28': 'ENOSPC' }[e[e.type]?.result] ??
	String(e[e.type]?.result);

const failed = e => (e[e.type]?.result ?? 0) < 0;

const slotWords = s => `slot ${s.as_id ? s.as_id + '/' : ''}${s.id} at ` +
	`${rangeOf(big(s.gpa), big(s.gpa) + big(s.size) - 1n)}, ${flagsOf(s.flags)}`;

/* What happened, in words */
function sayEvent(e)
{
	const what = e[e.type] ?? {};

	switch (e.type) {
	case 'request': {
		if (what.unread)
			return 'a request whose arguments could not be read';
		const slot = slotOfRequest(e);
		const verb = big(slot.size) ? `asks for ${slotWords(slot)}` :
			`asks to delete slot ${slot.as_id ? slot.as_id + '/' : ''}${slot.id}`;

		return `${verb}: ${failed(e) ? 'refused, ' + nameOfErrno(e) : 'granted'}`;
	}
	case 'change':
		return `KVM: ${what.kind} ${slotWords(what.new ?? what.old)}` +
			(failed(e) ? ` failed, ${nameOfErrno(e)}` : what.generation ? `, generation ${what.generation}` : '');
	case 'base':
		return `it had ${slotWords(what)} when tracing began`;
	case 'base-end':
		return `all slots of address space ${what.as_id} that stood are told`;
	case 'vm-create':
		return 'the VM is made';
	case 'vm-destroy':
		return 'the VM is gone';
	case 'vcpu':
		return `vCPU ${what.id}: ${what.kind}`;
	case 'exit':
		return `vCPU ${what.vcpu} left the guest: ${what.reason}` + (what.gpa ? ` at ${what.gpa}` : '');
	case 'lost':
		return `${count(what.count, 'event')} lost: ${what.reason}`;
	default:
		return e.type + ': ' + Object.entries(what).map(([k, v]) => `${k} ${typeof v === 'object' ? JSON.stringify(v) : v}`).join(', ');
	}
}

const LANES_OF_TIME = [
	['requests', e => e.type === 'request'],
	['changes', e => e.type === 'change' || e.type === 'base'],
	['vCPUs', e => e.type === 'vcpu'],
	['exits', e => e.type === 'exit' || e.type === 'fault'],
	['other', e => !['request', 'change', 'base', 'base-end', 'vcpu', 'exit', 'fault'].includes(e.type)],
];
const secondsOf = e => ((e.time_ns - events[0].time_ns) / 1e9).toFixed(6);
/* Texts of other tools may have no times at all */
const timed = events.some(e => e.time_ns !== events[0].time_ns);
const TICKS = 1500; /* in a lane: what is nearer than that is drawn once */
const SVG = 'http://www.w3.org/2000/svg';
const NEAR = 7;	    /* events in the list, before and behind the one that is chosen */

function svg(name, attributes, ...within)
{
	const element = document.createElementNS(SVG, name);

	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	element.append(...within);
	return element;
}

class TimeLine {
	constructor(serials, serial)
	{
		this.maps = new Map();
		this.serial = serial;
		this.step = events.length;
		this.slider = el('input', { type: 'range', min: 0, max: events.length, step: 1, value: events.length,
			'aria-label': 'Moment: after how many events', on: { input: () => this.go(+this.slider.value) } });
		this.play = button('▶ play', 'Play (space)', () => this.toggle(), { 'aria-pressed': 'false' });
		this.now = el('p', { class: 'moment', 'aria-live': 'polite' });
		this.list = el('ol', { class: 'near' });
		this.spaces = el('div', { class: 'maps' });
		const controls = el('div', { class: 'controls' },
			button('|◀', 'To the beginning (Home)', () => this.go(0)),
			button('◀ back', 'One event back (left arrow)', () => this.go(this.step - 1)),
			this.play,
			button('step ▶', 'One event on (right arrow)', () => this.go(this.step + 1)),
			button('▶|', 'To the end (End)', () => this.go(events.length)));

		if (serials.length > 1)
			controls.append(el('label', {}, ' VM ', el('select', { on: { change: e => {
				this.serial = +e.target.value;
				this.begin();
			} } }, serials.map(s => el('option', { value: s, selected: s === serial }, String(s))))));
		this.element = el('section', { class: 'time', id: 'time', tabindex: '-1' },
			el('h2', { id: 'time-line' }, 'Time line'), controls, this.slider, this.strip = el('div', { class: 'strip' }),
			this.now, this.list, this.spaces);
		this.element.addEventListener('keydown', e => this.key(e));
		this.begin();
	}

	begin()
	{
		const slots = events.filter(e => e.serial === this.serial).flatMap(e => e.type === 'base' ? [e.base] :
			e.type === 'change' ? [e.change.old, e.change.new] :
				e.type === 'request' && !e.request.unread ? [slotOfRequest(e)] : [])
			.filter(s => s && big(s.size) && big(s.gpa) + big(s.size) <= 1n << 64n);

		this.gaps = findGaps(events, this.serial);
		this.edges = new Map();
		for (const s of slots) {
			if (!this.edges.has(s.as_id))
				this.edges.set(s.as_id, new Map());
			this.edges.get(s.as_id).set(s.gpa + '+' + s.size, { first: big(s.gpa), last: big(s.gpa) + big(s.size) - 1n });
		}
		this.changes = events.some(e => e.type === 'change' || e.type === 'base');
		this.maps.clear();
		this.spaces.replaceChildren();
		for (const as of [...this.edges.keys()].sort((a, b) => a - b)) {
			const map = new AddressMap(this.edges.size > 1 || as ? `Address space ${as} at this moment` :
				'Slots at this moment');

			this.maps.set(as, map);
			this.spaces.append(map.element);
		}
		this.drawStrip();
		this.go(this.step);
	}

	/* Where an event stands: in order, since many have the same time */
	x(i)
	{
		return 1000 * (i + 1) / Math.max(1, events.length);
	}

	drawStrip()
	{
		const lanes = LANES_OF_TIME.map(([name, is]) => [name, events.map((e, i) => [e, i]).filter(([e]) => is(e))])
			.filter(([, list]) => list.length);
		const height = 18, all = lanes.length + (this.gaps.length ? 1 : 0);
		const picture = svg('svg', { viewBox: `0 0 1000 ${all * height}`, preserveAspectRatio: 'none',
			role: 'img', 'aria-label': 'When events happened, by kind' });
		const names = el('div', { class: 'strip-names', 'aria-hidden': 'true' });

		lanes.forEach(([name, list], row) => {
			const seen = new Set();

			names.append(el('span', {}, name));
			for (const [e, i] of list) {
				const at = Math.round(this.x(i) * TICKS / 1000), bad = failed(e) || e.type === 'lost';

				if (seen.has(at) && !bad)
					continue;
				seen.add(at);
				/* What failed is told by its form, too: it reaches over the whole lane */
				picture.append(svg('rect', { x: this.x(i) - 1, y: row * height + (bad ? 1 : 5), width: bad ? 3 : 2,
					height: bad ? height - 2 : height - 8, class: bad ? 'tick bad' : 'tick' }));
			}
		});
		if (this.gaps.length)
			names.append(el('span', {}, 'gaps'));
		for (const gap of this.gaps.slice(0, TICKS))
			picture.append(svg('rect', { x: this.x(gap.from), y: lanes.length * height + 4, class: 'gap',
				width: Math.max(2, this.x(gap.to) - this.x(gap.from)), height: height - 8 }));
		this.cursor = svg('line', { y1: 0, y2: all * height, class: 'cursor' });
		picture.append(this.cursor);
		picture.addEventListener('click', e => {
			const box = picture.getBoundingClientRect();

			this.go(Math.round((e.clientX - box.left) / box.width * events.length));
		});
		this.strip.replaceChildren(names, picture);
	}

	go(step)
	{
		this.step = Math.max(0, Math.min(events.length, step));
		this.slider.value = this.step;
		const last = events[this.step - 1];
		const at = last ? `${timed ? secondsOf(last) + ' s, ' : ''}event ${last.seq}` : 'before the first event';
		const begin = Math.max(0, Math.min(this.step - 1 - NEAR, events.length - 2 * NEAR - 1));
		const end = Math.min(events.length, begin + 2 * NEAR + 1);

		this.slider.setAttribute('aria-valuetext', at);
		this.cursor.setAttribute('x1', this.x(this.step - 1));
		this.cursor.setAttribute('x2', this.x(this.step - 1));
		this.now.replaceChildren(el('b', {}, `${this.step} of ${count(events.length, 'event')}`), ` ${at}`);
		this.list.replaceChildren(...events.slice(begin, end).map((e, i) => this.item(e, begin + i)));
		this.drawMaps(last);
		/* What the address bar has leads back to this moment */
		if (timeLine === this && last)
			history.replaceState(null, '', `#e${last.seq}`);
		if (this.step === events.length)
			this.stop();
	}

	item(e, i)
	{
		const now = i === this.step - 1;
		const item = el('li', { class: (now ? 'now' : i < this.step ? 'past' : 'future') + (failed(e) || e.type === 'lost' ? ' bad' : ''),
			'aria-current': now ? 'step' : null },
			el('a', { href: `#e${e.seq}` }, String(e.seq)), ' ',
			timed ? el('small', {}, secondsOf(e) + ' ') : '',
			e.comm || e.tid ? el('small', {}, `${e.comm} ${e.tid || ''} `) : '', el('span', {}, sayEvent(e)));

		if (now && e.why)
			item.append(el('div', { class: 'why' }, e.why.sentence, e.why.rule ? [' ',
				el('a', { href: `#rule-${e.why.rule}` }, 'what the rule says')] : ''));
		if (now && stacks.has(e.stack))
			item.append(el('ol', { class: 'stack' }, stacks.get(e.stack).frames.map(f => el('li', {},
				el('code', {}, (f.name ? `${f.name}+${f.name_offset}` : f.offset) + ` ${f.file ?? ''}`)))));
		return item;
	}

	drawMaps(last)
	{
		const held = foldSlots(events, this.serial, this.step);
		const asked = this.changes ? foldAsked(events, this.serial, this.step) : held;
		const open = this.gaps.filter(g => g.from < this.step && g.to >= this.step);

		for (const [as, map] of this.maps) {
			const refused = last && last.type === 'request' && last.serial === this.serial && failed(last) &&
				!last.request.unread && slotOfRequest(last);
			const lanes = [{ title: 'slots asked', unit: 'slot', about: 'what was asked of KVM and granted',
				columns: [slotBoxes(asked, as, last?.seq)] }];

			if (this.changes)
				lanes.push({ title: 'slots held', unit: 'slot', about: 'what KVM made of it',
					columns: [slotBoxes(held, as, last?.seq)] });
			else
				lanes.push({ title: 'slots held', none: 'nobody saw what KVM made of the requests', columns: [] });
			if (this.gaps.length)
				lanes.push({ title: 'gaps', narrow: true, about: 'memory that goes and comes back: no slot now',
					columns: columnsOf(byAddress(open.filter(g => g.slot.as_id === as).map(g => boxOf(g.slot.gpa, g.slot.size,
						'✗ no slot', 'is-mismatch', `slot ${g.slot.id} went by event ${events[g.from].seq} and is back by event ${events[g.to].seq}` +
						(timed ? `, ${((events[g.to].time_ns - events[g.from].time_ns) / 1e6).toFixed(3)} ms later` : ''),
						[el('a', { href: `#e${events[g.to].seq}` }, `event ${events[g.to].seq}`)])))) });
			if (refused && refused.as_id === as && big(refused.size))
				lanes.push({ title: 'refused', narrow: true, columns: [[boxOf(refused.gpa, refused.size,
					`✗ #${refused.id} ${nameOfErrno(last)}`, 'is-mismatch', `refused: ${last.why?.sentence ?? nameOfErrno(last)}`)]] });
			map.set(lanes, [...this.edges.get(as).values()]);
		}
	}

	/* An event's step; false: there is none of that number */
	goTo(seq)
	{
		const i = events.findIndex(e => e.seq === seq);

		if (i < 0)
			return false;
		this.go(i + 1);
		return true;
	}

	toggle()
	{
		if (this.timer)
			return this.stop();
		if (this.step === events.length)
			this.go(0);
		this.play.setAttribute('aria-pressed', 'true');
		this.play.textContent = '⏸ pause';
		/* However many they are, all of them take no longer than a minute */
		const each = Math.max(1, Math.ceil(events.length / 150));

		this.timer = setInterval(() => this.go(this.step + each), 400);
	}

	stop()
	{
		clearInterval(this.timer);
		this.timer = 0;
		this.play.setAttribute('aria-pressed', 'false');
		this.play.textContent = '▶ play';
	}

	key(e)
	{
		const to = { ArrowRight: this.step + 1, ArrowLeft: this.step - 1, Home: 0, End: events.length,
			PageDown: this.step + 10, PageUp: this.step - 10 }[e.key];

		if (e.target.closest('.map, select'))
			return;
		if (to !== undefined)
			this.go(to);
		else if (e.key === ' ' && e.target.tagName !== 'BUTTON' && e.target.tagName !== 'A')
			this.toggle();
		else
			return;
		e.preventDefault();
	}
}
