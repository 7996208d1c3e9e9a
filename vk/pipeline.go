package vk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
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
	size  int    // of the file as it was read
	made  map[string]vulkan.Pipeline
	local uint32 // overrides the kernel's local size, for tests; 0 is off
}

// newPipelines reads the cache of this device, driver and build from a folder.
// What cannot be read is as good as none.
func newPipelines(d *device, folder string, local uint32) (*pipelines, error) {
	p := &pipelines{d: d, made: map[string]vulkan.Pipeline{}, local: local}
	var data []byte
	if folder != "" {
		id := sha256.Sum256([]byte(d.info.Name + d.info.Driver + string(d.info.id[:])))
		p.file = filepath.Join(folder, "pipelines-"+hex.EncodeToString(id[:8])+".bin")
		data, _ = os.ReadFile(p.file)
		if data = checkedCache(data); data == nil {
			p.size = 0
		}
	}
	ci := vulkan.PipelineCacheCreateInfo{SType: vulkan.StructureTypePipelineCacheCreateInfo}
	if p.size = len(data); p.size > 0 {
		ci.InitialDataSize, ci.PInitialData = uint64(len(data)), unsafe.Pointer(&data[0])
	}
	var cache vulkan.PipelineCache
	err := failed("make a pipeline cache", vulkan.CreatePipelineCache(d.handle, &ci, nil, &cache))
	ci.Free()
	p.cache = cache
	return p, err
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
	}
}

// localSize is the number of invocations of a kernel's workgroups: the kernel's
// own wish in whole subgroups; one subgroup on a CPU, where more would only
// take turns.
func (p *pipelines) localSize(info graph.KernelInfo) uint32 {
	sub := max(1, p.d.info.Subgroup)
	switch {
	case p.local != 0:
		return p.local
	case p.d.info.Kind == "cpu":
		return sub
	}
	return max(sub, info.Local/sub*sub)
}

// get returns the pipeline of a dispatch.
func (p *pipelines) get(d *graph.Dispatch) (vulkan.Pipeline, error) {
	info, ok := shaders.Catalog().Lookup(d.Kernel)
	code, has := shaders.Code(d.Kernel)
	if !ok || !has || len(code) == 0 || len(code)%4 != 0 {
		return vulkan.NullPipeline, fmt.Errorf("kernel %s is not part of this program", d.Kernel)
	}
	consts := []uint32{p.localSize(info)}
	for _, i := range info.Spec {
		consts = append(consts, d.Params[i])
	}
	key := fmt.Sprint(d.Kernel, consts)
	if made, ok := p.made[key]; ok {
		return made, nil
	}
	made, err := p.create(d.Kernel, code, consts)
	if err == nil {
		p.made[key] = made
	}
	return made, err
}

// create compiles one pipeline with its specialization constants 0, 1, ….
func (p *pipelines) create(k graph.Kernel, code []byte, consts []uint32) (vulkan.Pipeline, error) {
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	mi := vulkan.ShaderModuleCreateInfo{SType: vulkan.StructureTypeShaderModuleCreateInfo, CodeSize: uint64(len(code)), PCode: words}
	var module vulkan.ShaderModule
	err := failed("load kernel "+k.String(), vulkan.CreateShaderModule(p.d.handle, &mi, nil, &module))
	mi.Free()
	if err != nil {
		return vulkan.NullPipeline, err
	}
	defer vulkan.DestroyShaderModule(p.d.handle, module, nil)
	spec := vulkan.SpecializationInfo{MapEntryCount: uint32(len(consts)), DataSize: uint64(4 * len(consts)), PData: unsafe.Pointer(&consts[0])}
	for i := range consts {
		spec.PMapEntries = append(spec.PMapEntries, vulkan.SpecializationMapEntry{ConstantID: uint32(i), Offset: uint32(4 * i), Size: 4})
	}
	ci := []vulkan.ComputePipelineCreateInfo{{SType: vulkan.StructureTypeComputePipelineCreateInfo, Layout: p.d.layout,
		Stage: vulkan.PipelineShaderStageCreateInfo{SType: vulkan.StructureTypePipelineShaderStageCreateInfo,
			Stage: vulkan.ShaderStageComputeBit, Module: module, PName: "main\x00", PSpecializationInfo: []vulkan.SpecializationInfo{spec}}}}
	out := make([]vulkan.Pipeline, 1)
	err = failed("compile kernel "+k.String(), vulkan.CreateComputePipelines(p.d.handle, p.cache, 1, ci, nil, out))
	ci[0].Free()
	return out[0], err
}

func (p *pipelines) close() {
	p.save()
	for _, m := range p.made {
		vulkan.DestroyPipeline(p.d.handle, m, nil)
	}
	vulkan.DestroyPipelineCache(p.d.handle, p.cache, nil)
}
