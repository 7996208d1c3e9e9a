package cli

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moeflow/gguf/quant"
)

// header writes the header of a GGUF v3 file (little-endian; strings and arrays
// with 64-bit lengths) whose tensors' data are a hole.
type header struct {
	keys, infos   []byte
	nkeys, ninfos uint64
	data          uint64
}

func text(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

func (h *header) set(key string, value any) {
	h.nkeys++
	b := text(h.keys, key)
	put := binary.LittleEndian.AppendUint32
	switch v := value.(type) {
	case uint32:
		b = put(put(b, 4), v)
	case string:
		b = text(put(b, 8), v)
	case []string:
		b = binary.LittleEndian.AppendUint64(put(put(b, 9), 8), uint64(len(v)))
		for _, s := range v {
			b = text(b, s)
		}
	}
	h.keys = b
}

func (h *header) tensor(t *testing.T, name string, typ quant.Type, shape ...uint64) {
	h.ninfos++
	rows := uint64(1)
	h.infos = binary.LittleEndian.AppendUint32(text(h.infos, name+".weight"), uint32(len(shape)))
	for i, d := range shape {
		h.infos = binary.LittleEndian.AppendUint64(h.infos, d)
		if i > 0 {
			rows *= d
		}
	}
	h.infos = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(h.infos, uint32(typ)), h.data)
	row, err := typ.RowBytes(shape[0])
	if err != nil {
		t.Fatal(err)
	}
	h.data += (row*rows + 31) / 32 * 32
}

// write makes the file; what it holds on disk is the header.
func (h *header) write(t *testing.T, path string) {
	b := binary.LittleEndian.AppendUint32([]byte("GGUF"), 3)
	b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, h.ninfos), h.nkeys)
	b = append(append(b, h.keys...), h.infos...)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64((uint64(len(b))+31)/32*32+h.data)); err != nil {
		t.Fatal(err)
	}
}

// qwen30B is a file with the shapes and types of Qwen3-Coder-30B-A3B in Q4_K_M:
// in half of the layers attn_v and ffn_down are Q6_K.
func qwen30B(t *testing.T) string {
	var h header
	h.set("general.architecture", "qwen3moe")
	h.set("general.name", "Qwen3-Coder-30B-A3B shapes")
	const n, vocab, experts, width, q, kv, layers = 2048, 151936, 128, 768, 4096, 512, 48
	for k, v := range map[string]uint32{"block_count": layers, "context_length": 262144, "embedding_length": n,
		"attention.head_count": 32, "attention.head_count_kv": 4, "attention.key_length": 128, "attention.value_length": 128,
		"expert_count": experts, "expert_used_count": 8, "expert_feed_forward_length": width} {
		h.set("qwen3moe."+k, v)
	}
	// float32 values are written as their bits, under their own type.
	for k, bits := range map[string]uint32{"rope.freq_base": 0x4b189680, "attention.layer_norm_rms_epsilon": 0x358637bd} {
		h.nkeys++
		h.keys = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(text(h.keys, "qwen3moe."+k), 6), bits)
	}
	h.set("tokenizer.ggml.model", "gpt2")
	h.set("tokenizer.ggml.pre", "qwen2")
	h.set("tokenizer.ggml.tokens", manyTokens(vocab))
	h.set("tokenizer.ggml.merges", []string{"a b"})
	h.tensor(t, "token_embd", quant.Q4_K, n, vocab)
	for i := range layers {
		b, more := fmt.Sprintf("blk.%d.", i), quant.Q4_K
		if i < layers/8 || i >= layers*7/8 || (i-layers/8)%3 == 2 {
			more = quant.Q6_K
		}
		h.tensor(t, b+"attn_norm", quant.F32, n)
		h.tensor(t, b+"ffn_norm", quant.F32, n)
		h.tensor(t, b+"attn_q", quant.Q4_K, n, q)
		h.tensor(t, b+"attn_k", quant.Q4_K, n, kv)
		h.tensor(t, b+"attn_v", more, n, kv)
		h.tensor(t, b+"attn_output", quant.Q4_K, q, n)
		h.tensor(t, b+"attn_q_norm", quant.F32, 128)
		h.tensor(t, b+"attn_k_norm", quant.F32, 128)
		h.tensor(t, b+"ffn_gate_inp", quant.F32, n, experts)
		h.tensor(t, b+"ffn_gate_exps", quant.Q4_K, n, width, experts)
		h.tensor(t, b+"ffn_up_exps", quant.Q4_K, n, width, experts)
		h.tensor(t, b+"ffn_down_exps", more, width, n, experts)
	}
	h.tensor(t, "output_norm", quant.F32, n)
	h.tensor(t, "output", quant.Q6_K, n, vocab)
	path := filepath.Join(t.TempDir(), "shapes.gguf")
	h.write(t, path)
	return path
}

// manyTokens is a vocabulary: every byte in the alphabet of byte-level BPE, then
// numbered words.
func manyTokens(n int) []string {
	var out []string
	next := rune(256)
	for b := range rune(256) {
		r := b
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		out = append(out, string(r))
	}
	for len(out) < n {
		out = append(out, fmt.Sprint("word", len(out)))
	}
	return out
}

// TestGraphLarge: a file of 18.5 GB is drawn from its header alone, in less than
// two seconds, and its 48 layers fold into the two kinds that it has.
func TestGraphLarge(t *testing.T) {
	path := qwen30B(t)
	if i, err := os.Stat(path); err != nil || i.Size() < 18_500_000_000 {
		t.Fatalf("the file has %d bytes: %v", i.Size(), err)
	}
	for _, format := range []string{"svg", "html"} {
		start := time.Now()
		out := ok(t, moeflow(t, "graph", "--model", path, "--format", format))
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s took %v", format, d)
		}
		if !strings.Contains(out, "Qwen3-Coder-30B-A3B shapes") {
			t.Errorf("%s says nothing of the model", format)
		}
	}
	var got []string
	for _, n := range drawJSON(t, "--model", path, "--level", "layer").Nodes {
		got = append(got, fmt.Sprintf("%s ×%d", n.Name, n.Count))
	}
	want := "embed ×1; layers 0-5,8,11,14,17,20,23,26,29,32,35,38,41-47 ×24; " +
		"layers 6-7,9-10,12-13,15-16,18-19,21-22,24-25,27-28,30-31,33-34,36-37,39-40 ×24; lm_head ×1; sample ×1"
	if s := strings.Join(got, "; "); s != want {
		t.Errorf("nodes %s, wanted %s", s, want)
	}
	if n := len(drawJSON(t, "--model", path, "--level", "layer", "--unfold").Nodes); n != 51 {
		t.Errorf("unfolded there are %d nodes", n)
	}
	if d := drawJSON(t, "--model", path, "--level", "model"); len(d.Nodes) != 4 || d.Nodes[1].Count != 48 {
		t.Errorf("at level model: %+v", d.Nodes)
	}
}
