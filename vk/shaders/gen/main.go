// Command gen compiles every kernel for every type that it serves and writes
// the .spv files, their manifest and the Go table.
//
//	go run ./vk/shaders/gen [-glslang PATH] [-all]
//
// It compiles only what changed since the last manifest, unless told -all.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	glslang := flag.String("glslang", "glslang", "the compiler, glslang 16 or later")
	root := flag.String("root", "vk/shaders", "the folder of the kernels")
	ops := flag.String("ops", "graph/op.go", "the file with the table of operations")
	all := flag.Bool("all", false, "compile everything anew")
	flag.Parse()
	if err := run(*glslang, *root, *ops, *all); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(glslang, root, ops string, all bool) error {
	vs, err := variants(root)
	if err != nil {
		return err
	}
	refs, err := opTable(ops)
	if err != nil {
		return err
	}
	sizes, err := blockSizes(root, vs)
	if err != nil {
		return err
	}
	table, err := goTable(vs, sizes, refs)
	if err != nil {
		return err
	}
	old, _ := os.ReadFile(filepath.Join(root, "spv", "manifest.txt")) // absent the first time
	if err := os.MkdirAll(filepath.Join(root, "spv"), 0o755); err != nil {
		return err
	}
	for _, v := range vs {
		if !all && fresh(root, v, old) {
			continue
		}
		if err := compile(glslang, root, v); err != nil {
			return err
		}
	}
	if err := sweep(root, vs); err != nil {
		return err
	}
	list, err := manifest(root, vs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "spv", "manifest.txt"), list, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "zz_generated.go"), table, 0o644)
}

// fresh tells whether the manifest already has the variant as it would be made.
func fresh(root string, v variant, old []byte) bool {
	list, err := manifest(root, []variant{v})
	if err != nil {
		return false
	}
	_, line, _ := bytes.Cut(list, []byte("\n"))
	return bytes.Contains(old, line)
}

func compile(glslang, root string, v variant) error {
	out := filepath.Join("spv", v.file())
	args := []string{"-V", "-g0", "--quiet", "--target-env", "vulkan1.2"}
	for _, d := range dirs(v.typ, v.precision) {
		args = append(args, "-I"+d)
	}
	cmd := exec.Command(glslang, append(args, v.path, "-o", out)...)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s for %s: %w\n%s", v.path, v.typ, err, strings.TrimSpace(string(text)))
	}
	return nil
}

// sweep removes .spv files that no kernel makes any more.
func sweep(root string, vs []variant) error {
	keep := map[string]bool{}
	for _, v := range vs {
		keep[v.file()] = true
	}
	have, err := filepath.Glob(filepath.Join(root, "spv", "*.spv"))
	if err != nil {
		return err
	}
	for _, p := range have {
		if !keep[filepath.Base(p)] {
			if err := os.Remove(p); err != nil {
				return err
			}
		}
	}
	return nil
}
