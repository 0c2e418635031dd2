"""`ketgrad warmup`, in processes of their own with a cache of their own."""

import re

from installed import AUTODIFF, installed_backends

WARMUP = """
    import contextlib, io
    from ketgrad.cli import main
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(printed):
        status = main(["warmup"])
    print(json.dumps([status, printed.getvalue().splitlines()[-2:]]))
"""

WITHOUT_NUMBA = """
    sys.modules["numba"] = None
"""

# Every gate in the table, on two registers, with values and gradients of a batch and of one set of angles.
TYPICAL = """
    import numpy as np
    import ketgrad as kg
    from ketgrad.circuit.gates import GATES
    from ketgrad.simulate.kernels.caching import kernel_record

    def circuit_of(size):
        theta, circuit, used = kg.parameters("theta", (100,)), kg.Circuit(size), 0
        for name, gate in GATES.items():
            qubits = np.random.default_rng(used).permutation(size)[:gate.num_qubits].tolist()
            circuit.append(name, [theta[used + index] for index in range(gate.num_parameters)], qubits)
            used += gate.num_parameters
        return circuit

    for precision in ("double", "single"):
        for backend in {backends}:
            with kg.use_precision(precision), kg.use_backend(backend):
                for size in (4, 15):
                    f = kg.function(circuit_of(size), kg.expval(kg.Z(0) @ kg.X(2) + kg.Y(1)), engine="compiled")
                    for angles in np.linspace(0, 1, 100), np.linspace(0, 1, 200).reshape(2, 100):
                        kg.value_and_grad(lambda x: kg.backend.sum(f(x)))(kg.backend.array(angles))
    print(json.dumps([kernel_record().compiled, kernel_record().loaded > 0]))
"""


def test_after_a_warmup_no_other_process_compiles_anything(tmp_path, in_new_process):
    backends = [name for name in installed_backends() if name in AUTODIFF]
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "JAX_ENABLE_X64": "1"}
    status, (kernels, cache) = in_new_process(WARMUP, **environment)
    files = set(tmp_path.rglob("*.nbc"))
    assert status == 0
    assert re.fullmatch(rf"kernels  {len(files)} compiled, 0 loaded from the cache, in [0-9.]+ s", kernels)
    assert cache == f"cache    {next(iter(files)).parent}"
    assert in_new_process(TYPICAL.replace("{backends}", repr(backends)), **environment) == [0, True]
    assert set(tmp_path.rglob("*.nbc")) == files


def test_without_numba_a_warmup_says_how_to_install_it(in_new_process):
    status, [*_, sentence] = in_new_process(WITHOUT_NUMBA + WARMUP)
    assert status == 2
    assert sentence.startswith("ketgrad: the compiled engine needs numba, which cannot be imported (")
    assert sentence.endswith("; run: pip install numba")
