package cli

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moeflow/graph/export"
	"moeflow/vk"
)

// drawn is what a test looks at in the JSON format.
type drawn struct {
	Title, Device string
	Rows          int
	Nodes         []struct {
		Name, Kind, Device, Segment string
		Count                       int
		Kernels                     []struct{ Name string }
		Profile                     *struct {
			Nanoseconds float64
			Share       float64 `json:"time_share"`
			GBs         float64 `json:"gb_per_s"`
			Bandwidth   float64 `json:"bandwidth_share"`
		}
	}
	Edges []struct {
		Name, Type string
		Traffic    uint64
	}
	Bandwidth float64
}

func drawJSON(t *testing.T, args ...string) drawn {
	t.Helper()
	var d drawn
	if err := json.Unmarshal([]byte(ok(t, moeflow(t, append([]string{"graph", "--format", "json"}, args...)...))), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestGraph: every format of every level is written; layers of the shipped
// model, which mixes types, fold into two kinds.
func TestGraph(t *testing.T) {
	for _, f := range export.Formats() {
		for _, l := range export.Levels() {
			if out := ok(t, moeflow(t, "graph", "tiny", "--format", f, "--level", l)); !strings.Contains(out, "moeflow tiny go") {
				t.Errorf("%s at level %s says nothing of the model", f, l)
			}
		}
	}
	d := drawJSON(t, "--level", "layer")
	var names []string
	for _, n := range d.Nodes {
		names = append(names, n.Name)
	}
	if got := strings.Join(names, "; "); got != "embed; layers 0-1,3-4; layers 2,5; lm_head; sample" {
		t.Errorf("nodes %s", got)
	}
	if d.Title != "moeflow tiny go" || d.Rows != 1 || d.Nodes[1].Count != 4 || d.Nodes[1].Device != "any Vulkan device" || d.Nodes[1].Segment != "device" {
		t.Errorf("%+v", d)
	}
	if n := len(drawJSON(t, "--level", "layer", "--unfold").Nodes); n != 9 {
		t.Errorf("unfolded there are %d nodes", n)
	}
	if d := drawJSON(t, "--rows", "100", "--set", "pipeline.granularity=layer"); d.Rows != 512 || d.Nodes[1].Segment != "blk.0 and 3 more" {
		t.Errorf("a step of 100 rows is drawn as one of %d, in segment %s", d.Rows, d.Nodes[1].Segment)
	}
	// A device that is named is asked for what it can.
	if d := drawJSON(t, "--device", "0"); d.Device == "" || d.Device == "any Vulkan device" {
		t.Errorf("device 0 is %q", d.Device)
	}
}

func TestGraphFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan.svg")
	if o := moeflow(t, "graph", "-o", file); ok(t, o) != "" || o.err != "" {
		t.Errorf("printed %q and %q", o.out, o.err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); err != io.EOF; {
		if _, err = d.Token(); err != nil && err != io.EOF {
			t.Fatal(err)
		}
	}
}

// TestGraphFor: the plan of a kind of device that is not here is that of its
// kernels, and the class of the software device that runs the tests is true.
func TestGraphFor(t *testing.T) {
	for class, want := range map[string]string{"nvidia": "topk_gate_up_q16[Q4_K]", "wave64": "norm_linear[Q4_K]", "llvmpipe": "norm_linear_cpu[Q4_K]"} {
		if out := ok(t, moeflow(t, "graph", "--for", class, "--format", "text")); !strings.Contains(out, " "+want+" ") {
			t.Errorf("the plan for %s has no %s:\n%s", class, want, out)
		}
	}
	found, err := vk.Find("0")
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(found.Name, "llvmpipe") {
		lines := func(args ...string) string {
			_, rest, _ := strings.Cut(ok(t, moeflow(t, append([]string{"graph", "--format", "text"}, args...)...)), "\n")
			return rest
		}
		if got, want := lines("--for", "llvmpipe"), lines("--device", "0"); got != want {
			t.Errorf("for llvmpipe\n%s\non %s\n%s", got, found.Name, want)
		}
	}
}

// TestGraphProfile: what ran on the device is drawn with times and bytes.
func TestGraphProfile(t *testing.T) {
	d := drawJSON(t, "--validation", "--profile", "-d", "8")
	share, attention := 0.0, 0
	for _, n := range d.Nodes {
		if n.Profile == nil || n.Profile.Nanoseconds <= 0 {
			t.Fatalf("%s has no time", n.Name)
		}
		share += n.Profile.Share
		if n.Kind == "attention" {
			attention++
			if p := n.Profile; p.GBs <= 0 || p.Bandwidth <= 0 || p.Bandwidth > 1 {
				t.Errorf("%s: %+v", n.Name, p)
			}
		}
	}
	if share < 0.999 || share > 1.001 || attention != 2 || d.Bandwidth < 1e8 || d.Device == "any Vulkan device" {
		t.Errorf("shares add up to %g, %d kinds of attention, %g bytes/s on %s", share, attention, d.Bandwidth, d.Device)
	}
	for _, e := range d.Edges {
		if e.Traffic == 0 {
			t.Errorf("%s moves nothing", e.Name)
		}
	}
}

func TestGraphErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "plan.svg")
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"--format png", `--format is "png", wanted one of ` + strings.Join(export.Formats(), ", "), 2},
		{"--level kernel", `--level is "kernel", wanted one of model, layer, stage, dispatch`, 2},
		{"--rows 0", "--rows is 0, wanted 1 to 2048", 2},
		{"--rows 2049", "--rows is 2049, wanted 1 to 2048", 2},
		{"--profile --rows 2", "--rows must be 1", 2},
		{"--profile -d 0", "--depth at least 1", 2},
		{"--for h100", `--for is "h100", wanted one of nvidia, wave64, llvmpipe`, 2},
		{"--for nvidia --device 0", "leave out --device and --profile", 2},
		{"--for nvidia --profile", "leave out --device and --profile", 2},
		{"tiny more", "accepts at most 1 arg", 2},
		{"-o " + missing, "-o: " + missing + ": its folder cannot be used: no such file or directory", 2},
		{"--model " + missing, missing, 2},
		{"--device nonesuch", `device "nonesuch" fits 0 devices`, 2},
	} {
		o := moeflow(t, append([]string{"graph"}, strings.Fields(c.args)...)...)
		if o.code != c.code || o.out != "" || !strings.Contains(o.err, c.want) || strings.Count(o.err, "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q, wanted %d and %q", c.args, o.code, o.out, o.err, c.code, c.want)
		}
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		if o := moeflow(t, "graph", "-o", "/dev/full"); o.code != 1 || !strings.Contains(o.err, "no space left on device") || strings.Count(o.err, "\n") != 1 {
			t.Errorf("a full device: exit code %d, stderr %q", o.code, o.err)
		}
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Error(err)
		}
	}
}
