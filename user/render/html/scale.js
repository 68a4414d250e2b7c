// SPDX-License-Identifier: GPL-2.0-or-later
/* The compressed scale of user/picture/scale.h: cut wherever something begins or ends,
 * and a piece as long as the logarithm of its size. */
function scaleMake(ranges, first, last)
{
	const edges = new Set([first]);

	for (const r of ranges) {
		if (r.first > first && r.first <= last)
			edges.add(r.first);
		if (r.last >= first && r.last < last)
			edges.add(r.last + 1n);
	}
	const cuts = [...edges].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
	const pieces = cuts.map((from, i) => ({
		first: from, last: i + 1 < cuts.length ? cuts[i + 1] - 1n : last, hole: true,
	}));
	const depth = new Array(pieces.length + 1).fill(0);

	for (const r of ranges) {
		if (r.last < first || r.first > last)
			continue;
		depth[scaleFind(pieces, r.first < first ? first : r.first)]++;
		depth[scaleFind(pieces, r.last > last ? last : r.last) + 1]--;
	}
	for (let i = 0, covered = 0; i < pieces.length; i++) {
		covered += depth[i];
		pieces[i].hole = !covered;
	}
	return pieces;
}

/* Place of the piece that holds @address, which is in one */
function scaleFind(pieces, address)
{
	let low = 0, high = pieces.length - 1;

	while (low < high) {
		const middle = (low + high + 1) >> 1;

		if (pieces[middle].first <= address)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* 1 up to a page, and one more for each doubling. A hole is 1 */
function scaleWeight(piece)
{
	const pages = (piece.last - piece.first) >> 12n;

	return piece.hole ? 1 : 1 + (pages ? pages.toString(2).length : 0);
}

/* Each gets @least, and of what is left its share by weight, a hole none */
function scaleFit(pieces, total, least)
{
	const weights = pieces.map(p => (p.hole ? 0 : scaleWeight(p)));
	const all = weights.reduce((a, b) => a + b, 0);
	const left = Math.max(0, total - least * pieces.length);
	let at = 0, before = 0;

	pieces.forEach((piece, i) => {
		const share = all ? Math.floor(left * (before + weights[i]) / all) -
			Math.floor(left * before / all) : 0;

		before += weights[i];
		piece.at = at;
		piece.width = least + share;
		at += piece.width;
	});
	return at;
}

/* No more than @most pieces: neighbours become one that knows how many it is */
function scaleGroup(pieces, most)
{
	const each = Math.ceil(pieces.length / most), groups = [];

	if (each <= 1)
		return pieces;
	for (let i = 0; i < pieces.length; i += each) {
		const some = pieces.slice(i, i + each);

		groups.push({ first: some[0].first, last: some[some.length - 1].last,
			hole: some.every(p => p.hole), nr: some.length });
	}
	return groups;
}
