# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VMM means, what KVM holds and what is mapped, compared: libslotscope from Python.

    import slotscope, subprocess

    kernel = slotscope.State.from_json(subprocess.check_output(
        ["slotscope", "slots", "--json", "--pid", pid]))
    backing = slotscope.HostMap.parse(open(f"/proc/{pid}/maps").read(), live=True)
    check = slotscope.check(kernel=kernel, backing=backing)
    for finding in check.findings:
        print(finding.kind, finding.id, hex(finding.gpa), finding.sentence)
    sys.exit(check.exit_status)

    tree = slotscope.Tree.parse(monitor("info mtree"))
    for name, view in tree.flat_views().items(): ...
    model = tree.model(memory=0)

One file, over libslotscope.so.0 by ctypes: nothing is compiled, nothing else is needed.
SLOTSCOPE_LIBRARY names another library than the loader finds. Addresses are int, what is
not known is None. The meaning of all that is here: man slotscope-view.h, slotscope-check.h,
slotscope-mtree.h.
"""
import ctypes
import json
import os
from ctypes import (POINTER, Structure, byref, c_bool, c_char, c_char_p, c_int, c_int32,
                    c_size_t, c_uint16, c_uint32, c_uint64, c_void_p)

__all__ = ["Error", "Slot", "State", "Range", "HostMap", "Finding", "Row", "Check", "check",
           "FlatView", "FlatRange", "Tree", "flat_views"]

PARTIES = ("model", "traced", "kernel", "backing")
FIELDS = ("id", "gpa", "size", "hva", "readonly", "log-dirty", "guest-memfd", "hidden",
          "generation")
VERDICTS = ("agree", "not-compared", "transition", "own", "finding")
NO_CAUSE = ctypes.c_size_t(-1).value


# The library's structs, as its headers have them. selftests/python holds each member's
# place against user/libslotscope.abi.

class _Error(Structure):
    _fields_ = [("code", c_int), ("tried", c_char * 256), ("why", c_char * 384),
                ("next", c_char * 384)]


class _Slot(Structure):
    _fields_ = [("as_id", c_uint16), ("id", c_int32), ("gpa", c_uint64), ("size", c_uint64),
                ("hva", c_uint64), ("flags", c_uint32), ("gmem_fd", c_int32),
                ("gmem_offset", c_uint64), ("gmem", c_int), ("gmem_dev", c_uint64),
                ("gmem_ino", c_uint64), ("share", c_int), ("hidden", c_bool),
                ("unknown", c_uint32), ("name", c_char_p), ("offset", c_uint64),
                ("seq", c_uint64)]


class _VmId(Structure):
    _fields_ = [("boot_id", c_char * 37), ("tgid", c_int), ("start_time", c_uint64),
                ("fd", c_int), ("serial", c_uint64)]


class _Coverage(Structure):
    _fields_ = [("fields", c_uint32), ("since_ns", c_uint64), ("at_ns", c_uint64),
                ("lost", c_uint64), ("truncated", c_bool), ("blind", c_void_p),
                ("nr_blind", c_size_t)]


class _SlotAs(Structure):
    _fields_ = [("covered", c_bool), ("generation", c_uint64), ("updating", c_bool),
                ("torn", c_bool), ("base_generation", c_uint64), ("in_base", c_bool)]


class _SlotState(Structure):
    _fields_ = [("party", c_int), ("vm", _VmId), ("coverage", _Coverage),
                ("as", POINTER(_SlotAs)), ("nr_as", c_size_t), ("whole_life", c_bool),
                ("gone", c_bool), ("walked", c_bool), ("slots", POINTER(_Slot)), ("nr_slots", c_size_t),
                ("cap_slots", c_size_t)]


class _HostRange(Structure):
    _fields_ = [("start", c_uint64), ("end", c_uint64), ("read", c_bool), ("write", c_bool),
                ("shared", c_bool), ("offset", c_uint64), ("dev_major", c_uint32),
                ("dev_minor", c_uint32), ("inode", c_uint64), ("file", c_int),
                ("reach", c_uint64), ("page_size", c_uint64), ("detailed", c_bool),
                ("vm_flags", c_uint32), ("thp", c_int), ("copied", c_uint64),
                ("path", c_char_p)]


class _HostMap(Structure):
    _fields_ = [("ranges", POINTER(_HostRange)), ("nr", c_size_t), ("truncated", c_bool),
                ("written", c_bool), ("at_ns", c_uint64)]


class _View(Structure):
    _fields_ = [("party", c_int), ("slots", POINTER(_SlotState)), ("map", POINTER(_HostMap)),
                ("unread", c_char_p), ("none", c_char_p), ("audit", c_void_p),
                ("stage2", c_void_p)]


class _CheckInput(Structure):
    _fields_ = [("views", POINTER(_View)), ("nr_views", c_size_t), ("unsettled", c_char_p),
                ("restless", c_void_p), ("nr_restless", c_size_t), ("log", c_void_p),
                ("serial", c_uint64), ("page_size", c_uint64), ("limits", c_void_p),
                ("end", c_void_p), ("expected", c_bool), ("vcpus", c_void_p),
                ("nr_vcpus", c_size_t)]


class _Finding(Structure):
    _fields_ = [("id", c_int), ("as_id", c_uint16), ("gpa", c_uint64), ("size", c_uint64),
                ("elsewhere", c_bool), ("other_as_id", c_uint16), ("other_gpa", c_uint64),
                ("slot_id", c_int32), ("hva", c_uint64), ("seq", c_uint64),
                ("result", c_int32), ("rule_known", c_bool), ("rule", c_int),
                ("other", _Slot), ("views", c_uint64), ("sentence", c_char_p),
                ("cause", c_size_t)]


class _Findings(Structure):
    _fields_ = [("items", POINTER(_Finding)), ("nr", c_size_t), ("cap", c_size_t)]


class _Spans(Structure):
    _fields_ = [("items", c_void_p), ("nr", c_size_t), ("cap", c_size_t)]


class _Comparison(Structure):
    _fields_ = [("input", POINTER(_CheckInput)), ("page_size", c_uint64), ("views", c_void_p),
                ("pairs", c_void_p), ("nr_pairs", c_size_t), ("findings", _Findings),
                ("same", c_void_p), ("restless", _Spans), ("nomem", c_bool)]


class _Row(Structure):
    _fields_ = [("as_id", c_uint16), ("gpa", c_uint64), ("size", c_uint64),
                ("cells", c_size_t), ("verdict", c_int), ("finding", c_size_t)]


class _Rows(Structure):
    _fields_ = [("rows", POINTER(_Row)), ("nr", c_size_t), ("cap", c_size_t),
                ("cells", c_void_p), ("nr_cells", c_size_t), ("cap_cells", c_size_t)]


class _FlatViewAs(Structure):
    _fields_ = [("name", c_char_p), ("root", c_char_p), ("alias", c_char_p)]


class _FlatRange(Structure):
    _fields_ = [("first", c_uint64), ("last", c_uint64), ("priority", c_int32),
                ("kind", c_int), ("nonvolatile", c_bool), ("kvm", c_bool), ("name", c_char_p),
                ("offset", c_uint64), ("owner", c_char_p), ("parent", c_char_p),
                ("gap", c_bool)]


class _FlatView(Structure):
    _fields_ = [("as", POINTER(_FlatViewAs)), ("nr_as", c_size_t), ("root", c_char_p),
                ("ranges", POINTER(_FlatRange)), ("nr_ranges", c_size_t), ("gap", c_bool)]


class _FlatViews(Structure):
    _fields_ = [("views", POINTER(_FlatView)), ("nr", c_size_t), ("owned", c_bool),
                ("cut", c_bool), ("left_out", c_size_t), ("text", c_void_p)]


class _Tree(Structure):
    _fields_ = [("as", c_void_p), ("nr_as", c_size_t), ("sections", c_void_p),
                ("nr_sections", c_size_t), ("nodes", c_void_p), ("nr_nodes", c_size_t),
                ("owned", c_bool), ("disabled", c_bool), ("rights", c_bool),
                ("hidden", c_size_t), ("cut", c_bool), ("left_out", c_size_t),
                ("rootless", c_size_t), ("text", c_void_p)]


# By the names of the headers, for who compares them with these
STRUCTS = {
    "slotscope_error": _Error, "slot": _Slot, "vm_id": _VmId, "coverage": _Coverage,
    "slot_as": _SlotAs, "slot_state": _SlotState, "host_range": _HostRange,
    "host_map": _HostMap, "view": _View, "check_input": _CheckInput, "finding": _Finding,
    "findings": _Findings, "spans": _Spans, "comparison": _Comparison, "check_row": _Row,
    "check_rows": _Rows, "mtree_flatview_as": _FlatViewAs, "mtree_range": _FlatRange,
    "mtree_flatview": _FlatView, "mtree_flatviews": _FlatViews, "mtree_tree": _Tree,
}

# Values of the library's enumerators that are written down here
VALUES = {
    **{"PARTY_" + name.upper(): at for at, name in enumerate(PARTIES)},
    **{"SLOT_FIELD_" + name.upper().replace("-", "_"): 1 << at
       for at, name in enumerate(FIELDS)},
    **{"ROW_" + name.upper().replace("-", "_"): at for at, name in enumerate(VERDICTS)},
    "SLOT_GMEM_UNKNOWN": 0, "SLOT_GMEM_OPEN": 1, "SLOT_GMEM_CLOSED": 2,
    "MTREE_REFUSE_MISSING": 0, "MTREE_ALLOW_MISSING": 1,
}

_GMEM = {None: 0, "open": 1, "closed": 2}


def _load():
    lib = ctypes.CDLL(os.environ.get("SLOTSCOPE_LIBRARY", "libslotscope.so.0"))
    # function: result, arguments
    for name, result, *arguments in (
            ("slot_state_init", None, POINTER(_SlotState), c_int),
            ("slot_state_deinit", None, POINTER(_SlotState)),
            ("slot_state_set_nr_as", c_int, POINTER(_SlotState), c_size_t),
            ("slot_state_add", c_int, POINTER(_SlotState), POINTER(_Slot)),
            ("slot_state_sort", None, POINTER(_SlotState)),
            ("coverage_add_blind", c_int, POINTER(_Coverage), c_uint16, c_uint64, c_uint64,
             c_char_p),
            ("host_map_init", None, POINTER(_HostMap)),
            ("host_map_deinit", None, POINTER(_HostMap)),
            ("host_map_parse", c_int, POINTER(_HostMap), c_char_p, c_size_t, POINTER(_Error)),
            ("crosscheck", c_int, POINTER(_CheckInput), POINTER(_Comparison)),
            ("comparison_deinit", None, POINTER(_Comparison)),
            ("comparison_says", c_void_p, POINTER(_Comparison), POINTER(_Finding), c_size_t),
            ("check_rows", c_int, POINTER(_Comparison), POINTER(_Rows)),
            ("check_rows_deinit", None, POINTER(_Rows)),
            ("finding_id_name", c_char_p, c_int),
            ("finding_id_kind", c_int, c_int),
            ("finding_kind_name", c_char_p, c_int),
            ("findings_exit_status", c_int, POINTER(_Findings)),
            ("mtree_kind_name", c_char_p, c_int),
            ("mtree_flatviews_parse", c_int, c_char_p, c_size_t, POINTER(_FlatViews),
             POINTER(_Error)),
            ("mtree_flatviews_from_model", c_int, c_void_p, POINTER(_FlatViews)),
            ("mtree_flatviews_deinit", None, POINTER(_FlatViews)),
            ("mtree_tree_parse", c_int, c_char_p, c_size_t, POINTER(_Tree), POINTER(_Error)),
            ("mtree_tree_deinit", None, POINTER(_Tree)),
            ("mtree_build", c_int, POINTER(_Tree), c_int, c_void_p, POINTER(c_void_p),
             POINTER(_Error)),
            ("memory_model_destroy", None, c_void_p),
            ("address_space_first", c_void_p, c_void_p),
            ("address_space_next", c_void_p, c_void_p),
            ("address_space_name", c_char_p, c_void_p),
            ("address_space_get_flat_view", c_void_p, c_void_p),
            ("flat_view_unref", None, c_void_p),
            ("flat_view_slot_state", c_int, c_void_p, c_uint16, POINTER(_SlotState))):
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    return lib


_lib = _load()
_libc = ctypes.CDLL(None)
_libc.free.argtypes = [c_void_p]
_libc.free.restype = None


class Error(Exception):
    """What was tried, why it failed, what to do next: .tried, .why, .next, .errno"""

    def __init__(self, tried, why, next="", errno=0):
        super().__init__(f"{tried}: {why}" + (f" ({next})" if next else ""))
        self.tried, self.why, self.next, self.errno = tried, why, next, errno


def _text(raw):
    return None if raw is None else raw.decode("utf-8", "replace")


def _must(ret, tried, err=None):
    if ret >= 0:
        return ret
    if err is not None and err.code:
        raise Error(_text(err.tried), _text(err.why), _text(err.next), err.code)
    raise Error(tried, os.strerror(-ret), errno=-ret)


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


class Slot:
    """A range of guest memory, as one view has it; see struct slot"""

    __slots__ = ("as_id", "id", "gpa", "size", "hva", "flags", "name", "offset", "hidden")

    def __init__(self, raw, fields):
        for member in ("as_id", "gpa", "size", "flags", "offset", "hidden"):
            setattr(self, member, getattr(raw, member))
        known = fields & ~raw.unknown
        self.id = raw.id if known & VALUES["SLOT_FIELD_ID"] else None
        self.hva = raw.hva if known & VALUES["SLOT_FIELD_HVA"] else None
        self.name = _text(raw.name)

    @property
    def last(self):
        return self.gpa + self.size - 1

    @property
    def readonly(self):
        return bool(self.flags & 2)

    def __repr__(self):
        hva = "" if self.hva is None else f" @{self.hva:#x}"
        return (f"<Slot {self.as_id}/{'?' if self.id is None else self.id} "
                f"{self.gpa:#x}+{self.size:#x}{hva}{' ' + self.name if self.name else ''}>")


def _slot_of(slot):
    """As slotscope reads one out of JSON"""

    def number(name):
        return int(slot.get(name) or "0", 16)

    gmem = "closed" if slot.get("gmem_closed") else "open" if "gmem_inode" in slot else None
    return _Slot(as_id=slot["as_id"], id=-1 if slot.get("id") is None else slot["id"],
                 gpa=number("gpa"), size=number("size"), hva=number("hva"),
                 flags=number("flags"), gmem_fd=slot.get("gmem_fd", -1),
                 gmem_offset=number("gmem_offset"), gmem=_GMEM[gmem],
                 gmem_dev=os.makedev(slot.get("gmem_dev_major", 0),
                                     slot.get("gmem_dev_minor", 0)),
                 gmem_ino=number("gmem_inode"), hidden=slot.get("hidden", False),
                 unknown=sum(1 << FIELDS.index(field) for field in slot.get("unknown", ())),
                 name=None if slot.get("name") is None else _bytes(slot["name"]),
                 offset=number("offset"), seq=slot.get("seq", 0))


class State:
    """The slots of one VM as a party has them: "model", "traced" or "kernel" """

    def __init__(self, party, nr_as=1, fields=FIELDS):
        self._raw = _SlotState()
        _lib.slot_state_init(byref(self._raw), PARTIES.index(party))
        _must(_lib.slot_state_set_nr_as(byref(self._raw), nr_as), "make a state of slots")
        self._raw.coverage.fields = sum(1 << FIELDS.index(field) for field in fields)
        for as_id in range(nr_as):
            getattr(self._raw, "as")[as_id].covered = True

    def __del__(self):
        if _lib is not None and hasattr(self, "_raw"):
            _lib.slot_state_deinit(byref(self._raw))

    @property
    def party(self):
        return PARTIES[self._raw.party]

    @property
    def slots(self):
        return [Slot(self._raw.slots[i], self._raw.coverage.fields)
                for i in range(self._raw.nr_slots)]

    @property
    def nr_as(self):
        return self._raw.nr_as

    @property
    def truncated(self):
        return self._raw.coverage.truncated

    def add(self, gpa, size, hva=None, as_id=0, id=-1, flags=0, name=None, offset=0,
            hidden=False, gmem_fd=-1, gmem_offset=0, gmem=None):
        """Add a slot. hva None: not known, where the state covers it in general"""
        unknown = VALUES["SLOT_FIELD_HVA"] if hva is None else 0
        raw = _Slot(as_id=as_id, id=id, gpa=gpa, size=size, hva=hva or 0, flags=flags,
                    name=None if name is None else _bytes(name), offset=offset,
                    hidden=hidden, unknown=unknown, gmem_fd=gmem_fd,
                    gmem_offset=gmem_offset, gmem=_GMEM[gmem])
        self._put(raw)

    def _put(self, raw):
        _must(_lib.slot_state_add(byref(self._raw), byref(raw)),
              f"add a slot at {raw.gpa:#x}+{raw.size:#x} of address space {raw.as_id}")
        _lib.slot_state_sort(byref(self._raw))

    @classmethod
    def from_json(cls, document):
        """What `slotscope slots --json` prints of a VM: text, or the object"""
        if isinstance(document, (str, bytes)):
            document = json.loads(document)
        if "slots" not in document or "address_spaces" not in document:
            raise Error("read a state of slots", "it is no document of slotscope slots --json")
        coverage = document["coverage"]
        spaces = document["address_spaces"]
        state = cls(document["view"], len(spaces), coverage["fields"])
        raw = state._raw
        raw.vm.tgid = document["vm"]["tgid"]
        raw.vm.fd = document["vm"]["fd"]
        raw.coverage.lost = coverage["lost"]
        raw.coverage.truncated = coverage["truncated"]
        raw.whole_life = document["whole_life"]
        raw.gone = document["gone"]
        raw.walked = document.get("walked", False)
        for as_id, space in enumerate(spaces):
            to = getattr(raw, "as")[as_id]
            to.covered, to.generation = space["covered"], space["generation"]
            to.updating, to.torn = space["updating"], space.get("torn", False)
            to.base_generation = space.get("base_generation", 0)
        for blind in coverage["blind"]:
            _must(_lib.coverage_add_blind(byref(raw.coverage), blind["as_id"],
                                          int(blind["gpa"], 16), int(blind["size"], 16),
                                          _bytes(blind.get("why") or "")),
                  "keep what a state cannot tell")
        for slot in document["slots"]:
            state._put(_slot_of(slot))
        return state


class Range:
    """One mapping of a VMM; see struct host_range"""

    __slots__ = ("start", "end", "read", "write", "shared", "offset", "inode", "path")

    def __init__(self, raw):
        for member in ("start", "end", "read", "write", "shared", "offset", "inode"):
            setattr(self, member, getattr(raw, member))
        self.path = _text(raw.path)

    def __repr__(self):
        rights = ("r" if self.read else "-") + ("w" if self.write else "-")
        return f"<Range {self.start:#x}-{self.end:#x} {rights} {self.path or 'anonymous'}>"


class HostMap:
    """What lies under a VMM's addresses"""

    def __init__(self):
        self._raw = _HostMap()
        _lib.host_map_init(byref(self._raw))

    def __del__(self):
        if _lib is not None and hasattr(self, "_raw"):
            _lib.host_map_deinit(byref(self._raw))

    @classmethod
    def parse(cls, text, live=False):
        """The text of /proc/PID/maps or smaps. live: it was read just now"""
        out, err, text = cls(), _Error(), _bytes(text)
        _must(_lib.host_map_parse(byref(out._raw), text, len(text), byref(err)),
              "read a memory map", err)
        out._raw.written = not live
        return out

    @property
    def ranges(self):
        return [Range(self._raw.ranges[i]) for i in range(self._raw.nr)]


class Finding:
    """One thing that was found, with its evidence; see struct finding

    .id, .kind ("mismatch", "unknown", "note"), .as_id, .gpa, .size, .slot_id, .sentence,
    .cause (another Finding, or None), .says: what each party has there
    """

    __slots__ = ("id", "kind", "as_id", "gpa", "size", "slot_id", "hva", "sentence",
                 "cause", "says")

    def __init__(self, raw):
        self.id = _text(_lib.finding_id_name(raw.id))
        self.kind = _text(_lib.finding_kind_name(_lib.finding_id_kind(raw.id)))
        for member in ("as_id", "gpa", "size", "hva"):
            setattr(self, member, getattr(raw, member))
        self.slot_id = None if raw.slot_id < 0 else raw.slot_id
        self.sentence = _text(raw.sentence)
        self.cause, self.says = None, {}

    def __repr__(self):
        return f"<Finding {self.id} ({self.kind}): {self.sentence}>"


class Row:
    """One range of guest memory; .verdict is "agree", "finding", "not-compared", ..."""

    __slots__ = ("as_id", "gpa", "size", "verdict", "finding")

    def __init__(self, raw, findings):
        self.as_id, self.gpa, self.size = raw.as_id, raw.gpa, raw.size
        self.verdict = VERDICTS[raw.verdict] if raw.verdict < len(VERDICTS) else None
        self.finding = findings[raw.finding] if self.verdict == "finding" else None

    def __repr__(self):
        of = self.finding.id if self.finding else self.verdict
        return f"<Row {self.as_id} {self.gpa:#x}+{self.size:#x} {of}>"


class Check:
    """What came of check(): .findings, .rows, .exit_status (0 agree, 1 mismatch, 2 unknown)"""

    def __init__(self, findings, rows, exit_status):
        self.findings, self.rows, self.exit_status = findings, rows, exit_status

    @property
    def agree(self):
        return self.exit_status == 0


def _says(comparison, parties, raw):
    says = {}
    for at, party in enumerate(parties):
        text = _lib.comparison_says(byref(comparison), byref(raw), at)
        if text:
            says[party] = _text(ctypes.string_at(text))
            _libc.free(text)
    return says


def _collect(comparison, parties):
    raws = [comparison.findings.items[i] for i in range(comparison.findings.nr)]
    findings = [Finding(raw) for raw in raws]
    for finding, raw in zip(findings, raws):
        finding.says = _says(comparison, parties, raw)
        if raw.cause != NO_CAUSE:
            finding.cause = findings[raw.cause]
    rows = _Rows()
    ret = _lib.check_rows(byref(comparison), byref(rows))
    try:
        _must(ret, "lay out what was compared")
        return Check(findings, [Row(rows.rows[i], findings) for i in range(rows.nr)],
                     _lib.findings_exit_status(byref(comparison.findings)))
    finally:
        _lib.check_rows_deinit(byref(rows))


def check(model=None, traced=None, kernel=None, backing=None, page_size=0):
    """Compare what there is; two at least, or the verdict is that nothing was compared"""
    given = [(name, value) for name, value in
             (("model", model), ("traced", traced), ("kernel", kernel), ("backing", backing))
             if value is not None]
    views = (_View * max(len(given), 1))()
    for view, (party, value) in zip(views, given):
        view.party = PARTIES.index(party)
        if party == "backing":
            view.map = ctypes.pointer(value._raw)
        elif value.party != party:
            raise Error(f"compare a state as {party}", f"it is {value.party}'s")
        else:
            view.slots = ctypes.pointer(value._raw)
    asked = _CheckInput(views=views, nr_views=len(given), page_size=page_size)
    comparison = _Comparison()
    ret = _lib.crosscheck(byref(asked), byref(comparison))
    try:
        _must(ret, "compare the views")
        return _collect(comparison, [party for party, _ in given])
    finally:
        _lib.comparison_deinit(byref(comparison))


class FlatRange:
    """A line of a flat view; see struct mtree_range"""

    __slots__ = ("first", "last", "priority", "kind", "name", "offset", "owner", "kvm")

    def __init__(self, raw):
        self.first, self.last, self.priority = raw.first, raw.last, raw.priority
        self.kind = _text(_lib.mtree_kind_name(raw.kind))
        self.name, self.offset = _text(raw.name), raw.offset
        self.owner, self.kvm = _text(raw.owner), raw.kvm

    @property
    def size(self):
        return self.last - self.first + 1

    def __repr__(self):
        return f"<FlatRange {self.first:#x}-{self.last:#x} {self.kind} {self.name}>"


class FlatView(list):
    """The ranges of a flat view; .root; .gap: lines are missing"""

    def __init__(self, raw):
        super().__init__(FlatRange(raw.ranges[i]) for i in range(raw.nr_ranges))
        self.root = _text(raw.root)
        self.gap = raw.gap or any(raw.ranges[i].gap for i in range(raw.nr_ranges))


def _by_name(raw):
    views = {}
    for i in range(raw.nr):
        view = FlatView(raw.views[i])
        for j in range(raw.views[i].nr_as):
            views[_text(getattr(raw.views[i], "as")[j].name)] = view
    return views


def flat_views(text):
    """`info mtree -f`: flat views by the names of their address spaces"""
    raw, err, text = _FlatViews(), _Error(), _bytes(text)
    _must(_lib.mtree_flatviews_parse(text, len(text), byref(raw), byref(err)),
          "read flat views", err)
    try:
        return _by_name(raw)
    finally:
        _lib.mtree_flatviews_deinit(byref(raw))


class Tree:
    """The MemoryRegions of `info mtree`, as a model that can be rendered"""

    def __init__(self, model):
        self._model = model

    def __del__(self):
        if _lib is not None and getattr(self, "_model", None):
            _lib.memory_model_destroy(self._model)

    @classmethod
    def parse(cls, text, missing=False):
        """missing: make what there is of a text that lacks parts"""
        raw, err, model, text = _Tree(), _Error(), c_void_p(), _bytes(text)
        _must(_lib.mtree_tree_parse(text, len(text), byref(raw), byref(err)),
              "read a tree of MemoryRegions", err)
        try:
            _must(_lib.mtree_build(byref(raw), 1 if missing else 0, None, byref(model),
                                   byref(err)), "build a memory model", err)
        finally:
            _lib.mtree_tree_deinit(byref(raw))
        return cls(model)

    def _spaces(self):
        space = _lib.address_space_first(self._model)
        while space:
            yield _text(_lib.address_space_name(space)), space
            space = _lib.address_space_next(space)

    def flat_views(self):
        """What each address space is once all regions are laid out"""
        raw = _FlatViews()
        ret = _lib.mtree_flatviews_from_model(self._model, byref(raw))
        try:
            _must(ret, "render flat views")
            return _by_name(raw)
        finally:
            _lib.mtree_flatviews_deinit(byref(raw))

    def model(self, **as_ids):
        """What KVM should have: a State. By name and number: model(memory=0) is the default

        A name with a dash: model(**{"memory": 0, "KVM-SMRAM": 1}). Where the memory lies
        in the VMM no text tells.
        """
        as_ids = as_ids or {"memory": 0}
        state = State("model", max(as_ids.values()) + 1, ())
        spaces = dict(self._spaces())
        for as_id in range(state.nr_as):
            getattr(state._raw, "as")[as_id].covered = False
        for name, as_id in as_ids.items():
            if name not in spaces:
                raise Error(f"render the address space {name}", "the text has none of that name",
                            "it has: " + ", ".join(sorted(spaces)))
            view = _lib.address_space_get_flat_view(spaces[name])
            try:
                _must(_lib.flat_view_slot_state(view, as_id, byref(state._raw)),
                      f"render the address space {name}")
            finally:
                _lib.flat_view_unref(view)
        return state
