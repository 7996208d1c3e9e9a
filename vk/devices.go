package vk

import (
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/vk/shaders"
)

// DeviceInfo describes a Vulkan device.
type DeviceInfo struct {
	Index         int      `json:"index"`
	Name          string   `json:"name"`
	Kind          string   `json:"kind"` // discrete, integrated, virtual, cpu, other
	Driver        string   `json:"driver"`
	API           string   `json:"api"`
	Memory        uint64   `json:"memory"` // bytes of the largest device-local heap
	Free          uint64   `json:"free"`   // bytes of it that the driver says are left; 0 if it does not say
	MaxAllocation uint64   `json:"max_allocation"`
	Subgroup      uint32   `json:"subgroup"`
	Processors    uint32   `json:"processors,omitempty"` // 0 if the driver does not say
	Features      []string `json:"features"`
	// Matrices are the products that its matrix units compute.
	Matrices []MatrixShape `json:"matrices,omitempty"`
	Auto     bool          `json:"auto"`   // what "auto" takes
	Reason   string        `json:"reason"` // why auto takes it, or does not
	Problem  string        `json:"problem,omitempty"`

	id       [16]byte // pipeline cache UUID
	features features
	vendor   uint32    // PCI id
	shared   uint32    // bytes of shared memory of a workgroup
	api      uint32    // version in Vulkan's encoding
	groups   [3]uint32 // most workgroups an axis
	local    uint32    // most invocations of a workgroup
	period   float32   // nanoseconds a timestamp tick
	heap     int       // the largest device-local heap
	matrix   bool      // matrix units that the kernels can use
	// mma tells that lanes hold matrices as mmaLanes says.
	mma      bool
	required bool // a pipeline may require Subgroup as its subgroup size
}

// features are those that the kernels may use.
type features struct {
	addresses, timeline, scalar, int64, storage16 bool // required
	int16, storage8, float16, int8                bool
	sizeControl, fullSubgroups, dot, maintenance4 bool
	arithmetic, shuffle, ballot                   bool // subgroup operations
	memoryModel                                   bool
}

// Capabilities names what kernels may ask of a device.
func (d *DeviceInfo) Capabilities() []string {
	var out []string
	for _, c := range []struct {
		name string
		has  bool
	}{
		{"gpu", d.Kind != "cpu"}, {"cpu", d.Kind == "cpu"}, {"subgroup8", d.Subgroup == 8}, {"shared48", d.shared >= 48<<10}, {"subgroup32", d.Subgroup == 32},
		// A workgroup may have so many subgroups, of at least eight invocations.
		{"warps8", d.Subgroup >= 8 && 8*d.Subgroup <= d.local}, {"warps16", d.Subgroup >= 8 && 16*d.Subgroup <= d.local},
		{"warps32", d.Subgroup >= 8 && 32*d.Subgroup <= d.local},
		{"int8", d.features.int8 && d.features.storage8}, {"float16", d.features.float16},
		{"dot", d.features.dot && d.features.int8},
		{"coopmat", d.matrix && d.features.memoryModel && d.features.float16},
		{"mma", d.mma && d.matrix && d.features.memoryModel && d.features.float16 && d.Subgroup == 32},
	} {
		if c.has {
			out = append(out, c.name)
		}
	}
	return out
}

// Class is the device as plans see it.
func (d *DeviceInfo) Class() shaders.Class {
	return shaders.Class{Name: d.Name, About: d.Name, Memory: d.Memory, Ordered: d.Ordered(),
		Choice: shaders.Choice{Has: d.Capabilities(), Processors: d.Processors}}
}

// Ordered tells whether the device is known to start the workgroups of a queue
// in the order of its dispatches, so that a later one may wait for an earlier
// one without a barrier. Vulkan does not promise it; NVIDIA's devices do it.
func (d *DeviceInfo) Ordered() bool { return d.vendor == vendorNVIDIA && d.Kind == "discrete" }

const vendorNVIDIA = 0x10de

// Devices lists every Vulkan device, and which one "auto" takes and why.
func Devices() ([]DeviceInfo, error) {
	in, err := openInstance(nil)
	if err != nil {
		return nil, err
	}
	defer in.close()
	_, infos, err := in.describe()
	if err != nil {
		return nil, err
	}
	choose(infos, "auto") // marks the choice; an error shows as each device's problem
	return infos, nil
}

func (in *instance) describe() ([]vulkan.PhysicalDevice, []DeviceInfo, error) {
	devs, err := in.physical()
	if err != nil {
		return nil, nil, err
	}
	infos := make([]DeviceInfo, len(devs))
	for i, d := range devs {
		infos[i] = describe(d)
		infos[i].Index = i
	}
	return devs, infos, nil
}

var kinds = map[vulkan.PhysicalDeviceType]string{
	vulkan.PhysicalDeviceTypeDiscreteGpu: "discrete", vulkan.PhysicalDeviceTypeIntegratedGpu: "integrated",
	vulkan.PhysicalDeviceTypeVirtualGpu: "virtual", vulkan.PhysicalDeviceTypeCpu: "cpu",
}

func describe(d vulkan.PhysicalDevice) DeviceInfo {
	var p vulkan.PhysicalDeviceProperties
	vulkan.GetPhysicalDeviceProperties(d, &p)
	p.Deref()
	p.Limits.Deref()
	info := DeviceInfo{Name: vulkan.ToString(p.DeviceName[:]), Kind: kinds[p.DeviceType], API: version(p.ApiVersion), api: p.ApiVersion,
		vendor: p.VendorID, shared: p.Limits.MaxComputeSharedMemorySize, groups: p.Limits.MaxComputeWorkGroupCount, period: p.Limits.TimestampPeriod,
		local: min(p.Limits.MaxComputeWorkGroupInvocations, p.Limits.MaxComputeWorkGroupSize[0])}
	if info.Kind == "" {
		info.Kind = "other"
	}
	copy(info.id[:], p.PipelineCacheUUID[:])
	p.Free()
	if p.ApiVersion < leastVersion {
		info.Problem = fmt.Sprintf("has Vulkan %s, wanted at least 1.2: install a newer driver", info.API)
		return info
	}
	info.features = readFeatures(d, p.ApiVersion)
	describeLimits(d, &info)
	describeMemory(d, &info)
	describeMatrices(d, &info)
	info.Processors = processors(d)
	info.Features, info.Problem = info.features.names()
	return info
}

// describeLimits reads what stands in chained structures.
func describeLimits(d vulkan.PhysicalDevice, info *DeviceInfo) {
	drv := vulkan.PhysicalDeviceDriverProperties{SType: vulkan.StructureTypePhysicalDeviceDriverProperties}
	drvRef, _ := drv.PassRef()
	m3 := vulkan.PhysicalDeviceMaintenance3Properties{SType: vulkan.StructureTypePhysicalDeviceMaintenance3Properties, PNext: unsafe.Pointer(drvRef)}
	m3Ref, _ := m3.PassRef()
	sg := vulkan.PhysicalDeviceSubgroupProperties{SType: vulkan.StructureTypePhysicalDeviceSubgroupProperties, PNext: unsafe.Pointer(m3Ref)}
	sgRef, _ := sg.PassRef()
	sc := vulkan.PhysicalDeviceSubgroupSizeControlProperties{SType: vulkan.StructureTypePhysicalDeviceSubgroupSizeControlProperties, PNext: unsafe.Pointer(sgRef)}
	head, _ := sc.PassRef()
	p2 := vulkan.PhysicalDeviceProperties2{SType: vulkan.StructureTypePhysicalDeviceProperties2, PNext: unsafe.Pointer(head)}
	p2Ref, _ := p2.PassRef()
	getProperties(d, unsafe.Pointer(p2Ref))
	drv.Deref()
	m3.Deref()
	sg.Deref()
	sc.Deref() // stays zero where the driver does not know it
	info.Driver = strings.TrimSpace(vulkan.ToString(drv.DriverName[:]) + " " + vulkan.ToString(drv.DriverInfo[:]))
	info.MaxAllocation, info.Subgroup = uint64(m3.MaxMemoryAllocationSize), sg.SubgroupSize
	has := func(op vulkan.SubgroupFeatureFlagBits) bool {
		return sg.SupportedStages&computeStage != 0 && sg.SupportedOperations&vulkan.SubgroupFeatureFlags(op) != 0
	}
	info.features.arithmetic, info.features.shuffle = has(vulkan.SubgroupFeatureArithmeticBit), has(vulkan.SubgroupFeatureShuffleBit)
	info.features.ballot = has(vulkan.SubgroupFeatureBallotBit)
	info.required = info.features.sizeControl && sc.RequiredSubgroupSizeStages&computeStage != 0 &&
		sc.MinSubgroupSize <= info.Subgroup && info.Subgroup <= sc.MaxSubgroupSize
	if most := info.Subgroup * sc.MaxComputeWorkgroupSubgroups; info.required && most > 0 {
		info.local = min(info.local, most)
	}
	p2.Free()
	sc.Free()
	sg.Free()
	m3.Free()
	drv.Free()
}

// describeMemory reads the heaps and, where the driver tells, what is free.
func describeMemory(d vulkan.PhysicalDevice, info *DeviceInfo) {
	budget := vulkan.PhysicalDeviceMemoryBudgetProperties{SType: vulkan.StructureTypePhysicalDeviceMemoryBudgetProperties}
	var next unsafe.Pointer
	told := hasExtension(d, "VK_EXT_memory_budget")
	if told {
		ref, _ := budget.PassRef()
		next = unsafe.Pointer(ref)
	}
	m := vulkan.PhysicalDeviceMemoryProperties2{SType: vulkan.StructureTypePhysicalDeviceMemoryProperties2, PNext: next}
	ref, _ := m.PassRef()
	getMemory(d, unsafe.Pointer(ref))
	m.Deref()
	m.MemoryProperties.Deref()
	for i := range m.MemoryProperties.MemoryHeapCount {
		h := &m.MemoryProperties.MemoryHeaps[i]
		h.Deref()
		if h.Flags&vulkan.MemoryHeapFlags(vulkan.MemoryHeapDeviceLocalBit) != 0 && uint64(h.Size) > info.Memory {
			info.Memory, info.heap = uint64(h.Size), int(i)
		}
	}
	if told {
		budget.Deref()
		if free, used := uint64(budget.HeapBudget[info.heap]), uint64(budget.HeapUsage[info.heap]); free > used {
			info.Free = min(free-used, info.Memory)
		}
		budget.Free()
	}
	m.Free()
}

func version(v uint32) string { return fmt.Sprintf("%d.%d.%d", v>>22&0x7f, v>>12&0x3ff, v&0xfff) }

// rank orders kinds for "auto": the higher the better.
var rank = map[string]int{"discrete": 4, "integrated": 3, "virtual": 2, "cpu": 1, "other": 0}

// NameError says that the device that was asked for by name is not here or cannot
// be used. The message lists those that are here.
type NameError struct{ message string }

func (e *NameError) Error() string { return e.message }

// choose finds the device that a name stands for: "auto", an index, or a part
// of a name that fits one device alone. It marks what auto takes, with the
// reason.
func choose(infos []DeviceInfo, name string) (int, error) {
	best := -1
	for i, d := range infos {
		if d.Problem == "" && (best < 0 || rank[d.Kind] > rank[infos[best].Kind] ||
			rank[d.Kind] == rank[infos[best].Kind] && d.Memory > infos[best].Memory) {
			best = i
		}
	}
	for i := range infos {
		switch {
		case i == best && len(infos) == 1:
			infos[i].Auto, infos[i].Reason = true, "the only device"
		case i == best:
			infos[i].Auto, infos[i].Reason = true, fmt.Sprintf("first of discrete, integrated, virtual and cpu devices: this one is %s, with the most memory of its kind", infos[i].Kind)
		case infos[i].Problem != "":
			infos[i].Reason = "cannot be used"
		default:
			infos[i].Reason = fmt.Sprintf("device %d is preferred", best)
		}
	}
	if name == "" || name == "auto" {
		if best < 0 {
			return 0, fmt.Errorf("no usable device: %s", listDevices(infos))
		}
		return best, nil
	}
	var hits []int
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(infos) {
		hits = []int{n}
	} else {
		for i, d := range infos {
			if strings.Contains(strings.ToLower(d.Name), strings.ToLower(name)) {
				hits = append(hits, i)
			}
		}
	}
	if len(hits) != 1 {
		return 0, &NameError{fmt.Sprintf("device %q fits %d devices, wanted one of %s", name, len(hits), listDevices(infos))}
	}
	if p := infos[hits[0]].Problem; p != "" {
		return 0, &NameError{fmt.Sprintf("device %s %s", infos[hits[0]].Name, p)}
	}
	return hits[0], nil
}

func listDevices(infos []DeviceInfo) string {
	var out []string
	for i, d := range infos {
		s := fmt.Sprintf("%d: %s", i, d.Name)
		if d.Problem != "" {
			s += " (" + d.Problem + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}
