// SPDX-License-Identifier: GPL-2.0-or-later
/* The slots of a VM at a moment, of the events until then: the rules of
 * user/view/fold.c. The ground first (creation, slots that stood), then all else. */
function foldSlots(log, serial, end)
{
	const slots = new Map(), baseEnds = new Map(), bases = new Map();
	const ours = e => e.serial === serial;
	const keyOf = s => s.as_id * 65536 + s.id;
	let follow = true, gone = false;

	for (let i = 0; i < end; i++) {
		const e = log[i];

		if (e.type === 'change')
			follow = false;
		if (ours(e) && e.type === 'base-end')
			baseEnds.set(e['base-end'].as_id, i);
	}
	for (let i = 0; i < end && baseEnds.size; i++) {
		const e = log[i];

		if (!ours(e) || (e.type !== 'base' && e.type !== 'base-end'))
			continue;
		const as = e[e.type].as_id;

		if (!(baseEnds.get(as) >= i))
			continue;
		/* Each base begins its address space anew */
		if (!bases.get(as))
			for (const [key, slot] of slots)
				if (slot.as_id === as)
					slots.delete(key);
		bases.set(as, e.type === 'base');
		if (e.type === 'base')
			slots.set(keyOf(e.base), e.base);
	}
	const baseGeneration = as => (baseEnds.has(as) ?
		log[baseEnds.get(as)]['base-end'].generation : 0);

	for (let i = 0; i < end && !gone; i++) {
		const e = log[i];

		if (!ours(e))
			continue;
		if (e.type === 'vm-destroy') {
			slots.clear();
			gone = true;
		} else if (e.type === 'change') {
			const c = e.change, slot = c.new ?? c.old;

			if (c.result || (c.generation && c.generation <= baseGeneration(slot.as_id)))
				continue;
			if (c.new)
				slots.set(keyOf(c.new), { ...c.new, seq: e.seq });
			else
				slots.delete(keyOf(slot));
		} else if (e.type === 'request' && follow && !e.request.unread && !e.request.result) {
			const slot = slotOfRequest(e), base = baseEnds.get(slot.as_id);

			if (base !== undefined && e.time_ns + e.duration_ns <= log[base].time_ns)
				continue;
			if (big(slot.size))
				slots.set(keyOf(slot), slot);
			else
				slots.delete(keyOf(slot));
		}
	}
	return [...slots.values()].sort((a, b) => a.as_id - b.as_id ||
		(big(a.gpa) < big(b.gpa) ? -1 : 1));
}

function slotOfRequest(e)
{
	const r = e.request, word = Number(big(r.slot));

	return { as_id: word >>> 16, id: word & 0xffff, gpa: r.gpa, size: r.size, hva: r.hva,
		flags: r.flags, seq: e.seq };
}

/* What the VMM thinks it has, if it believes the answers: granted requests, on what stood
 * when tracing began */
function foldAsked(log, serial, end)
{
	const slots = new Map();

	for (let i = 0; i < end; i++) {
		const e = log[i];

		if (e.serial !== serial)
			continue;
		if (e.type === 'vm-destroy')
			slots.clear();
		if (e.type === 'base')
			slots.set(e.base.as_id * 65536 + e.base.id, e.base);
		if (e.type !== 'request' || e.request.unread || e.request.result)
			continue;
		const slot = slotOfRequest(e), key = slot.as_id * 65536 + slot.id;

		if (big(slot.size))
			slots.set(key, slot);
		else
			slots.delete(key);
	}
	return [...slots.values()];
}

/* Ranges of memory that are gone, to be found by a range: by pieces of 2 MiB, but for large ones */
class Gone {
	constructor()
	{
		this.pieces = new Map();
		this.large = new Set();
	}

	/* The sets that may hold what overlaps */
	sets(first, last, make)
	{
		const from = first >> 21n, to = last >> 21n, sets = [this.large];

		if (to - from > 64n)
			return make ? sets : [this.large, ...this.pieces.values()];
		for (let i = from; i <= to; i++) {
			if (make && !this.pieces.has(i))
				this.pieces.set(i, new Set());
			if (this.pieces.has(i))
				sets.push(this.pieces.get(i));
		}
		return make ? sets.slice(1) : sets;
	}

	add(gap)
	{
		for (const set of this.sets(gap.first, gap.last, true))
			set.add(gap);
	}

	/* Those that overlap, which are gone no more */
	take(as, first, last)
	{
		const found = new Set();

		for (const set of this.sets(first, last))
			for (const gap of set)
				if (gap.slot.as_id === as && gap.first <= last && gap.last >= first)
					found.add(gap);
		for (const gap of found)
			for (const set of this.sets(gap.first, gap.last, true))
				set.delete(gap);
		return found;
	}
}

/* Times in which guest memory had no slot: it went by a change, and came back by one */
function findGaps(log, serial)
{
	const gaps = [], gone = new Gone();
	const changes = log.some(e => e.type === 'change');
	const held = new Map();

	for (let i = 0; i < log.length; i++) {
		const e = log[i];
		let r = null;

		if (e.serial !== serial)
			continue;
		if (e.type === 'base')
			held.set(e.base.as_id * 65536 + e.base.id, e.base);
		if (changes) {
			r = e.type === 'change' && !e.change.result ? e.change : null;
		} else if (e.type === 'request' && !e.request.unread && !e.request.result) {
			const slot = slotOfRequest(e), key = slot.as_id * 65536 + slot.id;

			r = { old: held.get(key), new: big(slot.size) ? slot : null };
			if (r.new)
				held.set(key, slot);
			else
				held.delete(key);
		}
		if (!r)
			continue;
		const lastOf = slot => big(slot.gpa) + big(slot.size) - 1n;

		if (r.new)
			for (const gap of gone.take(r.new.as_id, big(r.new.gpa), lastOf(r.new)))
				gaps.push({ from: gap.from, to: i, slot: gap.slot });
		if (r.old && !(r.new && r.new.gpa === r.old.gpa && r.new.size === r.old.size))
			gone.add({ from: i, slot: r.old, first: big(r.old.gpa), last: lastOf(r.old) });
	}
	return gaps;
}
