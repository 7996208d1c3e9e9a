"""Golden logits of the tiny-go model.

usage: golden.py MODEL HF.npz OUT.npz LIBDIR

MODEL is the quantized file, HF.npz the golden_hf.npz of train.py, LIBDIR the
folder of llama.cpp's CPU libraries. For each prompt P of HF.npz, OUT.npz gets
P_ids, P_hf (both as they are there), P_exact: the logits of the last 64
positions with MODEL's weights as float32, so that no engine's rounding of
activations is in them, and P_greedy: 64 greedy ids from the same weights.
Given an OUT.npz as HF.npz, it makes the same values again but for float32's
rounding on another processor (0.0023 of a logit measured). Needs numpy.
"""
import os, subprocess, sys, tempfile
import numpy as np

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peer")
model, hf, out, libdir = sys.argv[1:]


def peer(script, *args):
    return subprocess.run([sys.executable, os.path.join(PEER, script), libdir, *args],
                          check=True, stdout=subprocess.PIPE, text=True).stdout


src, gold = np.load(hf), {}
with tempfile.TemporaryDirectory() as tmp:
    exact, logits = os.path.join(tmp, "f32.gguf"), os.path.join(tmp, "logits.npy")
    peer("dequant.py", model, exact)
    for p in sorted(k[:-4] for k in src.files if k.endswith("_ids")):
        ids = ",".join(map(str, src[p + "_ids"]))
        peer("llamacpp.py", "logits", exact, logits, ids)
        gold[p + "_ids"] = src[p + "_ids"]
        gold[p + "_exact"] = np.load(logits)[-64:]
        gold[p + "_hf"] = src[p + "_hf" if p + "_hf" in src.files else p + "_hf_logits"]
        greedy = peer("llamacpp.py", "greedy", exact, "64", ids).split()
        gold[p + "_greedy"] = np.array([int(i.strip("[],")) for i in greedy][-64:], np.int32)
np.savez_compressed(out, **gold)
