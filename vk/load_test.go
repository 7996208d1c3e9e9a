package vk

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	vulkan "github.com/goki/vulkan"
	"moeflow/gguf/quant"

	"moeflow/graph"
	"moeflow/vk/shaders"
)

// TestLoadErrors spoils a plan in one way after the other. After each the
// runtime must still load a good one.
func TestLoadErrors(t *testing.T) {
	c := newModel(3)
	r := openTest(t, Options{})
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	load := func(plans ...*graph.Plan) error {
		_, err := r.Load(plans, 2)
		return err
	}
	for name, tc := range map[string]struct {
		spoil func(p *graph.Plan)
		want  []string
	}{
		"missing weight":     {func(p *graph.Plan) { p.Tensors[p.Find("blk.1.w")].Name = "blk.9.w" }, []string{"weight blk.9.w", "not uploaded"}},
		"weight's size":      {func(p *graph.Plan) { p.Tensors[p.Find("blk.1.w")].Bytes *= 2 }, []string{"weight blk.1.w has 4096 bytes, wanted 8192"}},
		"own weight's size":  {func(p *graph.Plan) { p.Tensors[p.Find("blk.3.w")].Bytes /= 2 }, []string{"weight blk.3.w has 4096 bytes, wanted 2048"}},
		"kernel":             {func(p *graph.Plan) { p.Dispatches[1].Kernel.Type = quant.U32 }, []string{"kernel linear[U32]"}},
		"too many groups":    {func(p *graph.Plan) { p.Dispatches[1].Workgroups[1] = 1 << 31 }, []string{"linear[F32]", "2147483648 workgroups on axis 1"}},
		"no groups":          {func(p *graph.Plan) { p.Dispatches[1].Workgroups[2] = 0 }, []string{"0 workgroups on axis 2"}},
		"push constants":     {func(p *graph.Plan) { p.Dispatches[1].Params = make([]uint32, 23) }, []string{"132 bytes of push constants"}},
		"an activation read": {func(p *graph.Plan) { p.Reads[0] = p.Find("x0") }, []string{"x0", "wanted a state or an output"}},
		"an unknown read":    {func(p *graph.Plan) { p.Reads[0] = 99 }, []string{"tensor 99"}},
		"too many reads":     {func(p *graph.Plan) { p.Reads = make([]graph.TensorID, 65) }, []string{"65"}},
		"a tensor's size":    {func(p *graph.Plan) { p.Tensors[p.Find("x")].Bytes = 0 }, []string{"x F32", "no size"}},
		"no segments":        {func(p *graph.Plan) { p.Segments = nil }, []string{"plan test has no segments"}},
		"arena":              {func(p *graph.Plan) { p.ArenaBytes = 256 }, []string{"x1", "arena of 256"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.plan(2)
			tc.spoil(p)
			wantError(t, load(p), tc.want...)
		})
	}
	other := c.plan(2)
	other.Tensors[other.Find("state")].Bytes *= 2
	wantError(t, load(c.plan(1), other), "state has 128 bytes in one plan and 256 in another")
	wantError(t, load(), "at least one plan")
	if err := load(c.plan(2)); err != nil {
		t.Error(err)
	}
}

func TestPushConstants(t *testing.T) {
	d := &graph.Dispatch{Args: []graph.Arg{{Tensor: 3}, {Tensor: graph.NoTensor}, {Tensor: 1}}, Params: []uint32{7, 0x3f800000}}
	got, err := pushConstants(nil, d, func(id graph.TensorID) uint64 { return uint64(id) << 40 })
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3*8+2*4 {
		t.Fatalf("%d bytes", len(got))
	}
	for i, want := range []uint64{3 << 40, 0, 1 << 40, 0x3f80000000000007} {
		if v := binary.LittleEndian.Uint64(got[8*i:]); v != want {
			t.Errorf("word %d is %#x, wanted %#x", i, v, want)
		}
	}
}

// TestPipelineLookUp looks pipelines up without copying anything: recording a plan
// does so for every dispatch.
func TestPipelineLookUp(t *testing.T) {
	c := newModel(2)
	r := openTest(t, Options{})
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	plan := c.plan(1)
	if _, err := r.Load([]*graph.Plan{plan}, 1); err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(100, func() {
		if made, err := r.pipes.get(&plan.Dispatches[0]); err != nil || made == vulkan.NullPipeline {
			t.Fatalf("got %v, %v", made, err)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations, wanted none", allocs)
	}
	for _, k := range shaders.All() {
		if info, _, _ := shaders.Info(k); len(info.Spec) >= maxConsts {
			t.Errorf("%s has %d specialization constants and a local size, the most is %d in all", k, len(info.Spec), maxConsts)
		}
	}
}

// TestPipelineCache damages the cache file in several ways: it must be taken
// for none and be written anew.
func TestPipelineCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "the", "cache")
	load := func() (file string, read int) {
		t.Helper()
		c := newModel(2)
		r := openTest(t, Options{CacheDir: dir})
		read = r.pipes.size
		if err := r.Upload(c.upload(), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Load([]*graph.Plan{c.plan(1)}, 1); err != nil {
			t.Fatal(err)
		}
		saved, _ := os.Stat(r.pipes.file)
		r.pipes.save() // as Close does: nothing is new
		if again, err := os.Stat(r.pipes.file); err == nil && !os.SameFile(saved, again) {
			t.Error("an unchanged cache was written again")
		}
		return r.pipes.file, read
	}
	file, read := load()
	if read != 0 {
		t.Errorf("%d bytes read from no file", read)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, read := load(); read != len(good)-32 {
		t.Errorf("%d bytes read of %d", read, len(good))
	}
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)/2] ^= 1
	for name, bad := range map[string][]byte{"empty": {}, "short": good[:31], "cut": good[:len(good)-1], "flipped": flipped, "other": []byte("not a cache file, but longer than a checksum is")} {
		if err := os.WriteFile(file, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, read := load(); read != 0 {
			t.Errorf("%s: %d bytes of a bad file are used", name, read)
		}
		if data, err := os.ReadFile(file); err != nil || checkedCache(data) == nil {
			t.Errorf("%s: the file was not written anew: %v", name, err)
		}
	}
	// What is no regular file is neither read, which may wait for ever, nor replaced.
	for path, want := range map[string]bool{file: true, file + ".new": true, filepath.Dir(file): false, os.DevNull: false} {
		if got := replaceable(path); got != want {
			t.Errorf("%s is replaceable: %t, wanted %t", path, got, want)
		}
	}
	// A folder that cannot be made is no error.
	dir = filepath.Join(file, "below", "a", "file")
	load()
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, wanted one file: %v", left, err)
	}
}

// TestOldDevice runs on a device of which only what is required is turned on,
// as if its driver knew Vulkan 1.2 and no more.
func TestOldDevice(t *testing.T) {
	var m messages
	in, dev, info := chosen(t, m.add)
	f := features{addresses: true, timeline: true, scalar: true, int64: true, storage16: true, arithmetic: true, shuffle: true, ballot: true}
	if _, problem := f.names(); problem != "" {
		t.Fatalf("the test's device %s", problem)
	}
	info.api, info.features, info.required = leastVersion, f, false
	r, err := open(in, dev, info, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := newModel(5)
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	progs, err := r.Load([]*graph.Plan{c.plan(2)}, 2)
	if err != nil {
		t.Fatal(err)
	}
	runSteps(t, c, progs[0], 2, 3)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for _, s := range m.list {
		t.Errorf("validation: %s", s)
	}
}

// TestKernelCapabilities wants every kernel to run on any device that Problem
// does not turn down.
func TestKernelCapabilities(t *testing.T) {
	const opCapability, shader, newest = 17, 1, 1<<16 | 5<<8 // SPIR-V 1.5 is what Vulkan 1.2 takes
	needs := map[uint32]string{11: "shaderInt64", 61: "subgroup arithmetic", 63: "subgroup arithmetic", 64: "subgroup ballot", 65: "subgroup shuffle",
		4433: "storageBuffer16BitAccess", 5347: "bufferDeviceAddress"}
	// What a kernel names among its needs, a device may lack.
	optional := map[uint32]string{6018: "dot", 6019: "dot", 22: "int16", 39: "int8", 9: "float16", 6022: "coopmat", 5345: "coopmat", 5346: "coopmat"}
	for _, k := range shaders.All() {
		code, _ := shaders.Code(k)
		if v := binary.LittleEndian.Uint32(code[4:]); v > newest {
			t.Errorf("%s is SPIR-V of version %#x, wanted at most %#x", k, v, newest)
		}
		for at := 5 * 4; at+8 <= len(code); {
			word := binary.LittleEndian.Uint32(code[at:])
			if id := binary.LittleEndian.Uint32(code[at+4:]); word&0xffff == opCapability && id != shader {
				if _, has, _ := shaders.Info(k); slices.Contains(has, optional[id]) {
					// asked for
				} else if feature, ok := needs[id]; !ok {
					t.Errorf("%s needs capability %d, which no required feature stands for", k, id)
				} else if _, problem := lacking(feature).names(); problem == "" {
					t.Errorf("%s needs %s, which is not required of a device", k, feature)
				}
			}
			if word>>16 == 0 {
				t.Fatalf("%s: bad SPIR-V", k)
			}
			at += int(word>>16) * 4
		}
	}
}

// lacking is all features but one.
func lacking(name string) features {
	f := features{true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true}
	switch name {
	case "shaderInt64":
		f.int64 = false
	case "subgroup arithmetic":
		f.arithmetic = false
	case "subgroup ballot":
		f.ballot = false
	case "subgroup shuffle":
		f.shuffle = false
	case "storageBuffer16BitAccess":
		f.storage16 = false
	case "bufferDeviceAddress":
		f.addresses = false
	}
	return f
}
