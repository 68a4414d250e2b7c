// SPDX-License-Identifier: GPL-2.0-or-later
/* The address map of one address space: a lane for each copy, addresses downwards. */
const MAP_ROWS = 150; /* more pieces than this are drawn in groups */

/*
 * lanes: array of { title, none, columns }; columns: array of arrays of boxes:
 * { first, last, label, kind, says, links }, ascending and disjoint in each.
 * edges: further ranges at whose ends it is cut, so that it does not jump
 */
class AddressMap {
	constructor(title, options)
	{
		this.options = options ?? {};
		this.zooms = [];
		this.info = el('p', { class: 'map-info', 'aria-live': 'polite' });
		this.grid = el('div', { class: 'map-grid', role: 'group', 'aria-label': title });
		this.crumbs = el('div', { class: 'map-crumbs' });
		this.notes = el('p', { class: 'map-notes' });
		this.element = el('div', { class: 'map' }, el('h4', {}, title), this.crumbs,
			el('div', { class: 'wide' }, this.grid), this.info, this.notes);
		this.grid.addEventListener('mouseover', e => this.tie(e.target.closest('.box')));
		this.grid.addEventListener('mouseleave', () => this.tie(this.pinned));
		this.grid.addEventListener('focusin', e => this.tie(e.target.closest('.box')));
		this.grid.addEventListener('keydown', e => this.key(e));
	}

	set(lanes, edges)
	{
		this.lanes = lanes;
		this.edges = edges ?? [];
		this.draw();
	}

	boxes()
	{
		return this.lanes.flatMap(lane => lane.columns.flat());
	}

	/* From the first thing to the last, whatever holes lie between */
	whole()
	{
		const all = [...this.boxes(), ...this.edges];
		let first = null, last = null;

		for (const r of all) {
			first = first === null || r.first < first ? r.first : first;
			last = last === null || r.last > last ? r.last : last;
		}
		return first === null ? null : { first, last };
	}

	zoom(first, last)
	{
		this.zooms.push({ first, last });
		this.draw();
		this.grid.querySelector('.box')?.focus({ preventScroll: true });
	}

	unzoom(level)
	{
		this.zooms.length = level;
		this.draw();
	}

	/* Show the range and mark it, as a finding's place */
	show(first, last)
	{
		const shown = this.zooms.length ? this.zooms[this.zooms.length - 1] : this.whole();

		if (shown && (first < shown.first || last > shown.last))
			this.unzoom(0);
		while (this.grouped) {
			const group = this.pieces.find(p => p.first <= first && p.last >= first && p.nr);

			if (!group)
				break;
			this.zoom(group.first, group.last);
		}
		const box = [...this.grid.querySelectorAll('.box')].find(b =>
			b.range && b.range.first <= first && b.range.last >= first);

		this.pinned = box ?? null;
		this.tie(box, { first, last });
	}

	draw()
	{
		const shown = this.zooms.length ? this.zooms[this.zooms.length - 1] : this.whole();

		this.grid.replaceChildren();
		this.pinned = null;
		this.drawCrumbs();
		this.drawNotes();
		if (!shown) {
			this.info.textContent = 'There is no memory at this moment.';
			return;
		}
		const cut = scaleMake([...this.boxes(), ...this.edges], shown.first, shown.last);

		this.pieces = scaleGroup(cut, MAP_ROWS);
		this.grouped = this.pieces.length < cut.length;
		scaleFit(this.pieces, Math.min(900, 60 + 34 * this.pieces.length), 21);
		this.grid.style.gridTemplateRows = 'auto ' + this.pieces.map(p => p.width + 'px').join(' ');
		this.drawLanes();
		this.say(this.grouped ? `${cut.length} pieces are too many to draw: neighbours are ` +
			'one row; choose it to look into it' : '');
	}

	drawCrumbs()
	{
		this.crumbs.replaceChildren();
		if (!this.zooms.length)
			return;
		this.crumbs.append(button('all', 'Show all of the address space', () => this.unzoom(0)));
		this.zooms.forEach((z, i) => this.crumbs.append(' › ', button(rangeOf(z.first, z.last),
			'Show ' + rangeOf(z.first, z.last), () => this.unzoom(i + 1))));
	}

	drawNotes()
	{
		const titles = new Map(); /* a reason once, with all lanes that have it */

		for (const l of this.lanes.filter(l => l.none))
			titles.set(l.none, [...titles.get(l.none) ?? [], l.title]);
		this.notes.replaceChildren(titles.size ?
			'Not drawn: ' + [...titles].map(([why, of]) => `${of.join(', ')} (${clean(why)})`).join('; ') + '.' : '');
	}

	drawLanes()
	{
		const lanes = this.lanes.filter(l => !l.none);
		const place = (element, column, row, span, columns) => {
			element.style.gridColumn = `${column} / span ${columns ?? 1}`;
			element.style.gridRow = `${row} / span ${span}`;
			this.grid.append(element);
		};
		const widths = ['minmax(6.5em, auto)'];
		let column = 2;

		place(el('div', { class: 'map-head' }, 'gpa'), 1, 1, 1);
		this.pieces.forEach((piece, i) => place(this.ruler(piece), 1, i + 2, 1));
		for (const lane of lanes) {
			const used = lane.columns.map(c => this.cells(c)).filter((c, i) => c.length || !i);

			place(el('div', { class: 'map-head', title: lane.about }, lane.title), column, 1, 1,
				used.length);
			for (const cells of used) {
				widths.push(lane.narrow ? 'minmax(5.5em, 0.7fr)' :
					used.length > 1 ? 'minmax(4.5em, 1fr)' : 'minmax(7em, 1.3fr)');
				for (const cell of cells)
					place(this.box(cell, lane), column, cell.row + 2, cell.span);
				column++;
			}
		}
		this.grid.style.gridTemplateColumns = widths.join(' ');
	}

	/* Address and size of a piece; of a hole that there is nothing */
	ruler(piece)
	{
		return el('div', { class: 'map-ruler' + (piece.hole ? ' is-hole' : ''),
			title: rangeOf(piece.first, piece.last) },
			el('code', {}, hex(piece.first)),
			el('small', {}, piece.nr > 1 ? count(piece.nr, 'piece') :
				sizeOf(piece.last - piece.first + 1n)));
	}

	/* Which rows each box takes; where several are in one row, they are counted */
	cells(boxes)
	{
		const cells = [];
		let at = 0;

		this.pieces.forEach((piece, row) => {
			while (at < boxes.length && boxes[at].last < piece.first)
				at++;
			const within = [];

			for (let i = at; i < boxes.length && boxes[i].first <= piece.last; i++)
				within.push(boxes[i]);
			if (!within.length)
				return;
			const last = cells[cells.length - 1];
			const one = within.length === 1 && (!piece.nr || piece.nr === 1 ||
				(within[0].first <= piece.first && within[0].last >= piece.last)) ?
				within[0] : null;

			if (one && last && last.one === one && last.row + last.span === row)
				last.span++;
			else
				cells.push({ row, span: 1, one, within, piece });
		});
		return cells;
	}

	box(cell, lane)
	{
		const one = cell.one;
		const bad = !one && cell.within.find(b => b.kind.includes('is-mismatch'));
		/* Nothing is said by colour alone */
		const label = one ? one.label : (bad ? '✗ among ' : '') + count(cell.within.length, lane.unit ?? 'range');
		const box = el('button', { type: 'button', class: 'box ' +
			(one ? one.kind : 'several' + (bad ? ' is-mismatch' : '')), on: { click: () => this.choose(box) } },
			el('span', {}, label));

		box.range = one ? { first: one.first, last: one.last } :
			{ first: cell.piece.first, last: cell.piece.last };
		box.one = one;
		box.several = !one;
		box.says = one ? [`${lane.title}: ${one.says}`, ...(one.links ?? [])] :
			[`${lane.title}: ${label} here`];
		box.setAttribute('aria-label', clean(box.says[0]) + ', ' +
			rangeOf(box.range.first, box.range.last));
		return box;
	}

	choose(box)
	{
		if (box.several)
			this.zoom(box.range.first, box.range.last);
		else {
			this.pinned = this.pinned === box ? null : box;
			this.tie(box);
		}
	}

	/* The same range through all lanes */
	tie(box, range)
	{
		const of = range ?? box?.range;

		for (const other of this.grid.querySelectorAll('.box')) {
			const tied = of && other.range.first <= of.last && other.range.last >= of.first;

			other.classList.toggle('tied', Boolean(tied));
			other.classList.toggle('pinned', other === this.pinned);
		}
		this.grid.classList.toggle('is-tied', Boolean(of));
		if (!of)
			return this.say('');
		const links = box ? box.says.slice(1) : [];
		const pieces = this.pieces.filter(p => p.first <= of.last && p.last >= of.first);

		this.info.replaceChildren(el('code', {}, rangeOf(of.first, of.last)), ' ',
			box ? box.says[0] : '', ...links.flatMap(l => [' ', l]));
		if (box && this.pinned === box && pieces.length > 1)
			this.info.append(' ', button('zoom', 'Zoom to this range (z)',
				() => this.zoom(of.first, of.last)));
	}

	say(text)
	{
		this.info.textContent = text || 'Point at a range, or choose it with Tab and the arrow keys, ' +
			'to see it in all lanes. z: zoom, Esc: back.';
	}

	key(e)
	{
		const box = e.target.closest('.box');
		const step = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[e.key];

		if (e.key === 'Escape' && this.zooms.length) {
			this.unzoom(this.zooms.length - 1);
			(this.grid.querySelector('.box') ?? this.grid).focus({ preventScroll: true });
		} else if (e.key === 'z' && box) {
			this.zoom(box.range.first, box.range.last);
		} else if (step && box) {
			this.next(box, step)?.focus();
		} else {
			return;
		}
		e.preventDefault();
		e.stopPropagation();
	}

	/* The nearest one that way, as it is drawn */
	next(box, [right, down])
	{
		const here = box.getBoundingClientRect();
		let best = null, least = Infinity;

		for (const other of this.grid.querySelectorAll('.box')) {
			const there = other.getBoundingClientRect();
			const along = right ? right * (there.left - here.left) : down * (there.top - here.top);
			const aside = right ? Math.max(0, there.top - here.top, here.top - there.bottom + 1) :
				Math.abs(there.left - here.left);

			if (other === box || along < 1)
				continue;
			if (along + 3 * aside < least) {
				least = along + 3 * aside;
				best = other;
			}
		}
		return best;
	}
}

const boxOf = (gpa, size, label, kind, says, links) => {
	const first = big(gpa);

	return { first, last: first + big(size) - 1n, label, kind, says, links };
};

const slotKind = flags => {
	const bits = Number(big(flags));

	return bits & 2 ? 'k-rom' : bits & 1 ? 'k-ram k-log' : 'k-ram';
};

const byAddress = boxes => boxes.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));

/* Slots at a moment, as boxes */
function slotBoxes(slots, as, seq)
{
	return byAddress(slots.filter(s => s.as_id === as).map(s => boxOf(s.gpa, s.size,
		`#${s.id} ${flagsOf(s.flags)}`,
		(s.hidden ? 'k-own' : slotKind(s.flags)) + (seq && s.seq === seq ? ' is-new' : ''),
		`slot ${s.id}, ${flagsOf(s.flags)}${s.hva ? `, host address ${s.hva}` : ''}` +
		(s.hidden ? ', KVM’s own' : ''),
		s.seq ? [el('a', { href: `#e${s.seq}` }, `event ${s.seq}`)] : [])));
}
