package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf"
)

// inspection is what inspect shows; --json prints it.
type inspection struct {
	File         string            `json:"file"`
	Architecture string            `json:"architecture"`
	Name         string            `json:"name,omitempty"`
	Metadata     map[string]any    `json:"metadata"`
	Types        []typeSum         `json:"types"`
	Layers       []layerMix        `json:"layers"`
	Tensors      []inspectedTensor `json:"tensors"`
	Bytes        uint64            `json:"bytes"`
	Runs         string            `json:"runs"` // "yes", or why not
	Needs        []need            `json:"needs,omitempty"`
}

type inspectedTensor struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"`
	Shape []uint64 `json:"shape"`
	Bytes uint64   `json:"bytes"`
}

type typeSum struct {
	Type    string `json:"type"`
	Tensors int    `json:"tensors"`
	Bytes   uint64 `json:"bytes"`
}

// layerMix is layers of one type mix.
type layerMix struct {
	Layers string `json:"layers"`
	Mix    string `json:"mix"`
	Bytes  uint64 `json:"bytes_a_layer"`
}

// need is the device memory for a context length.
type need struct {
	Context int           `json:"context"`
	KV      string        `json:"kv_type"`
	Memory  engine.Memory `json:"memory"`
	Total   uint64        `json:"total"`
}

func inspectCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "inspect MODEL", Short: "Show a model file: architecture, tensors, type mix, memory needed",
		Args: cobra.ExactArgs(1)}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(_ *cobra.Command, args []string) error {
		path, shipped := args[0], args[0] == filepath.Base(args[0])
		if name, rest := splitConfig(args); name != "" && !isModel(name) && len(rest) == 0 {
			cfg, err := a.profile(name)
			if err != nil {
				return err
			}
			path, shipped = cfg.Model.Path, cfg.Embedded
		}
		f, err := openFile(path, shipped)
		if err != nil {
			return err
		}
		defer f.Close()
		in := inspectFile(f)
		if asJSON {
			return a.printJSON(in)
		}
		return in.print(a.told())
	}
	return c
}

// inspectFile gathers everything; a file that cannot run is still shown, with
// the reason.
func inspectFile(f *gguf.File) inspection {
	in := inspection{File: f.Path(), Metadata: f.Scalars(), Runs: "yes"}
	in.Architecture, _ = f.String("general.architecture")
	in.Name, _ = f.String("general.name")
	sums := map[string]*typeSum{}
	for _, t := range f.Tensors() {
		in.Tensors = append(in.Tensors, inspectedTensor{t.Name, t.Type.String(), t.Shape, t.Bytes()})
		s := sums[t.Type.String()]
		if s == nil {
			s = &typeSum{Type: t.Type.String()}
			sums[s.Type] = s
		}
		s.Tensors, s.Bytes, in.Bytes = s.Tensors+1, s.Bytes+t.Bytes(), in.Bytes+t.Bytes()
	}
	for _, s := range sums {
		in.Types = append(in.Types, *s)
	}
	sort.Slice(in.Types, func(i, j int) bool { return in.Types[i].Bytes > in.Types[j].Bytes })
	in.Layers = layerMixes(in.Tensors)
	in.needs(f)
	return in
}

// needs works out the memory for a few context lengths.
func (in *inspection) needs(f *gguf.File) {
	m, err := model.New(f)
	if err != nil {
		in.Runs = "no: " + oneLine(err)
		return
	}
	for _, kv := range []string{"f16", "q8_0"} {
		for _, n := range []int{4096, 32768, m.Context} {
			if n > m.Context || n < m.Context && m.Context <= 4096 {
				continue
			}
			mem, err := engine.Needs(m, engine.Options{Plans: engine.Plans{KVType: kvTypes[kv], Context: n}})
			if err != nil && len(in.Needs) > 0 {
				return // runs, but its heads do not fit this cache's blocks
			}
			if err != nil {
				in.Runs = "no: " + oneLine(err)
				return
			}
			x := need{n, kv, mem, mem.Total()}
			if !slices.Contains(in.Needs, x) {
				in.Needs = append(in.Needs, x)
			}
		}
	}
}

// layerMixes groups layers by the types of their tensors, in the order of the
// first layer of each mix.
func layerMixes(ts []inspectedTensor) []layerMix {
	type mix struct {
		layers []int
		bytes  uint64
	}
	types, bytes, order := map[int][]string{}, map[int]uint64{}, []int{}
	for _, t := range ts {
		var n int
		var rest string
		if k, _ := fmt.Sscanf(t.Name, "blk.%d.%s", &n, &rest); k != 2 {
			continue
		}
		if _, ok := bytes[n]; !ok {
			order = append(order, n)
		}
		if len(t.Shape) > 1 {
			types[n] = append(types[n], strings.TrimSuffix(rest, ".weight")+"="+t.Type)
		}
		bytes[n] += t.Bytes
	}
	sort.Ints(order)
	mixes, keys := map[string]*mix{}, []string{}
	for _, n := range order {
		sort.Strings(types[n])
		key := strings.Join(types[n], " ")
		if mixes[key] == nil {
			mixes[key] = &mix{bytes: bytes[n]}
			keys = append(keys, key)
		}
		mixes[key].layers = append(mixes[key].layers, n)
	}
	var out []layerMix
	for _, k := range keys {
		out = append(out, layerMix{ranges(mixes[k].layers), k, mixes[k].bytes})
	}
	return out
}

// ranges prints 0,1,2,5 as 0-2,5.
func ranges(ns []int) string {
	var parts []string
	for i := 0; i < len(ns); {
		j := i
		for j+1 < len(ns) && ns[j+1] == ns[j]+1 {
			j++
		}
		if j > i {
			parts = append(parts, fmt.Sprintf("%d-%d", ns[i], ns[j]))
		} else {
			parts = append(parts, fmt.Sprint(ns[i]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

func (in inspection) print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n  architecture %s  name %q  %d tensors  %s\n  runs: %s\n", escapeWord(in.File), escapeWord(in.Architecture), in.Name,
		len(in.Tensors), engine.Bytes(in.Bytes), in.Runs)
	fmt.Fprintln(w, "\ntypes")
	for _, t := range in.Types {
		fmt.Fprintf(w, "  %-6s %4d tensors  %s\n", t.Type, t.Tensors, engine.Bytes(t.Bytes))
	}
	fmt.Fprintln(w, "\ntype mix a layer")
	for _, l := range in.Layers {
		fmt.Fprintf(w, "  layers %s, %s each\n    %s\n", l.Layers, engine.Bytes(l.Bytes), escapeWord(l.Mix))
	}
	fmt.Fprintln(w, "\ntensors outside layers")
	for _, t := range in.Tensors {
		if !strings.HasPrefix(t.Name, "blk.") {
			fmt.Fprintf(w, "  %-24s %-5s %v  %s\n", escapeWord(t.Name), t.Type, t.Shape, engine.Bytes(t.Bytes))
		}
	}
	if len(in.Needs) > 0 {
		fmt.Fprintln(w, "\ndevice memory")
	}
	for _, n := range in.Needs {
		fmt.Fprintf(w, "  context %6d, kv %-4s: %s = weights %s + kv cache %s + activations %s\n", n.Context, n.KV, engine.Bytes(n.Total),
			engine.Bytes(n.Memory.Weights), engine.Bytes(n.Memory.KV), engine.Bytes(n.Memory.Activations+n.Memory.IO))
	}
	fmt.Fprintln(w, "\nmetadata")
	keys := make([]string, 0, len(in.Metadata))
	for k := range in.Metadata {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		v := fmt.Sprint(in.Metadata[k])
		if r := []rune(v); len(r) > 100 {
			v = string(r[:100]) + "…"
		}
		if _, err := fmt.Fprintf(w, "  %s = %s\n", escapeWord(k), escapeWord(v)); err != nil {
			return err
		}
	}
	return nil
}
