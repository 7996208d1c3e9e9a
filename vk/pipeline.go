package vk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
	"moeflow/vk/shaders"
)

// pipelines makes each kernel's pipeline once and keeps the driver's compiled
// code on disk. It owns the pipelines and the cache.
type pipelines struct {
	d     *device
	cache vulkan.PipelineCache
	file  string // "" keeps nothing
	size  int    // of the data as it was last read or saved
	made  map[recipe]vulkan.Pipeline
	local uint32 // overrides the kernel's local size, for tests; 0 is off
}

// newPipelines reads the cache of this device, driver and set of kernels from a
// folder. What cannot be read is as good as none, and what is no regular file is
// left alone.
func newPipelines(d *device, folder string, local uint32) (*pipelines, error) {
	p := &pipelines{d: d, made: map[recipe]vulkan.Pipeline{}, local: local}
	var data []byte
	if folder != "" {
		p.file = filepath.Join(folder, cacheName(&d.info))
		if !replaceable(p.file) { // a pipe would keep the reader waiting
			p.file = ""
		} else {
			file, _ := os.ReadFile(p.file)
			data = checkedCache(file)
		}
	}
	err := p.makeCache(data)
	if err != nil && data != nil { // a driver that dislikes its own data
		err = p.makeCache(nil)
	}
	return p, err
}

// replaceable tells whether a regular file is at path, or nothing yet.
func replaceable(path string) bool {
	i, err := os.Stat(path)
	return err == nil && i.Mode().IsRegular() || errors.Is(err, fs.ErrNotExist)
}

// cacheName changes with whatever makes old compiled code useless.
func cacheName(d *DeviceInfo) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%x\n%s", d.Name, d.Driver, d.id, shaders.Digest))
	return "pipelines-" + hex.EncodeToString(sum[:8]) + ".bin"
}

func (p *pipelines) makeCache(data []byte) error {
	ci := vulkan.PipelineCacheCreateInfo{SType: vulkan.StructureTypePipelineCacheCreateInfo}
	if p.size = len(data); p.size > 0 {
		ci.InitialDataSize, ci.PInitialData = uint64(len(data)), unsafe.Pointer(&data[0])
	}
	var cache vulkan.PipelineCache
	err := failed("make a pipeline cache", vulkan.CreatePipelineCache(p.d.handle, &ci, nil, &cache))
	ci.Free()
	p.cache = cache
	return err
}

// A cache file is the SHA-256 of the driver's data, then the data: drivers need
// not survive a damaged one.
func checkedCache(file []byte) []byte {
	if len(file) <= sha256.Size {
		return nil
	}
	data := file[sha256.Size:]
	if sum := sha256.Sum256(data); string(sum[:]) != string(file[:sha256.Size]) {
		return nil
	}
	return data
}

// save writes the cache if it grew, through a temporary file, so that no reader
// sees half of one. A folder that cannot be written is no error: the cache only
// saves time.
func (p *pipelines) save() {
	if p.file == "" {
		return
	}
	var n uint64
	if vulkan.GetPipelineCacheData(p.d.handle, p.cache, &n, nil) != vulkan.Success || n == 0 || int(n) == p.size {
		return
	}
	data := make([]byte, n)
	if vulkan.GetPipelineCacheData(p.d.handle, p.cache, &n, unsafe.Pointer(&data[0])) != vulkan.Success {
		return
	}
	data = data[:n]
	sum := sha256.Sum256(data)
	if os.MkdirAll(filepath.Dir(p.file), 0o755) != nil {
		return
	}
	tmp, err := os.CreateTemp(filepath.Dir(p.file), "pipelines-*.tmp")
	if err != nil {
		return
	}
	_, err = tmp.Write(append(sum[:], data...))
	if cerr := tmp.Close(); err != nil || cerr != nil || os.Rename(tmp.Name(), p.file) != nil {
		os.Remove(tmp.Name())
		return
	}
	p.size = len(data)
}

// localSize is the number of invocations of a kernel's workgroups: the kernel's
// own wish in whole subgroups, as far as the device goes; one subgroup on a CPU,
// where more would only take turns.
func (p *pipelines) localSize(info graph.KernelInfo) uint32 {
	sub := max(1, p.d.info.Subgroup)
	switch {
	case info.Subgroups > 0:
		return info.Subgroups * sub
	case info.Exact:
		return info.Local
	case p.local != 0:
		return p.local
	case p.d.info.Kind == "cpu":
		return sub
	}
	return max(sub, min(info.Local, p.d.info.local)/sub*sub)
}

// recipe is what makes a pipeline: a kernel and its specialization constants from 0
// on, the local size first. Equal recipes make equal pipelines.
type recipe struct {
	kernel graph.Kernel
	count  int // of constants
	consts [maxConsts]uint32
}

// maxConsts is how many specialization constants a kernel may have.
const maxConsts = 8

// recipe looks a dispatch's kernel up.
func (p *pipelines) recipe(d *graph.Dispatch) (recipe, error) {
	r := recipe{kernel: d.Kernel, count: 1}
	info, _, ok := shaders.Info(d.Kernel)
	switch {
	case !ok:
		return r, fmt.Errorf("kernel %s is not part of this program", d.Kernel)
	case len(info.Spec) >= maxConsts:
		return r, fmt.Errorf("kernel %s has %d specialization constants, the most is %d", d.Kernel, len(info.Spec)+1, maxConsts)
	}
	r.consts[0] = p.localSize(info)
	for _, i := range info.Spec {
		if i >= len(d.Params) {
			return r, fmt.Errorf("kernel %s wants parameter %d, %d are given", d.Kernel, i, len(d.Params))
		}
		r.consts[r.count] = d.Params[i]
		r.count++
	}
	return r, nil
}

// prepare makes all pipelines of plans that are not made yet, several at once:
// compiling takes the driver milliseconds each, on a CPU device far more.
func (p *pipelines) prepare(plans []*graph.Plan) error {
	todo := map[recipe]bool{}
	for _, plan := range plans {
		for _, ds := range [][]graph.Dispatch{plan.Prepare, plan.Dispatches} {
			for i := range ds {
				r, err := p.recipe(&ds[i])
				if err != nil {
					return fmt.Errorf("plan %s: %w", plan.Name, err)
				}
				if p.made[r] == vulkan.NullPipeline {
					todo[r] = true
				}
			}
		}
	}
	work := make(chan recipe, len(todo))
	for r := range todo {
		work <- r
	}
	close(work)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var errs []error
	for range min(runtime.NumCPU(), len(todo)) {
		wg.Go(func() {
			for r := range work {
				made, err := p.create(r)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
				} else {
					p.made[r] = made
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// get returns the pipeline of a dispatch of a prepared plan.
func (p *pipelines) get(d *graph.Dispatch) (vulkan.Pipeline, error) {
	r, err := p.recipe(d)
	if err != nil {
		return vulkan.NullPipeline, err
	}
	return p.made[r], nil
}

// create compiles the pipeline of a kernel.
func (p *pipelines) create(r recipe) (vulkan.Pipeline, error) {
	code, ok := shaders.Code(r.kernel)
	if !ok || len(code) == 0 || len(code)%4 != 0 {
		return vulkan.NullPipeline, fmt.Errorf("kernel %s is not part of this program", r.kernel)
	}
	return p.compile(r.kernel.String(), code, r.consts[:r.count])
}

// compile compiles one pipeline from SPIR-V and specialization constants. Where the device lets it, it asks for full
// subgroups of the size that the local size is a multiple of; elsewhere that is
// what drivers do unasked.
func (p *pipelines) compile(name string, code []byte, consts []uint32) (vulkan.Pipeline, error) {
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	mi := vulkan.ShaderModuleCreateInfo{SType: vulkan.StructureTypeShaderModuleCreateInfo, CodeSize: uint64(len(code)), PCode: words}
	var module vulkan.ShaderModule
	err := failed("load kernel "+name, vulkan.CreateShaderModule(p.d.handle, &mi, nil, &module))
	mi.Free()
	if err != nil {
		return vulkan.NullPipeline, err
	}
	defer vulkan.DestroyShaderModule(p.d.handle, module, nil)
	var flags, subgroup uint32
	if whole := consts[0]%max(1, p.d.info.Subgroup) == 0; whole && p.d.info.features.fullSubgroups {
		flags = uint32(vulkan.PipelineShaderStageCreateRequireFullSubgroupsBit)
	}
	if p.d.info.required {
		subgroup = p.d.info.Subgroup
	}
	made, result := createPipeline(p.d, p.cache, module, flags, subgroup, consts)
	return made, failed("compile kernel "+name, result)
}

func (p *pipelines) close() {
	p.save()
	for _, m := range p.made {
		vulkan.DestroyPipeline(p.d.handle, m, nil)
	}
	vulkan.DestroyPipelineCache(p.d.handle, p.cache, nil)
}
