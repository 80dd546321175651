"""Fuzz targets: a test that replays, and under --config=fuzz a libFuzzer binary of the same code."""

def cc_fuzz_test(name, srcs, deps = [], size = "small", **kwargs):
    """One LLVMFuzzerTestOneInput.

    By default the target is a test that feeds it the kept inputs, corpus/NAME beside it, and
    pseudo-random ones of a fixed seed, so every run of the tests exercises it the same way. With
    --config=fuzz libFuzzer drives it, with coverage; tests/fuzz/run runs all of them for a while.

    Args:
      name: ends in _fuzz.
      srcs: define `extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)`.
      deps: libraries under test.
      size: test size of the replay.
      **kwargs: as for cc_test.
    """
    corpus = native.glob(["corpus/%s/*" % name])
    native.cc_test(
        name = name,
        size = size,
        srcs = srcs,
        args = ["$(location %s)" % path for path in corpus],
        data = corpus,
        linkopts = select({
            "//tests/fuzz:fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["fuzz"] + kwargs.pop("tags", []),
        deps = deps + select({
            "//tests/fuzz:fuzzing": [],
            "//conditions:default": ["//tests/fuzz:replay"],
        }),
        **kwargs
    )
