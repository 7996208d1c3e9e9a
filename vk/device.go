package vk

import (
	"unsafe"

	vulkan "github.com/goki/vulkan"
)

// device is a logical device with one compute queue. It owns the handles;
// close frees them when nothing made from it is left.
type device struct {
	physical vulkan.PhysicalDevice
	handle   vulkan.Device
	queue    vulkan.Queue
	pool     vulkan.CommandPool
	layout   vulkan.PipelineLayout
	types    []memoryType
	info     DeviceInfo
	stamps   uint32 // bits of a timestamp, 0 if the queue has none
	taken    uint64 // bytes allocated of the heap that info.heap names
	clock    bool   // the host can read the clock of timestamps
}

// memoryType is what the allocator needs to know of one.
type memoryType struct {
	flags vulkan.MemoryPropertyFlags
	heap  int
}

// openDevice opens a device; timed, with what relates its timestamps to the
// host's clock, where there is such a thing.
func openDevice(p vulkan.PhysicalDevice, info DeviceInfo, timed bool) (*device, error) {
	d := &device{physical: p, info: info}
	family, bits, err := computeFamily(p)
	d.stamps = bits
	if err != nil {
		return nil, err
	}
	var c chain
	var extensions []string
	if info.matrix {
		f := newMatrixFeatures()
		f.matrices = vulkan.True
		defer freeTag(unsafe.Pointer(f))
		c.tail, extensions = unsafe.Pointer(f), []string{matrixExtension + "\x00"}
	}
	if d.clock = timed && hasExtension(p, calibratedTimestamps) && calibrates(p); d.clock {
		extensions = append(extensions, calibratedTimestamps+"\x00")
	}
	ci := vulkan.DeviceCreateInfo{SType: vulkan.StructureTypeDeviceCreateInfo, PNext: info.features.enable(&c, info.api),
		EnabledExtensionCount: uint32(len(extensions)), PpEnabledExtensionNames: extensions,
		QueueCreateInfoCount: 1, PQueueCreateInfos: []vulkan.DeviceQueueCreateInfo{{
			SType: vulkan.StructureTypeDeviceQueueCreateInfo, QueueFamilyIndex: family, QueueCount: 1, PQueuePriorities: []float32{1}}}}
	var handle vulkan.Device
	err = failed("open "+info.Name, vulkan.CreateDevice(p, &ci, nil, &handle))
	ci.Free()
	c.free()
	if err != nil {
		return nil, err
	}
	d.handle = handle
	var queue vulkan.Queue
	vulkan.GetDeviceQueue(handle, family, 0, &queue)
	d.queue = queue
	if err := d.makeShared(family); err != nil {
		d.close()
		return nil, err
	}
	d.readMemoryTypes()
	return d, nil
}

// makeShared makes the command pool and the one pipeline layout: push constants
// only.
func (d *device) makeShared(family uint32) error {
	var pool vulkan.CommandPool
	pi := vulkan.CommandPoolCreateInfo{SType: vulkan.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: family}
	if err := failed("make a command pool", vulkan.CreateCommandPool(d.handle, &pi, nil, &pool)); err != nil {
		return err
	}
	d.pool = pool
	var layout vulkan.PipelineLayout
	li := vulkan.PipelineLayoutCreateInfo{SType: vulkan.StructureTypePipelineLayoutCreateInfo, PushConstantRangeCount: 1,
		PPushConstantRanges: []vulkan.PushConstantRange{{StageFlags: computeStage, Size: pushBytes}}}
	err := failed("make a pipeline layout", vulkan.CreatePipelineLayout(d.handle, &li, nil, &layout))
	li.Free()
	d.layout = layout
	return err
}

const (
	computeStage = vulkan.ShaderStageFlags(vulkan.ShaderStageComputeBit)
	pushBytes    = 128 // what every device has
)

// computeFamily finds a queue family that computes, one with graphics first: it
// is the device's main queue. It also tells how many bits its timestamps have.
func computeFamily(p vulkan.PhysicalDevice) (family, stamps uint32, err error) {
	score := 0
	for i, f := range queueFamilies(p) {
		s := 0
		if f.flags&uint32(vulkan.QueueComputeBit) != 0 {
			s = 1
			if f.flags&uint32(vulkan.QueueGraphicsBit) != 0 {
				s = 2
			}
		}
		if s > score {
			family, stamps, score = uint32(i), f.stamps, s
		}
	}
	if score == 0 {
		return 0, 0, failed("find a compute queue", vulkan.ErrorFeatureNotPresent)
	}
	return family, stamps, nil
}

func (d *device) readMemoryTypes() {
	var m vulkan.PhysicalDeviceMemoryProperties
	vulkan.GetPhysicalDeviceMemoryProperties(d.physical, &m)
	m.Deref()
	for i := range m.MemoryTypeCount {
		t := &m.MemoryTypes[i]
		t.Deref()
		d.types = append(d.types, memoryType{t.PropertyFlags, int(t.HeapIndex)})
	}
	m.Free()
}

func (d *device) close() {
	if d.layout != vulkan.NullPipelineLayout {
		vulkan.DestroyPipelineLayout(d.handle, d.layout, nil)
	}
	if d.pool != vulkan.NullCommandPool {
		vulkan.DestroyCommandPool(d.handle, d.pool, nil)
	}
	vulkan.DestroyDevice(d.handle, nil)
}

// record makes a command buffer and lets f fill it.
func (d *device) record(f func(vulkan.CommandBuffer)) (vulkan.CommandBuffer, error) {
	list := make([]vulkan.CommandBuffer, 1)
	ai := vulkan.CommandBufferAllocateInfo{SType: vulkan.StructureTypeCommandBufferAllocateInfo, CommandPool: d.pool, CommandBufferCount: 1}
	err := failed("make a command buffer", vulkan.AllocateCommandBuffers(d.handle, &ai, list))
	ai.Free()
	if err != nil {
		return nil, err
	}
	bi := vulkan.CommandBufferBeginInfo{SType: vulkan.StructureTypeCommandBufferBeginInfo}
	err = failed("record", vulkan.BeginCommandBuffer(list[0], &bi))
	bi.Free()
	if err != nil {
		return nil, err
	}
	f(list[0])
	return list[0], failed("record", vulkan.EndCommandBuffer(list[0]))
}

// drop frees command buffers that are done.
func (d *device) drop(list []vulkan.CommandBuffer) {
	if len(list) > 0 {
		vulkan.FreeCommandBuffers(d.handle, d.pool, uint32(len(list)), list)
	}
}

// once records, submits and waits for a command buffer.
func (d *device) once(s *timeline, f func(vulkan.CommandBuffer)) error {
	cb, err := d.record(f)
	if err != nil {
		return err
	}
	defer d.drop([]vulkan.CommandBuffer{cb})
	v, err := s.submit(0, []vulkan.CommandBuffer{cb})
	if err != nil {
		return err
	}
	return s.wait(v)
}

// fence makes all earlier work on the queue visible to all later work.
func fence(cb vulkan.CommandBuffer) {
	const stages = vulkan.PipelineStageFlags(vulkan.PipelineStageComputeShaderBit | vulkan.PipelineStageTransferBit)
	barrier(cb, stages, stages|vulkan.PipelineStageFlags(vulkan.PipelineStageHostBit),
		vulkan.AccessFlags(vulkan.AccessShaderWriteBit|vulkan.AccessTransferWriteBit),
		vulkan.AccessFlags(vulkan.AccessShaderReadBit|vulkan.AccessShaderWriteBit|vulkan.AccessTransferReadBit|vulkan.AccessTransferWriteBit|vulkan.AccessHostReadBit))
}

// computeBarrier does so between the dispatches of one command buffer.
func computeBarrier(cb vulkan.CommandBuffer) {
	const stage = vulkan.PipelineStageFlags(vulkan.PipelineStageComputeShaderBit)
	barrier(cb, stage, stage, vulkan.AccessFlags(vulkan.AccessShaderWriteBit),
		vulkan.AccessFlags(vulkan.AccessShaderReadBit|vulkan.AccessShaderWriteBit))
}
