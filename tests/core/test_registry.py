"""Which backend is in force: names, aliases, refusals, blocks, threads and tasks."""

import asyncio
import threading
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

import ketgrad as kg
from ketgrad import backend as imported_once
from ketgrad import registry
from ketgrad.protocol import PROTOCOL_MEMBERS
from ketgrad_backends.numpy import NumpyBackend

NAMES = [
    ("numpy", "numpy", "numpy"),
    ("np", "numpy", "numpy"),
    ("NumPy", "numpy", "numpy"),
    (" numpy ", "numpy", "numpy"),
    ("strict", "strict", "numpy"),
    ("autoray:numpy", "autoray:numpy", "numpy"),
    ("pytorch", "pytorch", "torch"),
    ("torch", "pytorch", "torch"),
    ("jax", "jax", "jax"),
    ("tensorflow", "tensorflow", "tensorflow"),
    ("tf", "tensorflow", "tensorflow"),
]


@pytest.fixture
def two_backends():
    """The names of two backends that need no framework; the second one is not the default."""
    return "numpy", "strict"


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def current():
    return kg.get_backend().name


def made_of(point, monkeypatch):
    """Let an entry point be the only one that is installed beside NumPy's."""
    numpy = EntryPoint("numpy", "ketgrad_backends.numpy:NumpyBackend", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [numpy, point])


def pointing_to(name, target):
    return SimpleNamespace(name=name, load=lambda: target)


# Names


@pytest.mark.parametrize(("given", "name", "module"), NAMES, ids=[given for given, _, _ in NAMES])
def test_a_name_or_alias_chooses_its_backend_and_no_other(given, name, module):
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    with kg.use_backend("numpy"):
        assert kg.set_backend(given).name == name
        assert current() == name


def test_set_backend_returns_the_backend_in_force():
    with kg.use_backend("numpy"):
        assert kg.set_backend("strict") is kg.get_backend()


def test_one_name_gives_one_backend():
    with kg.use_backend("np") as first, kg.use_backend("numpy") as second:
        assert first is second


@pytest.mark.parametrize("name", ["pytroch", "num", "", "cupy", "backend", "none"])
def test_an_unknown_name_is_refused_and_what_is_installed_is_listed(name):
    with pytest.raises(kg.UnknownBackendError) as caught:
        kg.set_backend(name)
    text = str(caught.value)
    assert repr(name) in text
    assert "installed backends: autoray, jax, numpy, pytorch, strict, tensorflow" in text
    assert "np for numpy, torch for pytorch, tf for tensorflow" in text
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("wrong", ["pytroch", "autoray:surely_not_there", None, 3, object()])
@pytest.mark.parametrize("before", ["numpy", "strict"])
def test_a_refused_backend_leaves_the_one_before_in_force(before, wrong):
    with kg.use_backend(before) as chosen:
        with pytest.raises(kg.KetgradError):
            kg.set_backend(wrong)
        with pytest.raises(kg.KetgradError), kg.use_backend(wrong):
            pass
        assert kg.get_backend() is chosen


def test_a_refused_name_leaves_the_default_in_force():
    with pytest.raises(kg.UnknownBackendError):
        kg.set_backend("pytroch")
    assert current() == "numpy"


@pytest.mark.parametrize("given", [None, 3, ["numpy"], object(), 1.5])
def test_what_is_no_backend_is_refused_by_naming_the_members_that_it_lacks(given):
    with pytest.raises(kg.InvalidTypeError, match="is no backend: it lacks abs, array") as caught:
        kg.set_backend(given)
    assert isinstance(caught.value, TypeError)


def test_a_backend_class_is_refused_where_a_backend_is_meant():
    with pytest.raises(kg.InvalidTypeError):
        kg.set_backend(NumpyBackend)


def test_a_backend_object_is_taken_as_it_is():
    mine = NumpyBackend()
    with kg.use_backend(mine):
        assert kg.get_backend() is mine


# Libraries that autoray knows


def test_a_library_after_the_colon_is_what_the_arrays_are_of():
    with kg.use_backend("autoray:numpy") as backend:
        assert backend.name == "autoray:numpy"
        assert type(backend.asarray([1.0, 2.0])).__module__ == "numpy"


def test_a_library_that_is_not_installed_is_named_with_the_remedy():
    with pytest.raises(kg.MissingFrameworkError, match="pip install surely_not_there") as caught:
        kg.set_backend("autoray:surely_not_there")
    assert caught.value.name == "surely_not_there"


@pytest.mark.parametrize("name", ["autoray:math", "autoray:json", "numpy:float32", "strict:x"])
def test_an_argument_after_the_colon_that_means_nothing_is_refused(name):
    with pytest.raises(kg.KetgradError) as caught:
        kg.set_backend(name)
    assert name.partition(":")[2] in str(caught.value)


# Entry points of other distributions


def test_an_entry_point_that_makes_no_backend_is_refused_by_naming_what_is_missing(monkeypatch):
    made_of(pointing_to("hollow", lambda: SimpleNamespace(name="hollow")), monkeypatch)
    with pytest.raises(kg.InvalidTypeError, match="hollow is no backend: it lacks abs, array, asarray"):
        kg.set_backend("hollow")
    assert current() == "numpy"


def test_a_backend_that_lacks_one_member_is_told_which(monkeypatch):
    members = {member: None for member in PROTOCOL_MEMBERS if member != "solve"}
    made_of(pointing_to("nearly", lambda: SimpleNamespace(**members)), monkeypatch)
    with pytest.raises(kg.InvalidTypeError, match=r"nearly is no backend: it lacks solve$"):
        kg.set_backend("nearly")


def test_a_backend_of_another_distribution_is_found_by_its_name(monkeypatch):
    class Other(NumpyBackend):
        name = "other"

    made_of(pointing_to("other", Other), monkeypatch)
    assert "other" in kg.available_backends()
    with kg.use_backend("other"):
        assert current() == "other"


def test_a_module_that_an_entry_point_misses_is_named_with_the_remedy(monkeypatch):
    made_of(EntryPoint("broken", "surely_not_there.backend:Backend", registry.GROUP), monkeypatch)
    with pytest.raises(kg.MissingFrameworkError, match="pip install 'surely_not_there'"):
        kg.set_backend("broken")
    described = kg.available_backends()["broken"]
    assert not described.installed
    assert "surely_not_there" in described.problem


def test_an_installed_backend_is_described():
    described = kg.available_backends()["numpy"]
    assert described.installed
    assert described.library_version.startswith("2.")
    assert described.devices == ("cpu",)
    assert "autodiff" in described.capabilities
    assert "devices" not in described.capabilities


# Blocks


def test_a_block_restores_the_backend_before_it(two_backends):
    first, second = two_backends
    with kg.use_backend(first):
        with kg.use_backend(second) as inside:
            assert current() == second
            assert inside is kg.get_backend()
        assert current() == first


def test_a_block_restores_the_backend_after_an_exception(two_backends):
    first, second = two_backends
    with kg.use_backend(first):
        with pytest.raises(ZeroDivisionError), kg.use_backend(second):
            raise ZeroDivisionError
        assert current() == first


def test_blocks_nest_and_unwind_in_order():
    with kg.use_backend("strict"):
        with kg.use_backend("autoray:numpy"):
            with kg.use_backend("numpy"):
                assert current() == "numpy"
            assert current() == "autoray:numpy"
        assert current() == "strict"
    assert current() == "numpy"


def test_set_backend_inside_a_block_lasts_until_its_end():
    with kg.use_backend("numpy"):
        kg.set_backend("strict")
        assert current() == "strict"
        with kg.use_backend("autoray:numpy"):
            pass
        assert current() == "strict"
    assert current() == "numpy"


def test_a_block_serves_as_a_decorator():
    @kg.use_backend("strict")
    def inside():
        return current()

    assert [inside(), current(), inside()] == ["strict", "numpy", "strict"]


# The live proxy


def test_the_imported_backend_never_goes_stale():
    with kg.use_backend("numpy"):
        assert imported_once.name == "numpy"
        kg.set_backend("strict")
        assert imported_once.name == "strict"
        assert kg.backend.name == "strict"
        assert repr(imported_once) == "<ketgrad.backend: strict>"
        assert not hasattr(imported_once.asarray([1.0]), "dtype")
    assert imported_once.name == "numpy"


def test_the_live_backend_given_to_set_backend_keeps_the_backend_in_force():
    with kg.use_backend("strict"):
        kg.set_backend(kg.backend)
        assert current() == "strict"
    assert current() == "numpy"


def test_the_live_backend_says_what_it_lacks():
    with pytest.raises(AttributeError, match="no_such_member"):
        _ = kg.backend.no_such_member


# Threads and tasks


def test_a_thread_started_after_set_backend_sees_it():
    kg.set_backend("strict")
    try:
        assert in_thread(current) == "strict"
    finally:
        kg.set_backend("numpy")


def test_a_running_thread_sees_what_set_backend_chooses_elsewhere():
    chosen, asked = threading.Event(), threading.Event()
    seen = []

    def watch():
        seen.append(current())
        asked.set()
        chosen.wait(10)
        seen.append(current())

    thread = threading.Thread(target=watch)
    thread.start()
    asked.wait(10)
    kg.set_backend("strict")
    try:
        chosen.set()
        thread.join()
    finally:
        kg.set_backend("numpy")
    assert seen == ["numpy", "strict"]


def test_a_block_in_one_thread_is_not_seen_by_another():
    with kg.use_backend("strict"):
        assert in_thread(current) == "numpy"


def test_blocks_in_many_threads_do_not_mix():
    names = ["numpy", "strict", "autoray:numpy"] * 3
    together = threading.Barrier(len(names))
    seen = {}

    def use(place):
        with kg.use_backend(names[place]):
            together.wait(10)
            seen[place] = current()
            together.wait(10)

    threads = [threading.Thread(target=use, args=(place,)) for place in range(len(names))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seen[place] for place in range(len(names))] == names


def test_a_block_in_one_task_is_not_seen_by_another():
    async def use(name):
        with kg.use_backend(name):
            await asyncio.sleep(0)
            return current()

    async def both():
        return await asyncio.gather(use("strict"), use("autoray:numpy"))

    assert asyncio.run(both()) == ["strict", "autoray:numpy"]
