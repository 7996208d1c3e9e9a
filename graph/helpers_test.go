package graph

import (
	"strings"
	"testing"
)

// compileWithout compiles a graph with a kernel for all keys but one.
func compileWithout(t *testing.T, g *Graph, lacks Kernel) *Plan {
	t.Helper()
	p, err := Compile(g, Options{Kernels: everyKernel{map[Kernel]bool{lacks: true}}})
	if err != nil {
		t.Fatalf("without %s: %v", lacks, err)
	}
	return p
}

// ruleNamed is one of the rules of fuse.
func ruleNamed(t *testing.T, name string) *rule {
	t.Helper()
	for i := range rules {
		if rules[i].name == name {
			return &rules[i]
		}
	}
	t.Fatalf("there is no rule %s", name)
	return nil
}

// argNames are the names of a call's arguments, without the node's own; one that is
// absent has none.
func argNames(tensors []Tensor, d *Dispatch, node string) []string {
	var out []string
	for _, a := range d.Args {
		if a.Tensor != NoTensor {
			out = append(out, strings.TrimPrefix(tensors[a.Tensor].Name, node+"/"))
		}
	}
	return out
}

// wantRefused wants check to find what is wrong with a unit.
func wantRefused(t *testing.T, name string, u *unit, want string) {
	t.Helper()
	if err := check(u); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, wanted %q", name, err, want)
	}
}
