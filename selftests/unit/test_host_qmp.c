// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of a VMM's sockets is QMP: its command line, /proc/PID/net/unix */
#include "host/net_unix.h"
#include "host/qmp_cmdline.h"
#include "host_make.h"

/* Words as /proc/PID/cmdline has them; a last "" is the NUL of the string */
#define CMDLINE(words) words, sizeof(words) - 1

static struct qmp_named named[QMP_NAMED_MAX];

static size_t parse(const char *text, size_t len)
{
	memset(named, 0xa5, sizeof(named));
	return qmp_cmdline_parse(text, len, named);
}

static void the_short_option(void **unused)
{
	assert_int_equal(parse(CMDLINE("qemu\0-qmp\0unix:/run/q,server=on,"
				       "wait=off\0-m\0"
				       "256\0")),
			 1);
	assert_string_equal(named[0].name, "/run/q");
	assert_int_equal(named[0].fd, -1);
	assert_int_equal(parse(CMDLINE("qemu\0--qmp\0unix:rel/q,server\0")), 1);
	assert_string_equal(named[0].name, "rel/q");
	assert_int_equal(parse(CMDLINE("qemu\0-qmp-pretty\0unix:/p,server,"
				       "nowait\0")),
			 1);
	assert_string_equal(named[0].name, "/p");
	assert_int_equal(parse(CMDLINE("qemu\0-qmp\0unix:path=/p,server=on\0")),
			 1);
	assert_string_equal(named[0].name, "/p");
}

static void a_monitor_on_a_chardev(void **unused)
{
	assert_int_equal(parse(CMDLINE("qemu\0-chardev\0socket,id=c0,path=/c,"
				       "server=on,wait=off\0-mon\0chardev=c0,"
				       "mode=control\0")),
			 1);
	assert_string_equal(named[0].name, "/c");
	/* the chardev after it, its name left out, and key order */
	assert_int_equal(parse(CMDLINE("qemu\0-mon\0c0,mode=control\0-chardev\0"
				       "socket,server=on,path=/c,id=c0\0")),
			 1);
	assert_string_equal(named[0].name, "/c");
	assert_int_equal(parse(CMDLINE("qemu\0-qmp\0chardev:c0\0-chardev\0"
				       "socket,path=/c,id=c0,server=on\0")),
			 1);
	assert_string_equal(named[0].name, "/c");
	/* the way libvirt does it */
	assert_int_equal(parse(CMDLINE("qemu\0-chardev\0socket,id=charmonitor,"
				       "fd=23,server=on,wait=off\0-mon\0"
				       "chardev=charmonitor,id=monitor,"
				       "mode=control\0")),
			 1);
	assert_string_equal(named[0].name, "");
	assert_int_equal(named[0].fd, 23);
}

static void abstract_and_commas(void **unused)
{
	assert_int_equal(parse(CMDLINE("q\0-chardev\0socket,id=a,path=q1,"
				       "abstract=on\0-mon\0a,mode=control\0")),
			 1);
	assert_string_equal(named[0].name, "@q1");
	assert_int_equal(parse(CMDLINE("q\0-chardev\0socket,id=a,path=q1,"
				       "abstract,server\0-mon\0"
				       "a,mode=control\0")),
			 1);
	assert_string_equal(named[0].name, "@q1");
	assert_int_equal(parse(CMDLINE("q\0-chardev\0socket,id=a,path=q1,"
				       "abstract=off\0-mon\0a,mode=control\0")),
			 1);
	assert_string_equal(named[0].name, "q1");
	assert_int_equal(parse(CMDLINE("q\0-qmp\0unix:/a,,b,,,server=on\0")),
			 1);
	assert_string_equal(named[0].name, "/a,b,");
	/* the last of two counts */
	assert_int_equal(parse(CMDLINE("q\0-qmp\0unix:/a,path=/b\0")), 1);
	assert_string_equal(named[0].name, "/b");
}

/* One that connects to somebody else listens nowhere */
static void who_listens(void **unused)
{
	assert_int_equal(parse(CMDLINE("q\0-qmp\0unix:/a,server=on,wait=off\0"
				       "-qmp\0unix:/b\0"
				       "-qmp\0unix:/c,server\0"
				       "-qmp\0unix:/d,server=off\0"
				       "-chardev\0socket,id=e,fd=9,server=on\0"
				       "-mon\0e,mode=control\0")),
			 5);
	assert_true(named[0].server);
	assert_false(named[1].server);
	assert_true(named[2].server);
	assert_false(named[3].server);
	assert_true(named[4].server);
	assert_int_equal(named[4].fd, 9);
}

static void several_in_order(void **unused)
{
	assert_int_equal(
		parse(CMDLINE("q\0-mon\0b,mode=control\0-qmp\0unix:/1\0"
			      "-chardev\0socket,id=b,path=/2\0-qmp\0"
			      "unix:/3,server=on\0")),
		3);
	assert_string_equal(named[0].name, "/2");
	assert_string_equal(named[1].name, "/1");
	assert_string_equal(named[2].name, "/3");
}

static void what_is_not_qmp_on_a_unix_socket(void **unused)
{
	/* the human monitor, TCP, stdio, other backends, other ids */
	assert_int_equal(parse(CMDLINE("q\0-monitor\0unix:/m,server=on\0")), 0);
	assert_int_equal(parse(CMDLINE("q\0-qmp\0tcp:localhost:4444\0")), 0);
	assert_int_equal(parse(CMDLINE("q\0-qmp\0stdio\0")), 0);
	assert_int_equal(parse(CMDLINE("q\0-mon\0a,mode=readline\0-chardev\0"
				       "socket,id=a,path=/m\0")),
			 0);
	assert_int_equal(parse(CMDLINE("q\0-mon\0a\0-chardev\0"
				       "socket,id=a,path=/m\0")),
			 0);
	assert_int_equal(parse(CMDLINE("q\0-mon\0a,mode=control\0-chardev\0"
				       "pty,id=a,path=/m\0")),
			 0);
	assert_int_equal(parse(CMDLINE("q\0-mon\0a,mode=control\0-chardev\0"
				       "socket,id=aa,path=/m\0")),
			 0);
	assert_int_equal(parse(CMDLINE("q\0-mon\0a,mode=control\0-chardev\0"
				       "socket,id=a,host=h,port=1\0")),
			 0);
	assert_int_equal(parse(CMDLINE("q\0-qmp\0unix:\0")), 0);
	assert_int_equal(parse(CMDLINE("-\0--\0-qmp")), 0);
	assert_int_equal(parse(CMDLINE("q\0-qmp\0unix:/cut")), 0);
	assert_int_equal(
		parse(CMDLINE("q\0-mon\0a,mode=control\0-chardev\0"
			      "socket,id=a,fd=-1\0-chardev\0"
			      "socket,id=a,fd=99999999999999999999\0")),
		0);
	assert_int_equal(parse(NULL, 0), 0);
}

/* A socket's name has 108 bytes at the most */
static void names_too_long(void **unused)
{
	char text[600] = "q";
	char path[400];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	memcpy(text + 2, "-qmp", 5);
	sprintf(text + 7, "unix:%s", path);
	assert_int_equal(parse(text, 7 + strlen(text + 7) + 1), 1);
	assert_string_equal(named[0].name, path);
	path[108] = 'x';
	path[109] = '\0';
	sprintf(text + 7, "unix:%s", path);
	assert_int_equal(parse(text, 7 + strlen(text + 7) + 1), 0);
	path[109] = 'x';
	path[399] = '\0';
	sprintf(text + 7, "unix:%s", path);
	assert_int_equal(parse(text, 7 + strlen(text + 7) + 1), 0);
}

static void more_than_there_is_room_for(void **unused)
{
	char text[4000];
	size_t len = 0, i;

	for (i = 0; i < 3 * QMP_NAMED_MAX; i++) {
		len += sprintf(text + len, "-qmp") + 1;
		len += sprintf(text + len, "unix:/%zu", i) + 1;
	}
	assert_int_equal(parse(text, len), QMP_NAMED_MAX);
	assert_string_equal(named[QMP_NAMED_MAX - 1].name, "/15");
}

static void parse_any(const char *text, size_t len)
{
	assert_true(parse(text, len) <= QMP_NAMED_MAX);
}

#define HEADING "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define FLAGS	": 00000002 00000000 00010000 0001 01 "
#define NUM	"00000000869ff247"

static const char net_unix[] = HEADING NUM FLAGS
	"149086 /run/user/q one\n"
	/* connected; a datagram socket; without a name; not padded */
	NUM ": 00000003 00000000 00000000 0001 03 7 /run/q2\n" NUM
	": 00000002 00000000 00010000 0002 01 8 /run/dgram\n" NUM FLAGS
	"9\n" NUM FLAGS "   42 @abstract\n"
	/* cut short */
	NUM FLAGS "43 /run/cu";

static void listeners(void **unused)
{
	struct unix_sockets list;

	assert_int_equal(unix_sockets_parse(net_unix, strlen(net_unix),
					    UNIX_LISTENS, &list),
			 0);
	assert_int_equal(list.nr, 2);
	assert_string_equal(unix_sockets_find(&list, 149086)->name,
			    "/run/user/q one");
	assert_string_equal(unix_sockets_find(&list, 42)->name, "@abstract");
	assert_null(unix_sockets_find(&list, 7));
	assert_null(unix_sockets_find(&list, 43));
	assert_null(unix_sockets_find(&list, 0));
	unix_sockets_deinit(&list);

	assert_int_equal(unix_sockets_parse("nonsense\n", 9, UNIX_LISTENS,
					    &list),
			 -EINVAL);
	assert_int_equal(unix_sockets_parse("", 0, UNIX_LISTENS, &list),
			 -EINVAL);
	assert_int_equal(unix_sockets_parse(HEADING, strlen(HEADING),
					    UNIX_LISTENS, &list),
			 0);
	assert_int_equal(list.nr, 0);
	assert_null(unix_sockets_find(&list, 1));
	unix_sockets_deinit(&list);
}

/* A name with a newline in it that forges a line for another's socket */
static void a_forged_line(void **unused)
{
	static const char text[] = HEADING NUM FLAGS
		"500 /run/good\n" NUM FLAGS "600 /tmp/x\n" NUM FLAGS
		"500 /tmp/evil\n" NUM FLAGS "700 /run/other\n";
	struct unix_sockets list;

	assert_int_equal(
		unix_sockets_parse(text, strlen(text), UNIX_LISTENS, &list), 0);
	assert_null(unix_sockets_find(&list, 500));
	assert_non_null(unix_sockets_find(&list, 600));
	assert_non_null(unix_sockets_find(&list, 700));
	unix_sockets_deinit(&list);
}

static void parse_listeners(const char *text, size_t len)
{
	struct unix_sockets list;

	if (!unix_sockets_parse(text, len, UNIX_LISTENS, &list))
		unix_sockets_deinit(&list);
}

static void hostile_text(void **unused)
{
	hostile(net_unix, strlen(net_unix), parse_listeners);
	hostile(CMDLINE("q\0-mon\0a,mode=control\0-qmp\0chardev:b\0-chardev\0"
			"socket,id=a,path=/x,,y,abstract\0-chardev\0"
			"socket,id=b,fd=7\0-qmp\0unix:/z,server=on\0"),
		parse_any);
}

#define UUID "0a1b2c3d-0000-4fff-8ABC-0123456789ab"

static bool uuid(const char *text, size_t len)
{
	char found[37];
	bool is = qmp_cmdline_uuid(text, len, found);

	if (is)
		assert_string_equal(found, UUID);
	return is;
}

static void test_uuid(void **state)
{
	assert_true(uuid(CMDLINE("qemu\0-name\0guest=2\0-uuid\0" UUID "\0")));
	assert_true(uuid(CMDLINE("qemu\0--uuid\0" UUID "\0-S\0")));
	/* the last one, as QEMU has it; the name of another option's */
	assert_true(uuid(CMDLINE("qemu\0-uuid\0x\0-uuid\0" UUID "\0")));
	assert_false(uuid(CMDLINE("qemu\0-uuid\0" UUID "\0-uuid\0x\0")));
	assert_false(uuid(CMDLINE("qemu\0-uuids\0" UUID "\0")));
	assert_false(uuid(CMDLINE("qemu\0-uuid\0" UUID "0\0")));
	assert_false(uuid(CMDLINE("qemu\0-uuid\0" UUID)));
	assert_false(uuid(CMDLINE("qemu\0-uuid\0")));
	assert_false(uuid(CMDLINE("qemu\0-uuid\0--domain\0")));
	assert_false(uuid("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(the_short_option),
		cmocka_unit_test(a_monitor_on_a_chardev),
		cmocka_unit_test(abstract_and_commas),
		cmocka_unit_test(who_listens),
		cmocka_unit_test(several_in_order),
		cmocka_unit_test(what_is_not_qmp_on_a_unix_socket),
		cmocka_unit_test(names_too_long),
		cmocka_unit_test(more_than_there_is_room_for),
		cmocka_unit_test(listeners),
		cmocka_unit_test(a_forged_line),
		cmocka_unit_test(hostile_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
