"""The small files that package npy is tested against, written by numpy.

usage: npy.py OUTDIR

OUTDIR is the package's testdata folder. The values stand in its test too.
"""
import os, sys
import numpy as np

out = sys.argv[1]
logits = np.array([[0, 0.5, 1], [-1.5, 1e-40, 3e38]], np.float32)
arrays = {"ids": np.array([-1, 0, 2**31 - 1], np.int32), "logits": logits,
          "one": np.float32(7), "none": np.zeros((0, 4), np.float32)}
np.save(os.path.join(out, "logits.npy"), logits)
np.savez(os.path.join(out, "stored.npz"), **arrays)
np.savez_compressed(os.path.join(out, "deflated.npz"), **arrays)
