package engine

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

// PlanOf compiles the plan that a step of so many rows would run, without opening
// a device: with the kernels of a class of devices, or, if it is nil, with those
// that run anywhere. It reads the file's header and no weights.
func PlanOf(m *model.Model, o Options, c *shaders.Class, rows int) (*graph.Plan, error) {
	o.fill(m.Context)
	o.Plans.fillRest()
	po := o.Plans.planOptions(shaders.For(shaders.Choice{Without: o.Plans.Without}))
	if c != nil {
		po.kernels, po.counters = shaders.For(o.Plans.kernels(c)), o.counters(c.Ordered)
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
