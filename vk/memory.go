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
	taken  uint64 // bytes of the device's own memory
	buffer
}

// heap hands out buffers and owns the blocks that they lie in.
type heap struct {
	d      *device
	blocks []block
	used   map[string]uint64 // bytes by purpose
}

func newHeap(d *device) *heap { return &heap{d: d, used: map[string]uint64{}} }

// want is a buffer to be made.
type want struct {
	name string
	size uint64 // bytes
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

// wanted lists memory properties by preference. Where the device's memory is
// the host's, what both see comes first: it saves a copy.
func wanted(r reach, kind string) []vulkan.MemoryPropertyFlags {
	switch shared := kind == "integrated" || kind == "cpu"; {
	case r == toDevice:
		return []vulkan.MemoryPropertyFlags{deviceLocal | visible, visible}
	case r == toHost:
		return []vulkan.MemoryPropertyFlags{visible | cached, visible}
	case shared:
		return []vulkan.MemoryPropertyFlags{deviceLocal | visible | cached, deviceLocal | visible, deviceLocal}
	}
	return []vulkan.MemoryPropertyFlags{deviceLocal}
}

const (
	deviceLocal = vulkan.MemoryPropertyFlags(vulkan.MemoryPropertyDeviceLocalBit)
	visible     = vulkan.MemoryPropertyFlags(vulkan.MemoryPropertyHostVisibleBit | vulkan.MemoryPropertyHostCoherentBit)
	cached      = vulkan.MemoryPropertyFlags(vulkan.MemoryPropertyHostCachedBit)
)

// alloc makes buffers, packed into blocks. Memory that the device alone uses is
// checked against what is free before any of it is taken.
func (h *heap) alloc(what string, r reach, ws []want) ([]buffer, error) {
	sizes := make([]uint64, len(ws))
	var total uint64
	for i, w := range ws {
		if most := h.d.info.MaxAllocation; most > 0 && align(w.size) > most {
			return nil, &MemoryError{What: w.name, Need: w.size, Have: most, Single: true}
		}
		sizes[i] = w.size
		total += align(w.size)
	}
	if free := h.d.free(); r == onDevice && total > free {
		return nil, &MemoryError{What: what, Need: total, Have: free}
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

// free is how much of the device's memory can still be had: what the driver
// says, or what its heap has and was not taken here.
func (d *device) free() uint64 {
	now := DeviceInfo{}
	describeMemory(d.physical, &now)
	if now.Free > 0 {
		return now.Free
	}
	return d.info.Memory - min(d.info.Memory, d.taken)
}

func (h *heap) allocBlock(what string, r reach, size uint64) (b block, err error) {
	const usage = vulkan.BufferUsageStorageBufferBit | vulkan.BufferUsageTransferSrcBit | vulkan.BufferUsageTransferDstBit | vulkan.BufferUsageShaderDeviceAddressBit
	ci := vulkan.BufferCreateInfo{SType: vulkan.StructureTypeBufferCreateInfo, Size: vulkan.DeviceSize(size), Usage: vulkan.BufferUsageFlags(usage)}
	var handle vulkan.Buffer
	err = failed("make a buffer for "+what, vulkan.CreateBuffer(h.d.handle, &ci, nil, &handle))
	ci.Free()
	if err != nil {
		return b, err
	}
	var req vulkan.MemoryRequirements
	vulkan.GetBufferMemoryRequirements(h.d.handle, handle, &req)
	req.Deref()
	defer req.Free()
	flags := vulkan.MemoryAllocateFlagsInfo{SType: vulkan.StructureTypeMemoryAllocateFlagsInfo,
		Flags: vulkan.MemoryAllocateFlags(vulkan.MemoryAllocateDeviceAddressBit)}
	ref, _ := flags.PassRef()
	defer flags.Free()
	var typ int
	var memory vulkan.DeviceMemory
	err = fmt.Errorf("%s has no memory of the kind that %s need", h.d.info.Name, what)
	for _, typ = range h.d.memoryTypes(r, req.MemoryTypeBits) {
		ai := vulkan.MemoryAllocateInfo{SType: vulkan.StructureTypeMemoryAllocateInfo, PNext: unsafe.Pointer(ref),
			AllocationSize: req.Size, MemoryTypeIndex: uint32(typ)}
		err = failed(fmt.Sprintf("allocate %d MiB for %s", size>>20, what), vulkan.AllocateMemory(h.d.handle, &ai, nil, &memory))
		ai.Free()
		if err == nil {
			break
		}
	}
	if err != nil {
		vulkan.DestroyBuffer(h.d.handle, handle, nil)
		return b, err
	}
	b = block{handle: handle, memory: memory}
	if h.d.types[typ].heap == h.d.info.heap {
		b.taken = uint64(req.Size)
		h.d.taken += b.taken
	}
	if err = failed("bind memory", vulkan.BindBufferMemory(h.d.handle, handle, memory, 0)); err == nil {
		b.address = bufferAddress(h.d.handle, handle)
		b.data, err = h.d.view(memory, typ, size)
	}
	if err != nil {
		h.free(b)
	}
	return b, err
}

// memoryTypes lists the types that the buffer allows and that serve, by the
// preference of wanted, the first of each wish. What the host writes at each
// step may lie in a window of device memory that is full: then the next serves.
func (d *device) memoryTypes(r reach, allowed uint32) []int {
	var out []int
	for _, want := range wanted(r, d.info.Kind) {
		for i, t := range d.types {
			if allowed&(1<<i) != 0 && t.flags&want == want {
				out = append(out, i)
				break
			}
		}
	}
	return out
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
	h.d.taken -= b.taken
}

func (h *heap) close() {
	for _, b := range h.blocks {
		h.free(b)
	}
	h.blocks, h.used = nil, map[string]uint64{}
}
