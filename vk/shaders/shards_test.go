package shaders_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"moeflow/graph"
	"moeflow/vk/shaders"
)

// shards is how many processes share out the kernels. A software driver keeps the
// machine code of every pipeline for as long as its process lives, so one process
// for all kernels grows to many gigabytes.
const shards = 16

// shardLimit is how long a shard may run: many times what a shard takes on a slow
// machine. The limit ends a shard that hangs.
const shardLimit = 20 * time.Minute

// shardMemory is how much memory a shard may take at its peak.
const shardMemory = 1 << 30

// noLayers is for a machine with a GPU and without the validation layers.
var noLayers = flag.Bool("nolayers", false, "run without the validation layers")

// onlyKernels narrows the test to some kernels, while one is being written.
var onlyKernels = flag.String("only", "", "test only the kernels whose name contains this")

// onlyShard is the part of the kernels that this process runs.
var onlyShard = flag.String("shard", "", "test only this part of the kernels, such as 3/16, in this process")

// TestKernels runs every kernel that the device can run against the reference, a
// part of the kernels per process.
func TestKernels(t *testing.T) {
	if *onlyKernels != "" || *onlyShard != "" {
		testKernels(t)
		return
	}
	for i := range shards {
		t.Run(fmt.Sprintf("shard=%d", i+1), func(t *testing.T) { runShard(t, i+1) })
	}
}

// runShard runs this test binary once more, for one shard.
func runShard(t *testing.T, number int) {
	ctx, cancel := context.WithTimeout(t.Context(), shardLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKernels$", "-test.timeout="+shardLimit.String(),
		fmt.Sprintf("-shard=%d/%d", number, shards), fmt.Sprintf("-nolayers=%t", *noLayers))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// testKernels runs the cases of the kernels that the flags name, at every local
// size. The cases of one kernel at a time lie in memory.
func testKernels(t *testing.T) {
	number, of := 1, 1
	if *onlyShard != "" {
		if _, err := fmt.Sscanf(*onlyShard, "%d/%d", &number, &of); err != nil {
			t.Fatalf("-shard %s: wanted a number and a count, such as 3/16", *onlyShard)
		}
	}
	debug.SetMemoryLimit(shardMemory / 2) // garbage of one kernel's cases goes before the next kernel's come
	has, sub := capabilities(t)
	var kernels []graph.Kernel
	for i, k := range shaders.All() {
		_, needs, _ := shaders.Info(k)
		switch {
		case i%of != number-1 || !strings.Contains(k.String(), *onlyKernels):
		case !subset(needs, has):
			t.Logf("%s needs %v, the device has %v", k, needs, has)
		default:
			kernels = append(kernels, k)
		}
	}
	for _, local := range localSizes(sub) {
		t.Run(fmt.Sprintf("local=%d", local), func(t *testing.T) {
			b := open(t, local)
			for _, k := range kernels {
				// Some kernels have one size only.
				if info, _, _ := shaders.Info(k); local == 0 || !info.Exact && info.Subgroups == 0 {
					b.kernel(t, k)
				}
			}
		})
	}
	boundedMemory(t)
}

// kernel runs all cases of a kernel.
func (b *bench) kernel(t *testing.T, k graph.Kernel) {
	info, _, _ := shaders.Info(k)
	make := cases[k.Op]
	if make == nil {
		t.Fatalf("%s has no test case", k)
	}
	var list []testCase
	for _, c := range make(k) {
		if info.Suits(c.params) {
			list = append(list, c.takeF16(info.F16))
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no test case", k)
	}
	b.load(t, list)
	for i := range list {
		name := strings.NewReplacer(" ", "_", "/", "_").Replace(list[i].name)
		t.Run(name, func(t *testing.T) {
			b.check(t, i)
			b.noMessages(t)
		})
	}
}

// boundedMemory checks the peak of this process's memory, on a system that tells.
func boundedMemory(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	_, tail, _ := strings.Cut(string(status), "VmHWM:")
	var kib uint64
	if _, err := fmt.Sscan(tail, &kib); err != nil {
		t.Fatalf("/proc/self/status does not tell VmHWM: %v", err)
	}
	t.Logf("%d MiB of memory at the peak", kib>>10)
	if *onlyShard != "" && kib<<10 > shardMemory {
		t.Errorf("%d MiB of memory at the peak, wanted at most %d: use more shards", kib>>10, shardMemory>>20)
	}
}
