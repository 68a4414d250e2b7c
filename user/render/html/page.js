// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts the pictures among what the page has without scripts, and follows its links. */
const checkMaps = [];
let timeLine = null, stepper = null;

function addCheck(check, nr)
{
	const section = document.getElementById(`c${nr}`);
	const spaces = spacesOf(check), maps = new Map();
	const show = as => (first, last) => {
		maps.get(as).show(first, last);
		maps.get(as).element.scrollIntoView({ block: 'nearest' });
	};
	const picture = el('section', { class: 'picture' }, el('h3', { id: `c${nr}-map` }, 'Map'));
	const kinds = new Set();

	for (const as of spaces) {
		const map = new AddressMap(as ? `Address space ${as}${as === 1 ? ' (SMM, on x86)' : ''}` : 'Address space 0');

		maps.set(as, map);
		map.set(checkLanes(check, nr, as));
		map.boxes().forEach(b => kinds.add(b.kind));
		picture.append(map.element);
	}
	picture.firstChild.after(legend(kinds));
	if (!spaces.length)
		picture.append(el('p', { class: 'none' }, 'There is nothing to draw: no view has anything.'));
	section.insertBefore(picture, section.querySelector('.way, .ranges'));
	checkMaps[nr] = maps;
	/* The ranges of the tree and of the flat view are shown in the map, too */
	section.querySelectorAll('.way details').forEach(space => space.querySelectorAll('code.range').forEach(code => {
		const [first, last] = code.textContent.split('-').map(t => (/^0x/.test(t) ? BigInt(t) : null));

		if (last && maps.has(+space.dataset.as))
			code.replaceWith(button(code.textContent, 'Show it in the map', () => show(+space.dataset.as)(first, last),
				{ class: 'link range' }));
	}));
	/* A finding's place is in the map, and a range of the table too */
	section.querySelectorAll(`a[href^="#c${nr}r"]`).forEach(a => {
		const row = check.rows[+a.getAttribute('href').split('r').pop()];
		const finding = a.closest('.finding') && check.findings[+a.closest('.finding').id.split('f').pop()];
		const at = finding?.size ? finding : row;

		a.after(' ', button('in the map', 'Show it in the map', () => show(finding?.as_id ?? row.as_id)(big(at.gpa),
			big(at.gpa) + big(at.size) - 1n), { class: 'link' }));
	});
}

/* Of what is there */
function legend(kinds)
{
	const keys = [['k-ram', 'RAM'], ['k-rom', 'read-only'], ['k-ram k-log', 'dirty log'], ['k-io', 'registers'],
		['k-host', 'host memory'], ['k-file', 'of a file'], ['k-io k-hidden', 'hidden'], ['k-own', 'KVM’s own'],
		['k-none', 'not mapped'], ['verdict-box is-mismatch', '✗ mismatch'],
		['verdict-box is-unknown', '? unknown'], ['verdict-box is-note', 'i note']];

	return el('ul', { class: 'legend', 'aria-label': 'What the colours are' },
		keys.filter(([kind]) => kinds.has(kind)).map(([kind, name]) => el('li', {}, el('i', { class: `box ${kind}`, 'aria-hidden': 'true' }), ` ${name}`)));
}

function addNav()
{
	const nav = document.getElementById('nav');
	const links = [];

	checks.forEach((check, nr) => {
		const name = checks.length > 1 ? ` ${nr + 1}` : '';

		links.push([`c${nr}-findings`, `Findings${name} (${check.findings.length})`], [`c${nr}-map`, `Map${name}`],
			[`c${nr}-tree`, `Tree${name}`], [`c${nr}-ranges`, `Ranges${name}`]);
	});
	links.push(['time-line', 'Time line'], ['story', 'Story'], ['steps', 'Steps'], ['events', 'Events'], ['rules', 'Rules']);
	for (const [id, name] of links)
		if (document.getElementById(id))
			nav.append(el('a', { href: `#${id}` }, name));
}

/* Long tables are closed, until a link leads into one, or it is printed */
function fold(section, name, rows)
{
	const table = section.querySelector('.wide, ol');
	const details = el('details', { class: 'folded', open: rows <= 60 }, el('summary', {}, name));

	if (!table)
		return;
	table.before(details);
	details.append(table);
}

function addFolds()
{
	document.querySelectorAll('.ranges, .events').forEach(section => {
		const rows = section.querySelectorAll('tbody tr').length;

		fold(section, `the table, ${count(rows, 'row')}`, rows);
	});
	document.querySelectorAll('.steps').forEach(section => fold(section, 'all steps as a list', 1000));
}

function openTo(element)
{
	for (let e = element; e; e = e.parentElement)
		if (e.tagName === 'DETAILS')
			e.open = true;
}

/* #e17: an event; #s12: a step; all else is where the browser has gone */
function follow()
{
	const [, kind, nr] = location.hash.match(/^#([es])(\d+)$/) ?? [];
	const target = document.getElementById(location.hash.slice(1));

	document.querySelectorAll('.target').forEach(e => e.classList.remove('target'));
	if (kind === 'e' && timeLine?.goTo(+nr))
		timeLine.element.scrollIntoView({ block: 'start' });
	else if (kind === 's' && stepper?.goTo(+nr))
		stepper.element.scrollIntoView({ block: 'start' });
	else if (target) {
		openTo(target);
		target.scrollIntoView({ block: 'start' });
	}
	target?.classList.add('target');
}

function addTheme()
{
	const names = ['as the system', 'light', 'dark'];
	let at = 0;
	const theme = button('◐ ' + names[0], 'Light or dark', () => {
		at = (at + 1) % 3;
		document.documentElement.dataset.theme = ['', 'light', 'dark'][at];
		theme.textContent = '◐ ' + names[at];
	});

	document.getElementById('tools').append(theme);
}

/* What cannot be drawn takes nothing else with it, and is not left out in silence */
function part(before, draw)
{
	try {
		draw();
	} catch (error) {
		before?.before(el('p', { class: 'left-out' }, `This could not be drawn: ${error}. What it is of stands below.`));
		console.error(error);
	}
}

function addTime()
{
	/* Of several VMs the one that was checked, or of which there is most to tell */
	const counts = new Map();

	for (const e of events)
		if (e.serial)
			counts.set(e.serial, (counts.get(e.serial) ?? 0) + 1);
	const most = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;

	timeLine = new TimeLine(counts.size ? [...counts.keys()].sort((a, b) => a - b) : [0],
		counts.has(checks[0]?.vm?.serial) ? checks[0].vm.serial : most);
	document.querySelector('.events').before(timeLine.element);
}

addTheme();
checks.forEach((check, nr) => part(document.querySelector(`#c${nr} .ranges`), () => addCheck(check, nr)));
if (events.length)
	part(document.querySelector('.events'), addTime);
if (story.some(d => d.event === 'step'))
	part(document.querySelector('.steps'), () => {
		stepper = new Story();
		document.querySelector('.steps').before(stepper.element);
	});
addFolds();
addNav();
addEventListener('hashchange', follow);
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => {
	d.open = true;
}));
if (location.hash)
	follow();
document.documentElement.dataset.ready = 'yes';
