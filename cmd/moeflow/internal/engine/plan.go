package engine

import (
	"fmt"
	"slices"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/graph"
	"moeflow/vk"
	"moeflow/vk/shaders"
)

// PlanOf compiles the plan that a step of so many rows would run, without opening
// a device: with the kernels of a class of devices, or, if it is nil, with those
// that run anywhere. It reads the file's header and no weights.
func PlanOf(m *model.Model, o Options, c *shaders.Class, rows int) (*graph.Plan, error) {
	o.fill(m)
	o.fillRest()
	po := o.planOptions(shaders.For(shaders.Choice{Without: o.Without}))
	if c != nil {
		po.kernels, po.counters = shaders.For(o.kernels(c)), o.waits(c.Ordered)
	}
	plans, err := compile(m, po)
	if err != nil {
		return nil, err
	}
	for _, p := range plans {
		if rows >= 1 && p.Rows >= rows {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no plan for a step of %d rows, the largest has %d", rows, plans[len(plans)-1].Rows)
}

// choice is which kernels are wanted on a device.
func (o *Options) choice(d *vk.DeviceInfo) shaders.Choice {
	c := d.Class()
	return o.kernels(&c)
}

// kernels is which kernels are wanted on a class of devices.
func (o *Options) kernels(c *shaders.Class) shaders.Choice {
	without := o.Without
	if without == nil {
		without = []string{"q8"}
	}
	has := slices.Concat(c.Has, o.Pretend)
	if slices.Contains(o.Pretend, "gpu") { // then it is no CPU
		has = slices.DeleteFunc(has, func(c string) bool { return c == "cpu" })
	}
	if slices.Contains(without, "f16") { // all arithmetic in float32: no matrix units at all
		has = slices.DeleteFunc(has, func(c string) bool { return c == "coopmat" })
	}
	return shaders.Choice{Has: has, Without: without, Processors: c.Processors}
}
