package engine

import (
	"fmt"
)

// fits checks what the plans need against the device's memory and, where it is
// too much, says what would fit.
func (e *Engine) fits() error {
	have, bound := e.Device.Memory, e.Device.Name+" has"
	if e.limit > 0 && (have == 0 || e.limit < have) {
		have, bound = e.limit, "device.memory allows"
	}
	if have == 0 || e.Memory.Total() <= have {
		return nil
	}
	perPosition := e.Memory.KV / uint64(e.positions)
	rest := e.Memory.Total() - e.Memory.KV
	advice := "choose a smaller model or a device with more memory"
	if rest < have && perPosition > 0 {
		if n := (have - rest) / perPosition / PageSize * PageSize; n > 0 {
			advice = fmt.Sprintf("--set context.length=%d would fit", n)
		}
	}
	return fmt.Errorf("%s needs %s (weights %s, kv cache of %d positions %s, activations %s) but %s %s: %s",
		e.Model.File.Path(), Bytes(e.Memory.Total()), Bytes(e.Memory.Weights), e.positions, Bytes(e.Memory.KV),
		Bytes(e.Memory.Activations+e.Memory.IO), bound, Bytes(have), advice)
}

// Bytes prints a size in binary units.
func Bytes(n uint64) string {
	for _, u := range []struct {
		size uint64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size {
			return fmt.Sprintf("%.2f %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
