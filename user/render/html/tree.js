// SPDX-License-Identifier: GPL-2.0-or-later
/* What a check found, as lanes of a map. */
const kindClass = { ram: 'k-ram', rom: 'k-rom', romd: 'k-rom', ramd: 'k-ram', mmio: 'k-io',
	container: 'k-box', alias: 'k-box' };
const ANSWERS = new Set(['ram', 'rom', 'romd', 'ramd', 'mmio', null]);

function cellBox(view, cell, first, last)
{
	if (view === 'backing') {
		const rights = (cell.read ? 'r' : '-') + (cell.write ? 'w' : '-') + (cell.shared ? 's' : 'p');
		const what = cell.path ?? 'anonymous';

		return cell.mapped ? { first, last, label: `${rights} ${what.split('/').pop() || what}`,
			kind: cell.path ? 'k-file' : 'k-host', says: `${rights} ${what}` +
				(cell.path ? ` from ${cell.offset}` : '') +
				(cell.page_size ? `, pages of ${sizeOf(big(cell.page_size))}` : '') } :
			{ first, last, label: 'not mapped', kind: 'k-none', says: 'not mapped' };
	}
	const id = cell.id === undefined || cell.id === null ? '' : `#${cell.id} `;
	const name = cell.name ? cell.name + (big(cell.offset) ? '+' + cell.offset.slice(2) : '') + ' ' : '';

	return { first, last, label: id + name + flagsOf(cell.flags),
		kind: cell.hidden ? 'k-own' : slotKind(cell.flags),
		says: `${id && 'slot ' + cell.id + ', '}${cell.name ?? ''}${cell.name && big(cell.offset) ? ' from ' + cell.offset : ''}` +
			`${cell.name ? ', ' : ''}${flagsOf(cell.flags)}${cell.hva ? `, host address ${cell.hva}` : ''}` +
			`${cell.hidden ? ', KVM’s own' : ''}` };
}

/* Does the cell of this row go on what that of the row before was? */
function goesOn(view, before, cell, size)
{
	const next = (a, b) => (a === undefined || a === null) === (b === undefined || b === null) &&
		(a === undefined || a === null || big(a) + size === big(b));

	if (view === 'backing')
		return before.mapped === cell.mapped && before.path === cell.path && before.read === cell.read &&
			before.write === cell.write && before.shared === cell.shared &&
			next(before.offset, cell.offset);
	return before.id === cell.id && before.name === cell.name && before.flags === cell.flags &&
		before.hidden === cell.hidden && next(before.offset, cell.offset) && next(before.hva, cell.hva);
}

/* A lane of a view: rows that go on are one box */
function viewBoxes(check, view, as)
{
	const boxes = [];
	let before = null;

	for (const row of check.rows.filter(r => r.as_id === as)) {
		const cell = row[view], first = big(row.gpa), size = big(row.size);

		if (cell && before && before.last + 1n === first && goesOn(view, before.cell, cell, before.size)) {
			before.box.last = before.last = first + size - 1n;
			before.cell = cell;
			before.size = size;
		} else if (cell) {
			const box = cellBox(view, cell, first, first + size - 1n);

			boxes.push(box);
			before = { box, cell, size, last: box.last };
		} else {
			before = null;
		}
	}
	return boxes;
}

const WORDS = { agree: ['✓ agree', 'is-agree'], 'not-compared': ['not compared', 'is-unsaid'],
	'under-update': ['under update', 'is-unsaid'], 'kvms-own': ['KVM’s own', 'is-unsaid'] };
const SIGNS = { mismatch: '✗', unknown: '?', note: 'i' };

function verdictBoxes(check, nr, as)
{
	const boxes = [];

	check.rows.forEach(row => {
		if (row.as_id !== as)
			return;
		const finding = row.finding === undefined ? null : check.findings[row.finding];
		const [label, kind] = finding ? [`${SIGNS[finding.kind]} ${finding.id}`, 'is-' + finding.kind] :
			WORDS[row.verdict] ?? [row.verdict, 'is-unsaid'];
		const box = boxOf(row.gpa, row.size, label, 'verdict-box ' + kind,
			finding ? `${finding.id}: ${finding.sentence}` : label,
			finding ? [el('a', { href: `#c${nr}f${row.finding}` }, 'the finding')] : []);
		const before = boxes[boxes.length - 1];

		if (before && before.last + 1n === box.first && before.label === box.label &&
		    before.finding === row.finding) {
			before.last = box.last;
			return;
		}
		box.finding = row.finding;
		boxes.push(box);
	});
	return boxes;
}

const treeOf = check => check.views.model?.tree;
const flatOf = (tree, as) => tree.flat_views?.find(v => v.as_id === as);

/* Each into the first column in which there is room for it */
function columnsOf(boxes)
{
	const columns = [];

	for (const box of boxes) {
		let column = columns.find(c => !c.some(b => b.first <= box.last && b.last >= box.first));

		if (!column)
			columns.push(column = []);
		column.push(box);
	}
	return columns.map(byAddress);
}

const WHY = { priority: 'it has a higher priority', newer: 'it was mapped later, at equal priority',
	subregion: 'it lies in it, in front' };

const whyHidden = (tree, hidden) => {
	const by = hidden.by === null || hidden.by === undefined ? null : tree.regions[tree.places[hidden.by].region];

	return (by ? `hidden by ${by.name}` : 'hidden') + (WHY[hidden.why] ? `: ${WHY[hidden.why]}` : '');
};

/* Regions that answer accesses: what is seen of each, and what is not, and why */
function regionColumns(tree, as)
{
	const seen = [], hidden = [];

	for (const place of tree.places.filter(p => p.as_id === as)) {
		const region = tree.regions[place.region];

		if (!ANSWERS.has(region.kind) || !place.enabled)
			continue;
		for (const s of place.shown)
			seen.push(boxOf(s.gpa, s.size, region.name, kindClass[region.kind] ?? 'k-io',
				`${region.name} (${region.kind ?? 'kind not known'}, priority ${region.priority})`));
		for (const h of place.hidden)
			hidden.push(boxOf(h.gpa, h.size, region.name, (kindClass[region.kind] ?? 'k-io') + ' k-hidden',
				`${region.name} (${region.kind ?? 'kind not known'}, priority ${region.priority}) is ` +
				whyHidden(tree, h)));
		for (const n of region.kind === null ? [] : place.not_known)
			hidden.push(boxOf(n.gpa, n.size, `? ${region.name}`, 'k-none',
				`${region.name}: not known if it is seen, the flat view has something else`));
	}
	const columns = columnsOf([...byAddress(seen), ...byAddress(hidden)]);

	/* Of what lies behind others, deeper layers than these are counted in the tree */
	return columns.slice(0, 4);
}

/* The page tables: filled pieces, if they were asked for */
function stage2Boxes(check, as)
{
	const right = new Set(['same', 'not-compared', 'moving']);

	return check.views.kernel?.stage2?.mapped?.filter(m => m.as_id === as).map(m => boxOf(m.gpa, m.size,
		`${right.has(m.is) ? '' : '✗ '}${m.writable ? 'rw' : 'ro'} ${sizeOf(big(m.page))}`,
		right.has(m.is) ? m.writable ? 'k-host' : 'k-rom' : 'is-mismatch',
		`pages of ${sizeOf(big(m.page))}, ${m.writable ? 'writable' : 'read-only'}, host page: ${m.is}`));
}

function spacesOf(check)
{
	const tree = treeOf(check);

	return [...new Set([...check.rows.map(r => r.as_id),
		...(tree?.places ?? []).map(p => p.as_id)])].sort((a, b) => a - b);
}

function checkLanes(check, nr, as)
{
	const lanes = [], tree = treeOf(check), flat = tree && flatOf(tree, as);
	const none = (title, why) => lanes.push({ title, none: why, columns: [] });
	const why = view => {
		const v = check.views[view];

		return v ? v.unread ?? v.none : 'not asked for';
	};

	if (tree?.places)
		lanes.push({ title: 'regions', unit: 'region', about: 'MemoryRegions that answer accesses; what is hidden is hatched',
			columns: regionColumns(tree, as) });
	else
		none('regions', tree ? 'not in the text' : 'there is no tree of them');
	if (flat)
		lanes.push({ title: 'flat view', about: 'what the VMM means (MODEL)', columns: [byAddress(flat.ranges
			.filter(r => r.kind !== 'hole').map(r => boxOf(r.gpa, r.size,
				r.name + (big(r.offset) ? '+' + r.offset.slice(2) : ''),
				kindClass[r.kind] ?? 'k-io', `${r.name} from ${r.offset} (${r.kind ?? 'kind not known'})`)))] });
	else if (why('model'))
		none('flat view', why('model'));
	else
		lanes.push({ title: 'MODEL', about: 'what the VMM means is RAM', columns: [viewBoxes(check, 'model', as)] });
	for (const [view, title, about] of [['traced', 'slots asked', 'what was asked of KVM and granted (TRACED)'],
		['kernel', 'slots held', 'what KVM holds (KERNEL)']]) {
		if (why(view))
			none(title, why(view));
		else
			lanes.push({ title, about, unit: 'slot', columns: [viewBoxes(check, view, as)] });
	}
	const stage2 = stage2Boxes(check, as);

	if (stage2)
		lanes.push({ title: 'stage 2', about: 'KVM’s page tables', columns: [stage2] });
	else
		none('stage 2', check.views.kernel?.stage2 ? check.views.kernel.stage2.unread ??
			check.views.kernel.stage2.mapped_unread ?? `${sizeOf(big(check.views.kernel.stage2.bytes))} were compared, and not listed` :
			'not asked for: --stage2');
	if (why('backing'))
		none('host memory', why('backing'));
	else
		lanes.push({ title: 'host memory', about: 'what is mapped under the slots (BACKING)',
			columns: [viewBoxes(check, 'backing', as)] });
	lanes.push({ title: 'verdict', narrow: true, columns: [verdictBoxes(check, nr, as)] });
	return lanes;
}
