// Command gen compiles every kernel for every type that it serves and writes
// the .spv files, their manifest and the Go table.
//
//	go run ./vk/shaders/gen [-glslang PATH] [-all] [-uses FILE]
//
// It compiles only what changed since the last manifest, unless told -all.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

func main() {
	glslang := flag.String("glslang", "glslang", "the compiler, glslang 16 or later")
	root := flag.String("root", "vk/shaders", "the folder of the kernels")
	all := flag.Bool("all", false, "compile everything anew")
	uses := flag.String("uses", "", "only list the kernels that include this file, such as lib/gemm/tile.glsl")
	flag.Parse()
	if *uses != "" {
		if err := listUses(os.Stdout, *root, *uses); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*glslang, *root, *all); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// listUses writes the files of kernels that include a file, by way of others too.
func listUses(w io.Writer, root, file string) error {
	vs, err := variants(root)
	if err != nil {
		return err
	}
	var found []string
	for _, v := range vs {
		if slices.Contains(v.sources, file) && !slices.Contains(found, v.path) {
			found = append(found, v.path)
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("no kernel includes %s", file)
	}
	_, err = fmt.Fprintln(w, strings.Join(found, "\n"))
	return err
}

func run(glslang, root string, all bool) error {
	if err := writeDerived(root); err != nil {
		return err
	}
	vs, err := variants(root)
	if err != nil {
		return err
	}
	sizes, err := blockSizes(root, vs)
	if err != nil {
		return err
	}
	old, _ := os.ReadFile(filepath.Join(root, "spv", "manifest.txt")) // absent the first time
	if err := os.MkdirAll(filepath.Join(root, "spv"), 0o755); err != nil {
		return err
	}
	if err := compileAll(glslang, root, vs, func(v variant) bool { return all || !fresh(root, v, old) }); err != nil {
		return err
	}
	if err := sweep(root, vs); err != nil {
		return err
	}
	table, err := goTable(root, vs, sizes)
	if err != nil {
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

// compileAll compiles the variants that are wanted, several at once.
func compileAll(glslang, root string, vs []variant, wanted func(variant) bool) error {
	work := make(chan variant, len(vs))
	for _, v := range vs {
		if wanted(v) {
			work <- v
		}
	}
	close(work)
	errs := make([]error, runtime.NumCPU())
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for v := range work {
				errs[i] = errors.Join(errs[i], compile(glslang, root, v))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func compile(glslang, root string, v variant) error {
	out := filepath.Join("spv", v.file())
	args := []string{"-V", "-g0", "--quiet", "--target-env", "vulkan1.2"}
	for _, d := range v.dirs() {
		args = append(args, "-I"+d)
	}
	for _, m := range v.macros {
		args = append(args, "-D"+m)
	}
	cmd := exec.Command(glslang, append(args, v.path, "-o", out)...)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s for %s: %w\n%s", v.path, v.typ, err, strings.TrimSpace(string(text)))
	}
	code, err := os.ReadFile(filepath.Join(root, out))
	if err != nil {
		return err
	}
	if code, err = stripNames(code); err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return os.WriteFile(filepath.Join(root, out), code, 0o644)
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
