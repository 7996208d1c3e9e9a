package generate

import (
	"slices"

	"moeflow/stages/sample"
)

// heldMask is a mask for which a step's sampler waits.
type heldMask struct {
	out      int // of the step
	position int // of the token
	mask     chan sample.Mask
}

// hold has a step's sampler wait for the mask of a position, which may be known.
func (m *member) hold(out, position int) heldMask {
	h := heldMask{out, position, make(chan sample.Mask, 1)}
	m.held = append(m.held, h)
	m.allow()
	return h
}

// allow gives the mask behind all known tokens to the step that waits for it.
func (m *member) allow() {
	if len(m.held) == 0 || m.held[0].position != len(m.ids) {
		return
	}
	mask := slices.Clone(m.Allow(m.ids[len(m.IDs):]))
	if mask != nil && mask.Empty() {
		m.noneAt = len(m.ids)
	}
	m.held[0].mask <- mask
	m.held = m.held[1:]
}

// free lets all steps go on whose samplers wait for a request that has ended.
func (m *member) free() {
	for _, h := range m.held {
		h.mask <- nil
	}
	m.held = nil
}

// noToken is why the device picked no token for the next position.
func (m *member) noToken() error {
	if m.noneAt == len(m.ids) {
		return sample.ErrNoneAllowed
	}
	return sample.ErrNotFinite
}
