// SPDX-License-Identifier: GPL-2.0-or-later
/* The picture in characters: no line too wide, each thing marked where it is */
#include "check_make.h"
#include "render_make.h"
#include "render/map.h"

struct drawn {
	struct views v;
	struct check_rows rows;
	struct lanes_input input;
	struct map_document document;
	struct printed p;
};

static const char *draw(struct drawn *d)
{
	views_check(&d->v);
	assert_int_equal(check_rows(&d->v.made, &d->rows), 0);
	d->input.comparison = &d->v.made;
	d->input.rows = &d->rows;
	d->input.no_layout = d->input.no_views = "there is none";
	d->document.input = &d->input;
	print_begin(&d->p);
	assert_int_equal(render_map(d->p.out, &d->document), 0);
	return print_end(&d->p);
}

static void done(struct drawn *d)
{
	free(d->p.text);
	check_rows_deinit(&d->rows);
	views_deinit(&d->v);
}

/* Columns, not bytes: what follows a first byte of UTF-8 has none */
static size_t widest(const char *text)
{
	size_t most = 0, column = 0;

	for (; *text; text++) {
		if (*text == '\n')
			column = 0;
		else if (((unsigned char)*text & 0xc0) != 0x80)
			column++;
		if (column > most)
			most = column;
	}
	return most;
}

static void as_wide_as_it_may_be(void **unused)
{
	static const unsigned int columns[] = { 80, 100, 132, 250 };

	for (size_t i = 0; i < 4; i++) {
		struct drawn d = { .document = { .as_id = -1,
						 .columns = columns[i] } };

		views_pc(&d.v);
		draw(&d);
		/* what stands beneath is prose */
		*strstr(d.p.text, "not drawn") = '\0';
		assert_true(widest(d.p.text) <= columns[i]);
		done(&d);
	}
}

static void all_of_a_pc(void **unused)
{
	struct drawn d = {
		.document = { .as_id = 0, .columns = 100, .ascii = true }
	};
	const char *text;

	views_pc(&d.v);
	text = draw(&d);
	assert_for_people(text);
	assert_line(text, "address space 0 (memory)");
	assert_line(text, "address meant asked held host verdict");
	assert_line(text, "0 +pc.ram rw-");
	assert_line(text, "e0000 +pc.bios ro");
	assert_line(text, "fffc0000 +pc.bios ro");
	assert_line(text, "ffffffff `----------");
	assert_non_null(strstr(text, ": nothing: 256 KiB\n"));
	assert_non_null(strstr(text, "not drawn: stage 2: "));
	assert_null(strstr(text, "!"));
	assert_null(strstr(text, "address space 1"));
	done(&d);
}

static void marked_where_it_is(void **unused)
{
	struct drawn d = {
		.document = { .as_id = -1, .columns = 100, .ascii = true }
	};
	const char *text, *mark;

	views_init(&d.v);
	model_add(&d.v, 0, "ram", 0, 16 * MiB, HVA, 0);
	kvm_add(&d.v, 0, 0, 0, 15 * MiB, HVA, 0);
	map_add(&d.v, HVA, 16 * MiB, "rwp", NULL);
	text = draw(&d);
	mark = strstr(text, "! extent");
	assert_non_null(mark);
	while (mark > text && mark[-1] != '\n')
		mark--;
	/* on the line of its first byte, and once more in words */
	assert_int_equal(strtoull(mark, NULL, 16), 15 * MiB);
	assert_line(text, "! extent: ");
	done(&d);
}

/* Of a name that a VMM has chosen nothing reaches the terminal but letters */
static void hostile_names(void **unused)
{
	struct drawn d = {
		.document = { .as_id = -1, .columns = 80, .ascii = true }
	};

	views_init(&d.v);
	model_add(&d.v, 0, "\033[2Jram\n\xff", 0, MiB, HVA, 0);
	assert_for_people(draw(&d));
	done(&d);
}

static void nothing_at_all(void **unused)
{
	struct drawn d = { .document = { .as_id = -1, .columns = 80 } };
	const char *text;

	views_init(&d.v);
	text = draw(&d);
	assert_line(text, "nothing that was looked at is in it");
	done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_wide_as_it_may_be),
		cmocka_unit_test(all_of_a_pc),
		cmocka_unit_test(marked_where_it_is),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
