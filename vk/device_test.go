package vk

import (
	"errors"
	"strings"
	"testing"

	"github.com/goki/vgpu/vkinit"
	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
)

func TestChoose(t *testing.T) {
	gib := uint64(1 << 30)
	cpu := DeviceInfo{Name: "llvmpipe (LLVM 15)", Kind: "cpu", Memory: 64 * gib}
	apu := DeviceInfo{Name: "AMD Radeon 780M", Kind: "integrated", Memory: 32 * gib}
	small := DeviceInfo{Name: "NVIDIA GeForce RTX 3060", Kind: "discrete", Memory: 12 * gib}
	large := DeviceInfo{Name: "NVIDIA GeForce RTX 4090", Kind: "discrete", Memory: 24 * gib}
	old := DeviceInfo{Name: "NVIDIA Titan", Kind: "discrete", Memory: 48 * gib, Problem: "lacks shaderInt64"}
	virtual := DeviceInfo{Name: "Virtio", Kind: "virtual", Memory: gib}
	for _, tc := range []struct {
		list  []DeviceInfo
		name  string
		index int
		err   []string
	}{
		{[]DeviceInfo{cpu}, "auto", 0, nil},
		{[]DeviceInfo{cpu, small, large, apu}, "auto", 2, nil},
		{[]DeviceInfo{cpu, small, large, apu}, "", 2, nil},
		{[]DeviceInfo{large, large}, "auto", 0, nil},
		{[]DeviceInfo{cpu, old, apu}, "auto", 2, nil},
		{[]DeviceInfo{cpu, virtual}, "auto", 1, nil},
		{[]DeviceInfo{cpu, old}, "auto", 0, nil},
		{[]DeviceInfo{old}, "auto", 0, []string{"no usable device", "lacks shaderInt64"}},
		{[]DeviceInfo{cpu, small}, "0", 0, nil},
		{[]DeviceInfo{cpu, small}, "LLVMPIPE", 0, nil},
		{[]DeviceInfo{cpu, small, large}, "4090", 2, nil},
		{[]DeviceInfo{cpu, small, large}, "geforce", 0, []string{`"geforce" fits 2`, "0: llvmpipe", "1: NVIDIA GeForce RTX 3060"}},
		{[]DeviceInfo{cpu, small}, "arc", 0, []string{`"arc" fits 0`, "1: NVIDIA GeForce RTX 3060"}},
		{[]DeviceInfo{cpu, small}, "7", 0, []string{`"7" fits 0`}},
		{[]DeviceInfo{cpu, old}, "titan", 0, []string{"NVIDIA Titan", "lacks shaderInt64"}},
	} {
		list := append([]DeviceInfo(nil), tc.list...)
		got, err := choose(list, tc.name)
		switch {
		case tc.err != nil:
			wantError(t, err, tc.err...)
		case err != nil || got != tc.index:
			t.Errorf("%q takes %d, %v; wanted %d", tc.name, got, err, tc.index)
		}
		autos := 0
		for i, d := range list {
			if d.Reason == "" {
				t.Errorf("%q: device %d has no reason", tc.name, i)
			}
			if d.Auto {
				autos++
			}
		}
		if usable := tc.list[0].Problem == "" || len(tc.list) > 1; usable != (autos == 1) {
			t.Errorf("%q: auto takes %d devices", tc.name, autos)
		}
	}
}

func TestDevices(t *testing.T) {
	list, err := Devices()
	if err != nil {
		t.Fatal(err)
	}
	usable := 0
	for i, d := range list {
		if d.Index != i || d.Name == "" || d.Kind == "" || d.Reason == "" {
			t.Errorf("device %d is %+v", i, d)
		}
		if d.Problem != "" {
			continue
		}
		usable++
		if d.Memory == 0 || d.MaxAllocation == 0 || d.Subgroup == 0 || d.Driver == "" || !strings.HasPrefix(d.API, "1.") || len(d.Features) == 0 {
			t.Errorf("device %d is %+v", i, d)
		}
	}
	if usable == 0 {
		t.Errorf("no usable device among %+v", list)
	}
}

func TestFeaturesRequired(t *testing.T) {
	have, problem := features{}.names()
	if len(have) != 0 || !strings.Contains(problem, "bufferDeviceAddress") || !strings.Contains(problem, "install a newer driver") {
		t.Errorf("no features: %v, %q", have, problem)
	}
	if have, problem := lacking("").names(); len(have) != 17 || problem != "" {
		t.Errorf("all features: %v, %q", have, problem)
	}
}

func TestLocalSize(t *testing.T) {
	for _, tc := range []struct {
		kind                      string
		sub, most, override, wish uint32
		want                      uint32
	}{
		{"discrete", 32, 1024, 0, 256, 256},
		{"discrete", 64, 1024, 0, 96, 64},
		{"discrete", 64, 1024, 0, 32, 64},
		{"integrated", 32, 128, 0, 256, 128},
		{"cpu", 8, 1024, 0, 256, 8},
		{"cpu", 8, 1024, 16, 256, 16},
	} {
		p := pipelines{d: &device{info: DeviceInfo{Kind: tc.kind, Subgroup: tc.sub, local: tc.most}}, local: tc.override}
		if got := p.localSize(graph.KernelInfo{Local: tc.wish}); got != tc.want {
			t.Errorf("%+v: %d", tc, got)
		}
		if got := p.localSize(graph.KernelInfo{Local: tc.wish, Subgroups: 8}); got != 8*tc.sub {
			t.Errorf("%+v: %d for 8 subgroups", tc, got)
		}
	}
}

// TestMissing hides the driver, the layers and the library in turn.
func TestMissing(t *testing.T) {
	t.Run("driver", func(t *testing.T) {
		t.Setenv("VK_ICD_FILENAMES", "none.json")
		t.Setenv("VK_DRIVER_FILES", "none.json")
		_, err := Open(Options{})
		if !errors.Is(err, ErrNoDevice) {
			t.Errorf("no driver gives %v", err)
		}
		wantError(t, err, "mesa-vulkan-drivers")
		if _, err := Devices(); !errors.Is(err, ErrNoDevice) {
			t.Errorf("no driver gives %v", err)
		}
	})
	t.Run("layers", func(t *testing.T) {
		t.Setenv("VK_LAYER_PATH", t.TempDir())
		_, err := Open(Options{Validation: true, OnMessage: func(string) {}})
		wantError(t, err, "install vulkan-validationlayers")
	})
	t.Run("library", func(t *testing.T) {
		name := vkinit.DlName
		vkinit.DlName, vkinit.IsLoaded = "no-such-library.so", false
		defer func() { vkinit.DlName, vkinit.IsLoaded = name, true }()
		if _, err := Open(Options{}); !errors.Is(err, ErrNoVulkan) {
			t.Errorf("no library gives %v", err)
		}
	})
	t.Run("device", func(t *testing.T) {
		_, err := Open(Options{Device: "no such device"})
		wantError(t, err, `"no such device" fits 0 devices`, "0: ")
	})
	t.Run("listener", func(t *testing.T) {
		_, err := Open(Options{Validation: true})
		wantError(t, err, "messages")
	})
}

// TestValidationHears makes a mistake on purpose: the layers must be on, and
// the message must reach the runtime that made it alone.
func TestValidationHears(t *testing.T) {
	quiet := openTest(t, Options{})
	var m messages
	r, err := Open(Options{Validation: true, OnMessage: m.add})
	if err != nil {
		t.Fatal(err)
	}
	leak := vulkan.BufferCreateInfo{SType: vulkan.StructureTypeBufferCreateInfo, Size: 256, Usage: vulkan.BufferUsageFlags(vulkan.BufferUsageStorageBufferBit)}
	var b vulkan.Buffer
	if err := failed("leak a buffer", vulkan.CreateBuffer(r.d.handle, &leak, nil, &b)); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if len(m.list) == 0 || !strings.Contains(strings.Join(m.list, "\n"), "VkBuffer") {
		t.Errorf("a leaked buffer gives the messages %q", m.list)
	}
	if quiet.in.tag == nil {
		t.Error("the other runtime does not listen")
	}
}

func TestResults(t *testing.T) {
	for r, want := range map[vulkan.Result]string{
		vulkan.ErrorDeviceLost:        "device was lost",
		vulkan.ErrorOutOfDeviceMemory: "device is out of memory",
		vulkan.ErrorOutOfHostMemory:   "host is out of memory",
		vulkan.ErrorTooManyObjects:    "code -10",
	} {
		wantError(t, failed("work", r), "work: ", want)
	}
	if !errors.Is(failed("work", vulkan.ErrorDeviceLost), ErrDeviceLost) || failed("work", vulkan.Success) != nil {
		t.Error("results lose their meaning")
	}
}
