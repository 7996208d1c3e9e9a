package ref

import "math"

func rmsNorm(c *call) error {
	x, y := c.args[1], c.args[3]
	w, err := c.args[2].all()
	if err != nil {
		return err
	}
	n, eps := c.uint(0), c.float(2)
	active, err := c.step.active(c.uint(1))
	if err != nil {
		return err
	}
	for r := range active {
		normalize(y.floats[r*n:(r+1)*n], x.floats[r*n:(r+1)*n], w, eps)
	}
	return nil
}

// rmsNormF16 is rmsNorm and a copy, which is not rounded here.
func rmsNormF16(c *call) error {
	if err := rmsNorm(c); err != nil {
		return err
	}
	y, half := c.args[3], c.args[4]
	active, err := c.step.active(c.uint(1))
	if err != nil {
		return err
	}
	copy(half.floats[:active*c.uint(0)], y.floats)
	return nil
}

// normalize sets dst[i] = w[i]·x[i] / sqrt(mean(x²) + eps); dst may be x.
func normalize(dst, x, w []float64, eps float64) {
	scale := rmsFactor(x, eps)
	for i, a := range x {
		dst[i] = w[i] * a * scale
	}
}

// rmsFactor is 1 / sqrt(mean(x²) + eps).
func rmsFactor(x []float64, eps float64) float64 {
	sum := 0.0
	for _, a := range x {
		sum += a * a
	}
	return 1 / math.Sqrt(sum/float64(len(x))+eps)
}
