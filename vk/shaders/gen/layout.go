package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"moeflow/graph"
)

// written says at the top of a file that it is not edited by hand.
const written = "// Written by vk/shaders/gen. Do not edit.\n"

// layout lists the numbers that Go and the kernels share. Go has them, and the
// kernels get them from here.
var layout = []struct {
	name  string
	value uint32
}{
	{"STEP_HEADER", graph.StepHeader},
	{"STEP_ROWS", graph.StepRows},
	{"STEP_OUTS", graph.StepOuts},
	{"STEP_OUTS_AT", graph.StepOutsAt},
	{"STEP_PAGES_AT", graph.StepPagesAt},
	{"STEP_ROW_WORDS", graph.StepRowWords},
	{"ROW_TOKEN", graph.RowToken},
	{"ROW_POSITION", graph.RowPosition},
	{"ROW_PAGES", graph.RowPages},
	{"ROW_SLOT", graph.RowSlot},
	{"FROM_SAMPLED", graph.FromSampled},
	{"SAMPLE_ROW_WORDS", graph.SampleRowWords},
	{"SAMPLE_TOUCHED", graph.SampleTouched},
	{"SAMPLE_RECENT", graph.SampleRecent},
	{"SAMPLE_LIKELIEST", graph.SampleLikeliest},
	{"SAMPLE_CANDIDATES", graph.SampleCandidates},
	{"SAMPLE_PARTIAL_WORDS", graph.SamplePartialWords},
	{"SAMPLE_PROBS_WORDS", graph.SampleProbsWords},
	{"SAMPLE_MASKED", graph.SampleMasked},
	{"SAMPLE_PROBS", graph.SampleProbs},
	{"NO_TOKEN", graph.NoToken},
	{"GROUP_HEADER", graph.GroupHeader},
	{"GROUP_TILE_WORDS", graph.GroupTileWords},
	{"GROUP_TILE", graph.GroupTile},
	{"SYNC_SIDE", graph.SyncSide},
	{"SYNC_SIDE_AT", graph.SyncSideAt},
	{"ATTENTION_SPLITS", graph.AttentionSplits},
	{"ATTENTION_COUNTERS", graph.AttentionCounters},
	{"ARGMAX_PARTIAL", graph.ArgMaxPartialSize},
	{"RENORMALIZE_ABSORBED", graph.RenormalizeAbsorbed},
}

// layoutFile is the path of the file that the kernels include.
const layoutFile = "lib/core/layout.glsl"

// layoutText is the text of that file.
func layoutText() []byte {
	var b bytes.Buffer
	b.WriteString(written + "// The numbers that Go and the kernels share: package graph says what they mean.\n")
	for _, l := range layout {
		fmt.Fprintf(&b, "#define %s %du\n", l.name, l.value)
	}
	fmt.Fprintf(&b, "#define Q16_MAX %d.0\n", graph.Q16Max)
	return b.Bytes()
}

// pushFile is the path of the push constants of an operation. Kernels include it as
// push.glsl.
func pushFile(op string) string { return "push/" + op + "/push.glsl" }

// pushText is the text of an operation's push constants, from its row in package
// graph: the addresses of its arguments, then its parameters. A kernel that gives an
// argument a type of its own defines PUSH_ and the argument's name; typed lists the
// arguments for which some kernel does.
func pushText(op graph.Op, typed []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s// The arguments and parameters of %s: see its row in package graph.\n", written, op)
	b.WriteString("#ifndef SYNC\n#define SYNC\n#endif\n")
	for _, a := range op.ArgNames() {
		if slices.Contains(typed, a) {
			fmt.Fprintf(&b, "#ifndef PUSH_%s\n#define PUSH_%[1]s uint64_t\n#endif\n", a)
		}
	}
	b.WriteString("layout(push_constant, scalar) uniform Push {\n    SYNC U32 step;")
	for _, a := range op.ArgNames()[1:] {
		if slices.Contains(typed, a) {
			fmt.Fprintf(&b, " PUSH_%s %[1]s;", a)
		} else {
			fmt.Fprintf(&b, " uint64_t %s;", a)
		}
	}
	b.WriteString("\n   ")
	for _, p := range op.Params() {
		name := p.Name
		if other, ok := reserved[name]; ok {
			name = other
		}
		if p.Float {
			fmt.Fprintf(&b, " float %s;", name)
		} else {
			fmt.Fprintf(&b, " uint %s;", name)
		}
	}
	b.WriteString("\n};\n")
	return b.Bytes()
}

// reserved gives the kernels' names of parameters whose own are reserved in GLSL.
var reserved = map[string]string{"active": "rows_at"}

var typedArg = regexp.MustCompile(`(?m)^#define PUSH_(\w+) `)

// typedArgs finds the arguments that some kernel gives a type of its own.
func typedArgs(root string) ([]string, error) {
	var out []string
	for _, folder := range []string{"kernels/*", "lib/*"} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.*"))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			for _, m := range typedArg.FindAllSubmatch(text, -1) {
				out = append(out, string(m[1]))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// derived gives the text of every file that kernels include and Go decides, by path.
func derived(root string) (map[string][]byte, error) {
	typed, err := typedArgs(root)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{layoutFile: layoutText()}
	kernels, err := kernels(root)
	for _, k := range kernels {
		if k.op == noOp {
			continue
		}
		op, ok := graph.ParseOp(k.op)
		if !ok {
			return nil, fmt.Errorf("%s: op %q is none of graph's", k.path, k.op)
		}
		out[pushFile(k.op)] = pushText(op, typed)
	}
	return out, err
}

// writeDerived writes these files where they differ, and removes those of
// operations that have no kernel any more.
func writeDerived(root string) error {
	files, err := derived(root)
	if err != nil {
		return err
	}
	for path, text := range files {
		p := filepath.Join(root, path)
		if old, err := os.ReadFile(p); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, text, 0o644); err != nil {
			return err
		}
	}
	have, err := filepath.Glob(filepath.Join(root, "push", "*"))
	if err != nil {
		return err
	}
	for _, p := range have {
		if _, ok := files[pushFile(filepath.Base(p))]; !ok {
			if err := os.RemoveAll(p); err != nil {
				return err
			}
		}
	}
	return nil
}
