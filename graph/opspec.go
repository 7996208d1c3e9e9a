package graph

import "strings"

// op parses one row of the table in op.go. The table is fixed at build time
// and read by a test, so a malformed row shows there.
func op(name, args, params string) opInfo {
	info := opInfo{name: name, params: strings.Fields(params)}
	for _, f := range strings.Fields(args) {
		var a argSpec
		f, a.optional = strings.CutSuffix(f, "?")
		f, a.key = strings.CutPrefix(f, "*")
		var mode string
		a.name, mode, _ = strings.Cut(f, ":")
		a.access = map[string]Access{"r": Read, "w": Write, "rw": ReadWrite, "s": Write}[mode]
		a.scratch = mode == "s"
		info.args = append(info.args, a)
	}
	return info
}

func parseParam(s string) Param {
	name, float := strings.CutSuffix(s, ":f")
	return Param{Name: name, Float: float}
}
