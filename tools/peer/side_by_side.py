"""moeflow and llama.cpp on one model file in one run, as docs/journal.md shows.

 side_by_side.py MOEFLOW LIBDIR MODEL [--config C] [--kv f16] [-n 32] [--bench] [--depths 0,4096]

MOEFLOW is the binary, LIBDIR the folder of llama.cpp's libraries (see README.md
beside this). Prints the greedy tokens of both and, where they part, how near the
tie was in each one's logits; the highest device memory that nvidia-smi saw; and
with --bench the speeds of both. Needs numpy.
"""
import argparse, os, subprocess, sys, tempfile, threading, time
import numpy as np

ap = argparse.ArgumentParser()
for name in ("moeflow", "lib", "model"):
    ap.add_argument(name)
ap.add_argument("--config", default="qwen3-coder")
ap.add_argument("--kv", default="f16")
ap.add_argument("-n", type=int, default=32)
ap.add_argument("--context", type=int, default=4096)
ap.add_argument("--bench", action="store_true")
ap.add_argument("--depths", default="0,4096")
ap.add_argument("-b", default="1")
ap.add_argument("--prompts", type=int, default=3)
a = ap.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
common = ["--model", a.model, "--set", f"context.kv_type={a.kv}", "--set", f"context.length={a.context}"]


def run(*cmd):
    r = subprocess.run(cmd, capture_output=True, text=True)
    if r.returncode:
        sys.exit(f"{' '.join(cmd[:4])} failed: {r.stderr[-800:]}")
    return r.stdout, r.stderr


def moeflow(command, *args):
    return run(a.moeflow, command, a.config, *common, *args)


def peer(command, *args):
    return run(sys.executable, os.path.join(here, "llamacpp.py"), a.lib, command, a.model, *args)


def logits_of(ids):
    with tempfile.TemporaryDirectory() as d:
        moeflow("logits", "--ids", ids, "-o", f"{d}/m.npy")
        peer("logits", f"{d}/l.npy", ids)
        return np.load(f"{d}/m.npy"), np.load(f"{d}/l.npy")


class Memory(threading.Thread):
    """The highest memory use that nvidia-smi reports while it runs, in MiB."""
    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.on = 0, True

    def run(self):
        while self.on:
            try:
                out = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"],
                                     capture_output=True, text=True).stdout
                self.peak = max(self.peak, int(out.split()[0]))
            except (OSError, ValueError, IndexError):
                return
            time.sleep(0.2)


rng = np.random.default_rng(7)
for p in range(a.prompts):
    ids = rng.integers(0, 100000, 24).tolist()
    text = ",".join(map(str, ids))
    m = Memory()
    m.start()
    out, err = moeflow("run", "--ids", text, "-n", str(a.n), "--print-ids", "--ignore-eos", "--temp", "0")
    m.on = False
    ours = out.split()
    theirs = peer("greedy", str(a.n), text)[0].split()
    same = next((i for i in range(a.n) if ours[i] != theirs[i]), a.n)
    print(f"prompt {p}: the first {same} of {a.n} greedy tokens are equal; {err.strip().splitlines()[-1]}; peak {m.peak} MiB")
    if same < a.n:
        x, y = int(ours[same]), int(theirs[same])
        lm, ll = logits_of(",".join([text] + ours[:same]))
        gap = lambda l: float(l[-1][x] - l[-1][y])
        cos = float((lm[-1] * ll[-1]).sum() / np.sqrt((lm[-1] ** 2).sum() * (ll[-1] ** 2).sum()))
        print(f"  then moeflow takes {x}, llama.cpp {y}: logit gap {gap(lm):+.5f} in moeflow, {gap(ll):+.5f} in llama.cpp; "
              f"spread of logits {lm[-1].std():.3f}, largest difference {np.abs(lm[-1] - ll[-1]).max():.5f}, cosine {cos:.6f}")
if a.bench:
    for d in a.depths.split(","):
        print(moeflow("bench", "-d", d, "-b", a.b)[0])
        print("llama.cpp", peer("bench", "-p", "512", "-n", "128", "-b", a.b, "-d", d)[0])
