package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/vk"
)

func devicesCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "devices", Short: "List the Vulkan devices and which one auto takes", Args: cobra.NoArgs}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(*cobra.Command, []string) error {
		devs, err := vk.Devices()
		if err != nil {
			return err
		}
		if asJSON {
			return a.printJSON(devs)
		}
		for _, d := range devs {
			mark := " "
			if d.Auto {
				mark = "*"
			}
			fmt.Fprintf(a.told(), "%s %d  %s\n", mark, d.Index, d.Name)
			fmt.Fprintf(a.told(), "     %s, %s, Vulkan %s, driver %s, subgroup %d, largest allocation %s\n", d.Kind, engine.Bytes(d.Memory),
				d.API, d.Driver, d.Subgroup, engine.Bytes(d.MaxAllocation))
			fmt.Fprintf(a.told(), "     features: %s\n", strings.Join(d.Features, ", "))
			if len(d.Matrices) > 0 {
				fmt.Fprintf(a.told(), "     matrix units: %s\n", matrices(d.Matrices))
			}
			if d.Problem != "" {
				fmt.Fprintf(a.told(), "     cannot be used: %s\n", d.Problem)
			}
			if d.Auto {
				fmt.Fprintf(a.told(), "     auto takes this one: %s\n", d.Reason)
			}
		}
		return nil
	}
	return c
}

// matrices lists the shapes of products.
func matrices(shapes []vk.MatrixShape) string {
	var out []string
	for _, s := range shapes {
		out = append(out, s.String())
	}
	return strings.Join(out, ", ")
}
