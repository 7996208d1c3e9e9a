package device_test

import (
	"reflect"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/vk"
	"moeflow/vk/shaders"
)

// TestPlan: without a device only kernels that run anywhere are in the plan;
// with one it is the plan that an engine runs there.
func TestPlan(t *testing.T) {
	m, plans := testmodel.Tiny(t), engine.Plans{Context: 128, KVType: quant.F16}
	o := engine.Options{Plans: plans}
	for _, rows := range []int{1, 2, 512} {
		p, err := engine.PlanOf(m, o, nil, rows)
		if err != nil {
			t.Fatal(err)
		}
		if p.Rows < rows {
			t.Errorf("a plan of %d rows for a step of %d", p.Rows, rows)
		}
		for _, d := range p.Dispatches {
			if _, needs, ok := shaders.Info(d.Kernel); !ok || len(needs) > 0 || d.Signals || d.Wait > 0 {
				t.Errorf("%s asks the device for %v", d.Kernel, needs)
			}
		}
	}
	if _, err := engine.PlanOf(m, o, nil, 2049); err == nil || err.Error() != "no plan for a step of 2049 rows, the largest has 2048" {
		t.Errorf("a step of 2049 rows: %v", err)
	}
	e := enginetest.Start(t, m, plans)
	d, err := vk.Find("auto")
	if err != nil {
		t.Fatal(err)
	}
	c := d.Class()
	p, err := engine.PlanOf(m, o, &c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != e.Device.Name {
		t.Fatalf("auto is %s, the engine runs on %s", d.Name, e.Device.Name)
	}
	if !reflect.DeepEqual(p, e.Plans[0]) {
		t.Error("the plan for the device is not the one that runs there")
	}
}
