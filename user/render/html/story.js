// SPDX-License-Identifier: GPL-2.0-or-later
/* The story of vm --explain, a step at a time, with the structures before and after it. */
const valueOf = value => (value === null || value === undefined ? '' :
	typeof value === 'object' ? JSON.stringify(value) : String(value));

class Story {
	constructor()
	{
		this.steps = [];
		this.told = new Map(); /* what was told of each step */
		for (const d of story) {
			if (d.event === 'step')
				this.steps.push(d);
			if (!this.told.has(d.step))
				this.told.set(d.step, []);
			this.told.get(d.step).push(d);
		}
		/* Of a step are also the steps in it: when it begins and ends in the order of the telling */
		this.begins = this.steps.map(s => story.indexOf(s));
		this.at = 0;
		this.list = el('ol', { class: 'story-list' });
		this.body = el('div', { class: 'story-step', 'aria-live': 'polite' });
		this.search = el('input', { type: 'search', placeholder: 'find a step: pc.ram, kvm_set_phys_mem …',
			'aria-label': 'Find a step', on: { input: () => this.filter() } });
		this.element = el('section', { class: 'stepper', id: 'stepper', tabindex: '-1' },
			el('h2', { id: 'story' }, 'The story, a step at a time'),
			el('div', { class: 'controls' },
				button('|◀', 'To the first step (Home)', () => this.go(0)),
				button('◀ back', 'One step back (left arrow)', () => this.go(this.at - 1)),
				button('next ▶', 'One step on (right arrow)', () => this.go(this.at + 1)),
				button('over', 'To the next step that is not within this one (o)', () => this.go(this.after())),
				button('▶|', 'To the last step (End)', () => this.go(this.steps.length - 1)), this.search),
			el('div', { class: 'story-columns' }, this.list, this.body));
		this.items = this.steps.map((s, i) => el('li', { class: `indent-${Math.min(s.depth, 9)}` },
			el('a', { href: `#s${s.step}`, on: { click: e => {
				e.preventDefault();
				this.go(i);
			} } }, `${s.step} `, el('b', {}, s.function), s.subject ? ` ${s.subject}` : '')));
		this.list.append(...this.items);
		/* All that there ever is, so that the picture does not jump */
		this.picture = new AddressMap('Guest memory by the end of this step');
		this.edges = this.everything();
		this.element.addEventListener('keydown', e => this.key(e));
		this.go(0);
	}

	filter()
	{
		const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);

		this.steps.forEach((s, i) => {
			const text = `${s.step} ${s.function} ${s.part ?? ''} ${s.subject} ${s.says} ${s.article ?? ''}`.toLowerCase();

			this.items[i].hidden = !words.every(w => text.includes(w));
		});
	}

	after()
	{
		const depth = this.steps[this.at].depth;
		const next = this.steps.findIndex((s, i) => i > this.at && s.depth <= depth);

		return next < 0 ? this.steps.length - 1 : next;
	}

	/* All structures as they were when so much had been told */
	structures(end)
	{
		const all = new Map();

		for (let i = 0; i < end; i++) {
			const d = story[i];

			if (d.event !== 'change')
				continue;
			const key = `${d.structure} ${d.name}`;

			if (d.how === 'gone') {
				all.delete(key);
				continue;
			}
			const fields = all.get(key)?.fields ?? new Map();

			for (const f of d.fields) {
				if (f.after === null || f.after === undefined)
					fields.delete(f.field);
				else
					fields.set(f.field, f.after);
			}
			all.set(key, { structure: d.structure, name: d.name, fields });
		}
		return all;
	}

	/* JSON of older versions has names in quotes */
	region(all, name)
	{
		return all.get(`MemoryRegion ${name}`) ?? all.get(`MemoryRegion "${name}"`);
	}

	/* Does the region lie among the ports? They are an address space of their own */
	isPort(all, name)
	{
		for (let depth = 0; name && depth < 32; depth++) {
			if (name === 'io')
				return true;
			name = this.region(all, name)?.fields.get('container');
		}
		return false;
	}

	/* The box of a structure that is a range of guest memory; null: it is none */
	boxOf(all, key, s)
	{
		const field = name => s.fields.get(name);
		const mark = this.touched?.has(key) ? ' is-new' : '';

		if (s.structure === 'KVMSlot' && field('start_addr') && big(field('memory_size')))
			return boxOf(field('start_addr'), field('memory_size'), `#${s.name}`,
				(/READONLY/.test(field('flags')) ? 'k-rom' : /LOG/.test(field('flags')) ? 'k-ram k-log' : 'k-ram') + mark, `KVMSlot ${s.name}, host address ${valueOf(field('ram'))}`);
		const [, first, last] = s.name.match(/^(0x[0-9a-f]+)-(0x[0-9a-f]+)$/) ?? [];

		if (s.structure !== 'FlatRange' || !last || this.isPort(all, field('mr')))
			return null;
		const region = this.region(all, field('mr'));
		const kind = region && !region.fields.get('ram') ? 'k-io' :
			valueOf(field('readonly')) === 'true' ? 'k-rom' : 'k-ram';

		return { first: big(first), last: big(last), label: valueOf(field('mr')), kind: kind + mark,
			says: `FlatRange of ${valueOf(field('mr'))} from ${valueOf(field('offset_in_region'))}` };
	}

	everything()
	{
		const ever = new Map(), all = this.structures(story.length);

		for (const d of story)
			if (d.event === 'change' && (d.structure === 'KVMSlot' || d.structure === 'FlatRange')) {
				const fields = new Map(d.fields.map(f => [f.field, f.after ?? f.before]));
				const box = this.boxOf(all, '', { structure: d.structure, name: d.name, fields });

				if (box)
					ever.set(`${box.first} ${box.last}`, { first: box.first, last: box.last });
			}
		return [...ever.values()];
	}

	/* Flat view and slots, as they are by the end of the step */
	draw(all)
	{
		const boxes = structure => byAddress([...all].filter(([, s]) => s.structure === structure)
			.map(([key, s]) => this.boxOf(all, key, s)).filter(Boolean));

		this.picture.set([{ title: 'flat view', columns: columnsOf(boxes('FlatRange')) },
			{ title: 'KVMSlots', unit: 'slot', columns: columnsOf(boxes('KVMSlot')) }], this.edges);
		return this.picture.element;
	}

	go(at)
	{
		this.at = Math.max(0, Math.min(this.steps.length - 1, at));
		const step = this.steps[this.at];
		const first = step.first !== step.step && this.steps.find(s => s.step === step.first);
		const told = this.told.get(step.step).filter(d => d.event === 'call' || d.event === 'change');
		const calls = told.filter(d => d.event === 'call'), changes = told.filter(d => d.event === 'change');
		const end = this.begins[this.at + 1] ?? story.length;

		this.touched = new Set(changes.map(c => `${c.structure} ${c.name}`));
		this.items.forEach((item, i) => {
			item.classList.toggle('now', i === this.at);
			if (i === this.at)
				item.setAttribute('aria-current', 'step');
			else
				item.removeAttribute('aria-current');
		});
		if (stepper === this)
			history.replaceState(null, '', `#s${step.step}`);
		const item = this.items[this.at];

		if (item.offsetTop < this.list.scrollTop || item.offsetTop + item.offsetHeight > this.list.scrollTop + this.list.clientHeight)
			this.list.scrollTop = item.offsetTop - this.list.clientHeight / 3;
		this.body.replaceChildren(
			el('p', { class: 'step-nr' }, `Step ${step.step} of ${this.steps[this.steps.length - 1].step}`,
				step.in ? [', within ', el('a', { href: `#s${step.in}` }, `step ${step.in}`)] : ''),
			el('h3', {}, el('code', {}, step.function + '(' + step.subject + ')'), step.part ? `, ${step.part}` : ''),
			el('p', {}, step.says),
			el('p', { class: 'read-on' }, `Read on: QEMU 7.2 ${step.file} ${step.function}()` +
				step.kernel.map(k => `; Linux ${k.file} ${k.function}()`).join('') +
				(step.article ? `. In articles: ${step.article}` : '')),
			first ? el('p', {}, 'The first of its kind is ', el('a', { href: `#s${first.step}` }, `step ${first.step}`),
				step.folded ? '; what is within this one is not told again' : '', '.') : '',
			calls.length ? el('div', {}, el('h4', {}, 'System calls'), el('ul', { class: 'calls' }, calls.map(c => el('li',
				{ class: c.errno ? 'bad' : '' }, el('code', {}, `${c.text} = ${valueOf(c.result)}${c.errno ? ' ' + c.errno : ''}`))))) : '',
			el('h4', {}, 'Structures: before and after'),
			changes.length ? this.changeTable(changes) : el('p', { class: 'none' }, 'This step itself changes none.'),
			this.edges.length ? this.draw(this.structures(end)) : '',
			this.standing(end));
	}

	changeTable(changes)
	{
		const signs = { new: '+ new', changed: '~ changed', gone: '− gone' };
		const rows = changes.flatMap(c => {
			const head = el('th', { scope: 'rowgroup', rowspan: Math.max(1, c.fields.length) },
				el('small', {}, signs[c.how]), ' ', el('b', {}, c.structure), ` ${c.name}`);
			const fields = c.fields.length ? c.fields : [{ field: '', before: null, after: null }];

			return fields.map((f, i) => el('tr', { class: `how-${c.how}` }, i ? null : head, el('td', {}, f.field),
				el('td', { class: 'before' }, el('code', {}, valueOf(f.before))),
				el('td', { class: 'after' }, el('code', {}, valueOf(f.after)))));
		});

		return el('div', { class: 'wide' }, el('table', { class: 'changes' }, el('thead', {}, el('tr', {},
			['structure', 'field', 'before', 'after'].map(t => el('th', { scope: 'col' }, t)))), el('tbody', {}, rows)));
	}

	/* What stands by the end of the step: by kind, those that it touched marked */
	standing(end)
	{
		const all = this.structures(end), kinds = new Map();
		const touched = this.touched;

		for (const [key, s] of all) {
			if (!kinds.has(s.structure))
				kinds.set(s.structure, []);
			kinds.get(s.structure).push({ key, ...s });
		}
		return el('div', { class: 'standing' }, el('h4', {}, 'All that there is now'),
			kinds.size ? '' : el('p', { class: 'none' }, 'None of the structures that are followed.'),
			[...kinds].map(([kind, list]) => el('details', { open: list.some(s => touched.has(s.key)) },
				el('summary', {}, `${kind} `, el('small', {}, String(list.length))),
				el('ul', {}, list.map(s => el('li', { class: touched.has(s.key) ? 'touched' : '' }, el('b', {}, s.name || kind), ' ',
					el('small', {}, [...s.fields].map(([f, v]) => `${f} ${valueOf(v)}`).join(', '))))))));
	}

	goTo(nr)
	{
		const i = this.steps.findIndex(s => s.step === nr);

		if (i < 0)
			return false;
		this.go(i);
		return true;
	}

	key(e)
	{
		const to = { ArrowRight: () => this.at + 1, ArrowLeft: () => this.at - 1, n: () => this.at + 1, p: () => this.at - 1,
			o: () => this.after(), Home: () => 0, End: () => this.steps.length - 1 }[e.key];

		if (!to || e.target === this.search)
			return;
		this.go(to());
		e.preventDefault();
	}
}
