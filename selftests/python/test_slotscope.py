# SPDX-License-Identifier: GPL-2.0-or-later
"""bindings/python/slotscope.py: its structs are the library's, and what it says is what the
library's own tests say of such views. Expected texts are QEMU's.

SLOTSCOPE_LIBRARY names the library; SLOTSCOPE_PROGRAM the program, for one that is live.
"""
import ctypes
import glob
import json
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "bindings", "python"))
import slotscope  # noqa: E402

MIB = 1 << 20
HVA = 0x7F0000000000
MAPS = """\
7f0000000000-7f0004000000 rw-p 00000000 00:00 0
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
"""


def read(*path):
    with open(os.path.join(TOP, *path), "rb") as file:
        return file.read()


class Layout(unittest.TestCase):
    """As user/libslotscope.abi has it, which the compiler wrote"""

    @classmethod
    def setUpClass(cls):
        text = read("user", "libslotscope.abi").decode()
        cls.structs, cls.values = {}, {}
        for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", text, re.M | re.S):
            members = re.findall(r"(\w+)(?:\[\d+\])?; /\* (\d+) (\d+) \*/", body)
            size = re.search(r"/\* size: (\d+),", body)
            cls.structs[name] = ([(m, int(o), int(s)) for m, o, s in members],
                                 int(size.group(1)))
        for name, value in re.findall(r"^([A-Z][A-Z0-9_]+) = (-?\d+)$", text, re.M):
            cls.values[name] = int(value)

    def test_structs(self):
        for name, struct in slotscope.STRUCTS.items():
            with self.subTest(name):
                members = [(m[0], getattr(struct, m[0]).offset, getattr(struct, m[0]).size)
                           for m in struct._fields_]
                self.assertEqual((members, ctypes.sizeof(struct)), self.structs[name])

    def test_values(self):
        for name, value in slotscope.VALUES.items():
            self.assertEqual(value, self.values[name], name)
        names = [n for n in self.values if re.match(r"ROW_(?!CELL)", n)]
        self.assertEqual(len(names), len(slotscope.VERDICTS))


def state(party, *sizes, nr_as=1):
    fields = ("gpa", "size", "hva", "readonly") + (("id",) if party == "kernel" else ())
    out = slotscope.State(party, nr_as, fields)
    for at, (gpa, size) in enumerate(sizes):
        out.add(gpa, size, HVA + gpa, id=-1 if party == "model" else at, name="pc.ram")
    return out


class Check(unittest.TestCase):
    def test_agree(self):
        check = slotscope.check(model=state("model", (0, 64 * MIB)),
                                kernel=state("kernel", (0, 64 * MIB)))
        self.assertEqual((check.exit_status, check.findings), (0, []))
        self.assertTrue(check.agree)
        self.assertEqual([(r.gpa, r.size, r.verdict) for r in check.rows],
                         [(0, 64 * MIB, "agree")])

    def test_a_slot_too_short(self):
        check = slotscope.check(model=state("model", (0, 64 * MIB)),
                                kernel=state("kernel", (0, 32 * MIB)))
        self.assertEqual(check.exit_status, 1)
        found = check.findings[0]
        self.assertEqual((found.kind, found.gpa, found.size), ("mismatch", 32 * MIB, 32 * MIB))
        self.assertIn("pc.ram", found.sentence)
        self.assertIn("pc.ram", found.says["model"])
        rows = {row.gpa: row for row in check.rows}
        self.assertEqual(rows[0].verdict, "agree")
        self.assertIs(rows[32 * MIB].finding, found)

    def test_nothing_mapped_under_it(self):
        slots = (0, 64 * MIB), (64 * MIB, MIB)
        kernel, backing = state("kernel", *slots), slotscope.HostMap.parse(MAPS, live=True)
        check = slotscope.check(model=state("model", *slots), kernel=kernel, backing=backing)
        self.assertEqual(check.exit_status, 1)
        self.assertEqual([(f.id, f.gpa, f.size, f.slot_id) for f in check.findings],
                         [("unbacked", 64 * MIB, MIB, 1)])

    def test_causes_stand_beside(self):
        check = slotscope.check(model=state("model", (0, MIB)), kernel=state("kernel"),
                                backing=slotscope.HostMap.parse(MAPS, live=True))
        self.assertEqual(check.findings[0].id, "missing")
        self.assertIsNone(check.findings[0].cause)

    def test_silence_is_no_agreement(self):
        self.assertEqual(slotscope.check().exit_status, 2)
        check = slotscope.check(kernel=state("kernel", (0, MIB)))
        self.assertEqual(check.exit_status, 2)
        self.assertEqual([f.kind for f in check.findings], ["unknown"])

    def test_what_is_wrong_is_said(self):
        with self.assertRaises(slotscope.Error):
            slotscope.check(model=state("kernel"))
        kernel = state("kernel")
        for gpa, size, as_id in (0, 0, 0), (0, MIB, 1), ((1 << 64) - 1, MIB, 0):
            with self.assertRaises(slotscope.Error) as raised:
                kernel.add(gpa, size, 0, as_id=as_id)
            self.assertIn("add a slot", raised.exception.tried)
        with self.assertRaises(slotscope.Error) as raised:
            slotscope.HostMap.parse(b"\xff no map\n")
        self.assertTrue(raised.exception.why)

    def test_names_of_any_bytes(self):
        model = slotscope.State("model", 1, ("gpa", "size"))
        model.add(0, MIB, name=b"a\xffb")
        self.assertEqual(model.slots[0].name, "a\ufffdb")
        self.assertIsNone(model.slots[0].hva)
        self.assertIsNone(model.slots[0].id)

    def test_again_and_again(self):
        for _ in range(200):
            self.test_a_slot_too_short()
            slotscope.HostMap.parse(MAPS)


DOCUMENT = {
    "version": 1, "view": "kernel",
    "vm": {"boot_id": "", "tgid": 7, "start_time": 1, "fd": 9, "serial": 0},
    "coverage": {"blind": [{"as_id": 0, "gpa": "0x200000", "size": "0x1000", "why": "torn"}],
                 "fields": list(slotscope.FIELDS), "since_ns": 0, "at_ns": 5, "lost": 0,
                 "truncated": True},
    "whole_life": False, "gone": False,
    "address_spaces": [{"covered": True, "generation": 8, "updating": False},
                       {"covered": True, "generation": 9, "updating": False}],
    "slots": [{"as_id": 0, "id": 3, "gpa": "0x100000", "size": "0x200000",
               "hva": "0x7f0000000000", "flags": "0x2"},
              {"as_id": 1, "id": 3, "gpa": "0x100000", "size": "0x200000",
               "hva": "0x7f0000000000", "flags": "0x0", "hidden": True}]}


class Json(unittest.TestCase):
    def test_document(self):
        for document in DOCUMENT, json.dumps(DOCUMENT), json.dumps(DOCUMENT).encode():
            kernel = slotscope.State.from_json(document)
            self.assertEqual((kernel.party, kernel.nr_as, kernel.truncated), ("kernel", 2, True))
            slot = kernel.slots[0]
            self.assertEqual((slot.as_id, slot.id, slot.gpa, slot.last, slot.hva, slot.readonly),
                             (0, 3, 0x100000, 0x2fffff, HVA, True))
            self.assertTrue(kernel.slots[1].hidden)

    def test_what_it_cannot_tell_stays_so(self):
        model = slotscope.State("model", 1, ("gpa", "size"))
        model.add(0x100000, 0x200000)
        check = slotscope.check(model=model, kernel=slotscope.State.from_json(DOCUMENT))
        self.assertEqual([r.verdict for r in check.rows if r.gpa == 0x200000 and not r.as_id],
                         ["not-compared"])

    def test_a_guest_memfd_that_is_closed(self):
        document = json.loads(json.dumps(DOCUMENT))
        document["coverage"].update(blind=[], truncated=False)
        document["slots"] = [{"as_id": 0, "id": 3, "gpa": "0x0", "size": "0x200000",
                              "hva": hex(HVA), "flags": "0x4", "gmem_offset": "0x0",
                              "gmem_closed": True}]
        check = slotscope.check(kernel=slotscope.State.from_json(document),
                                backing=slotscope.HostMap.parse(MAPS, live=True))
        self.assertEqual([(f.id, f.gpa) for f in check.findings if f.kind == "mismatch"],
                         [("unbacked", 0)])

    def test_a_slot_whose_place_is_not_known(self):
        document = json.loads(json.dumps(DOCUMENT))
        document["coverage"].update(blind=[], truncated=False)
        document["slots"] = [{"as_id": 0, "id": 3, "gpa": "0x0", "size": "0x200000",
                              "hva": None, "flags": "0x0", "unknown": ["gpa", "hva"]}]
        check = slotscope.check(model=state("model", (0, 0x200000)),
                                kernel=slotscope.State.from_json(document))
        self.assertEqual((check.exit_status, check.agree), (2, False))
        self.assertEqual([f.kind for f in check.findings], ["unknown"])

    def test_another_document(self):
        with self.assertRaises(slotscope.Error):
            slotscope.State.from_json('{"version":1,"vms":[]}')

    @unittest.skipUnless(os.environ.get("SLOTSCOPE_PID"), "no VM to look at")
    def test_live(self):
        pid = os.environ["SLOTSCOPE_PID"]
        text = subprocess.check_output([os.environ["SLOTSCOPE_PROGRAM"], "slots", "--json",
                                        "--pid", pid])
        kernel = slotscope.State.from_json(text)
        self.assertTrue(kernel.slots)
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            backing = slotscope.HostMap.parse(maps.read(), live=True)
        check = slotscope.check(kernel=kernel, backing=backing)
        self.assertEqual([f for f in check.findings if f.kind == "mismatch"], [])
        self.assertIn("agree", [row.verdict for row in check.rows])


class Mtree(unittest.TestCase):
    """QEMU's tree rendered is QEMU's flat view"""

    def test_as_qemu(self):
        compared = 0
        for path in sorted(glob.glob(os.path.join(TOP, "selftests/fixtures/mtree/*/mtree-Do.txt"))):
            flat = path.replace("-Do.txt", "-f.txt")
            with self.subTest(path):
                ours = slotscope.Tree.parse(read(path)).flat_views()
                theirs = slotscope.flat_views(read(flat))
                for name, view in theirs.items():
                    self.assertEqual([(r.first, r.last, r.name, r.offset) for r in ours[name]],
                                     [(r.first, r.last, r.name, r.offset) for r in view], name)
                    compared += 1
        self.assertGreater(compared, 0)

    def test_model(self):
        tree = slotscope.Tree.parse(TREE)
        model = tree.model()
        self.assertEqual([(s.gpa, s.size, s.name, s.readonly) for s in model.slots],
                         [(0, 0x8000000, "ram", False), (0xfffc0000, 0x40000, "bios", True)])
        self.assertEqual(model.party, "model")
        kernel = state("kernel", (0, 0x8000000))
        check = slotscope.check(model=model, kernel=kernel)
        self.assertEqual([(f.id, f.gpa) for f in check.findings if f.kind == "mismatch"],
                         [("missing", 0xfffc0000)])
        with self.assertRaises(slotscope.Error) as raised:
            tree.model(memroy=0)
        self.assertIn("memory", raised.exception.next)

    def test_garbage(self):
        for text in b"\xff\xfe", b"address-space: x\n  garbage\n", b"FlatView #0\n\x00":
            for parse in slotscope.Tree.parse, slotscope.flat_views:
                with self.assertRaises(slotscope.Error) as raised:
                    parse(text)
                self.assertTrue(raised.exception.tried)


TREE = """\
address-space: memory
  0000000000000000-ffffffffffffffff (prio 0, i/o): system
    0000000000000000-0000000007ffffff (prio 0, ram): ram
    00000000fffc0000-00000000ffffffff (prio 0, rom): bios

"""

if __name__ == "__main__":
    unittest.main()
