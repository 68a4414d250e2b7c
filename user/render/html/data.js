// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
/* The JSON that the command printed, and what all parts of the page share. Nothing that
 * came from a VMM becomes markup: all text goes in as text. */
const data = JSON.parse(document.getElementById('data').textContent);
const checks = data.documents.filter(d => d.verdict && d.rows);
const events = data.documents.filter(d => d.type && d.seq);
const stacks = new Map(data.documents.filter(d => d.type === 'stack')
	.map(d => [d.stack.id, d.stack]));
const story = data.documents.filter(d => d.event && d.step !== undefined);

const big = text => BigInt(text ?? 0);
const hex = value => '0x' + value.toString(16);

/* What cannot be seen, or turns the direction of what is around it, is shown */
function clean(text)
{
	return String(text).replace(
		/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
		c => '\\u{' + c.codePointAt(0).toString(16) + '}');
}

/* As user/base/size_text.c does: the largest unit of which it is a whole number, if that is short */
function sizeOf(bytes)
{
	const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
	const shift = unit => BigInt(10 * unit);
	let unit = 0;

	while (unit < 6 && bytes >> shift(unit) >= 10000n)
		unit++;
	while (unit < 6 && bytes && !(bytes & ((1n << shift(unit + 1)) - 1n)))
		unit++;
	if (!(bytes & ((1n << shift(unit)) - 1n)))
		return `${bytes >> shift(unit)} ${units[unit]}`;
	const tenths = (bytes >> shift(unit)) * 10n + (((bytes >> shift(unit - 1)) & 1023n) * 10n + 512n) / 1024n;

	return `${tenths / 10n}.${tenths % 10n} ${units[unit]}`;
}

const rangeOf = (first, last) =>
	`${hex(first)}-${hex(last)} (${sizeOf(last - first + 1n)})`;

const count = (nr, one, many) => `${nr} ${nr === 1 ? one : many ?? one + 's'}`;

/* An element; a string among what is in it is text */
function el(name, attributes, ...within)
{
	const element = document.createElement(name);

	for (const [key, value] of Object.entries(attributes ?? {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (key === 'on')
			for (const [event, f] of Object.entries(value))
				element.addEventListener(event, f);
		else
			element.setAttribute(key, value === true ? '' : value);
	}
	for (const one of within.flat())
		if (one !== undefined && one !== null && one !== '')
			element.append(one instanceof Node ? one : clean(one));
	return element;
}

const button = (label, title, f, attributes) =>
	el('button', { type: 'button', title, 'aria-label': title, on: { click: f }, ...attributes }, label);

/* As user/render/flags.c does */
const flagsOf = flags => {
	const bits = Number(big(flags));

	const rest = bits & ~0x30007;

	return [bits & 2 ? 'ro' : 'rw', bits & 1 && 'log', bits & 4 && 'gmem', bits & 0x10000 && 'updating',
		bits & 0x20000 && 'gmem-only', rest && hex(rest >>> 0)].filter(Boolean).join(',');
};
