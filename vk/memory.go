package vk

import (
	"fmt"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
)

// buffer is a piece of device memory with an address. data is its host view,
// nil where the host cannot see it.
type buffer struct {
	handle  vulkan.Buffer
	offset  uint64 // of the piece in handle
	size    uint64
	address uint64
	data    []byte
}

// block is one allocation with one buffer over all of it. The heap owns it.
type block struct {
	handle vulkan.Buffer
	memory vulkan.DeviceMemory
	buffer
}

// heap hands out buffers and owns the blocks that they lie in.
type heap struct {
	d      *device
	blocks []block
	used   map[string]uint64 // bytes by purpose
}

// blockBytes is how large a block grows before the next is begun. Many tensors
// a block keep the number of allocations far below any device's limit.
const blockBytes = 1 << 30

// place lays pieces out in blocks of at most limit bytes, in order. A piece
// larger than limit gets a block of its own. Every block is as large as its
// pieces, so nothing is wasted but alignment.
func place(sizes []uint64, limit uint64) (blocks []uint64, at []piece) {
	for _, s := range sizes {
		s = align(s)
		if n := len(blocks); n == 0 || blocks[n-1]+s > limit {
			blocks = append(blocks, 0)
		}
		n := len(blocks) - 1
		at = append(at, piece{n, blocks[n]})
		blocks[n] += s
	}
	return blocks, at
}

// piece is a place in a block.
type piece struct {
	block  int
	offset uint64
}

func align(n uint64) uint64 { return (n + graph.Alignment - 1) / graph.Alignment * graph.Alignment }

// reach is where a buffer has to be visible.
type reach int

const (
	onDevice reach = iota // device-local; the host need not see it
	toDevice              // written by the host, read by the device
	toHost                // written by the device, read by the host
)

// wanted lists memory properties by preference.
var wanted = map[reach][]vulkan.MemoryPropertyFlags{
	onDevice: {deviceLocal, 0},
	toDevice: {deviceLocal | visible, visible},
	toHost:   {visible | cached, visible},
}

const (
	deviceLocal = vulkan.MemoryPropertyFlags(vulkan.MemoryPropertyDeviceLocalBit)
	visible     = vulkan.MemoryPropertyFlags(vulkan.MemoryPropertyHostVisibleBit | vulkan.MemoryPropertyHostCoherentBit)
	cached      = vulkan.MemoryPropertyFlags(vulkan.MemoryPropertyHostCachedBit)
)

// alloc makes buffers of the given sizes, packed into blocks.
func (h *heap) alloc(what string, r reach, sizes []uint64) ([]buffer, error) {
	var total uint64
	for _, s := range sizes {
		if h.d.info.MaxAllocation > 0 && align(s) > h.d.info.MaxAllocation {
			return nil, &MemoryError{what + ": one tensor", s, h.d.info.MaxAllocation}
		}
		total += align(s)
	}
	limit := uint64(blockBytes)
	if h.d.info.MaxAllocation > 0 {
		limit = min(limit, h.d.info.MaxAllocation)
	}
	blocks, at := place(sizes, limit)
	first := len(h.blocks)
	for _, size := range blocks {
		b, err := h.allocBlock(what, r, size)
		if err != nil {
			return nil, err
		}
		h.blocks = append(h.blocks, b)
	}
	h.used[what] += total
	out := make([]buffer, len(sizes))
	for i, p := range at {
		b := h.blocks[first+p.block]
		out[i] = buffer{handle: b.handle, offset: p.offset, size: sizes[i], address: b.address + p.offset}
		if b.data != nil {
			out[i].data = b.data[p.offset : p.offset+sizes[i] : p.offset+sizes[i]]
		}
	}
	return out, nil
}

func (h *heap) allocBlock(what string, r reach, size uint64) (b block, err error) {
	const usage = vulkan.BufferUsageStorageBufferBit | vulkan.BufferUsageTransferSrcBit | vulkan.BufferUsageTransferDstBit | vulkan.BufferUsageShaderDeviceAddressBit
	ci := vulkan.BufferCreateInfo{SType: vulkan.StructureTypeBufferCreateInfo, Size: vulkan.DeviceSize(size), Usage: vulkan.BufferUsageFlags(usage)}
	var handle vulkan.Buffer
	if err := failed("make a buffer for "+what, vulkan.CreateBuffer(h.d.handle, &ci, nil, &handle)); err != nil {
		return b, err
	}
	var req vulkan.MemoryRequirements
	vulkan.GetBufferMemoryRequirements(h.d.handle, handle, &req)
	req.Deref()
	flags := vulkan.MemoryAllocateFlagsInfo{SType: vulkan.StructureTypeMemoryAllocateFlagsInfo,
		Flags: vulkan.MemoryAllocateFlags(vulkan.MemoryAllocateDeviceAddressBit)}
	ref, _ := flags.PassRef()
	defer flags.Free()
	typ, err := h.d.memoryType(r, req.MemoryTypeBits, size)
	var memory vulkan.DeviceMemory
	if err == nil {
		ai := vulkan.MemoryAllocateInfo{SType: vulkan.StructureTypeMemoryAllocateInfo, PNext: unsafe.Pointer(ref),
			AllocationSize: req.Size, MemoryTypeIndex: uint32(typ)}
		err = failed(fmt.Sprintf("allocate %d MiB for %s", size>>20, what), vulkan.AllocateMemory(h.d.handle, &ai, nil, &memory))
		ai.Free()
	}
	if err != nil {
		vulkan.DestroyBuffer(h.d.handle, handle, nil)
		return b, err
	}
	b = block{handle: handle, memory: memory}
	if err = failed("bind memory", vulkan.BindBufferMemory(h.d.handle, handle, memory, 0)); err == nil {
		b.address = bufferAddress(h.d.handle, handle)
		b.data, err = h.d.view(memory, typ, size)
	}
	if err != nil {
		h.free(b)
	}
	return b, err
}

// memoryType picks a type that the buffer allows, by the preference of reach.
// What the host writes at each step may lie in device-local memory only where
// that is not a small window.
func (d *device) memoryType(r reach, allowed uint32, size uint64) (int, error) {
	for _, want := range wanted[r] {
		for i, t := range d.types {
			if allowed&(1<<i) != 0 && t.flags&want == want && (r != toDevice || t.flags&deviceLocal == 0 || size < 64<<20) {
				return i, nil
			}
		}
	}
	return 0, fmt.Errorf("%s has no memory of the kind needed", d.info.Name)
}

// view maps memory that the host can see for as long as it lives.
func (d *device) view(m vulkan.DeviceMemory, typ int, size uint64) ([]byte, error) {
	if d.types[typ].flags&visible != visible {
		return nil, nil
	}
	var p unsafe.Pointer
	if err := failed("map memory", vulkan.MapMemory(d.handle, m, 0, vulkan.DeviceSize(size), 0, &p)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), size), nil
}

func (h *heap) free(b block) {
	vulkan.DestroyBuffer(h.d.handle, b.handle, nil)
	vulkan.FreeMemory(h.d.handle, b.memory, nil)
}

func (h *heap) close() {
	for _, b := range h.blocks {
		h.free(b)
	}
	h.blocks = nil
}
