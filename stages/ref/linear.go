package ref

func linear(c *call) error {
	w, x, res, y := c.args[1], c.args[2], c.args[3], c.args[4]
	k, n := c.uint(0), c.uint(1)
	active, err := c.step.active(c.uint(2))
	if err != nil {
		return err
	}
	return parallel(n, func(o int) error {
		row := make([]float32, k)
		if err := w.part(row, o, 0); err != nil {
			return err
		}
		for r := range active {
			sum := dot(row, x.floats[r*k:(r+1)*k])
			if res != nil {
				sum += res.floats[r*n+o]
			}
			y.floats[r*n+o] = sum
		}
		return nil
	})
}

func dot(w []float32, x []float64) float64 {
	var a, b, c, d float64
	i := 0
	for ; i+4 <= len(w); i += 4 {
		v, u := w[i:i+4], x[i:i+4]
		a += float64(v[0]) * u[0]
		b += float64(v[1]) * u[1]
		c += float64(v[2]) * u[2]
		d += float64(v[3]) * u[3]
	}
	for ; i < len(w); i++ {
		a += float64(w[i]) * x[i]
	}
	return a + b + c + d
}
