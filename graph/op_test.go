package graph

import "testing"

// TestOpTable reads every row: names, one key, known access, addresses and
// parameters within the push constants that every device has.
func TestOpTable(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Ops() {
		info := ops[o]
		if info.name == "" || seen[info.name] {
			t.Errorf("op %d has no name of its own", o)
		}
		seen[info.name] = true
		keys := 0
		for i, a := range info.args {
			if a.name == "" || a.access == 0 {
				t.Errorf("%s: argument %d is malformed", o, i)
			}
			if a.key {
				keys++
			}
		}
		if keys != 1 || info.args[0].name != "step" {
			t.Errorf("%s: %d key arguments and first argument %s, wanted one key and step first", o, keys, info.args[0].name)
		}
		if push := 8*len(info.args) + 4*len(info.params); push > 128 {
			t.Errorf("%s: %d bytes of push constants", o, push)
		}
		if back, ok := ParseOp(o.String()); !ok || back != o {
			t.Errorf("%s does not parse back", o)
		}
		if len(o.ArgNames()) != len(info.args) || len(o.Params()) != len(info.params) {
			t.Errorf("%s: names and table differ", o)
		}
	}
}

func TestStepFill(t *testing.T) {
	l := StepLayout{Rows: 2, Outs: 1, Pages: 4}
	words := make([]uint32, l.Words())
	n := l.Fill(words, []StepRow{{7, 100, 0, 3}, {FromSampled | 1, 101, 2, 1}}, []uint32{1}, []uint32{3, 1, 2})
	want := []uint32{2, 1, 16, 17, 0, 0, 0, 0, 7, 100, 0, 3, FromSampled | 1, 101, 2, 1, 1, 3, 1, 2, 0}
	if n != 20 || len(words) != len(want) {
		t.Fatalf("%d words in use of %d, wanted 20 of %d", n, len(words), len(want))
	}
	for i := range want {
		if words[i] != want[i] {
			t.Errorf("word %d is %d, wanted %d", i, words[i], want[i])
		}
	}
}
