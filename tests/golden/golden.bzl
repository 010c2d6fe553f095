"""Golden tests: text files that hold the commands to run on them and, as FileCheck patterns, what these must print."""

def golden_tests(name, srcs, size = "small", tags = []):
    """One test per file of srcs, named like the file, and a suite of them all called name.

    A file has lines `// RUN: sinter opt %s --passes=... | FileCheck %s`; run_golden.sh says what they may hold.
    """
    tests = []
    for src in srcs:
        test = src.rpartition(".")[0].replace("/", "_")
        tests.append(test)
        native.sh_test(
            name = test,
            size = size,
            srcs = ["//tests/golden:run_golden.sh"],
            args = ["$(rootpath //tools:sinter)", "$(rootpath %s)" % src],
            data = [src, "//tools:sinter"],
            tags = tags,
        )
    native.test_suite(name = name, tests = tests)
