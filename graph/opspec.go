package graph

import (
	"fmt"
	"strings"
)

// Access tells how a dispatch uses an argument.
type Access uint8

const (
	Read      Access = 1
	Write     Access = 2
	ReadWrite Access = Read | Write
)

type argSpec struct {
	name     string
	access   Access
	key      bool  // its type selects the kernel
	optional bool  // may be NoTensor; the address is then 0
	scratch  bool  // written and read within the dispatch; its contents mean nothing after
	words    bool  // its elements are 32-bit words
	axes     []sum // nil: of any shape
}

type opInfo struct {
	name   string
	args   []argSpec
	params []Param
	axes   []sum  // of the work
	cost   sum    // multiplications and additions
	parts  []part // what it fuses
	// made tells that there may be no kernel: a rule makes the op where there is one.
	made bool
}

// part is one operation of those that a fused one is made of. Names are those of the
// fused one's arguments, "-" for none, and of temporary tensors; parameters are sums
// of its parameters, or rsqrt(name).
type part struct {
	op           string
	args, params []string
}

// op parses one row of the table in op.go. The table is fixed at build time
// and read by a test, so a malformed row shows there.
func op(name, args, params string) opInfo {
	info := opInfo{name: name}
	for _, f := range strings.Fields(args) {
		var a argSpec
		f, axes, shaped := strings.Cut(strings.TrimSuffix(f, "}"), "{")
		if shaped {
			for _, x := range strings.Split(axes, ",") {
				a.axes = append(a.axes, parseSum(x))
			}
		}
		f, a.optional = strings.CutSuffix(f, "?")
		f, a.key = strings.CutPrefix(f, "*")
		var mode string
		a.name, mode, _ = strings.Cut(f, ":")
		mode, a.words = strings.CutSuffix(mode, "u")
		a.access = map[string]Access{"r": Read, "w": Write, "rw": ReadWrite, "s": Write}[mode]
		a.scratch = mode == "s"
		info.args = append(info.args, a)
	}
	for _, p := range strings.Fields(params) {
		n, float := strings.CutSuffix(p, ":f")
		info.params = append(info.params, Param{Name: n, Float: float})
	}
	return info
}

// work sets the axes of what there is to compute.
func (o opInfo) work(axes string) opInfo {
	for _, a := range strings.Fields(axes) {
		o.axes = append(o.axes, parseSum(a))
	}
	return o
}

// flops sets the count of multiplications and additions.
func (o opInfo) flops(count string) opInfo {
	o.cost = parseSum(count)
	return o
}

// of sets what the operation is made of, which also says that there need be no kernel.
func (o opInfo) of(parts ...string) opInfo {
	for _, text := range parts {
		o.parts = append(o.parts, parsePart(text))
	}
	return o.optional()
}

// parsePart reads "op(args | params)".
func parsePart(text string) part {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), "(")
	args, params, _ := strings.Cut(strings.TrimSuffix(rest, ")"), "|")
	return part{name, strings.Fields(args), strings.Fields(params)}
}

// optional says that there may be no kernel.
func (o opInfo) optional() opInfo {
	o.made = true
	return o
}

// String returns the op's name, which is also its kernel's file name.
func (o Op) String() string {
	if o == OpNone || o >= opCount {
		return fmt.Sprintf("op(%d)", uint16(o))
	}
	return ops[o].name
}

// Ops lists every operation.
func Ops() []Op {
	out := make([]Op, 0, opCount-1)
	for o := OpNone + 1; o < opCount; o++ {
		out = append(out, o)
	}
	return out
}

// ParseOp finds an operation by its name.
func ParseOp(name string) (Op, bool) {
	for _, o := range Ops() {
		if ops[o].name == name {
			return o, true
		}
	}
	return OpNone, false
}

// ArgNames returns the op's argument names in push-constant order.
func (o Op) ArgNames() []string {
	out := make([]string, len(ops[o].args))
	for i, a := range ops[o].args {
		out[i] = a.name
	}
	return out
}

// Access returns how argument i is used.
func (o Op) Access(i int) Access { return ops[o].args[i].access }

// Scratch tells whether argument i is memory whose contents mean nothing after
// the dispatch.
func (o Op) Scratch(i int) bool { return ops[o].args[i].scratch }

// Optional tells whether argument i may be absent.
func (o Op) Optional(i int) bool { return ops[o].args[i].optional }

// Anywhere tells whether the op must have a kernel that runs on every device: stages
// emit it, or a rule makes it there. Others are only made where there is a kernel.
func (o Op) Anywhere() bool { return !ops[o].made }

// KeyArg returns the index of the argument whose type selects the kernel.
func (o Op) KeyArg() int {
	for i, a := range ops[o].args {
		if a.key {
			return i
		}
	}
	return 0
}

// Param is one 32-bit parameter of an op.
type Param struct {
	Name  string
	Float bool // float32 bits; otherwise uint32
}

// Params returns the op's parameters in push-constant order.
func (o Op) Params() []Param { return ops[o].params }
