"""Where numba is missing: the traced engine in place of the compiled one, and a sentence that says so."""

REASON = "the compiled engine needs numba, which cannot be imported (import of numba halted; None in sys.modules)"

CIRCUIT = """
    import warnings
    sys.modules["numba"] = None
    import ketgrad as kg
    from ketgrad.simulate.availability import kernels_available
    theta = kg.parameters("theta")
    circuit = kg.Circuit(1).rx(theta, 0)
"""


def test_without_numba_circuits_run_and_one_warning_says_why(in_new_process):
    values, available, warned = in_new_process(f"""
        {CIRCUIT.replace(chr(10), chr(10) + "    ")}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            available = [kernels_available(), kernels_available()]
            f = kg.function(circuit, kg.expval(kg.Z(0)))
            values = [float(x) for x in (*kg.value_and_grad(f)(0.3), kg.Circuit(1).x(0).expectation(kg.Z(0)))]
        print(json.dumps([values, available, [[str(w.message), w.category.__name__] for w in caught]]))
    """)
    # cos 0.3 and −sin 0.3; ⟨1|Z|1⟩
    assert max(abs(x - y) for x, y in zip(values, [0.955336489125606, -0.29552020666133955, -1], strict=True)) < 1e-12
    assert available == [False, False]
    assert warned == [[f"circuits run on the traced engine, for {REASON}; run: pip install numba", "KernelWarning"]]


def test_without_numba_the_compiled_engine_is_refused_with_the_command_that_installs_it(in_new_process):
    refusal, missing, warned = in_new_process(f"""
        {CIRCUIT.replace(chr(10), chr(10) + "    ")}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                kg.function(circuit, kg.expval(kg.Z(0)), engine="compiled")(0.3)
            except kg.MissingFrameworkError as error:
                print(json.dumps([str(error), error.name, len(caught)]))
    """)
    assert refusal == f"{REASON}; run: pip install numba"
    assert missing == "numba"
    assert warned == 0
