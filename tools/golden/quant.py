"""Golden vectors for the decoders of gguf/quant, made by GGML itself.

usage: quant.py LIBDIR OUTDIR

LIBDIR holds llama.cpp's libggml-base.so; OUTDIR is gguf/quant/testdata. Needs
numpy. Each file TYPE.golden holds, little endian: uint32 n (elements), uint32 b
(bytes), b bytes in the type's blocks, then n float32 from GGML's to_float. Half
of the blocks come from GGML's quantizer on normal data, half are random bytes
under scales picked to be awkward: negative, subnormal, zero, the largest.
f16.sha256 and bf16.sha256 are SHA-256 sums of to_float over all 65,536 values.
"""
import ctypes as C, hashlib, os, sys
import numpy as np


class Traits(C.Structure):
    _fields_ = [("name", C.c_char_p), ("elems", C.c_int64), ("interleave", C.c_int64),
                ("bytes", C.c_size_t), ("quantized", C.c_bool), ("to_float", C.c_void_p), ("from_float", C.c_void_p)]


lib = C.CDLL(os.path.join(os.path.abspath(sys.argv[1]), "libggml-base.so"))
out = sys.argv[2]
lib.ggml_get_type_traits.restype = C.POINTER(Traits)
lib.ggml_get_type_traits.argtypes = [C.c_int]
lib.ggml_quantize_chunk.restype = C.c_size_t
lib.ggml_quantize_chunk.argtypes = [C.c_int, C.c_void_p, C.c_void_p, C.c_int64, C.c_int64, C.c_int64, C.c_void_p]
CONVERT = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p, C.c_int64)

# name: GGML's id, byte offsets of the block's float16 scales
TYPES = {"q4_0": (2, [0]), "q8_0": (8, [0]), "q4_k": (12, [0, 2]), "q5_k": (13, [0, 2]), "q6_k": (14, [208])}
AWKWARD = np.array([-1.5, 2.0**-24, -(2.0**-15), 0.0, 65504.0, -0.0, 0.0123, 1023 * 2.0**-24], np.float16)
ELEMENTS = 2048  # half quantized, half random


def to_float(id, src, n):
    dst = np.empty(n, np.float32)
    CONVERT(lib.ggml_get_type_traits(id).contents.to_float)(src.ctypes.data, dst.ctypes.data, n)
    return dst


for k, (name, (id, scales)) in enumerate(TYPES.items()):
    rng = np.random.default_rng(k)
    tr = lib.ggml_get_type_traits(id).contents
    assert tr.name.decode().lower() == name, tr.name
    n = ELEMENTS // 2
    x = rng.standard_normal(n).astype(np.float32)
    made = np.zeros(n // tr.elems * tr.bytes, np.uint8)
    wrote = lib.ggml_quantize_chunk(id, x.ctypes.data, made.ctypes.data, 0, n // tr.elems, tr.elems, None)
    assert wrote == made.size
    wild = rng.integers(0, 256, (n // tr.elems, tr.bytes), dtype=np.uint8)
    for i, block in enumerate(wild):
        for j, at in enumerate(scales):
            block[at:at + 2] = AWKWARD[(i + 3 * j) % len(AWKWARD):][:1].view(np.uint8)
    src = np.concatenate([made, wild.reshape(-1)])
    dst = to_float(id, src, ELEMENTS)
    assert np.isfinite(dst).all()
    with open(os.path.join(out, name + ".golden"), "wb") as f:
        f.write(np.array([ELEMENTS, src.size], "<u4").tobytes() + src.tobytes() + dst.astype("<f4").tobytes())

every = np.arange(65536, dtype=np.uint16)
for name, id in (("f16", 1), ("bf16", 30)):
    digest = hashlib.sha256(to_float(id, every, 65536).astype("<f4").tobytes()).hexdigest()
    with open(os.path.join(out, name + ".sha256"), "w") as f:
        f.write(digest + "\n")
