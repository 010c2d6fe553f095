"""bench/peers.py: its arithmetic, and its rounds over Sinter's engine and one that only pretends."""
import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path.cwd()
sys.path.insert(0, str(ROOT / "bench"))

import peers
import peers_protocol

PRETENDER = """
import sys
answers = {"eager": iter([30, 10, 20]), "fused": iter([5, 5, 5])}
for line in sys.stdin:
    form = line.split()[1]
    print(next(answers[form]) if form in answers else "none", flush=True)
"""


class Peers(unittest.TestCase):
    def test_the_better_setting_of_an_engine_counts(self):
        row = peers.row_of("w", {("Sinter static", 1): [10, 11, 12], ("Sinter static", 2): [4, 5, 9],
                                 ("PyTorch eager", 1): [40, 30, 20], ("PyTorch eager", 2): [50], ("JAX jit", 2): [20]})
        self.assertEqual(row["engines"]["Sinter static"],
                         {"threads": 2, "counted": 5, "median": 5, "least": 4, "most": 9, "ratio": 4})
        self.assertEqual(row["engines"]["PyTorch eager"]["threads"], 1)
        self.assertEqual(row["best_peer"], "JAX jit")
        self.assertAlmostEqual(row["engines"]["PyTorch eager"]["ratio"], 20 / 30)

    def test_the_least_round_may_count_instead(self):
        row = peers.row_of("w", {("Sinter static", 1): [3, 9, 9], ("Sinter static", 2): [5, 5, 5], ("JAX jit", 1): [6, 8]}, min)
        self.assertEqual(row["engines"]["Sinter static"]["threads"], 1)
        self.assertEqual(row["engines"]["Sinter static"]["ratio"], 2)

    def test_without_peers_there_is_no_ratio(self):
        row = peers.row_of("w", {("Sinter static", 1): [1]})
        self.assertNotIn("ratio", row["engines"]["Sinter static"])
        self.assertIn("| w | 1.00 (1.00 - 1.00) 1T | - |", peers.text_of(row))

    def test_sizes_are_those_of_the_suite(self):
        self.assertEqual(peers_protocol.sizes_of("gemm/64"), ("gemm", [64] * 3))
        self.assertEqual(peers_protocol.sizes_of("gemm/64x784x128"), ("gemm", [64, 784, 128]))
        self.assertEqual(peers_protocol.sizes_of("relu/256k"), ("relu", [262144]))
        self.assertEqual(peers_protocol.sizes_of("layer_norm"), ("layer_norm", [4096, 1024]))
        self.assertEqual(peers_protocol.sizes_of("regression"), ("regression", []))

    def test_rounds_over_real_processes(self):
        os.environ["SINTER_CACHE"] = tempfile.mkdtemp()
        engines = [
            peers.Engine("Sinter", ("static", "dynamic"), [str(ROOT / "bench" / "bench"), "--serve", "--quick"], 2),
            peers.Engine("PyTorch", ("eager", "fused", "compile"), [sys.executable, "-c", PRETENDER], 1),
        ]
        row = peers.measure(engines, "relu/16k", rounds=3, seconds=0.001, skipped={("relu/16k", "fused")})
        for engine in engines:
            engine.stop()
        self.assertEqual(set(row["engines"]), {"Sinter static", "Sinter dynamic", "PyTorch eager"})
        self.assertEqual(row["engines"]["PyTorch eager"]["median"], 20)
        self.assertEqual(row["best_peer"], "PyTorch eager")
        self.assertGreater(row["engines"]["Sinter static"]["median"], 0)
        self.assertEqual(engines[0].process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
